"""Search indexes: what a manifest declares, the FT.CREATE that it becomes, and FT.INFO read back."""

from __future__ import annotations

from typing import Any

import pytest
from redis_document_kit import checked, codes, declared, expanded

from apexplan.model.address import Address
from apexplan.model.diagnostics import Severity
from apexplan_redis.document import KIND
from apexplan_redis.names import next_version, stem
from apexplan_redis.read.indexes import Found, told
from apexplan_redis.specs import SearchIndex
from apexplan_redis.steps.indexes import create_words, whole

VECTOR = "{type: vector, algorithm: hnsw, dim: 4, distance: cosine}"


def index(text: str) -> SearchIndex:
    """Returns the index `docs`, declared as `text`."""
    spec = declared(f"indexes: {{docs: {text}}}")["index.docs"].spec
    assert isinstance(spec, SearchIndex)
    return spec


def created(text: str) -> str:
    return " ".join(create_words("docs_v1", whole(index(text))))


# ── FT.CREATE ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("text", "TEXT"),
        ("tag", "TAG SEPARATOR ,"),
        ("{type: text, weight: 1}", "TEXT"),
        ("{type: text, weight: 2.5, no_stem: true}", "TEXT WEIGHT 2.5 NOSTEM"),
        ("{type: text, sortable: true, unf: true}", "TEXT SORTABLE UNF"),
        ("{type: text, unf: true}", "TEXT"),
        ("{type: tag, separator: ','}", "TAG SEPARATOR ,"),
        ("{type: tag, sortable: true, case_sensitive: true}", "TAG SEPARATOR , CASESENSITIVE SORTABLE"),
        ("{type: numeric, sortable: true}", "NUMERIC SORTABLE"),
        ("{type: geo, path: place}", "AS f GEO"),
        (VECTOR, "VECTOR HNSW 10 TYPE FLOAT32 DIM 4 DISTANCE_METRIC COSINE M 16 EF_CONSTRUCTION 200"),
        (
            "{type: vector, algorithm: flat, dim: 3, distance: l2, datatype: float64}",
            "VECTOR FLAT 6 TYPE FLOAT64 DIM 3 DISTANCE_METRIC L2",
        ),
    ],
)
def test_a_field_becomes_these_words(said: str, words: str) -> None:
    path = "place" if "place" in said else "f"
    found = created(f"{{prefixes: ['doc:'], fields: {{f: {said}}}}}")
    assert found == f"FT.CREATE docs_v1 ON HASH PREFIX 1 doc: SCHEMA {path} {words}"


def test_an_index_over_json_has_paths_and_no_separator() -> None:
    found = created("{on: json, prefixes: ['doc:'], fields: {t: tag}}")
    assert found == "FT.CREATE docs_v1 ON JSON PREFIX 1 doc: SCHEMA $.t AS t TAG"


def test_all_that_is_said_of_an_index_stands_before_the_schema() -> None:
    fields = "prefixes: [b, a], fields: {y: text, x: text}"
    assert created(f"{{{fields}, language: german, stopwords: [der, das], filter: '@x'}}") == (
        "FT.CREATE docs_v1 ON HASH PREFIX 2 a b FILTER @x LANGUAGE german STOPWORDS 2 das der "
        "SCHEMA x TEXT y TEXT"
    )


def test_no_stopwords_are_not_the_module_s_own() -> None:
    assert "STOPWORDS 0" in created("{prefixes: [a], fields: {x: text}, stopwords: []}")
    assert "STOPWORDS" not in created("{prefixes: [a], fields: {x: text}}")


def test_what_is_not_said_stays_as_it_was() -> None:
    live = index("{prefixes: [a], fields: {x: text}, language: german}").model_copy(
        update={"further": ("NOFREQS",)}
    )
    words = create_words("docs_v2", whole(index("{prefixes: [b], fields: {x: text}}"), live))
    assert " ".join(words) == "FT.CREATE docs_v2 ON HASH PREFIX 1 b LANGUAGE german NOFREQS SCHEMA x TEXT"


# ── FT.INFO ───────────────────────────────────────────────────────────────────────────────────

TEXT = {
    b"identifier": b"title",
    b"attribute": b"title",
    b"type": b"TEXT",
    b"WEIGHT": 1.0,
    b"flags": [b"NOSTEM"],
}
TAG = {b"identifier": b"t", b"attribute": b"tags", b"type": b"TAG", b"SEPARATOR": b";"}
FLAT = [b"identifier", b"title", b"attribute", b"title", b"type", b"TEXT", b"WEIGHT", b"1", b"NOSTEM"]


def info(**changed: Any) -> dict[bytes, Any]:
    """Returns an answer to FT.INFO as a map."""
    answer: dict[str, Any] = {
        "index_name": b"docs_v1",
        "index_options": [],
        "index_definition": {b"key_type": b"HASH", b"prefixes": [b"doc:"], b"default_score": 1.0},
        "attributes": [TEXT],
        "indexing": 0,
        "percent_indexed": 1.0,
    }
    return {name.encode(): value for name, value in (answer | changed).items()}


def read(**changed: Any) -> SearchIndex:
    found = told(info(**changed))
    assert found.spec is not None
    return found.spec


