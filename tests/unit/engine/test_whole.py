"""A mapping that is one value as a whole, beside one of which a manifest may manage a part."""

from __future__ import annotations

from typing import Annotated, ClassVar

import pytest

from apexplan.engine.diff import field_changes
from apexplan.engine.drift import drifts
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.spec import IN_PLACE, OnChange, Spec

A = Address("main", "thing", "a")
WIDER = {"type": "object", "required": ["text"]}


class Thing(Spec):
    kind: ClassVar[str] = "thing"
    schema_: Annotated[dict[str, object] | None, OnChange(IN_PLACE, whole=True)] = None
    options: Annotated[dict[str, object] | None, OnChange(IN_PLACE)] = None


@pytest.mark.parametrize(("field", "differs"), [("schema_", True), ("options", False)])
def test_a_key_that_is_left_out_is_to_go_only_from_a_whole(field: str, differs: bool) -> None:
    live, desired = Thing(**{field: WIDER}), Thing(**{field: {"type": "object"}})
    changes = list(field_changes(live, desired, frozenset({field})))
    assert [(one.live, one.desired) for one in changes] == ([(WIDER, {"type": "object"})] if differs else [])


@pytest.mark.parametrize(("field", "differs"), [("schema_", True), ("options", False)])
def test_a_key_that_somebody_adds_is_drift_only_in_a_whole(field: str, differs: bool) -> None:
    recorded = Recorded(A, {field: {"type": "object"}})
    assert [one.live for one in drifts(recorded, Thing(**{field: WIDER}))] == ([WIDER] if differs else [])
