"""Random walks: one contract after the other is applied to a server, or to a cluster, on which an application
works and a stranger changes things by hand, and after every step the promises are looked at.

    APEXPLAN_WALK_SEEDS=17       that walk alone, as a failed test prints it
    APEXPLAN_WALK_SEEDS=1-500    all of these
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from apexplan.engine import drift, planfile, rollback, survey
from apexplan.engine.adopt import adoptable, forgettable
from apexplan.engine.ports import Event, RunStatus
from apexplan.engine.record import write_marks
from apexplan.model.address import Address
from apexplan.model.errors import Protected, StalePlan
from apexplan.model.plan import Plan
from apexplan.model.spec import Spec
from apexplan.testing.faults import Fault, Faults, faulty
from apexplan.testing.memory import Bomb, Crash, MemoryState
from apexplan_redis.document import KIND
from apexplan_redis.names import group_parts
from apexplan_redis.server import connect

from . import servers
from .bench import STORE, Bench, Objects, applied
from .random_contracts import Contracts, code, document
from .same_kit import objects

pytestmark = [pytest.mark.live, pytest.mark.slow]

STEPS: Final = 6
MOST_ATTEMPTS: Final = 8
IDLE_S: Final = 100_000
HOUR_MS: Final = 3_600_000
FAULTS: Final = (
    *(Fault.FINAL_BEFORE, Fault.FINAL_AFTER, Fault.TRANSIENT_BEFORE),
    *(Fault.AMBIGUOUS_BEFORE, Fault.AMBIGUOUS_AFTER, Fault.CRASH_BEFORE, Fault.CRASH_AFTER),
)
_VOLATILE: Final = {
    b"seen-time",
    b"inactive",
    b"active-time",
    b"idle",
    b"radix-tree-keys",
    b"radix-tree-nodes",
}
Snapshot = dict[str, Any]


def seeds(count: int) -> list[int]:
    """Returns the seeds that the environment names, or the first `count`."""
    said = os.environ.get("APEXPLAN_WALK_SEEDS", f"1-{count}")
    first, _, last = said.partition("-")
    return list(range(int(first), int(last or first) + 1))


class Walk:
    """One store, walked through contracts. `told`: what was done, for whoever reads of a failure."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.draw = random.Random(seed)
        self.contracts = Contracts(self.draw)
        self.objects: Objects = {}
        self.told: list[str] = [f"seed {seed}"]
        self.marked = True

    def step(self) -> None:
        """Goes to another contract, then lets something else happen."""
        self.write()
        self.go(self.next())
        moves = (self.stranger, self.stranger, self.repair, self.forget, self.inspected, self.stale_plan)
        move = self.draw.choice(moves)
        self.told.append(move.__name__)
        move()

    def next(self) -> Objects:
        """Returns what the next contract declares; one that would drop what is protected is left out."""
        while True:
            chosen = self.contracts.another()
            desired = objects(**document(chosen))
            try:
                plan = self.bench.plan(desired)
            except Protected:
                self.told.append("protected")
                assert any(r.protect and a not in desired for a, r in self.bench.state.recorded().items())
                continue
            assert not [note.text for note in plan.notes if note.blocks]
            self.contracts.now = chosen
            self.told.append(str(document(chosen)))
            return desired

    def go(self, desired: Objects) -> None:
        """Applies, with what may come between."""
        before, record = self.snapshot(), self.bench.state.recorded()
        plan = self.bench.plan(desired)
        again = self.bench.plan(desired)
        assert _bytes(plan) == _bytes(again), "two plans of the same differ"
        self.told += [f"  {step.verb}: {step.title}" for step in plan.steps]
        way = self.draw.choice(("straight", "back", "killed"))
        if way == "killed" and plan.units:
            self.killed(plan)
            if self.bench.state.runs()[0].status is not RunStatus.APPLIED:
                self.is_as_before(before, record)
                plan = self.bench.plan(desired)
                applied(self.bench.start(plan))
        elif plan.changes:
            applied(self.bench.start(plan))
        self.is_as_declared(desired)
        if way == "back" and plan.units:
            self.back(before, record)
            applied(self.bench.start(self.bench.plan(desired)))
            self.is_as_declared(desired)
        self.objects = desired

    # ------------------------------------------------------------------ what may come between

    def killed(self, plan: Plan) -> None:
        """Applies a plan in which something goes wrong, and recovers until the run has ended."""
        faults = Faults()
        if self.draw.random() < 0.5:
            number = self.draw.randint(1, 2 * len(plan.units) + 1)
            self.bench.state.bomb = Bomb(number, after=self.draw.random() < 0.5)
            self.told.append(f"killed at write {number} of the journal")
        else:
            number = self.draw.randint(1, len(plan.units))
            faults.at[number] = self.draw.choice(FAULTS)
            self.told.append(f"call {number}: {faults.at[number]}")
        recover = self.draw.choice((self.bench.resume, self.bench.undo))
        try:
            with self.bench.stores() as stores:
                self.bench.start_in(faulty(stores, faults), plan)
        except Crash:
            self.bench.state.revive()
        self.bench.state.bomb = Bomb()
        if not self.bench.state.runs() or self.bench.state.runs()[0].plan.id != plan.id:
            self.told.append("it had not begun")
            applied(self.bench.start(plan))
        for _ in range(MOST_ATTEMPTS):
            if self.bench.state.open_run() is None:
                return
            self.told.append(f"then {recover.__name__}")
            recover()
        raise AssertionError(f"the run is still open: {self.bench.state.open_run()}")

    def back(self, before: Snapshot, record: Any) -> None:
        """Rolls the last run back."""
        self.told.append("rolled back")
        run = rollback.choose(self.bench.state.runs(), None)
        rollback.check_untouched(run, self.live(frozenset(run.after)))
        applied(self.bench.roll_back())
        self.is_as_before(before, record)

    # ------------------------------------------------------------------ other moves

    def write(self) -> None:
        """Works as an application does: keys with and without TTL, entries of streams, consumers."""
        for number in self.draw.sample(range(9), 3):
            more = ("PX", 9 * HOUR_MS) if self.draw.random() < 0.5 else ()
            self.ask("SET", f"doc:{number}", self.draw.randint(0, 9), *more)
        for stream in ("jobs", "ev/x"):
            if self.ask("TYPE", stream) == b"stream":
                self.ask("XADD", stream, "*", "n", self.draw.randint(0, 9))
                self.consume(stream)

    def consume(self, stream: str) -> None:
        for group in self.ask("XINFO", "GROUPS", stream):
            name = group[b"name"].decode()
            read = self.ask("XREADGROUP", "GROUP", name, "ann", "COUNT", 2, "STREAMS", stream, ">")
            entries = next(iter(read.values())) if isinstance(read, dict) else read and read[0][1]
            if entries and self.draw.random() < 0.5:
                self.ask("XACK", stream, name, entries[0][0])

    def stranger(self) -> None:
        """Changes one thing that is declared by hand: drift names it, and an apply mends it."""
        found = [(a, act) for a in sorted(self.objects) if (act := _BY_HAND.get(a.kind)) is not None]
        if not found:
            return
        address, act = self.draw.choice(found)
        assert self.drift() == []
        self.told.append(f"by hand: {address}")
        act(self, address)
        changed = self.snapshot()
        drifted = {finding.address for finding in self.drift()}
        if not drifted:
            assert self.bench.plan(self.objects).empty, "a plan finds what drift does not"
            return
        plan = self.bench.plan(self.objects)
        assert {change.address for change in plan.changes} == drifted
        applied(self.bench.start(plan))
        self.is_as_declared(self.objects)
        if self.draw.random() < 0.5 and plan.units:
            self.told.append("rolled back")
            applied(self.bench.roll_back())
            assert self.snapshot() == changed
            applied(self.bench.start(self.bench.plan(self.objects)))
            self.is_as_declared(self.objects)

    def repair(self) -> None:
        """Repairs keys with an audit, and takes it back."""
        self.strays()
        before, record = self.snapshot(), self.bench.state.recorded()
        self.strays()  # a snapshot uses them
        plan = self.bench.plan_audited(self.objects)
        self.told += [f"  {step.verb}: {step.title}" for step in plan.steps]
        applied(self.bench.apply_audited(self.objects))
        if not plan.units:
            assert self.snapshot() == before
            return
        verbs = {step.verb for step in plan.steps}
        assert verbs <= {"bound ttl", "remove keys"}
        if "remove keys" in verbs:
            assert self.ask("EXISTS", "stray:0") == 0
        assert self.drift() == []
        applied(self.bench.roll_back())
        self.is_as_before(before, record)

    def strays(self) -> None:
        """Writes keys of no pattern that nobody has used for long."""
        self.ask("SET", "stray:0", "x")
        dump = self.ask("DUMP", "stray:0")
        for number in range(4):
            self.ask("RESTORE", f"stray:{number}", 0, dump, "REPLACE", "IDLETIME", IDLE_S)

    def forget(self) -> None:
        """Forgets some objects and adopts them again: nothing is changed, and the next plan is empty."""
        record = self.bench.state.recorded()
        if not record:
            return
        before = self.snapshot()
        some = set(self.draw.sample(sorted(record), self.draw.randint(1, len(record))))
        with self.bench.stores() as stores, self.bench.state.lock("forget", 0) as lock:
            gone = forgettable(record, some.__contains__)
            self.bench.state.replace(lock, gone, _EVENT)
            assert not write_marks("test", gone, stores.values(), self.bench.state.recorded())
            live = self.live(frozenset(self.objects))
            back = adoptable(self.objects, live, self.bench.state.recorded(), some.__contains__)
            self.bench.state.replace(lock, back, _EVENT)
            assert not write_marks("test", back, stores.values(), self.bench.state.recorded())
        assert set(back) == some
        assert self.snapshot() == before
        assert self.bench.plan(self.objects).empty

    def inspected(self) -> None:
        """What is inspected declares what is there."""
        live = self.bench.live().objects
        told = KIND.collapse(STORE, live)
        if not told:
            assert not live
            return
        declared = objects(**{name: part for name, part in told.items() if name not in ("kind", "store")})
        assert set(declared) == set(live)
        stranger = Bench(self.bench.url, state=MemoryState())
        changed = [(str(c.address), c.fields) for c in stranger.plan(declared).changes if c.fields]
        assert changed == []

    def stale_plan(self) -> None:
        """A plan that was made before a change of its objects is refused."""
        desired = self.next()
        approved = self.bench.plan(desired)
        self.objects = desired
        found = [
            c for c in approved.changes if c.address.kind in _BY_HAND and c.live is not None and c.desired
        ]
        if not found:
            planfile.check_same(approved, self.bench.plan(desired))
        else:
            address = self.draw.choice(found).address
            self.told.append(f"by hand: {address}")
            before = self.live(frozenset(desired))
            _BY_HAND[address.kind](self, address)
            if before != self.live(frozenset(desired)):
                with pytest.raises(StalePlan):
                    planfile.check_same(approved, self.bench.plan(desired))
        self.go(desired)

    # ------------------------------------------------------------------ what holds

    def is_as_declared(self, desired: Objects) -> None:
        again = self.bench.plan(desired)
        assert [(str(c.address), c.action, c.fields) for c in again.changes] == []
        assert again.empty
        assert self.drift() == []
        self.is_marked()

    def is_as_before(self, before: Snapshot, record: Any) -> None:
        now = self.snapshot()
        assert {k: v for k, v in now.items() if before.get(k) != v} == {
            k: v for k, v in before.items() if now.get(k) != v
        }
        assert self.bench.state.recorded() == record

    def is_marked(self) -> None:
        """A state that is lost could be made of the marks in the store."""
        if not self.marked:
            return
        with self.bench.stores() as stores:
            marks = stores[STORE].session.marks("test")  # type: ignore[attr-defined]
        record = self.bench.state.recorded()
        assert {a: m.values for a, m in marks.items()} == {a: r.values for a, r in record.items()}

    def drift(self) -> list[drift.Finding]:
        recorded = self.bench.state.recorded()
        return list(drift.compare(recorded, self.live(frozenset(recorded))).findings)

    def live(self, addresses: frozenset[Address]) -> Mapping[Address, Spec]:
        with self.bench.stores() as stores:
            return survey.read_live(stores, addresses)[STORE].objects

    def snapshot(self) -> Snapshot:
        """All that the server holds but apexplan's marks: objects, parameters, keys with their values."""
        live = self.bench.live()
        found: Snapshot = {f"object {a}": spec.values() for a, spec in live.objects.items()}
        found["contract"] = live.details["contract"]
        with connected(self.bench.url) as primaries:
            for number, node in enumerate(primaries):
                told = node.call("CONFIG", "GET", "*")
                found |= {f"CONFIG {name.decode()} of {number}": value for name, value in told.items()}
                for key in node.call("KEYS", "*"):
                    found[f"key {key!r}"] = (_value(node, key), node.call("PEXPIRETIME", key))
        return found

    def ask(self, *command: Any) -> Any:
        """Returns the answer of whoever has the key; of a cluster's servers any for what has none."""
        with connected(self.bench.url) as primaries:
            node = primaries[0] if len(primaries) == 1 else self.draw.choice(primaries)
            return node.call(*command)


