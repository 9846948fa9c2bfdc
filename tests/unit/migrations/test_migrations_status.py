"""What became of each script, and what stands in the way of a change."""

from __future__ import annotations

from collections.abc import Sequence

from migrations_kit import address, created, edited, migration, taken_back, without_file

from apexplan.migrations.spec import Migration
from apexplan.migrations.status import obstacles, standings
from apexplan.model.address import Address
from apexplan.model.change import Change


def specs(*names: str, **more: object) -> dict[Address, Migration]:
    return {address(name): migration(name, **more) for name in names}


def standing(
    declared: dict[Address, Migration], live: dict[Address, Migration], owned: Sequence[str] = ()
) -> dict[str, str]:
    found = standings(declared, live, [address(name) for name in owned])
    return {one.address.name: str(one.standing) for one in found}


def told(*changes: Change, live: Sequence[str] = ()) -> list[str]:
    notes = obstacles(changes, specs(*live))
    assert all(note.blocks and note.mend for note in notes)
    return [f"{note.address}: {note.text}" for note in notes]


def test_scripts_are_applied_or_pending() -> None:
    assert standing(specs("1_a", "2_b"), specs("1_a")) == {"1_a": "applied", "2_b": "pending"}


def test_they_are_listed_by_version_as_a_number() -> None:
    assert list(standing(specs("10_c", "9_b"), specs("8_a"))) == ["8_a", "9_b", "10_c"]


def test_a_script_that_differs_from_what_ran_is_changed() -> None:
    assert standing(specs("1_a", checksum="e" * 64), specs("1_a")) == {"1_a": "changed"}


def test_a_pending_script_below_an_applied_one_is_out_of_order() -> None:
    assert standing(specs("1_a", "2_b"), specs("2_b")) == {"1_a": "out of order", "2_b": "applied"}


def test_a_script_renamed_after_it_ran_is_out_of_order_under_its_new_name() -> None:
    found = standing(specs("1_b"), specs("1_a"), owned=["1_a"])
    assert found == {"1_a": "missing", "1_b": "out of order"}


def test_an_owned_script_without_its_file_is_missing() -> None:
    assert standing({}, specs("1_a"), owned=["1_a"]) == {"1_a": "missing"}


def test_a_script_that_somebody_else_applied_is_not_managed() -> None:
    found = standings({}, specs("1_a"), [])
    assert [(str(one.standing), one.standing.wrong) for one in found] == [("not managed", False)]


def test_nothing_stands_in_the_way_of_pending_scripts() -> None:
    assert told(created("2_b"), created("3_c"), live=["1_a"]) == []


def test_a_changed_script_names_both_checksums() -> None:
    assert told(edited("0001_a"), live=["0001_a"]) == [
        "s.migration.0001_a: its file was changed after it was applied: checksum eeeeeeee now, "
        "checksum 0001cccc when it ran"
    ]


def test_a_missing_script_is_never_taken_back() -> None:
    (note,) = obstacles([without_file("1_a")], specs("1_a"))
    assert "nothing is taken back because a file is missing" in note.text
    assert "`apexplan forget s.migration.1_a`" in note.mend


def test_a_pending_script_below_an_applied_one_stands_in_the_way() -> None:
    (note,) = told(created("1_a"), live=["2_b"])
    assert note.startswith("s.migration.1_a: out of order: 2_b was applied already")


def test_a_baseline_may_be_below_an_applied_one() -> None:
    assert told(created("1_a", baseline=True), live=["2_b"]) == []


def test_a_script_is_not_taken_back_from_under_a_later_one() -> None:
    (note,) = told(taken_back("1_a"), live=["1_a", "2_b"])
    assert note.startswith("s.migration.2_b: it was applied later than what is to be taken back")


def test_scripts_are_taken_back_together() -> None:
    assert told(taken_back("1_a"), taken_back("2_b"), live=["1_a", "2_b"]) == []


def test_an_irreversible_script_is_not_taken_back() -> None:
    (note,) = told(taken_back("1_a", irreversible="the texts are gone"), live=["1_a"])
    assert note == "s.migration.1_a: it cannot be taken back: the texts are gone"
