"""The life of an entry: what goes in, what is served, what an event makes stale and what it leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from apexplan_redis.invalidation.library import commands
from apexplan_redis.invalidation.model import Invalidation

from .invalidation_kit import Cached, contract, loaded
from .servers import one_at_a_time, replica_of, server, standalone

pytestmark = [pytest.mark.live, *one_at_a_time]

_DOC = ("doc", contract().entries[0].shape)


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Cached]:
    with standalone(tmp_path) as url, loaded(url, contract()) as found:
        yield found


def test_what_was_stored_is_served(cached: Cached) -> None:
    cached.put_document("d1", "value")
    assert cached.cache.doc("d1").get() == b"value"


def test_a_value_need_not_be_text(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    assert entry.populate(b"\xff\x00\r\n", entry.begin()) == "stored"
    assert entry.get() == b"\xff\x00\r\n"


def test_values_stay_bytes_for_a_client_that_decodes(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    entry.populate(b"\xff", entry.begin())
    with redis.Redis.from_url(cached.url, decode_responses=True) as decoding:
        assert cached.module.Cache(decoding).doc("d1").get() == b"\xff"


def test_an_event_makes_a_value_stale(cached: Cached) -> None:
    cached.put_document("d1")
    cached.cache.document_updated("d1")
    assert cached.cache.doc("d1").get() is None


def test_an_event_frees_the_memory_of_what_it_makes_stale(cached: Cached) -> None:
    cached.put_document("d1")
    cached.put_query("q", document=["d1"])
    told = cached.cache.document_updated("d1")
    assert (told.unlinked, told.left, cached.redis.exists("doc:d1", "query:q")) == (2, 0, 0)


def test_an_event_finds_values_by_their_tags(cached: Cached) -> None:
    cached.put_query("q", document=["d1", "d2"])
    cached.cache.document_updated("d2")
    assert cached.cache.query("q").get() is None


def test_an_event_leaves_patterns_alone_that_it_does_not_name(cached: Cached) -> None:
    lists = cached.cache.user_docs("u1")
    lists.populate("list", lists.begin(), document=["d1"])
    cached.cache.document_updated("d1")
    assert lists.get() == b"list"


def test_an_event_leaves_ids_alone_that_only_contain_its_own(cached: Cached) -> None:
    cached.put_query("about d12", document=["d12"])
    cached.cache.document_updated("d1")
    assert cached.cache.query("about d12").get() == b"result"


def test_an_event_leaves_a_value_alone_that_was_written_anew_without_its_tag(cached: Cached) -> None:
    cached.put_query("q", document=["d1"])
    cached.put_query("q", document=["d2"])
    cached.cache.document_updated("d1")
    assert cached.cache.query("q").get() == b"result"


def test_events_of_one_id_leave_that_id_of_another_subject_alone(cached: Cached) -> None:
    cached.put_query("q", document=["x"], entity=[])
    cached.cache.entity_updated("x")
    assert cached.cache.query("q").get() == b"result"


def test_a_value_read_before_an_event_is_refused_after_it(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    token = entry.begin()
    cached.cache.document_updated("d1")
    assert entry.populate("old", token) == "stale"


def test_a_value_read_after_an_event_is_stored(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    cached.cache.document_updated("d1")
    assert entry.populate("new", entry.begin()) == "stored"


def test_a_reader_that_took_too_long_is_refused(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    assert entry.populate("value", entry.begin() - 61_000_000) == "late"


def test_a_token_that_the_server_never_gave_is_refused(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    assert entry.populate("value", entry.begin() + 60_000_000) == "ahead"


def test_a_value_lives_as_long_as_the_contract_allows(cached: Cached) -> None:
    cached.put_document("d1")
    assert 3_590_000 < cached.redis.pttl("doc:d1") <= 3_600_000


def test_a_shorter_life_is_kept_to(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    entry.populate("value", entry.begin(), ttl_s=10)
    assert 0 < cached.redis.pttl("doc:d1") <= 10_000


def test_the_server_cuts_a_life_that_is_too_long(cached: Cached) -> None:
    token = cached.cache.doc("d1").begin()
    cached.redis.fcall("apex_cache_populate", 1, "doc:d1", *_DOC, token, 10**9, "value", "document:d1")
    assert cached.redis.pttl("doc:d1") <= 3_600_000


def test_a_set_of_members_lives_as_long_as_its_longest_member(cached: Cached) -> None:
    for text, ttl_s in (("a", 10), ("b", 1000), ("c", 20)):
        entry = cached.cache.query(text)
        entry.populate("result", entry.begin(), document=["d1"], entity=[], ttl_s=ttl_s)
    assert 990_000 < cached.redis.pttl("apex:members:query:document:d1") <= 1_000_000


def test_a_value_of_another_type_is_a_miss(cached: Cached) -> None:
    cached.redis.set("doc:d1", "from before")
    assert cached.cache.doc("d1").get() is None


def test_a_value_of_another_type_is_replaced(cached: Cached) -> None:
    cached.redis.set("doc:d1", "from before")
    cached.put_document("d1", "value")
    assert cached.cache.doc("d1").get() == b"value"


def test_fetch_loads_once_and_then_serves_from_the_cache(cached: Cached) -> None:
    loads = iter(["first", "second"])
    entry = cached.cache.doc("d1")
    assert [entry.fetch(lambda: next(loads)) for _ in range(2)] == [b"first", b"first"]


def test_fetch_returns_what_it_loaded_though_it_may_not_be_stored(cached: Cached) -> None:
    def load() -> str:
        cached.cache.document_updated("d1")
        return "value"

    assert cached.cache.doc("d1").fetch(load) == b"value"
    assert not cached.redis.exists("doc:d1")


def test_fetch_tags_what_it_loaded(cached: Cached) -> None:
    cached.cache.query("q").fetch(lambda: cached.module.QueryLoaded("result", ["d1"], []))
    cached.cache.document_updated("d1")
    assert cached.cache.query("q").get() is None


def test_without_the_library_a_call_says_what_to_do(cached: Cached) -> None:
    cached.redis.function_flush()
    with pytest.raises(cached.module.LibraryMissing, match="apply the contract"):
        cached.cache.doc("d1").get()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nothing", "", 1, 1000, "value"), "an entry of the contract"),
        ((*_DOC, "x", 1000, "value"), "an entry of the contract"),
        ((*_DOC, 1, 0, "value"), "an entry of the contract"),
        ((*_DOC, "nan", 1000, "value", "document:d1"), "whole token"),
        ((*_DOC, 1, "nan", "value", "document:d1"), "whole token and ttl_ms"),
        ((*_DOC, 1, "1000.5", "value", "document:d1"), "whole token and ttl_ms"),
        ((*_DOC, 1, 1000), "an entry of the contract"),
        ((*_DOC, 1, 1000, "value"), "none of its tags names one"),
        (("user_docs", "", 1, 1000, "value", "document:d1"), "none of its tags names one"),
        ((*_DOC, 1, 1000, "value", "entity:e1"), "a subject that the entry declares"),
        ((*_DOC, 1, 1000, "value", "document:a\nb"), "has no line break"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(
    cached: Cached, arguments: tuple[object, ...], why: str
) -> None:
    with pytest.raises(redis.ResponseError, match=why):
        cached.redis.fcall("apex_cache_populate", 1, "doc:d1", *arguments)


def test_a_life_that_is_no_whole_number_leaves_no_value_without_ttl(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    with pytest.raises(redis.ResponseError, match="whole token and ttl_ms"):
        entry.populate("value", entry.begin(), ttl_s=1.0005)
    assert not cached.redis.exists("doc:d1")


@pytest.mark.parametrize("id", ["{a}%s%d.*", "a\0b", "\udcff", "é", "x" * 512, "-", " "])
def test_an_odd_id_is_stored_served_and_made_stale(cached: Cached, id: str) -> None:
    cached.put_document(id, "value")
    cached.put_query("q", document=[id])
    found = cached.cache.doc(id).get()
    told = cached.cache.document_updated(id)
    assert (found, told.unlinked, cached.cache.doc(id).get()) == (b"value", 2, None)


def test_an_id_with_a_line_break_is_refused_before_the_source_is_read(cached: Cached) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        cached.cache.doc("a\nb").fetch(lambda: pytest.fail("was read"))


def test_an_event_of_an_id_with_a_line_break_is_refused_by_the_client(cached: Cached) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        cached.cache.document_updated("a\nb")


def test_one_id_in_place_of_a_list_is_refused(cached: Cached) -> None:
    entry = cached.cache.query("q")
    with pytest.raises(TypeError, match="'d1' is one id; give a list"):
        entry.populate("result", entry.begin(), document="d1", entity=[])


def test_an_id_that_no_event_of_its_subject_can_name_is_refused(cached: Cached) -> None:
    entry = cached.cache.query("q")
    with pytest.raises(ValueError, match="document: 'a:b' is not of the form"):
        entry.populate("result", entry.begin(), document=["a:b"], entity=[])


def test_a_value_may_be_made_of_ten_thousand_things(cached: Cached) -> None:
    ids = [f"d{number}" for number in range(10_000)]
    cached.put_query("q", document=ids)
    cached.cache.document_updated(ids[-1])
    assert cached.cache.query("q").get() is None


def test_a_read_of_what_the_contract_has_not_is_refused(cached: Cached) -> None:
    with pytest.raises(redis.ResponseError, match="an entry of the contract"):
        cached.redis.fcall("apex_cache_get", 1, "doc:d1", "nothing")


def test_a_value_of_before_its_entry_was_tied_to_other_subjects_is_not_served(cached: Cached) -> None:
    cached.put_document("d1")
    with loaded(cached.url, _tied_to_users()) as later:
        assert later.cache.doc("d1").get() is None


def test_a_value_stays_when_the_contract_changes_elsewhere(cached: Cached) -> None:
    cached.put_query("q")
    with loaded(cached.url, _tied_to_users()) as later:
        assert later.cache.query("q").get() == b"result"


def test_a_client_of_an_earlier_contract_stores_nothing(cached: Cached) -> None:
    with loaded(cached.url, _tied_to_users()):
        entry = cached.cache.doc("d1")
        assert entry.populate("value", entry.begin()) == "outdated"


def _tied_to_users() -> Invalidation:
    """Returns a later contract, in which a document also depends on users."""
    doc, *others = contract().entries
    return replace(contract(), entries=(replace(doc, tags=("user",)), *others))


@pytest.mark.parametrize(
    "arguments", [("nothing", "d1"), ("document_updated",), ("document_updated", "a\nb")]
)
def test_an_event_that_makes_no_sense_is_refused(cached: Cached, arguments: tuple[str, ...]) -> None:
    with pytest.raises(redis.ResponseError, match="an event of the contract"):
        cached.redis.fcall("apex_cache_invalidate", 1, "apex:clock", *arguments)


def test_an_id_that_no_key_can_have_unlinks_nothing_of_that_name(cached: Cached) -> None:
    cached.redis.set("doc:meta:1", "of somebody else")
    cached.redis.fcall("apex_cache_invalidate", 1, "apex:clock", "document_updated", "meta:1")
    assert cached.redis.exists("doc:meta:1")


def test_texts_of_the_contract_that_mean_something_in_lua_stay_texts(tmp_path: Path) -> None:
    odd = """a"]] .. '\\ é%s{1}:"""
    with standalone(tmp_path) as url, loaded(url, contract(tag=odd)) as found:
        found.put_document("d1")
        assert found.redis.exists(f"{odd}doc:d1", f"{odd}apex:clock") == 2


