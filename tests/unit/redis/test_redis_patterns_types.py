"""Types of placeholders: which values they take."""

from __future__ import annotations

from random import Random

import pytest

from apexplan_redis.patterns import TYPES, parse

UUID = "0190163d-8694-{}39b-{}ea5-966c26f8ad91"

VALUES = {
    "str": (["a", "A.b/c {x}", "ü", "-"], ["", "a:b"]),
    "any": (["a", "a:b", ":", "\n"], [""]),
    "int": (["0", "7", "-7", "1230"], ["", "-0", "007", "-", "+1", "1.0", "0x1", "٣"]),
    "slug": (["a", "7", "a-b_c", "a--b"], ["", "-a", "a-", "A", "a.b", "ä"]),
    "hex": (["0", "deadbeef"], ["", "DEADBEEF", "g"]),
    "hex4": (["00ff"], ["0ff", "000ff", "00FF"]),
    "uuid": (
        [UUID.format(1, 0), UUID.format(7, "a")],
        [UUID.format(7, "a").upper(), UUID.format(7, "a")[:-1]],
    ),
    "uuid4": ([UUID.format(4, "8"), UUID.format(4, "b")], [UUID.format(7, "8"), UUID.format(4, "c")]),
    "uuid7": ([UUID.format(7, "9"), UUID.format(7, "a")], [UUID.format(4, "9"), UUID.format(7, "7")]),
    "ulid": (
        ["01ARZ3NDEKTSV4RRFFQ69G5FAV"],
        ["81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01arz3ndektsv4rrffq69g5fav"],
    ),
    "date": (["2025-12-31"], ["2025-1-1", "2025-20-01", "2025-01-40", "20250101"]),
    "enum(a|ab|é)": (["a", "ab", "é"], ["", "b", "abc", "a|ab"]),
}


@pytest.mark.parametrize(
    ("wanted", "value"), [(name, value) for name, (good, _) in VALUES.items() for value in good]
)
def test_a_value_of_the_type_is_taken(wanted: str, value: str) -> None:
    assert parse(f"k:{{x:{wanted}}}").match(f"k:{value}".encode()) == {"x": value}


@pytest.mark.parametrize(
    ("wanted", "value"), [(name, value) for name, (_, bad) in VALUES.items() for value in bad]
)
def test_a_value_of_another_type_is_not_taken(wanted: str, value: str) -> None:
    assert parse(f"k:{{x:{wanted}}}").match(f"k:{value}".encode()) is None


def test_each_type_is_among_the_cases() -> None:
    assert set(TYPES) <= set(VALUES)


@pytest.mark.parametrize("wanted", sorted(TYPES))
def test_each_type_says_what_it_means(wanted: str) -> None:
    with pytest.raises(ValueError, match="is no") as caught:
        parse(f"k:{{x:{wanted}}}").key(x="")
    assert str(caught.value).endswith(f"is no {wanted}: that is {TYPES[wanted].means}")


def test_an_enum_whose_values_begin_each_other_is_read_to_its_end() -> None:
    assert parse("{e:enum(a|ab)}:x").match(b"ab:x") == {"e": "ab"}


def test_the_same_seed_gives_the_same_samples() -> None:
    pattern = parse("doc:{id:uuid7}:{s:slug}:*")
    assert pattern.samples(Random(7), 5) == pattern.samples(Random(7), 5)
