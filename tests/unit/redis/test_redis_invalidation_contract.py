"""What a contract with events must not say: names and keys that are somebody else's."""

from __future__ import annotations

from typing import Final

import pytest
from redis_document_kit import codes, diagnostics

from apexplan.model.diagnostics import Severity

CONTRACT: Final = """
keys:
  "doc:{id}": {ttl: 3600, cached: {about: {document: id}}}
  OTHER
events:
  document_updated: {subject: document, stale: ["doc:{id}"]}
invalidation: {library: apex_cache, prefix: "apex:"}
"""


def beside(other: str) -> str:
    return CONTRACT.replace("OTHER", other)


@pytest.mark.parametrize("other", ['"doc:stats": {type: hash}', '"doc:s{n:int}": {type: hash}'])
def test_an_entry_that_some_id_puts_in_anothers_place_is_warned_of(other: str) -> None:
    warned = [one for one in diagnostics(beside(other)) if one.code == "cached-in-anothers-place"]
    assert [(one.severity, one.where.line) for one in warned if one.where] == [(Severity.WARNING, 5)]


def test_an_entry_in_the_place_of_a_key_of_the_library_is_warned_of() -> None:
    inside = beside("").replace('prefix: "apex:"', 'prefix: "doc:"')
    assert "cached-in-anothers-place" in codes(inside)


@pytest.mark.parametrize("other", ["", '"doc:{id}:parts": {type: list}', '"{rest:any}:x": {type: hash}'])
def test_an_entry_that_keeps_its_own_keys_is_not_warned_of(other: str) -> None:
    assert "cached-in-anothers-place" not in codes(beside(other))


@pytest.mark.parametrize("name", ["apexplan_contract", "apexplan_cache"])
def test_a_library_of_events_cannot_have_a_name_that_is_kept(name: str) -> None:
    assert "invalidation-name-is-kept-for-apexplan" in codes(beside("").replace("apex_cache", name))