def test_a_library_that_does_not_count_reads_serves_from_a_replica(tmp_path: Path) -> None:
    with server(tmp_path / "a") as primary, loaded(primary.url, contract(count_reads=False)) as found:
        found.put_document("d1", "value")
        with replica_of(primary, tmp_path / "b") as replica, redis.Redis.from_url(replica.url) as client:
            assert found.module.Cache(client).doc("d1").get() == b"value"


def test_a_library_that_does_not_count_reads_serves_nothing_stale(tmp_path: Path) -> None:
    with standalone(tmp_path) as url, loaded(url, contract(count_reads=False, chunk=1)) as found:
        for text in ("a", "b"):
            found.put_query(text, document=["d1"])
        assert found.cache.document_updated("d1").left == 1
        assert [found.cache.query(text).get() for text in ("a", "b")] == [None, None]


def test_a_user_with_the_commands_of_the_functions_can_do_all_of_it(tmp_path: Path) -> None:
    rules = [f"+{name}" for name in (*commands(), "FCALL")]
    rules += ["~apex:*", "~doc:*", "~query:*", "&apex:*", "nopass", "on"]
    with server(tmp_path) as running, loaded(running.url, contract(chunk=2)) as found:
        running.ask("ACL", "SETUSER", "app", "reset", *rules)
        with redis.Redis.from_url(running.url, username="app", password="any") as client:
            walked = _whole_life(found.module.Cache(client))
    assert walked == (["stored"] * 5, 2, 2, None)


