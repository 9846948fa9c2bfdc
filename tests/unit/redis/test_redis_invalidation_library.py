"""The text of the function library."""

from __future__ import annotations

import re
from dataclasses import replace
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_invalidation_kit import DOC, QUERY, contract

from apexplan_redis.invalidation.library import FUNCTIONS, library, lua_string
from apexplan_redis.invalidation.model import Event, Placeholder, own_keys
from apexplan_redis.patterns import parse


def test_the_table_reads_as_the_contract_does() -> None:
    text = library(contract())
    table = text[text.index("local CONTRACT") : text.index("-- Below here")]
    assert table == dedent(
        """\
        local CONTRACT = {
          library = "apex_cache",
          prefix = "apex:",
          populate_within_us = 60000000,
          keep_us = 3660000000,
          chunk = 500,
          count_reads = true,
          outbox_maxlen = 10000,
          entries = {
            -- "doc:{id}"
            ["doc"] = {
              shape = "DOC_SHAPE",
              ttl_ms = 3600000,
              own = {"document"},
              subjects = {["document"] = true},
              direct = {["document"] = {before = "doc:", after = "", crosses = false}},
            },
            -- "query:*"
            ["query"] = {
              shape = "QUERY_SHAPE",
              ttl_ms = 600000,
              own = {},
              subjects = {["document"] = true},
              direct = {},
            },
          },
          events = {
            ["document_updated"] = {subject = "document", stale = {"doc", "query"}},
          },
        }

        """.replace("DOC_SHAPE", DOC.shape).replace("QUERY_SHAPE", QUERY.shape)
    )


def test_the_shape_of_an_entry_changes_with_its_subjects_alone() -> None:
    changes: list[dict[str, Any]] = [{"ttl_s": 5}, {"tags": ("user",)}, {"own": {}}, {"name": "d"}]
    shapes = [replace(DOC, **change).shape for change in changes]
    assert [shape == DOC.shape for shape in shapes] == [True, False, False, False]


def test_the_library_begins_with_its_name() -> None:
    assert library(contract()).startswith("#!lua name=apex_cache\n")


def test_one_contract_gives_one_text() -> None:
    assert library(contract()) == library(contract())


def test_another_contract_gives_another_digest() -> None:
    assert contract().digest() != contract(chunk=7).digest()


def test_the_runtime_registers_each_function() -> None:
    registered = set(re.findall(r"register\('(\w+)'", library(contract())))
    assert registered == set(FUNCTIONS)


def test_a_key_of_several_placeholders_is_not_reached_by_the_id_alone() -> None:
    parts = ("doc:", Placeholder("tenant", "str", "[^:]+"), ":", Placeholder("id", "str", "[^:]+"))
    text = library(contract(entries=(replace(DOC, pattern="doc:{tenant}:{id}", parts=parts), QUERY)))
    assert text.count("direct = {},") == 2


def test_a_placeholder_that_crosses_colons_is_marked() -> None:
    parts = ("doc:", Placeholder("id", "any", ".+"))
    text = library(contract(entries=(replace(DOC, pattern="doc:{id:any}", parts=parts), QUERY)))
    assert "crosses = true" in text


def test_a_name_that_is_a_word_of_lua_is_no_trouble() -> None:
    text = library(contract(events=(Event("end", "document", ("doc",)),)))
    assert '["end"] = {subject = "document"' in text


def test_a_contract_with_mistakes_makes_no_library() -> None:
    with pytest.raises(ValueError, match="number out of range"):
        library(contract(chunk=0))


@given(st.text())
def test_any_text_is_one_ascii_literal_of_its_bytes(text: str) -> None:
    literal = lua_string(text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))
    assert re.fullmatch(r'"(?:[ !#-\[\]-~]|\\[0-9]{3})*"', literal)
    read = re.sub(rb"\\(\d{3})", lambda byte: bytes([int(byte[1])]), literal[1:-1].encode())
    assert read == text.encode()


@pytest.mark.parametrize("prefix", ["apex:", "{apex}:", "a*b\\:", "é:"])
def test_patterns_of_its_own_keys_match_them(prefix: str) -> None:
    keys = ["clock", "versions:a0", "members:query:document:d:1", "dead", "dead:query:17:document:d1"]
    keys += ["counters", "outbox"]
    patterns = [parse(own.pattern) for own in own_keys(contract(prefix=prefix))]
    assert [[p.accepts((prefix + key).encode()) for p in patterns].index(True) for key in keys] == [*range(7)]