def _set_config(walk: Walk, address: Address) -> None:
    other = {"maxmemory": "209715200", "maxmemory-policy": "allkeys-random", "hz": "33", "save": "7 7"}
    other |= {"notify-keyspace-events": "Kx", "client-output-buffer-limit": "pubsub 7mb 7mb 7"}
    walk.ask("CONFIG", "SET", address.name, other[address.name])


def _set_user(walk: Walk, address: Address) -> None:
    ways = [("-lolwut",), ("resetkeys", "allkeys", "+@all"), ("clearselectors", "+@all", "(+get ~s:*)")]
    ways += [("skip-sanitize-payload",)]
    if address.name != "default":
        ways += [("off",), ("resetpass",), ("reset",)]
        if walk.draw.random() < 0.3:
            walk.ask("ACL", "DELUSER", address.name)
            return
    walk.ask("ACL", "SETUSER", address.name, *walk.draw.choice(ways))


def _set_library(walk: Walk, address: Address) -> None:
    if walk.draw.random() < 0.5:
        walk.ask("FUNCTION", "DELETE", address.name)
    else:
        walk.ask("FUNCTION", "LOAD", "REPLACE", code(address.name, 7))


def _set_stream(walk: Walk, address: Address) -> None:
    way = walk.draw.choice(("DEL", "FLUSHALL", "PEXPIRE", "XADD", "XTRIM"))
    more: tuple[Any, ...] = {"PEXPIRE": (HOUR_MS,), "XADD": ("*", "a", 1), "XTRIM": ("MAXLEN", 1)}.get(
        way, ()
    )
    walk.ask(way, *(() if way == "FLUSHALL" else (address.name, *more)))


