"""Work of one call is bounded: what is too much for it is put aside, never served, and swept later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .invalidation_kit import Cached, contract, loaded
from .servers import one_at_a_time, standalone

pytestmark = [pytest.mark.live, *one_at_a_time]
CHUNK = 10


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Cached]:
    with standalone(tmp_path) as url, loaded(url, contract(chunk=CHUNK)) as found:
        yield found


def _queries(cached: Cached, number: int, **tags: list[str]) -> list[str]:
    texts = [f"q{n}" for n in range(number)]
    for text in texts:
        cached.put_query(text, **tags)
    return texts


def _there(cached: Cached, texts: list[str]) -> int:
    return int(cached.redis.exists(*(f"query:{text}" for text in texts)))


def test_an_event_unlinks_a_chunk_and_says_how_many_it_left(cached: Cached) -> None:
    texts = _queries(cached, 25)
    told = cached.cache.document_updated("d1")
    assert (told.unlinked, told.left, _there(cached, texts)) == (10, 15, 15)


def test_what_an_event_left_is_not_served(cached: Cached) -> None:
    texts = _queries(cached, 25)
    cached.cache.document_updated("d1")
    assert [cached.cache.query(text).get() for text in texts] == [None] * 25


def test_one_chunk_is_shared_by_all_patterns_of_an_event(cached: Cached) -> None:
    _queries(cached, 7)
    for number in range(7):
        lists = cached.cache.user_docs(f"u{number}")
        lists.populate("list", lists.begin(), document=["d1"])
    told = cached.cache.document_deleted("d1")
    assert (told.unlinked, told.left) == (10, 4)


def test_those_that_would_live_longest_go_first(cached: Cached) -> None:
    for number in range(12):
        entry = cached.cache.query(f"q{number}")
        entry.populate("r", entry.begin(), document=["d1"], entity=[], ttl_s=1000 - number)
    cached.cache.document_updated("d1")
    assert cached.redis.exists("query:q10", "query:q11") == 2


def test_sweeps_free_what_was_left(cached: Cached) -> None:
    texts = _queries(cached, 25)
    cached.cache.document_updated("d1")
    swept = [cached.cache.sweep() for _ in range(3)]
    assert ([each.unlinked for each in swept], _there(cached, texts)) == ([10, 5, 0], 0)


def test_a_sweep_says_whether_more_waits(cached: Cached) -> None:
    _queries(cached, 25)
    cached.cache.document_updated("d1")
    assert [cached.cache.sweep().waiting for _ in range(2)] == [1, 0]


def test_a_sweep_of_nothing_does_nothing(cached: Cached) -> None:
    assert cached.cache.sweep() == cached.module.Swept(0, 0)


def test_a_sweep_leaves_values_alone_that_were_written_after_the_event(cached: Cached) -> None:
    texts = _queries(cached, 25)
    cached.cache.document_updated("d1")
    for text in texts:
        cached.put_query(text)
    for _ in range(3):
        cached.cache.sweep()
    assert _there(cached, texts) == 25


def test_the_next_event_finds_values_that_were_written_after_the_last(cached: Cached) -> None:
    _queries(cached, 25)
    cached.cache.document_updated("d1")
    cached.put_query("q24")
    assert cached.cache.document_updated("d1").unlinked == 1


def test_what_was_put_aside_dies_with_its_longest_member(cached: Cached) -> None:
    _queries(cached, 25)
    cached.cache.document_updated("d1")
    aside = list(cached.redis.scan_iter("apex:dead*"))
    assert len(aside) == 2
    assert all(0 < cached.redis.pttl(key) <= 3_600_000 for key in aside)


def test_members_that_expired_leave_their_set(cached: Cached) -> None:
    cached.redis.zadd("apex:members:query:document:d1", {f"query:gone{n}": 1 for n in range(40)})
    _queries(cached, 5)
    assert cached.redis.zcard("apex:members:query:document:d1") == 5


def test_one_call_takes_out_few_of_the_members_that_expired(cached: Cached) -> None:
    cached.redis.zadd("apex:members:query:document:d1", {f"query:gone{n}": 1 for n in range(40)})
    _queries(cached, 1)
    assert cached.redis.zcard("apex:members:query:document:d1") == 40 - 16 + 1


def test_members_that_expired_are_not_counted_as_left(cached: Cached) -> None:
    _queries(cached, 1)
    cached.redis.zadd("apex:members:query:document:d1", {f"query:gone{n}": 1 for n in range(40)})
    told = cached.cache.document_updated("d1")
    assert (told.unlinked, told.left, cached.redis.exists("apex:members:query:document:d1")) == (1, 0, 0)
