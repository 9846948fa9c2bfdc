"""What a document means: short forms spelled out, and nothing set that it does not say."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from neo4j_document_kit import HEAD, check, codes, constraint, declared, index, one

from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain
from apexplan.manifest.scaffold import init_files
from apexplan.manifest.schema import schema_of
from apexplan.model.address import Address
from apexplan_neo4j.document import KIND

STARTER = init_files(["neo4j"])["schema/graph.yaml"]
EVERYTHING = (
    HEAD
    + """\
constraints:
  document_uuid_unique: {unique: uuid, label: Document}
  order_key: {key: [tenant, number], label: Order}
  document_title_exists: {exists: title, label: Document}
  person_age_type: {typed: age, as: INTEGER | FLOAT, label: Person}
  knows_id_unique: {unique: id, relationship: KNOWS}
indexes:
  document_title_idx: {label: Document, on: title}
  document_name_text: {type: text, label: Document, on: name}
  place_point: {type: point, label: Place, on: where, bounds: {wgs-84.min: [-180, -90]}}
  document_content_fulltext:
    type: fulltext
    labels: [Document, Chunk]
    on: [title, content]
    analyzer: english
    eventually_consistent: true
  document_embedding:
    type: vector
    label: Document
    on: embedding
    dimensions: 1536
    similarity: cosine
    quantization: true
    hnsw: {m: 16, ef_construction: 100}
  rel_mentions_created_at: {relationship: MENTIONS, on: created_at}
  rel_fulltext: {type: fulltext, relationships: [MENTIONS, CONTAINS], on: [fact]}
  node_lookup: {type: lookup, entity: node}
