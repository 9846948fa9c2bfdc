"""What passes by itself, what must be allowed, what is denied."""

from __future__ import annotations

import pytest
from worlds import box, server_of, world

from apexplan.engine import hazards
from apexplan.model.errors import NotAllowed
from apexplan.model.plan import Hazard, HazardKind, Plan, Size, Step
from apexplan.testing.chaos import plan_of

NOTHING: frozenset[HazardKind] = frozenset()


def deleting(rows: int) -> Plan:
    made = world({"a": {}}, {})
    server_of(made).rows["a"] = rows
    return plan_of(made)


def test_deleting_data_must_be_allowed_by_name() -> None:
    with pytest.raises(NotAllowed, match="DELETES_DATA") as caught:
        hazards.check(deleting(5), NOTHING, NOTHING)
    assert "--allow DELETES_DATA" in caught.value.mend


def test_what_is_allowed_passes() -> None:
    hazards.check(deleting(5), frozenset({HazardKind.DELETES_DATA}), NOTHING)


def test_what_is_known_to_be_empty_passes() -> None:
    hazards.check(deleting(0), NOTHING, NOTHING)


def test_denial_wins_over_permission_even_for_what_is_empty() -> None:
    kind = frozenset({HazardKind.DELETES_DATA})
    with pytest.raises(NotAllowed, match="denied"):
        hazards.check(deleting(0), kind, kind)


@pytest.mark.parametrize("size", [None, Size(count=0, exact=False)])
def test_an_estimate_of_nothing_is_not_nothing(size: Size | None) -> None:
    step = Step(id="s", address=box("a"), covers=(box("a"),), verb="v", title="t", size=size)
    assert hazards.must_be_allowed(step, Hazard(kind=HazardKind.BLOCKS_WRITES, text=""))


@pytest.mark.parametrize("kind", sorted(set(HazardKind) - hazards.MUST_BE_ALLOWED))
def test_the_other_hazards_are_told_and_pass(kind: HazardKind) -> None:
    step = Step(id="s", address=box("a"), covers=(box("a"),), verb="v", title="t")
    assert not hazards.must_be_allowed(step, Hazard(kind=kind, text=""))