def _set_group(walk: Walk, address: Address) -> None:
    way = walk.draw.choice(("DESTROY", "SETID", "CREATECONSUMER"))
    more: tuple[Any, ...] = {"SETID": ("0",), "CREATECONSUMER": ("bob",)}.get(way, ())
    walk.ask("XGROUP", way, *group_parts(address), *more)


def _set_contract(walk: Walk, address: Address) -> None:
    way = walk.draw.choice(("DELETE", "FLUSH", "FLUSHALL"))
    walk.marked = walk.marked and way != "FLUSH"
    commands = {"DELETE": ("FUNCTION", "DELETE", "apexplan_contract"), "FLUSH": ("FUNCTION", "FLUSH")}
    walk.ask(*commands.get(way, ("FLUSHALL",)))


_BY_HAND: Final[dict[str, Callable[[Walk, Address], None]]] = {
    "config": _set_config,
    "user": _set_user,
    "library": _set_library,
    "stream": _set_stream,
    "group": _set_group,
    "pattern": _set_contract,
    "keyspace": _set_contract,
}
_EVENT: Final = Event("2026-01-01T00:00:00Z", "tester", "walk", "")


def _bytes(plan: Plan) -> str:
    """Returns a plan as its file says it, but for when it was made."""
    return planfile.dump(plan.model_copy(update={"created": "", "id": ""}))


