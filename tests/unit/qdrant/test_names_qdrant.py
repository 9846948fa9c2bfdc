"""Names: what may be one, the address of a payload index, the next version, and who is reached by what."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_wire_kit import lines

from apexplan_qdrant.names import (
    index_address,
    index_parts,
    is_version_of,
    next_version,
    reached_by,
    side_door,
    why_not_a_name,
)

NAMES = st.text(st.characters(exclude_characters='<>:"/\\|?*\0\x1f', exclude_categories=["Cs"]), min_size=1)
PATHS = st.text('abc._-[]0"ä ', min_size=1)


# ------------------------------------------------------------------ what may be a name


def recorded() -> dict[str, int]:
    """Returns names with which a collection was created, and the server's status."""
    asked = {
        unquote(line["request"]["path"].removeprefix("/collections/")): line["response"]["status"]
        for line in lines().values()
        if line["scenario"] == "names" and line["topic"] == "create" and line["request"]["method"] == "PUT"
    }
    return {name: status for name, status in asked.items() if name.strip("./") or status != 404}


@pytest.mark.parametrize(("name", "status"), recorded().items())
def test_a_name_is_refused_where_the_server_refuses_it(name: str, status: int) -> None:
    assert bool(why_not_a_name(name)) == (status == 422)


def test_there_are_names_of_both_sorts_among_the_recorded_ones() -> None:
    assert {200, 422} <= set(recorded().values())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "a name has at least one character"),
        ("x" * 256, "a name has at most 255 characters, and this one has 256"),
        ("a/b", "a name cannot contain '/'"),
        ("a\0b", "a name cannot contain '\\x00'"),
    ],
)
def test_the_reason_is_told(name: str, why: str) -> None:
    assert why_not_a_name(name) == why


# ------------------------------------------------------------------ addresses of payload indexes


@given(collection=NAMES, path=PATHS)
def test_collection_and_path_come_back_from_the_address(collection: str, path: str) -> None:
    assert index_parts(index_address("vectors", collection, path)) == (collection, path)


@given(one=st.tuples(NAMES, PATHS), other=st.tuples(NAMES, PATHS))
def test_two_indexes_never_have_one_address(one: tuple[str, str], other: tuple[str, str]) -> None:
    addresses = {index_address("vectors", *one), index_address("vectors", *other)}
    assert len(addresses) == len({one, other})


def test_a_plain_collection_is_not_quoted() -> None:
    assert str(index_address("vectors", "documents", "a.b[]")) == "vectors.payload_index.documents.a.b[]"


def test_a_collection_with_a_dot_is_quoted() -> None:
    assert index_address("vectors", "a.b", "c").name == '"a.b".c'


# ------------------------------------------------------------------ versions


@pytest.mark.parametrize(
    ("physical", "taken", "expected"),
    [
        (None, [], "d_v1"),
        ("d", ["d"], "d_v1"),
        ("d", ["d", "d_v1", "d_v2"], "d_v3"),
        ("d_v1", ["d_v1"], "d_v2"),
        ("d_v9", [], "d_v10"),
        ("d_v1", ["d_v1", "d_v2", "d_v4"], "d_v3"),
        ("other_v2", [], "other_v3"),
        ("other", [], "d_v1"),
    ],
)
def test_the_next_version_is_the_first_free_one_after_the_present(
    physical: str | None, taken: list[str], expected: str
) -> None:
    assert next_version("d", physical, taken) == expected


@given(number=st.integers(min_value=0), taken=st.sets(st.integers(0, 50).map("d_v{}".format)))
def test_the_next_version_is_a_version_and_is_free(number: int, taken: set[str]) -> None:
    found = next_version("d", f"d_v{number}", taken)
    assert is_version_of("d", found) and found not in taken


@pytest.mark.parametrize("physical", ["d", "d_v", "d_vx", "e_v1", "d_v1_old", "xd_v1"])
def test_what_is_no_version_of_a_name(physical: str) -> None:
    assert not is_version_of("d", physical)


# ------------------------------------------------------------------ who is reached by what


def test_a_collection_is_reached_by_its_name() -> None:
    assert reached_by("d", {"x": "d"}, embedded=False) == "d"


def test_a_collection_that_an_alias_hides_is_reached_by_its_side_door() -> None:
    assert reached_by("d", {"d": "d_v1", side_door("d"): "d"}, embedded=False) == "d__kept"


def test_a_hidden_collection_without_a_side_door_is_not_reached() -> None:
    assert reached_by("d", {"d": "d_v1"}, embedded=False) is None


def test_a_side_door_that_leads_elsewhere_is_none() -> None:
    assert reached_by("d", {"d": "d_v1", side_door("d"): "x"}, embedded=False) is None


def test_edge_is_asked_by_physical_names() -> None:
    assert reached_by("d", {"d": "d_v1"}, embedded=True) == "d"


def test_an_alias_that_leads_to_the_collection_of_its_own_name_hides_nothing() -> None:
    assert reached_by("d", {"d": "d"}, embedded=False) == "d"
