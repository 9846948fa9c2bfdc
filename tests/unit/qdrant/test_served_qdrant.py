"""Which collection is found under which name."""

from __future__ import annotations

import pytest

from apexplan_qdrant.names import side_door
from apexplan_qdrant.read.marks import Marks
from apexplan_qdrant.read.served import Served, served

NONE = Marks()


def who(aliases: dict[str, str], marks: dict[str, Marks] | list[str], said: set[str] | None = None) -> Served:
    by_name = dict.fromkeys(marks, NONE) if isinstance(marks, list) else marks
    return served(aliases, by_name, said or set())


def test_a_collection_without_an_alias_has_its_own_name() -> None:
    assert who({}, ["d"]).names == {"d": "d"}


def test_an_alias_that_a_manifest_uses_for_a_collection_is_its_name() -> None:
    assert who({"d": "physical"}, ["physical"], {"d"}) == Served({"physical": "d"}, {}, frozenset())


def test_a_collection_whose_own_name_is_said_keeps_it() -> None:
    assert who({"x": "d"}, ["d"], {"d"}) == Served({"d": "d"}, {"x": "d"}, frozenset())


def test_a_said_alias_comes_before_the_own_name_that_is_said_too() -> None:
    assert who({"d": "physical"}, ["physical"], {"d", "physical"}).names == {"physical": "d"}


def test_a_collections_own_mark_names_the_alias_that_it_serves() -> None:
    assert who({"a": "p", "b": "p"}, {"p": Marks(name="b")}).names == {"p": "b"}


def test_a_mark_is_worth_nothing_without_the_alias() -> None:
    assert who({}, {"p": Marks(name="d")}).names == {"p": "p"}


def test_what_is_said_comes_before_the_mark() -> None:
    assert who({"a": "p", "b": "p"}, {"p": Marks(name="b")}, {"a"}).names == {"p": "a"}


def test_a_version_is_known_by_the_alias_that_it_is_a_version_of() -> None:
    assert who({"d": "d_v3", "a": "d_v3"}, ["d_v3"]) == Served({"d_v3": "d"}, {"a": "d_v3"}, frozenset())


def test_any_other_alias_is_an_object_of_its_own() -> None:
    assert who({"x": "d"}, ["d"]) == Served({"d": "d"}, {"x": "d"}, frozenset())


def test_an_alias_may_lead_to_a_version_of_something_else() -> None:
    assert who({"x": "d_v3"}, ["d_v3"]).aliases == {"x": "d_v3"}


def test_of_two_versions_the_one_that_the_alias_leads_to_is_served() -> None:
    assert who({"d": "d_v2"}, ["d_v1", "d_v2"]).names == {"d_v1": "d_v1", "d_v2": "d"}


def test_a_collection_that_an_alias_of_its_name_covers_is_hidden() -> None:
    found = who({"d": "d_v1"}, ["d", "d_v1"])
    assert (found.hidden, found.names) == (frozenset({"d"}), {"d_v1": "d"})


def test_the_side_door_of_a_hidden_collection_is_no_alias() -> None:
    found = who({"d": "d_v1", side_door("d"): "d"}, ["d", "d_v1"])
    assert (found.hidden, found.aliases) == (frozenset({"d"}), {})


def test_a_name_like_a_side_door_is_an_alias_where_nothing_is_hidden() -> None:
    assert who({side_door("d"): "d"}, ["d"]).aliases == {side_door("d"): "d"}


def test_an_alias_that_leads_to_nothing_known_is_passed_over() -> None:
    assert who({"x": "gone"}, ["d"]).aliases == {}


def test_the_physical_name_is_found_from_the_known_one() -> None:
    found = who({"d": "d_v3"}, ["d_v3"])
    assert (found.physical("d"), found.physical("d_v3")) == ("d_v3", None)


@pytest.mark.parametrize("said", [{"a", "b"}, {"b", "a"}])
def test_of_two_said_aliases_the_first_by_name_is_taken(said: set[str]) -> None:
    assert who({"b": "p", "a": "p"}, ["p"], said) == Served({"p": "a"}, {"b": "p"}, frozenset())