"""
)


@pytest.mark.parametrize("text", [STARTER, EVERYTHING], ids=["starter", "everything"])
def test_an_example_has_nothing_wrong_with_it(text: str) -> None:
    assert check(text).diagnostics == ()


@pytest.mark.parametrize("text", [STARTER, EVERYTHING], ids=["starter", "everything"])
def test_an_example_is_valid_for_an_editor(text: str) -> None:
    node = load_text(text, "graph.yaml").node
    assert node
    jsonschema.Draft202012Validator(schema_of(KIND)).validate(plain(node))


def test_the_schema_says_what_a_field_is_for() -> None:
    field = schema_of(KIND)["$defs"]["IndexBlock"]["properties"]["dimensions"]
    assert "null: any number" in field["description"]


def test_objects_are_declared_in_the_order_of_the_file() -> None:
    names = [found.address.name for found in check(EVERYTHING).declared]
    assert (names[0], names[5], names[-1]) == (
        "document_uuid_unique",
        "document_title_idx",
        "node_lookup",
    )


def test_an_object_is_declared_at_its_key() -> None:
    found = check(EVERYTHING).declared[0]
    assert found.path == ("constraints", "document_uuid_unique")
    assert found.where and (found.where.line, found.where.column) == (4, 3)


def test_an_empty_document_declares_nothing() -> None:
    assert declared("") == {}


def test_an_object_with_something_wrong_is_not_declared() -> None:
    found = check(HEAD + "indexes:\n  a: {label: A, on: [x, x]}\n  b: {label: B, on: y}\n")
    assert [one.address.name for one in found.declared] == ["b"]


# ------------------------------------------------------------------ constraints


def test_a_unique_constraint_sets_what_it_is() -> None:
    assert constraint("{unique: uuid, label: Document}") == {
        "type": "unique",
        "entity": "node",
        "label": "Document",
        "properties": ["uuid"],
    }


def test_the_properties_of_a_key_keep_their_order() -> None:
    assert constraint("{key: [tenant, number], label: Order}")["properties"] == ["tenant", "number"]


def test_a_relationship_makes_a_constraint_on_relationships() -> None:
    found = constraint("{unique: id, relationship: KNOWS}")
    assert (found["entity"], found["label"]) == ("relationship", "KNOWS")


def test_an_exists_constraint_has_its_type() -> None:
    assert constraint("{exists: title, label: Document}")["type"] == "exists"


def test_a_property_type_is_spelled_as_the_server_does() -> None:
    found = constraint("{typed: age, as: float | int, label: Person}")
    assert (found["type"], found["property_type"]) == ("typed", "INTEGER | FLOAT")


# ------------------------------------------------------------------ indexes


def test_an_index_is_a_range_index_that_is_healthy() -> None:
    assert index("{label: Document, on: title}") == {
        "type": "range",
        "entity": "node",
        "labels": ["Document"],
        "properties": ["title"],
        "health": "ok",
    }


def test_one_property_may_be_a_list() -> None:
    assert index("{label: A, on: [title]}") == index("{label: A, on: title}")


def test_one_label_may_be_a_list() -> None:
    assert index("{labels: [A], on: title}") == index("{label: A, on: title}")


def test_one_relationship_type_may_be_a_list() -> None:
    assert index("{relationships: [A], on: title}") == index("{relationship: A, on: title}")


def test_the_labels_of_a_fulltext_index_keep_their_order() -> None:
    assert index("{type: fulltext, labels: [B, A], on: x}")["labels"] == ["B", "A"]


def test_a_lookup_index_is_on_everything() -> None:
    assert index("{type: lookup, entity: relationship}") == {
        "type": "lookup",
        "entity": "relationship",
        "labels": [],
        "properties": [],
        "health": "ok",
    }


@pytest.mark.parametrize(
    ("type_", "option", "values"),
    [
        ("fulltext", "analyzer: english", {"analyzer": "english"}),
        ("fulltext", "eventually_consistent: false", {"eventually_consistent": False}),
        ("vector", "dimensions: 3", {"dimensions": 3}),
        ("vector", "dimensions: null", {"dimensions": None}),
        ("vector", "similarity: euclidean", {"similarity": "euclidean"}),
        ("vector", "quantization: true", {"quantization": True}),
        ("vector", "hnsw: {m: 16}", {"hnsw_m": 16}),
        ("vector", "hnsw: {ef_construction: 1}", {"hnsw_ef_construction": 1}),
        ("vector", "hnsw: {}", {}),
    ],
)
def test_an_option_is_managed_where_it_is_written(type_: str, option: str, values: dict[str, Any]) -> None:
    bare = index(f"{{type: {type_}, label: A, on: x}}")
    assert index(f"{{type: {type_}, label: A, on: x, {option}}}") == bare | values


def test_corners_that_are_left_out_are_those_of_the_server() -> None:
    found = index("{type: point, label: A, on: x, bounds: {wgs-84.min: [5, 47]}}")["bounds"]
    assert found == {
        "cartesian-3d.max": [1e6, 1e6, 1e6],
        "cartesian-3d.min": [-1e6, -1e6, -1e6],
        "cartesian.max": [1e6, 1e6],
        "cartesian.min": [-1e6, -1e6],
        "wgs-84-3d.max": [180, 90, 1e6],
        "wgs-84-3d.min": [-180, -90, -1e6],
        "wgs-84.max": [180, 90],
        "wgs-84.min": [5, 47],
    }


# ------------------------------------------------------------------ what the server accepts is accepted


@pytest.mark.parametrize(
    "body",
    [
        "indexes: {i: {type: vector, label: A, on: x, dimensions: 4096}}",
        "indexes: {i: {type: vector, label: A, on: x, hnsw: {m: 512, ef_construction: 3200}}}",
        "indexes: {i: {type: vector, label: A, on: x, dimensions: 1, hnsw: {m: 1, ef_construction: 1}}}",
        "indexes: {i: {type: point, label: A, on: x, bounds: {wgs-84.min: [180, -1000]}}}",
        "indexes: {a: {label: A, on: x}, b: {type: text, label: A, on: x}}",
        "indexes: {a: {label: A, on: [x, y]}, b: {label: A, on: [y, x]}}",
        "indexes: {a: {label: A, on: x}, b: {relationship: A, on: x}}",
        "indexes: {a: {type: fulltext, labels: [A, B], on: x}, b: {type: fulltext, labels: [B, A], on: x}}",
        "constraints: {c: {unique: x, label: A}}\nindexes: {i: {type: text, label: A, on: x}}",
        "constraints: {c: {exists: x, label: A}}\nindexes: {i: {label: A, on: x}}",
        "constraints: {a: {key: x, label: A}, b: {exists: x, label: A}}",
        "constraints: {a: {exists: x, label: A}, b: {typed: x, as: STRING, label: A}}",
    ],
)
def test_at_the_limit_nothing_is_wrong(body: str) -> None:
    assert codes(body) == []


# ------------------------------------------------------------------ the life of an object


def lifecycle(text: str, kind: str = "indexes: {i: {label: A, on: x") -> Any:
    return one(f"{kind}, lifecycle: {text}}}}}").lifecycle


def test_an_object_may_be_protected() -> None:
    assert lifecycle("{protect: true}").protect


def test_what_is_left_out_of_a_lifecycle_is_off() -> None:
    assert lifecycle("{}") == one("indexes: {i: {label: A, on: x}}").lifecycle


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("on", {"properties"}),
        ("hnsw", {"hnsw_m", "hnsw_ef_construction"}),
        ("hnsw_m", {"hnsw_m"}),
        ("analyzer", {"analyzer"}),
        ("health", {"health"}),
    ],
)
def test_ignore_takes_the_names_of_the_document_and_of_the_spec(name: str, fields: set[str]) -> None:
    assert lifecycle(f"{{ignore: [{name}]}}").ignore == fields


def test_the_type_of_a_property_may_be_ignored() -> None:
    start = "constraints: {c: {typed: x, as: STRING, label: A"
    assert lifecycle("{ignore: [as]}", start).ignore == {"property_type"}


def test_a_former_name_is_a_name_of_the_database() -> None:
    assert lifecycle("{renamed_from: old_idx}").renamed_from == "old_idx"


def test_a_former_name_may_be_one_that_a_manifest_cannot_have() -> None:
    assert lifecycle("{renamed_from: old idx}").renamed_from == "`old idx`"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("constraint.c", "graph.constraint.c"),
        ("index.i", "graph.index.i"),
        ("migration.0001_start", "graph.migration.0001_start"),
        ("graph.constraint.c", "graph.constraint.c"),
        ("sql.table.public.documents", "sql.table.public.documents"),
    ],
)
def test_an_object_may_depend_on_an_address(text: str, address: str) -> None:
    assert lifecycle(f"{{depends_on: [{text}]}}").depends_on == {Address.parse(address)}
