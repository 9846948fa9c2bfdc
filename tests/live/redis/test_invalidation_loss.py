"""What eviction takes away costs misses, and never gives a stale value. Pruning costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .invalidation_kit import Cached, contract, loaded
from .servers import one_at_a_time, standalone

pytestmark = [pytest.mark.live, *one_at_a_time]


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Cached]:
    with standalone(tmp_path) as url, loaded(url, contract()) as found:
        yield found


HOUR_US = 3_600_000_000


def test_a_value_whose_versions_were_evicted_is_not_served(cached: Cached) -> None:
    cached.put_document("d1")
    cached.redis.delete(cached.versions("document", "d1"))
    assert cached.cache.doc("d1").get() is None


def test_a_value_from_before_is_not_served_once_the_versions_are_there_again(cached: Cached) -> None:
    cached.put_query("q", document=["d1"])
    cached.redis.delete(cached.versions("document", "d1"))
    other = cached.cache.query("other")
    other.populate("refused", other.begin(), document=["d1"], entity=[])
    assert cached.cache.query("q").get() is None


def test_a_value_read_before_versions_and_their_event_were_lost_is_refused(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    token = entry.begin()
    cached.cache.document_updated("d1")
    cached.redis.delete(cached.versions("document", "d1"))
    assert entry.populate("old", token) == "stale"


def test_versions_that_an_event_makes_anew_say_since_when_they_are_known(cached: Cached) -> None:
    cached.put_document("d1")
    cached.redis.delete(cached.versions("document", "d1"))
    told = cached.cache.document_updated("d1")
    assert cached.redis.hget(cached.versions("document", "d1"), "_born") == str(told.clock).encode()


def test_lost_versions_are_made_anew_by_the_next_reader(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    entry.begin()
    cached.redis.delete(cached.versions("document", "d1"))
    entry.populate("value", entry.begin())
    assert [entry.populate("value", entry.begin()), entry.get()] == ["stored", b"value"]


def test_the_first_reader_of_a_fresh_server_is_not_refused(cached: Cached) -> None:
    assert all(
        entry.populate("value", entry.begin()) == "stored"
        for entry in (cached.cache.doc(f"d{number}") for number in range(300))
    )


def test_a_lost_clock_goes_on_above_what_it_gave(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    before = entry.begin()
    cached.redis.delete("apex:clock")
    assert entry.begin() > before


def test_an_event_after_the_clock_was_lost_makes_earlier_values_stale(cached: Cached) -> None:
    cached.put_document("d1")
    cached.redis.delete("apex:clock")
    cached.cache.document_updated("d1")
    assert cached.cache.doc("d1").get() is None


def test_a_value_stays_when_the_clock_alone_is_lost(cached: Cached) -> None:
    cached.put_document("d1", "value")
    cached.redis.delete("apex:clock")
    cached.put_document("d2")
    assert cached.cache.doc("d1").get() == b"value"


def test_a_clock_ahead_of_the_time_counts_on(cached: Cached) -> None:
    ahead = cached.cache.doc("d1").begin() + 100 * HOUR_US
    cached.redis.set("apex:clock", ahead)
    assert cached.cache.doc("d1").begin() == ahead + 1


def test_an_event_in_the_microsecond_of_a_token_is_above_it(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    cached.redis.set("apex:clock", entry.begin() + 100 * HOUR_US)
    token = entry.begin()
    cached.cache.document_updated("d1")
    assert entry.populate("old", token) == "stale"


def test_a_value_whose_set_of_members_was_evicted_is_not_served_after_an_event(cached: Cached) -> None:
    cached.put_query("q", document=["d1"])
    cached.redis.delete("apex:members:query:document:d1")
    told = cached.cache.document_updated("d1")
    assert (told.unlinked, cached.cache.query("q").get()) == (0, None)


def test_a_stale_value_is_unlinked_when_it_is_asked_for(cached: Cached) -> None:
    cached.put_query("q", document=["d1"])
    cached.redis.delete("apex:members:query:document:d1")
    cached.cache.document_updated("d1")
    cached.cache.query("q").get()
    assert not cached.redis.exists("query:q")


def test_lost_counters_begin_anew(cached: Cached) -> None:
    cached.put_document("d1")
    cached.redis.delete("apex:counters")
    cached.cache.doc("d1").get()
    assert cached.counters() == {"hit|doc": 1}


def test_events_prune_versions_that_no_value_can_need(cached: Cached) -> None:
    versions = cached.versions("document", "d1")
    long_ago = cached.cache.doc("d1").begin() - 2 * HOUR_US
    cached.redis.hset(versions, mapping={f"doc|document:x{n}": long_ago for n in range(1000)})
    for _ in range(1000):
        cached.cache.document_updated("d1")
    assert cached.redis.hlen(versions) < 50


def test_pruning_keeps_versions_that_a_value_may_need(cached: Cached) -> None:
    versions = cached.versions("document", "d1")
    lately = cached.cache.doc("d1").begin() - HOUR_US
    cached.redis.hset(versions, mapping={f"doc|document:x{n}": lately for n in range(20)})
    for _ in range(200):
        cached.cache.document_updated("d1")
    assert cached.redis.hlen(versions) == 20 + 3


def test_pruning_raises_the_floor_to_what_it_took_out(cached: Cached) -> None:
    versions = cached.versions("document", "d1")
    long_ago = cached.cache.doc("d1").begin() - 2 * HOUR_US
    cached.redis.hset(versions, mapping={"_born": 1, "doc|document:gone": long_ago})
    cached.cache.document_updated("d1")
    assert cached.redis.hmget(versions, "doc|document:gone", "_born") == [None, str(long_ago).encode()]


def test_pruning_loses_no_value_that_lives(cached: Cached) -> None:
    cached.put_document("d1", "value")
    versions = cached.versions("document", "d1")
    long_ago = cached.cache.doc("d1").begin() - 2 * HOUR_US
    cached.redis.hset(versions, mapping={f"doc|document:x{n}": long_ago for n in range(5)})
    cached.redis.fcall("apex_cache_invalidate", 1, "apex:clock", "document_updated", _neighbour(cached, "d1"))
    assert cached.cache.doc("d1").get() == b"value"


def _neighbour(cached: Cached, id: str) -> str:
    """Returns another document whose versions are in the same hash."""
    mine = cached.versions("document", id)
    return next(f"n{n}" for n in range(100_000) if cached.versions("document", f"n{n}") == mine)


def test_with_full_memory_events_go_through_and_values_are_refused(cached: Cached) -> None:
    cached.put_document("d1")
    cached.put_document("d2", "value")
    cached.redis.config_set("maxmemory", 1)
    try:
        told = cached.cache.document_updated("d1")
        entry = cached.cache.doc("d2")
        outcome = [told.unlinked, entry.get(), entry.populate("x", entry.begin())]
        outcome.append(cached.cache.doc("d3").fetch(lambda: "loaded"))
    finally:
        cached.redis.config_set("maxmemory", 0)
    assert outcome == [1, b"value", "full", b"loaded"]