@contextmanager
def connected(url: str) -> Iterator[Any]:
    found = connect(STORE, servers.settings(url))
    try:
        yield found.primaries
    finally:
        found.close()


def _value(node: Any, key: bytes) -> Any:
    """Returns a value that can be compared: of a stream without times that go by, and without those of
    deliveries, which a group that is made again has to a millisecond."""
    if node.call("TYPE", key) != b"stream":
        return node.call("DUMP", key)
    told = _lasting(node.call("XINFO", "STREAM", key, "FULL", "COUNT", 0))
    for group in told[b"groups"]:
        group[b"pending"] = [(entry, who, count) for entry, who, _, count in group[b"pending"]]
        for consumer in group[b"consumers"]:
            consumer[b"pending"] = [(entry, count) for entry, _, count in consumer[b"pending"]]
    return told


def _lasting(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _lasting(value) for name, value in told.items() if name not in _VOLATILE}
    return [_lasting(one) for one in told] if isinstance(told, list) else told


def walked(walk: Walk) -> None:
    """Walks; tells the way of a walk that fails."""
    try:
        for _ in range(STEPS):
            walk.step()
    except BaseException:
        print("\n".join(walk.told))
        raise


@pytest.mark.parametrize("seed", seeds(5))
def test_a_walk_on_a_redis(seed: int, tmp_path: Path) -> None:
    with servers.server(tmp_path / "redis") as running:
        walked(Walk(Bench(url=running.url), seed))


@pytest.mark.parametrize("seed", seeds(2))
def test_a_walk_on_a_cluster(seed: int, tmp_path: Path) -> None:
    """By hand one server alone is changed: then servers differ."""
    with servers.cluster(tmp_path) as running:
        walked(Walk(Bench(url=running.url), seed))
