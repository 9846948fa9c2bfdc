"""A payload index: what GET shows → values → what is asked for again."""

from __future__ import annotations

from typing import Any

import pytest
from qdrant_wire_kit import index_after, states

from apexplan_qdrant.specs import PayloadIndex
from apexplan_qdrant.wire.payload_index import OPTIONS, index_schema, index_schema_of, index_values

RECORDED = [entry for _, state in states() for entry in state["payload_schema"].values()]


def shown(kind: str, **params: Any) -> dict[str, Any]:
    return index_values({"data_type": kind, "params": {"type": kind, **params}, "points": 3})


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_bare_kind_means_the_same_as_an_object_of_it(kind: str) -> None:
    assert index_values({"data_type": kind, "points": 0}) == shown(kind)


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        ("payload_index/keyword/05", "payload_index/keyword/04", "k"),
        ("payload_index/integer/04", "payload_index/integer/03", "n"),
        ("payload_index/text/04", "payload_index/text/03", "t"),
        ("payload_index/text/09", "payload_index/text/08", "t"),
        ("payload_index/text/16", "payload_index/text/11", "t"),
    ],
)
def test_two_spellings_of_one_meaning_are_equal(one: str, other: str, field: str) -> None:
    assert index_after(one, field) == index_after(other, field)


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        ("payload_index/keyword/03", "payload_index/keyword/04", "k"),
        ("payload_index/integer/05", "payload_index/integer/03", "n"),
        ("payload_index/text/06", "payload_index/text/07", "t"),
        ("payload_index/text/10", "payload_index/text/11", "t"),
        ("payload_index/replace-kind/03", "payload_index/replace-kind/04", "k"),
    ],
)
def test_two_meanings_are_not_equal(one: str, other: str, field: str) -> None:
    assert index_after(one, field) != index_after(other, field)


def test_every_recorded_index_makes_a_spec_of_all_fields() -> None:
    for entry in RECORDED:
        assert PayloadIndex.model_validate(index_values(entry)).managed == PayloadIndex.rules.keys()


def test_every_recorded_index_can_be_asked_for_again() -> None:
    for entry in RECORDED:
        values = index_values(entry)
        schema = index_schema_of(values)
        assert index_values({"data_type": schema["type"], "params": schema}) == values


def test_an_option_that_the_type_does_not_have_is_none() -> None:
    assert shown("bool")["is_tenant"] is None


def test_a_kind_of_a_newer_server_is_read() -> None:
    assert shown("shape", on_disk=True)["on_disk"] is True


def test_stop_words_are_sorted() -> None:
    words = {"languages": ["german", "english", "german"], "custom": ["b", "a"]}
    expected = {"languages": ["english", "german"], "custom": ["a", "b"]}
    assert shown("text", stopwords=words)["stopwords"] == expected


def test_no_stop_words_are_an_empty_mapping() -> None:
    assert shown("text", stopwords={"languages": [], "custom": None})["stopwords"] == {}


def test_a_schema_asks_for_what_is_managed_alone() -> None:
    assert index_schema(PayloadIndex(type="keyword")) == {"type": "keyword"}


def test_a_schema_says_false_where_it_is_managed() -> None:
    schema = index_schema(PayloadIndex(type="keyword", is_tenant=False))
    assert schema == {"type": "keyword", "is_tenant": False}


def test_a_schema_leaves_out_what_has_no_word_for_none() -> None:
    assert index_schema(PayloadIndex(type="text", stopwords={}, stemmer={}, memory=None)) == {"type": "text"}
