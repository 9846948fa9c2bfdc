"""Cached entries and events: what the function library is made from, and what it declares of its own."""

from __future__ import annotations

from typing import Final

from redis_document_kit import HEAD, checked, codes, declared, diagnostics

from apexplan.manifest.check import check_model
from apexplan.manifest.load import load_text
from apexplan.manifest.subject import Subject
from apexplan.model.diagnostics import Severity
from apexplan.provider import Generates
from apexplan_redis.document import KIND, RedisContract

GUIDE: Final = """
keys:
  "doc:{id}": {ttl: 3600, cached: {about: {document: id}}}
  "query:*": {ttl: 3600, cached: {made_of: [document, entity, chunk]}}
  "user:docs:{id}": {ttl: 3600, cached: {about: {user: id}, made_of: [document]}}
events:
  document_updated: {subject: document, stale: ["doc:{id}", "query:*", "user:docs:{id}"]}
  document_deleted: {subject: document, stale: ["doc:{id}", "query:*", "user:docs:{id}"]}
  entity_updated: {subject: entity, stale: ["query:*"]}
  chunk_updated: {subject: chunk, stale: ["query:*"]}
invalidation: {library: apex_cache, groups: [search, audit]}
"""
"""A cache of documents, answers and lists of users, whose values four events make stale."""
CLUSTER: Final = (
    GUIDE.replace('"doc:', '"{{apex}}:doc:')
    .replace('"query:', '"{{apex}}:query:')
    .replace('"user:', '"{{apex}}:user:')
    .replace("apex_cache,", "apex_cache, prefix: '{apex}:',")
    + "cluster: true\n"
)


def document(body: str) -> RedisContract:
    node = load_text(HEAD + body, "cache.yaml").node
    assert node is not None
    found, problems = check_model(RedisContract, Subject(node))
    assert found is not None, problems
    return found


def modules(body: str) -> dict[str, str]:
    assert isinstance(KIND, Generates)
    return dict(KIND.modules(document(body)))


def code_of(body: str, library: str = "apex_cache") -> str:
    return str(declared(body)[f"library.{library}"].spec.values()["code"])


def test_the_guides_contract_has_nothing_wrong_with_it() -> None:
    assert codes(GUIDE) == []


def test_the_guides_contract_declares_keys_library_outbox_and_groups() -> None:
    assert sorted(declared(GUIDE)) == [
        "group.apex:outbox/audit",
        "group.apex:outbox/search",
        "library.apex_cache",
        "pattern.apex:clock",
        "pattern.apex:counters",
        "pattern.apex:dead",
        "pattern.apex:dead:{entry}:{clock:int}:{subject}:{id:any}",
        "pattern.apex:members:{entry}:{subject}:{id:any}",
        "pattern.apex:outbox",
        "pattern.apex:versions:{bucket:hex2}",
        "pattern.doc:{id}",
        "pattern.query:*",
        "pattern.user:docs:{id}",
        "stream.apex:outbox",
    ]


def test_a_contract_declares_the_same_bytes_every_time() -> None:
    first, second = declared(GUIDE), declared(GUIDE)
    assert [one.spec.model_dump_json() for one in first.values()] == [
        one.spec.model_dump_json() for one in second.values()
    ]


def test_groups_of_the_outbox_begin_with_its_first_entry() -> None:
    assert declared(GUIDE)["group.apex:outbox/audit"].spec.values() == {"start": "0"}


def test_without_groups_the_outbox_has_one_of_the_generators_own() -> None:
    body = GUIDE.replace(", groups: [search, audit]", "")
    assert [name for name in declared(body) if name.startswith("group.")] == ["group.apex:outbox/stale"]


def test_a_cached_entry_is_a_hash_with_the_fields_that_functions_write() -> None:
    spec = declared(GUIDE)["pattern.doc:{id}"].spec
    assert spec.values(frozenset({"type", "fields", "ttl_max_s"})) == {
        "type": "hash",
        "ttl_max_s": 3600,
        "fields": {"value": "required", "tags": "required", "clock": "required"},
    }


def test_keys_of_the_library_that_last_are_declared_without_ttl() -> None:
    found = declared(GUIDE)
    ttls = {
        name: one.spec.values().get("ttl") for name, one in found.items() if name.startswith("pattern.apex")
    }
    assert ttls["pattern.apex:clock"] == "forbidden"
    assert ttls["pattern.apex:members:{entry}:{subject}:{id:any}"] == "required"


def test_entries_are_called_after_the_literals_of_their_patterns() -> None:
    code = code_of(GUIDE)
    assert all(f'["{name}"] = {{' in code for name in ("doc", "query", "user_docs"))


def test_an_entry_takes_the_name_that_it_is_given() -> None:
    body = GUIDE.replace("cached: {about: {document", "cached: {name: paper, about: {document")
    assert '["paper"] = {' in code_of(body)


def test_an_entry_without_letters_in_its_literals_has_a_name_all_the_same() -> None:
    body = """
    keys: {"::{id}": {ttl: 60, cached: {about: {a: id}}}}
    events: {a_updated: {subject: a, stale: ["::{id}"]}}
    invalidation: {library: lib}
    """
    assert '["entry"] = {' in code_of(body, "lib")


def test_the_client_is_made_from_the_same_contract_as_the_library() -> None:
    (name,) = modules(GUIDE)
    assert name == "apex_cache_client"
    compile(modules(GUIDE)[name], name, "exec")


def test_there_is_no_client_without_events() -> None:
    assert modules('keys: {"a:{id}": 60}\n') == {}


def test_there_is_no_client_of_a_contract_with_mistakes() -> None:
    assert modules(GUIDE.replace("ttl: 3600, cached: {about: {document", "cached: {about: {document")) == {}


def test_settings_of_the_invalidation_reach_the_library() -> None:
    body = GUIDE.replace("groups: [search, audit]", "populate_within: 2m, chunk: 9, count_reads: false")
    code = code_of(body)
    assert "populate_within_us = 120000000" in code
    assert "chunk = 9" in code
    assert "count_reads = false" in code


def test_a_contract_for_a_cluster_is_right_with_one_hash_tag() -> None:
    assert codes(CLUSTER) == []


def test_the_same_hash_tag_by_a_placeholder_is_another() -> None:
    assert "other-slot" in codes(CLUSTER.replace('"{{apex}}:doc:{id}"', '"{{{id}}}:doc"'))


def test_an_allkeys_policy_beside_a_library_is_only_noted() -> None:
    (note,) = diagnostics(GUIDE + "config: {maxmemory-policy: allkeys-lru}\n")
    assert (note.code, note.severity) == ("allkeys-evicts-tags", Severity.NOTE)
    assert "no stale value is served because of it" in note.why


def test_a_wide_pattern_that_has_keys_of_the_library_is_noted_at_its_place() -> None:
    wide = checked(GUIDE.replace("events:", '  "apex:{rest:any}": 60\nevents:')).diagnostics
    assert {(one.code, one.where.line) for one in wide if one.where} == {("patterns-overlap", 8)}