def flat_info() -> list[Any]:
    """Returns the same answer as a RESP2 client or an older module has it: all numbers as text."""
    return [
        *(b"index_name", b"docs_v1", b"index_options", []),
        *(b"index_definition", [b"key_type", b"HASH", b"prefixes", [b"doc:"], b"default_score", b"1"]),
        *(b"attributes", [FLAT], b"indexing", b"0", b"percent_indexed", b"1"),
    ]


def test_a_flat_answer_says_the_same_as_a_map() -> None:
    assert told(flat_info()) == told(info())


def test_defaults_are_written_out() -> None:
    declared_as = index("{prefixes: ['doc:'], fields: {title: {type: text, no_stem: true}}}")
    assert read() == whole(declared_as).model_copy(update={"physical": "docs_v1"})


def test_fields_are_read_in_the_order_of_their_names() -> None:
    assert [field.name for field in read(attributes=[TEXT, TAG]).fields or ()] == ["tags", "title"]


def test_an_index_without_a_prefix_is_one_over_all_keys() -> None:
    assert read(index_definition={b"key_type": b"HASH", b"prefixes": [b""]}).prefixes == ("*",)


def test_what_no_manifest_says_is_kept_as_words() -> None:
    definition = {b"key_type": b"HASH", b"prefixes": [b"a"], b"default_score": 0.5, b"language_field": b"l"}
    found = read(index_definition=definition, index_options=[b"NOFREQS"])
    assert found.further == ("NOFREQS", "LANGUAGE_FIELD", "l", "SCORE", "0.5")


def test_an_index_of_many_text_fields_is_wide_by_itself() -> None:
    many = [TEXT | {b"attribute": f"f{n}".encode()} for n in range(33)]
    assert read(attributes=many, index_options=[b"MAXTEXTFIELDS"]).further == ()
    assert read(index_options=[b"MAXTEXTFIELDS"]).further == ("MAXTEXTFIELDS",)


def test_a_sortable_number_that_is_told_as_unf_equals_a_declared_one() -> None:
    number = {b"identifier": b"n", b"attribute": b"n", b"type": b"NUMERIC", b"flags": [b"SORTABLE", b"UNF"]}
    declared_as = index("{prefixes: ['doc:'], fields: {n: {type: numeric, sortable: true}}}")
    assert read(attributes=[number]).fields == declared_as.fields


def unreadable(**field: bytes) -> Found:
    named = {b"identifier": b"x", b"attribute": b"x"} | {key.encode(): one for key, one in field.items()}
    return told(info(attributes=[named]))


@pytest.mark.parametrize("kind", [b"GEOSHAPE", b"VECTOR"])
def test_a_field_that_is_not_told_in_full_makes_no_object(kind: bytes) -> None:
    found = unreadable(type=kind)
    assert found.spec is None
    assert found.why.startswith("unknown values of ")


@pytest.mark.parametrize(
    ("indexing", "share", "complete"), [(0, 1.0, True), (1, 1.0, False), (0, 0.4, False)]
)
def test_an_index_is_complete_when_nothing_is_left(indexing: int, share: float, complete: bool) -> None:
    assert told(info(indexing=indexing, percent_indexed=share)).complete is complete


# ── documents ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("{type: vector, dim: 4}", "vector-incomplete"),
        ("vector", "vector-incomplete"),
        ("{type: numeric, weight: 2}", "option-astray"),
        ("{type: text, dim: 4}", "option-astray"),
        ("{type: vector, algorithm: flat, dim: 4, distance: ip, m: 8}", "option-astray"),
    ],
)
def test_a_field_that_cannot_be_is_an_error(field: str, code: str) -> None:
    assert codes(f"indexes: {{docs: {{prefixes: [a], fields: {{f: {field}}}}}}}") == [code]


def test_a_prefix_of_no_pattern_is_a_warning() -> None:
    body = "keys: {'doc:{id}': {}}\nindexes: {docs: {prefixes: ['doc:', 'd', 'dox:'], fields: {f: text}}}"
    (found,) = checked(body).diagnostics
    assert (found.code, found.severity) == ("prefix-of-no-pattern", Severity.WARNING)
    assert "`dox:`" in found.what


def test_an_index_over_all_keys_needs_no_pattern() -> None:
    assert codes("keys: {'doc:{id}': {}}\nindexes: {docs: {prefixes: ['*'], fields: {f: text}}}") == []


def test_what_is_collapsed_declares_the_same() -> None:
    said = f"{{on: json, prefixes: [b, a], stopwords: [], filter: '@f', fields: {{f: text, v: {VECTOR}}}}}"
    objects = {Address("cache", "index", "docs"): index(said)}
    assert expanded(KIND.collapse("cache", objects)) == objects


def test_a_plain_field_is_collapsed_to_its_type() -> None:
    objects = {Address("cache", "index", "docs"): index("{prefixes: [a], fields: {f: tag}}")}
    assert KIND.collapse("cache", objects)["indexes"] == {"docs": {"prefixes": ["a"], "fields": {"f": "tag"}}}


# ── names ─────────────────────────────────────────────────────────────────────────────────────


def test_the_next_version_comes_after_all_there_are() -> None:
    assert next_version("docs", []) == "docs_v1"
    assert next_version("docs", ["docs", "docs_v2", "docs_v10", "other_v99"]) == "docs_v11"


def test_a_version_has_the_stem_that_is_its_alias() -> None:
    assert [stem(name) for name in ("docs_v1", "docs_v1_v2", "docs", "docs_v0")] == [
        "docs",
        "docs_v1",
        None,
        None,
    ]
