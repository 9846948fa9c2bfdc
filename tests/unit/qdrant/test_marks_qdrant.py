"""Marks in the metadata of a collection: written and read again, also where they are newer or broken."""

from __future__ import annotations

from typing import Any

import pytest
from fake_qdrant import info
from hypothesis import given
from hypothesis import strategies as st

from apexplan_qdrant.read.marks import Copied, Marks, Retired, marks_of
from apexplan_qdrant.wire.places import OWN

TEXT = st.text(max_size=5)
IDS = st.none() | st.integers(min_value=0) | st.uuids().map(str)
COPIED = st.builds(Copied, TEXT, TEXT, IDS, st.integers(min_value=0))
MARKS = st.builds(Marks, TEXT, TEXT, TEXT, st.none() | COPIED, st.none() | st.builds(Retired, TEXT, TEXT))


@given(MARKS)
def test_marks_are_read_as_they_were_written(marks: Marks) -> None:
    assert marks_of({"config": {"metadata": marks.written()}}) == marks


def test_no_marks_take_the_key_away() -> None:
    assert Marks().written() == {OWN: None}


def test_only_what_is_said_is_written() -> None:
    assert Marks(name="d", made="abc").written() == {OWN: {"name": "d", "made": "abc"}}


@pytest.mark.parametrize("config", [{}, {"metadata": None}, {"metadata": {}}, {"metadata": {"a": 1}}])
def test_a_collection_without_marks_has_empty_ones(config: dict[str, Any]) -> None:
    assert marks_of({"config": config}) == Marks()


@pytest.mark.parametrize("broken", ["text", 1, [], None, True])
def test_marks_that_are_no_mapping_are_passed_over(broken: Any) -> None:
    assert marks_of(info(metadata={OWN: broken})) == Marks()


@pytest.mark.parametrize("part", ["copied", "retired"])
@pytest.mark.parametrize("broken", ["text", 7, [], {"unknown": 1}, {}])
def test_a_part_that_is_not_understood_is_passed_over_and_the_rest_is_read(part: str, broken: Any) -> None:
    assert marks_of(info(marks={"name": "d", part: broken})) == Marks(name="d")


def test_a_key_of_a_newer_apexplan_is_passed_over() -> None:
    assert marks_of(info(marks={"name": "d", "since_9": {"x": 1}})) == Marks(name="d")


def test_a_part_of_a_newer_apexplan_with_more_in_it_is_not_taken_for_ours() -> None:
    copied = {"source": "d", "state": "loading", "next": 1, "done": 1, "shard": 3}
    assert marks_of(info(marks={"copied": copied})).copied is None


def test_one_mark_is_changed_and_the_others_stay() -> None:
    assert Marks(name="d", made="a").but(changed="b") == Marks(name="d", made="a", changed="b")
