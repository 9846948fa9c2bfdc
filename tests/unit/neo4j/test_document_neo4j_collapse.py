"""Live objects → a document as a person would write it, which means the same objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j_document_kit import check, expanded

from apexplan.manifest.write import render
from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_neo4j.document import KIND
from apexplan_neo4j.document.models import BoundsBlock
from apexplan_neo4j.document.property_types import canonical_type
from apexplan_neo4j.names import RESERVED_PREFIX
from apexplan_neo4j.specs import Constraint, Index, Migration

Objects = Mapping[Address, Spec]

BOUNDS = BoundsBlock().corners()
INDEX = Index(
    type="range",
    entity="node",
    labels=("Document",),
    properties=("title",),
    analyzer=None,
    eventually_consistent=None,
    dimensions=None,
    similarity=None,
    quantization=None,
    hnsw_m=None,
    hnsw_ef_construction=None,
    bounds={},
    health="ok",
)
FULLTEXT = INDEX.model_copy(
    update={"type": "fulltext", "analyzer": "standard-no-stop-words", "eventually_consistent": False}
)
VECTOR = INDEX.model_copy(
    update={
        "type": "vector",
        "similarity": "cosine",
        "quantization": True,
        "hnsw_m": 16,
        "hnsw_ef_construction": 100,
    }
)
POINT = INDEX.model_copy(update={"type": "point", "bounds": BOUNDS})
UNIQUE = Constraint(type="unique", entity="node", label="Document", properties=("uuid",), property_type=None)


def a(text: str) -> Address:
    return Address.parse(f"graph.{text}")


def changed(spec: Spec, **fields: Any) -> Spec:
    return spec.model_copy(update=fields)


RICH: Objects = {
    a("constraint.document_uuid_unique"): UNIQUE,
    a("constraint.order_key"): changed(UNIQUE, type="key", label="Order", properties=("b", "a")),
    a("constraint.document_title_exists"): changed(UNIQUE, type="exists", properties=("title",)),
    a("constraint.person_age_type"): changed(
        UNIQUE, type="typed", label="Person", properties=("age",), property_type="INTEGER | FLOAT"
    ),
    a("constraint.knows_id_unique"): changed(
        UNIQUE, entity="relationship", label="KNOWS", properties=("id",)
    ),
    a("index.document_title_idx"): INDEX,
    a("index.document_order_idx"): changed(INDEX, properties=("b", "a")),
    a("index.document_title_text"): changed(INDEX, type="text"),
    a("index.mentions_idx"): changed(INDEX, entity="relationship", labels=("MENTIONS",)),
    a("index.document_fulltext"): changed(
        FULLTEXT, labels=("B", "A"), analyzer="english", eventually_consistent=True
    ),
    a("index.fact_fulltext"): changed(FULLTEXT, entity="relationship", labels=("B", "A")),
    a("index.document_vector"): changed(
        VECTOR,
        dimensions=1536,
        similarity="euclidean",
        quantization=False,
        hnsw_m=32,
        hnsw_ef_construction=200,
    ),
    a("index.document_point"): changed(
        POINT, bounds=BOUNDS | {"wgs-84.min": (5.5, 47.0), "cartesian-3d.max": (1.0, 2.0, 3.0)}
    ),
}


def collapse(objects: Objects) -> dict[str, Any]:
    return KIND.collapse("graph", objects)


def written(spec: Spec, kind: str = "index") -> dict[str, Any]:
    """Returns the block of one object."""
    (section,) = (value for key, value in collapse({a(f"{kind}.x"): spec}).items() if key.endswith("s"))
    found: dict[str, Any] = section["x"]
    return found


def assert_same(objects: Objects, again: Objects) -> None:
    """Every object is there again, and each field that is set has the value that it had."""
    assert set(again) == set(objects)
    for address, spec in again.items():
        assert spec.values() == objects[address].values(spec.managed), address


def test_a_document_of_everything_means_the_same_objects() -> None:
    assert_same(RICH, expanded(collapse(RICH)))


def test_a_document_of_everything_means_the_same_as_a_file() -> None:
    found = check(render(collapse(RICH)))
    assert found.diagnostics == ()
    assert_same(RICH, {one.address: one.spec for one in found.declared})


def test_a_document_is_its_own_inverse() -> None:
    document = collapse(RICH)
    assert collapse(expanded(document)) == document


def test_an_empty_store_gives_an_empty_document() -> None:
    assert collapse({}) == {"kind": "Neo4jSchema", "store": "graph"}


def test_objects_are_sorted_by_name() -> None:
    document = collapse(RICH)
    assert list(document["indexes"]) == sorted(document["indexes"])
    assert list(document["constraints"]) == sorted(document["constraints"])


# ------------------------------------------------------------------ short forms


def test_a_range_index_on_one_property_is_short() -> None:
    assert written(INDEX) == {"label": "Document", "on": "title"}


def test_several_labels_are_a_list() -> None:
    found = written(changed(FULLTEXT, labels=("B", "A"), properties=("x", "y")))
    assert found == {"type": "fulltext", "labels": ["B", "A"], "on": ["x", "y"]}


def test_a_constraint_is_short() -> None:
    assert written(UNIQUE, "constraint") == {"unique": "uuid", "label": "Document"}


def test_a_type_stands_beside_its_property() -> None:
    spec = changed(UNIQUE, type="typed", entity="relationship", property_type="STRING")
    assert written(spec, "constraint") == {"typed": "uuid", "as": "STRING", "relationship": "Document"}


def test_a_whole_coordinate_is_written_without_a_point() -> None:
    found = written(changed(POINT, bounds=BOUNDS | {"wgs-84.min": (5.5, 47.0)}))["bounds"]
    assert repr(found) == "{'wgs-84.min': [5.5, 47]}"


@pytest.mark.parametrize("spec", [INDEX, FULLTEXT, VECTOR, POINT], ids=lambda spec: str(spec.type))
def test_the_defaults_of_the_server_are_left_out(spec: Index) -> None:
    assert written(spec).keys() <= {"type", "label", "on"}


# ------------------------------------------------------------------ what is left out


@pytest.mark.parametrize(
    ("address", "spec"),
    [
        ("index.index_343aff4e", changed(INDEX, type="lookup", labels=(), properties=())),
        ("index.left_behind", changed(INDEX, health="orphaned")),
        ("index.`odd name`", INDEX),
        ("index.odd_label", changed(INDEX, labels=("Odd Label",))),
        ("index.odd_property", changed(INDEX, properties=("a-b",))),
        (f"index.{RESERVED_PREFIX}_rev_1", INDEX),
        ("index.long_vector", changed(VECTOR, dimensions=8192)),
        ("constraint.`odd ``name`", UNIQUE),
        ("constraint.odd_type", changed(UNIQUE, type="typed", property_type="QUATERNION")),
        (
            "migration.0001_start",
            Migration(version="0001", name="start", checksum="0", applied=True),
        ),
    ],
)
def test_what_a_manifest_cannot_have_is_left_out(address: str, spec: Spec) -> None:
    assert collapse({**RICH, a(address): spec}) == collapse(RICH)


def test_an_index_that_failed_is_written_for_the_plan_to_mend() -> None:
    assert written(changed(INDEX, health="failed")) == written(INDEX)


# ------------------------------------------------------------------ any object

_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
_SEVERAL = st.lists(_NAMES, min_size=1, max_size=3, unique=True).map(tuple)
_ONE = _NAMES.map(lambda name: (name,))
_ENTITIES = st.sampled_from(["node", "relationship"])
_TYPES = st.lists(
    st.sampled_from(["BOOLEAN", "FLOAT", "ZONED TIME", "LIST<DATE NOT NULL>", "VECTOR<INT8>(3)"]),
    min_size=1,
).map(lambda members: canonical_type("|".join(members)))


def _like(spec: Spec, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Spec]:
    return st.fixed_dictionaries({"entity": _ENTITIES, **fields}).map(
        lambda values: type(spec).model_validate(spec.model_dump() | values)
    )


def _corner(size: int, least: int, most: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.tuples(*[st.floats(least, most)] * size)


_BOUNDS = st.fixed_dictionaries(
    {},
    optional={
        "cartesian.min": _corner(2, -(10**9), 0),
        "cartesian.max": _corner(2, 0, 10**9),
        "wgs-84.min": _corner(2, -180, 0),
        "wgs-84-3d.max": _corner(3, 0, 90),
    },
).map(lambda corners: dict(sorted((BOUNDS | corners).items())))
_INDEXES = st.one_of(
    _like(INDEX, labels=_ONE, properties=_SEVERAL),
    _like(changed(INDEX, type="text"), labels=_ONE, properties=_ONE),
    _like(POINT, labels=_ONE, properties=_ONE, bounds=_BOUNDS),
    _like(
        FULLTEXT,
        labels=_SEVERAL,
        properties=_SEVERAL,
        analyzer=st.sampled_from(["standard-no-stop-words", "english", "url_or_email"]),
        eventually_consistent=st.booleans(),
    ),
    _like(
        VECTOR,
        labels=_ONE,
        properties=_ONE,
        dimensions=st.none() | st.integers(1, 4096),
        similarity=st.sampled_from(["cosine", "euclidean"]),
        quantization=st.booleans(),
        hnsw_m=st.integers(1, 512),
        hnsw_ef_construction=st.integers(1, 3200),
    ),
)
_CONSTRAINTS = st.one_of(
    _like(UNIQUE, type=st.sampled_from(["unique", "key"]), label=_NAMES, properties=_SEVERAL),
    _like(changed(UNIQUE, type="exists"), label=_NAMES, properties=_ONE),
    _like(changed(UNIQUE, type="typed"), label=_NAMES, properties=_ONE, property_type=_TYPES),
)


@given(_NAMES, _INDEXES)
def test_any_index_means_itself(name: str, spec: Index) -> None:
    objects = {a(f"index.{name}"): spec}
    assert_same(objects, expanded(collapse(objects)))


@given(_NAMES, _CONSTRAINTS)
def test_any_constraint_means_itself(name: str, spec: Constraint) -> None:
    objects = {a(f"constraint.{name}"): spec}
    assert_same(objects, expanded(collapse(objects)))


@given(_INDEXES)
def test_what_is_left_out_is_the_servers_default(spec: Index) -> None:
    """The fields that the document does not manage have the value that the server gives them."""
    (again,) = expanded(collapse({a("index.x"): spec})).values()
    defaults = {s.type: s for s in (INDEX, FULLTEXT, VECTOR, POINT)}.get(spec.type, INDEX)
    left = frozenset(type(spec).rules) - again.managed
    assert spec.values(left) == defaults.values(left)
