"""The second pass, and the proof: what was written to the old collection meanwhile is brought over until one
whole comparison finds nothing to bring, nor do the exact counts; then the recall of a sample of searches.

The old collection is the truth until the switch: points that differ get its values, points that it no longer
has are removed. An application that writes to both may be between its two writes; so a point that only the
new one has is removed when a second comparison still finds it so.
"""

from __future__ import annotations

from typing import Final

from apexplan.model.errors import Interrupted, StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_qdrant.read.marks import EQUAL, SWITCHED, Copied, Marks
from apexplan_qdrant.run.comparing import Found, Sides, differences, send
from apexplan_qdrant.run.looking import marks, write
from apexplan_qdrant.run.proof import Proof
from apexplan_qdrant.run.recall import SAMPLE, Sample, check_recall
from apexplan_qdrant.target import PointId, Target

STEADY: Final = 3
"""Comparisons after which a page of differences is no more than what is always being written."""
ROUNDS: Final = 10
"""Comparisons before writers are taken to be faster than the copy."""


def verify(target: Target, step: Step, watch: Watch) -> Proof | None:
    """Brings the new collection level with the old one, and proves that it is. Returns what the old one held
    then. Raises StoreError where it does not become so. Once readers had the new one it is the truth, and
    nothing is done: so it is when a way back fails and is itself undone."""
    if _is_the_truth(marks(target, step.args["target"])):
        return None
    sides = Sides.of(target, step.args)
    total = float(step.size.count) if step.size else None
    sample = Sample(int(step.args["options"].get("sample", SAMPLE)), seed=sides.source)
    compared, proof = _bring_level(sides, step, watch, total, sample)
    check_recall(sides, step, watch, sample.points)
    mine = marks(target, sides.goal)
    write(target, sides.goal, mine.but(copied=Copied(step.args["source"], EQUAL, done=compared)))
    return proof


def _bring_level(
    sides: Sides, step: Step, watch: Watch, total: float | None, sample: Sample
) -> tuple[int, Proof]:
    """Returns how many points the last comparison went over, which found no difference, nor did a count after
    it, and what the old collection held then; offers some of the points to `sample`.

    Where an application writes all the time, two collections are never equal. So from the third comparison on
    a page of points that were missing or differed is enough: they were brought over, and what is written to
    the old collection after its page was compared is seen against the proof, after the switch."""
    alone: set[PointId] = set()
    for number in range(1, ROUNDS + 1):
        written, compared, surplus, proof = 0, 0, set[PointId](), Proof()
        for found in differences(sides, seen=proof.take):
            compared += found.compared
            written += len(found.missing) + len(found.differing)
            surplus |= set(found.surplus)
            sample.offer(found.one)
            _mend(sides, found, alone)
            watch.progress(compared, total, "points", f"compared, {_ordinal(number)} time")
            if watch.stopping():
                raise Interrupted("stopped while comparing; the next run compares anew")
        level = not written and not surplus and _counts_are_equal(sides)
        if level or (number >= STEADY and not surplus and written <= sides.batch):
            return compared, proof
        alone = surplus
    raise StoreError(
        f"after {ROUNDS} comparisons {sides.goal} still differs from {sides.source}: points are "
        "written faster than they are brought over",
        store=sides.target.store,
        address=step.address,
        mend="pause the writers for the switch, or let them write to both collections; then apply again",
    )


def _mend(sides: Sides, found: Found, alone: set[PointId]) -> None:
    send(sides, found.missing)
    if found.differing:
        sides.target.upsert(sides.goal, sides.transform.sent(found.differing))
    gone = [point for point in found.surplus if point in alone]
    if gone:
        sides.target.remove(sides.goal, gone)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _counts_are_equal(sides: Sides) -> bool:
    """Counted exactly, in one request a side: a comparison goes by pages, and what is written behind it is
    not seen by it."""
    return sides.target.count(sides.source) == sides.target.count(sides.goal)


def probe_verify(target: Target, step: Step) -> Outcome:
    mine = marks(target, step.args["target"])
    equal = mine.copied is not None and mine.copied.state == EQUAL
    return Outcome.DONE if equal or _is_the_truth(mine) else Outcome.NOT_DONE


def _is_the_truth(mine: Marks) -> bool:
    return mine.copied is not None and mine.copied.state == SWITCHED