def _whole_life(cache: Any) -> tuple[list[str], int, int, bytes | None]:
    queries = [cache.query(text) for text in "abcde"]
    stored = [query.populate("result", query.begin(), document=["d1"], entity=[]) for query in queries]
    return stored, cache.document_updated("d1").unlinked, cache.sweep().unlinked, queries[0].get()


def test_asyncio_has_the_same_entries_and_events(cached: Cached) -> None:
    async def walk() -> list[object]:
        async with redis.asyncio.Redis.from_url(cached.url) as client:
            cache = cached.module.AsyncCache(client)
            entry = cache.query("q")
            stored = await entry.populate("result", await entry.begin(), document=["d1"], entity=[])
            found = await entry.get()
            told = await cache.document_updated("d1")
            return [stored, found, told.unlinked, await entry.get(), (await cache.sweep()).waiting]

    assert asyncio.run(walk()) == ["stored", b"result", 1, None, 0]


def test_asyncio_fetches(cached: Cached) -> None:
    async def load() -> str:
        return "value"

    async def walk() -> bytes:
        async with redis.asyncio.Redis.from_url(cached.url) as client:
            return bytes(await cached.module.AsyncCache(client).doc("d1").fetch(load))

    assert asyncio.run(walk()) == b"value"
    assert cached.cache.doc("d1").get() == b"value"
