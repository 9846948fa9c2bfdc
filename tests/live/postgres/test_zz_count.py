import time
from tests.live.postgres.test_apply_crash import *
from tests.live.postgres.test_apply_crash import Worlds
from apexplan.testing.chaos import *
def test_x(database):
    w=Worlds(database, BEFORE, PLANS["several"])
    n=[0]; ms=[m for m in w.mishaps() if m.write is None]
    o=chaos.live_through
    t=[0,0]
    def lt(world,m):
        s=time.time(); r=o(world,m); t[0]+=time.time()-s; n[0]+=1; return r
    chaos.live_through=lt
    of=Worlds.fresh
    def fr(self):
        s=time.time(); r=of(self); t[1]+=time.time()-s; return r
    Worlds.fresh=fr
    s=time.time(); assert w.broken(ms)==[]
    print(len(ms), n[0], t, time.time()-s)
    chaos.live_through=o; Worlds.fresh=of
