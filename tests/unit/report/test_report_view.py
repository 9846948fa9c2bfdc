"""How values, sizes and counts are put into words."""

from __future__ import annotations

import pytest

from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.plan import PlannedChange, Size
from apexplan.report import view


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9960, "10 kB"),
        (999_600, "1.0 MB"),
        (41_000_000, "41 MB"),
    ],
)
def test_bytes_are_told_in_the_largest_unit_that_fits(count: int, told: str) -> None:
    assert view.bytes_text(count) == told


def test_an_estimate_bears_a_tilde() -> None:
    assert view.size_text(Size(count=1200, unit="points")) == "~1,200 points"


def test_one_of_something_is_singular() -> None:
    assert view.size_text(Size(count=1, exact=True)) == "1 row"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("index", "2 indexes"),
        ("primary_key", "2 primary keys"),
        ("policy", "2 policies"),
        ("alias", "2 aliases"),
        ("retained", "2 retained"),
    ],
)
def test_kinds_are_counted_in_the_plural(kind: str, told: str) -> None:
    assert view.counted(kind, 2) == told


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (None, "(none)"),
        (True, "yes"),
        ("", '""'),
        (" a", '" a"'),
        ("two\nlines", '"two\\nlines"'),
        (["a", 1], "[a, 1]"),
        ({"a": 1, "b": None}, "{a: 1}"),
    ],
)
def test_values_are_told_without_the_marks_of_json(item: object, told: str) -> None:
    assert view.value(item) == told


def test_an_escape_sequence_in_a_name_is_seen_not_obeyed() -> None:
    assert view.visible("\x1b[2Jboxes") == "␛[2Jboxes"


def test_a_direction_override_is_seen_not_obeyed() -> None:
    assert view.visible("a\u202eb") == "a\ufffdb"


def test_what_is_made_visible_keeps_its_length() -> None:
    text = "".join(map(chr, range(0x300)))
    assert len(view.visible(text)) == len(text)


@pytest.mark.parametrize("limit", [24, 60])
def test_a_contrast_keeps_to_its_limit_and_shows_the_difference(limit: int) -> None:
    one, other = view.contrast("a" * 500 + "X" + "b" * 500, "a" * 500 + "Y" + "b" * 500, limit)
    assert (len(one), len(other)) == (limit, limit)
    assert "X" in one and "Y" in other


@pytest.mark.parametrize(
    ("live", "told"),
    [(None, "no longer there, recorded no more"), ({"size": 1}, "stays as it is, recorded no more")],
)
def test_what_is_forgotten_may_be_there(live: dict[str, int] | None, told: str) -> None:
    change = PlannedChange(address=Address("s", "box", "a"), action=Action.FORGET, live=live)
    row = view.Row(change=change, steps=())
    assert view.details(row) == [told]
