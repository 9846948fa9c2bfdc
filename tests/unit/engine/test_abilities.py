"""What the engine makes of a session that can do more: be claimed, foresee, rehearse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from test_rollback import apply, back
from worlds import Boxes, box, server_of, world

from apexplan.engine import hazards, survey
from apexplan.engine.ports import RunStatus
from apexplan.engine.survey import OpenStore
from apexplan.model.change import Change
from apexplan.model.errors import Obstructed, StoreError, Transient
from apexplan.model.plan import HazardKind, Note, Unit
from apexplan.testing.chaos import World, plan_of
from apexplan.testing.fake import FakeServer, FakeSession
from apexplan.testing.faults import Fault, Faults

NONE: frozenset[HazardKind] = frozenset()
RED = Note(address=box("a"), text="the name is taken", blocks=True, mend="take another")


@dataclass
class Seen:
    """What an able session was asked, and what it answers."""

    claims: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[StoreError] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    obstacles: Sequence[Note] = ()


class AbleSession(FakeSession):
    """The fake's session with the optional abilities."""

    def __init__(self, server: FakeServer, seen: Seen) -> None:
        super().__init__("shelf", server)
        self.seen = seen

    def claim(self, run: str, by: str) -> None:
        self.seen.claims.append((run, by))
        if self.seen.refusals:
            raise self.seen.refusals.pop(0)

    def obstacles(self, changes: Sequence[Change]) -> Sequence[Note]:
        self.seen.asked += [str(change.address) for change in changes]
        return self.seen.obstacles

    def rehearse(self, units: Sequence[Unit]) -> Sequence[Note]:
        return [Note(text=f"tried {step.id}") for unit in units for step in unit.steps]


def able(live: Boxes, desired: Boxes, seen: Seen) -> World:
    made = world(live, desired)
    session = AbleSession(server_of(made), seen)

    @contextmanager
    def opened() -> Iterator[dict[str, OpenStore]]:
        with made.open() as stores:
            yield {"shelf": replace(stores["shelf"], session=session)}

    return replace(made, open=opened)


def test_a_store_is_claimed_once_for_all_steps_of_a_run() -> None:
    seen = Seen()
    result = apply(able({}, {"a": {}, "b": {}}, seen))
    assert seen.claims == [(result.run, "test")]


def test_a_store_is_claimed_again_after_an_error() -> None:
    seen = Seen()
    assert apply(able({}, {"a": {}}, seen), faults=Faults({1: Fault.TRANSIENT_BEFORE})).status is (
        RunStatus.APPLIED
    )
    assert len(seen.claims) == 2


def test_a_store_that_somebody_else_holds_is_waited_for() -> None:
    seen = Seen(refusals=[Transient("locked by run 7")])
    assert apply(able({}, {"a": {}}, seen)).status is RunStatus.APPLIED
    assert len(seen.claims) == 2


def test_a_store_that_cannot_be_claimed_is_left_as_it_is() -> None:
    seen = Seen(refusals=[StoreError("another apply went by")])
    made = able({}, {"a": {}}, seen)
    before = made.snapshot()
    result = apply(made)
    assert result.status is RunStatus.UNDONE
    assert result.failure is not None
    assert "another apply went by" in result.failure.error
    assert made.snapshot() == before


def test_a_plan_reads_and_claims_nothing() -> None:
    seen = Seen()
    plan_of(able({}, {"a": {}}, seen))
    assert seen.claims == []


def test_a_rollback_claims_too() -> None:
    seen = Seen()
    made = able({}, {"a": {}}, seen)
    apply(made)
    apply(made, back(made))
    assert len(seen.claims) == 2


def test_obstacles_are_asked_of_all_changes_and_stand_first_in_the_plan() -> None:
    seen = Seen(obstacles=[RED])
    plan = plan_of(able({"old": {}}, {"a": {}, "b": {}}, seen))
    assert sorted(seen.asked) == ["shelf.box.a", "shelf.box.b", "shelf.box.old"]
    assert plan.notes[0] == RED


def test_a_plan_with_something_in_its_way_is_refused_whatever_is_allowed() -> None:
    plan = plan_of(able({}, {"a": {}}, Seen(obstacles=[RED])))
    with pytest.raises(Obstructed, match=r"shelf\.box\.a"):
        hazards.check(plan, frozenset(HazardKind), NONE)


def test_a_remark_refuses_nothing() -> None:
    plan = plan_of(able({}, {"a": {}}, Seen(obstacles=[RED.model_copy(update={"blocks": False})])))
    hazards.check(plan, NONE, NONE)


def test_rehearsing_tries_every_unit() -> None:
    made = able({}, {"a": {}, "b": {}}, Seen())
    plan = plan_of(made)
    with made.open() as stores:
        notes = survey.rehearsed(stores, plan)
    assert [note.text for note in notes] == [f"tried {step.id}" for step in plan.steps]


def test_a_store_that_cannot_take_a_trial_back_is_told() -> None:
    made = world({}, {"a": {}})
    plan = plan_of(made)
    with made.open() as stores:
        (note,) = survey.rehearsed(stores, plan)
    assert "not tried" in note.text
    assert not note.blocks
