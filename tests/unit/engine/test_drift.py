"""Recorded against live."""

from __future__ import annotations

from datetime import date

from worlds import box

from apexplan.engine.drift import Age, DriftKind, compare
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.spec import Spec
from apexplan.model.waiver import Waiver
from apexplan.testing.fake import Box

A = box("a")
TODAY = date(2026, 6, 1)


def recorded(**values: object) -> dict[Address, Recorded]:
    return {A: Recorded(A, values)}


def live(**values: object) -> dict[Address, Spec]:
    given = {"color": "grey", "size": 1, "needs": (), "tags": {}, **values}
    return {A: Box.model_validate(given)}


def waiver(expires: date, field: str | None = None) -> Waiver:
    return Waiver(A, "ann", "known", expires, field)


def test_what_is_as_recorded_does_not_drift() -> None:
    assert not compare(recorded(color="red"), live(color="red")).findings


def test_a_changed_field_is_found_with_both_values() -> None:
    found = compare(recorded(color="red"), live(color="blue")).findings[0]
    assert (found.kind, found.field, found.recorded, found.live) == (
        DriftKind.CHANGED,
        "color",
        "red",
        "blue",
    )


def test_a_field_that_is_not_managed_does_not_drift() -> None:
    assert not compare(recorded(color="red"), live(color="red", size=9)).findings


def test_of_a_mapping_only_the_managed_keys_drift() -> None:
    assert not compare(recorded(tags={"a": "1"}), live(tags={"a": "1", "b": "2"})).findings
    assert compare(recorded(tags={"a": "1"}), live(tags={"a": "2"})).findings


def test_an_object_that_is_gone_is_missing() -> None:
    assert compare(recorded(color="red"), {}).findings[0].kind is DriftKind.MISSING


def test_what_belongs_to_nobody_is_listed_and_is_no_drift() -> None:
    drift = compare({}, live())
    assert drift.unmanaged == (A,)
    assert not drift.open


def test_a_waiver_holds_up_to_and_with_its_day() -> None:
    drift = compare(recorded(color="red"), live(color="blue"), waivers=[waiver(TODAY)], today=TODAY)
    assert drift.findings[0].waived is not None
    assert not drift.open


def test_an_expired_waiver_accepts_nothing_and_is_told() -> None:
    old = waiver(date(2026, 5, 31))
    drift = compare(recorded(color="red"), live(color="blue"), waivers=[old], today=TODAY)
    assert drift.open
    assert drift.expired == (old,)


def test_a_waiver_for_one_field_does_not_cover_another() -> None:
    given = [waiver(TODAY, "size")]
    assert compare(recorded(color="red"), live(color="blue"), waivers=given, today=TODAY).open


def test_against_an_earlier_report_findings_are_new_or_persisting_or_resolved() -> None:
    first = compare(recorded(color="red", size=1), live(color="blue"))
    earlier = {f.id: str(f.address) for f in first.findings}
    second = compare(recorded(color="red", size=1), live(color="blue", size=2), earlier=earlier)
    assert {f.field: f.age for f in second.findings} == {"color": Age.PERSISTING, "size": Age.NEW}
    third = compare(recorded(color="red", size=1), live(color="red"), earlier=earlier)
    assert third.resolved == ("shelf.box.a",)
