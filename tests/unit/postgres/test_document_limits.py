"""What the server would accept is accepted: the other side of the bad manifests."""

from __future__ import annotations

import pytest
from document_kit import codes

from apexplan_postgres.document.methods import vector_opclasses


def vector_index(type_: str, on: str, using: str = "hnsw", rest: str = "") -> list[str]:
    """The codes of what is wrong with an index over a column `embedding` of that type."""
    columns = f"columns: {{embedding: '{type_}'}}"
    return codes(f"tables: {{t: {{{columns}, indexes: {{i: {{using: {using}, on: [{on}]{rest}}}}}}}}}")


@pytest.mark.parametrize(
    ("type_", "opclass"),
    [
        ("vector(2000)", "vector_cosine_ops"),
        ("halfvec(4000)", "halfvec_l1_ops"),
        ("bit(64000)", "bit_jaccard_ops"),
        ("sparsevec(1000000000)", "sparsevec_ip_ops"),
        ("public.vector(3)", "public.vector_l2_ops"),
    ],
)
def test_an_index_at_the_limit_is_right(type_: str, opclass: str) -> None:
    assert vector_index(type_, f"{{column: embedding, opclass: {opclass}}}") == []


def test_a_vector_that_is_too_long_can_be_indexed_by_halves() -> None:
    key = "{expression: 'embedding::halfvec(3072)', opclass: halfvec_cosine_ops}"
    assert vector_index("vector(3072)", key) == []


def test_a_vector_without_dimensions_can_be_indexed_by_a_cast() -> None:
    assert vector_index("vector", "{expression: '(embedding)::vector(3)', opclass: vector_l2_ops}") == []


def test_ivfflat_has_a_default_operator_class_for_vectors() -> None:
    assert vector_index("vector(3)", "embedding", using="ivfflat", rest=", with: {lists: 100}") == []


def test_an_operator_class_of_another_extension_is_none_of_our_business() -> None:
    assert codes("tables: {t: {indexes: {i: {using: hnsw, on: [{column: x, opclass: of_a_fork}]}}}}") == []


def test_a_method_of_another_extension_is_none_of_our_business() -> None:
    assert codes("tables: {t: {indexes: {i: {using: bloom, on: [a, b]}}}}") == []


def test_a_column_that_is_not_declared_is_no_error() -> None:
    assert codes("tables: {t: {columns: {title: text}, indexes: {i: {on: [owner]}}}}") == []


def test_ef_construction_may_be_exactly_twice_m() -> None:
    key = "{column: embedding, opclass: vector_l2_ops}"
    assert vector_index("vector(3)", key, rest=", with: {m: 32, ef_construction: 64}") == []


def test_hnsw_alone_knows_the_distances_l1_and_jaccard() -> None:
    assert "vector_l1_ops" in vector_opclasses("hnsw", "vector")
    assert "vector_l1_ops" not in vector_opclasses("ivfflat", "vector")
    assert vector_opclasses("ivfflat", "bit") == ("bit_hamming_ops",)


def test_an_object_that_is_declared_twice_is_left_to_the_loader() -> None:
    assert codes("tables: {t: {}, public.t: {}}") == []


def test_an_index_of_the_same_name_in_another_schema_is_another() -> None:
    assert codes("tables: {t: {indexes: {i: {on: [a]}}}, a.t: {indexes: {i: {on: [a]}}}}") == []


def test_now_in_a_text_column_is_a_text() -> None:
    assert codes("tables: {t: {columns: {c: {type: text, default: \"'now'\"}}}}") == []


def test_a_body_between_dollar_signs_may_hold_anything() -> None:
    assert codes("functions: {'f()': {returns: int, language: plpgsql, body: \"BEGIN; ' -- ( \"}}") == []
