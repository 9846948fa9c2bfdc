"""The bulk load: the old collection is scrolled by id, and every page is inserted into the new one.

    loading ──page, page, … ──▶ loaded ──verify──▶ equal ──switch──▶ switched

The cursor stands in the metadata of the new collection, where the points are: whoever goes on after a crash,
from whatever machine, finds it there, and it goes when the collection goes. It is written now and then, so
some pages may be sent twice; inserts never change a point, so nothing comes of that.
"""

from __future__ import annotations

import time
from typing import Final

from apexplan.model.errors import Interrupted, StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_qdrant.read.marks import LOADED, LOADING, Copied, Marks
from apexplan_qdrant.run.comparing import Pace, Sides, send
from apexplan_qdrant.run.looking import marks, write
from apexplan_qdrant.target import Target

CURSOR_EVERY_S: Final = 1.0
"""Seconds of copying that a crash may make be done again; a write of metadata takes 3 ms."""


def copy(target: Target, step: Step, watch: Watch) -> None:
    """Copies what is not copied yet. Raises Interrupted between two pages."""
    sides = Sides.of(target, step.args)
    mine = marks(target, sides.goal)
    copied = mine.copied or Copied(step.args["source"])
    if copied.source != step.args["source"]:
        raise StoreError(
            f"{sides.goal} holds a copy of {copied.source}", store=target.store, address=step.address
        )
    if copied.state == LOADING:
        _load(sides, mine, copied, watch, float(step.size.count) if step.size else None)


def _load(sides: Sides, mine: Marks, copied: Copied, watch: Watch, total: float | None) -> None:
    pace = Pace(sides, watch)
    written = time.monotonic()
    start, done = copied.next, copied.done
    while True:
        page = sides.target.page(sides.source, start, sides.batch)
        done += send(sides, page.points)
        watch.progress(done, total, "points", "copied")
        start = page.next
        if start is None:
            break
        here = Copied(copied.source, next=start, done=done)
        try:
            pace.sent(len(page.points))
        except Interrupted:
            write(sides.target, sides.goal, mine.but(copied=here))
            raise
        if time.monotonic() - written >= CURSOR_EVERY_S:
            write(sides.target, sides.goal, mine.but(copied=here))
            written = time.monotonic()
    write(sides.target, sides.goal, mine.but(copied=Copied(copied.source, LOADED, done=done)))


def probe_copy(target: Target, step: Step) -> Outcome:
    copied = marks(target, step.args["target"]).copied
    if copied is None:
        return Outcome.NOT_DONE
    return Outcome.PARTIAL if copied.state == LOADING else Outcome.DONE


def settle(target: Target, step: Step, watch: Watch) -> None:
    """Does nothing itself: the engine's `wait` that follows does it."""


def probe_settle(target: Target, step: Step) -> Outcome:
    """DONE as far as the step goes: whether the collection came to rest, the session knows."""
    return Outcome.DONE
