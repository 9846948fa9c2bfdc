"""What an event tells: the outbox for its consumers, the hint for who listens, and counters that are true."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from .invalidation_kit import Cached, contract, loaded
from .servers import one_at_a_time, standalone

pytestmark = [pytest.mark.live, *one_at_a_time]


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Cached]:
    with standalone(tmp_path) as url, loaded(url, contract()) as found:
        yield found


@pytest.fixture
def outbox(cached: Cached) -> Cached:
    cached.redis.xgroup_create("apex:outbox", "stale", mkstream=True)
    return cached


def test_the_outbox_gives_events_in_their_order(outbox: Cached) -> None:
    told = [outbox.cache.document_updated("d1"), outbox.cache.entity_updated("e:1 x")]
    events = list(outbox.cache.stale_events("me"))
    assert [(e.event, e.subject, e.id, e.clock) for e in events] == [
        ("document_updated", "document", "d1", told[0].clock),
        ("entity_updated", "entity", "e:1 x", told[1].clock),
    ]


def test_an_event_is_acknowledged_when_the_next_is_asked_for(outbox: Cached) -> None:
    outbox.cache.document_updated("d1")
    list(outbox.cache.stale_events("me"))
    assert outbox.redis.xpending("apex:outbox", "stale")["pending"] == 0


def test_a_consumer_that_died_gets_its_event_again(outbox: Cached) -> None:
    for id in ("d1", "d2"):
        outbox.cache.document_updated(id)
    next(outbox.cache.stale_events("me"))
    assert [event.id for event in outbox.cache.stale_events("me")] == ["d1", "d2"]


def test_a_consumer_that_died_at_a_trimmed_event_goes_on(outbox: Cached) -> None:
    outbox.cache.document_updated("d1")
    next(outbox.cache.stale_events("me"))
    outbox.redis.xtrim("apex:outbox", maxlen=0, approximate=False)
    outbox.cache.document_updated("d2")
    assert [event.id for event in outbox.cache.stale_events("me")] == ["d2"]
    assert outbox.redis.xpending("apex:outbox", "stale")["pending"] == 0


def test_events_come_in_batches_of_any_size(outbox: Cached) -> None:
    for number in range(7):
        outbox.cache.document_updated(f"d{number}")
    assert len(list(outbox.cache.stale_events("me", count=3))) == 7


@pytest.mark.parametrize(
    "settings", [{"protocol": 2}, {"protocol": 3}, {"protocol": 3, "decode_responses": True}]
)
def test_the_outbox_reads_the_same_in_both_protocols(outbox: Cached, settings: dict[str, Any]) -> None:
    outbox.cache.document_updated("d1")
    with redis.Redis.from_url(outbox.url, **settings) as client:
        assert [event.id for event in outbox.module.Cache(client).stale_events("me")] == ["d1"]


def test_asyncio_reads_the_outbox(outbox: Cached) -> None:
    async def walk() -> list[str]:
        async with redis.asyncio.Redis.from_url(outbox.url) as client:
            cache = outbox.module.AsyncCache(client)
            await cache.document_updated("d1")
            return [event.id async for event in cache.stale_events("me")]

    assert asyncio.run(walk()) == ["d1"]


def test_another_group_reads_the_same_events(outbox: Cached) -> None:
    outbox.redis.xgroup_create("apex:outbox", "audit")
    outbox.cache.document_updated("d1")
    read = [[e.id for e in outbox.cache.stale_events("me", group=group)] for group in ("stale", "audit")]
    assert read == [["d1"], ["d1"]]


def test_without_its_group_the_outbox_says_what_to_do(cached: Cached) -> None:
    with pytest.raises(cached.module.GroupMissing, match="apply the contract"):
        next(cached.cache.stale_events("me"))


def test_the_outbox_is_bounded(tmp_path: Path) -> None:
    with standalone(tmp_path) as url, loaded(url, contract(outbox_maxlen=100)) as found:
        for _ in range(500):
            found.cache.document_updated("d1")
        assert found.redis.xlen("apex:outbox") <= 200  # MAXLEN ~ keeps whole nodes of 100 entries


def test_a_hint_says_event_clock_and_id(cached: Cached) -> None:
    subscribe: Any = cached.redis.pubsub  # without types in redis-py
    with subscribe(ignore_subscribe_messages=True) as listener:
        listener.subscribe("apex:stale")
        listener.get_message(timeout=5)
        told = cached.cache.document_updated("d1")
        message = listener.get_message(timeout=5)
    assert message is not None
    assert message["data"] == f"document_updated {told.clock} d1".encode()


def test_counters_say_what_happened(cached: Cached) -> None:
    entry = cached.cache.doc("d1")
    entry.get()
    token = entry.begin()
    entry.populate("value", token)
    entry.get()
    entry.get()
    cached.cache.document_updated("d1")
    entry.populate("old", token)
    assert cached.counters() == {
        "miss|doc": 1,
        "stored|doc": 1,
        "hit|doc": 2,
        "invalidated|document_updated": 1,
        "unlinked|document_updated": 1,
        "refused|doc": 1,
    }


def test_a_stale_read_counts_as_stale_and_as_a_miss(cached: Cached) -> None:
    cached.put_query("q", document=["d1"])
    cached.redis.delete("apex:members:query:document:d1")
    cached.cache.document_updated("d1")
    cached.cache.query("q").get()
    counters = cached.counters()
    assert (counters["stale|query"], counters["miss|query"], counters.get("hit|query")) == (1, 1, None)


def test_the_hit_rate_is_hits_per_read(cached: Cached) -> None:
    cached.put_document("d1")
    for id in ("d1", "d1", "d1", "missing"):
        cached.cache.doc(id).get()
    assert cached.cache.hit_rate() == 0.75


def test_the_hit_rate_of_one_entry_leaves_the_others_out(cached: Cached) -> None:
    cached.put_document("d1")
    cached.cache.doc("d1").get()
    cached.cache.query("q").get()
    assert (cached.cache.hit_rate("doc"), cached.cache.hit_rate("query")) == (1.0, 0.0)


def test_before_a_read_there_is_no_hit_rate(cached: Cached) -> None:
    assert cached.cache.hit_rate() is None
