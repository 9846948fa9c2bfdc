"""Readers that load while events come: none is served a stale value, where SET and DEL serve many.

The source of truth is a number per document that only grows. A read is stale if it gives a number below the
one whose event was through before the read began.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest
import redis
import redis.asyncio

from .invalidation_kit import Cached, contract, loaded
from .servers import one_at_a_time, standalone

pytestmark = [pytest.mark.live, pytest.mark.slow, *one_at_a_time]
RACES = 2000
DOCUMENTS = [f"d{n}" for n in range(5)]


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Cached]:
    with standalone(tmp_path) as url, loaded(url, contract()) as found:
        yield found


class Source:
    """The source of truth. `told`: the number whose event was through."""

    def __init__(self) -> None:
        self.number: defaultdict[str, int] = defaultdict(int)
        self.told: defaultdict[str, int] = defaultdict(int)

    def change(self, id: str) -> int:
        self.number[id] += 1
        return self.number[id]


def test_of_2000_forced_races_none_leaves_a_stale_value(cached: Cached) -> None:
    """Each reads the old value, lets the event come, then writes what it read."""
    source, stale, naive_stale = Source(), 0, 0
    for number in range(RACES):
        id = f"d{number}"
        entry = cached.cache.doc(id)
        token, read = entry.begin(), source.number[id]
        source.change(id)
        cached.cache.document_updated(id)
        cached.redis.delete(f"naive:{id}")
        entry.populate(str(read), token)
        cached.redis.set(f"naive:{id}", read, ex=3600)
        stale += _is_below(entry.get(), source.number[id])
        naive_stale += _is_below(cached.redis.get(f"naive:{id}"), source.number[id])
    assert (stale, naive_stale) == (0, RACES)


def _is_below(value: Any, least: int) -> bool:
    return value is not None and int(value) < least


class Way:
    """One way to cache, as concurrent readers and writers use it."""

    async def read(self, id: str, load: Callable[[], Awaitable[str]]) -> bytes:
        raise NotImplementedError

    async def tell(self, id: str) -> None:
        raise NotImplementedError


class Versioned(Way):
    """The generated client."""

    def __init__(self, cache: Any) -> None:
        self.cache = cache

    async def read(self, id: str, load: Callable[[], Awaitable[str]]) -> bytes:
        return bytes(await self.cache.doc(id).fetch(load))

    async def tell(self, id: str) -> None:
        await self.cache.document_updated(id)


class Naive(Way):
    """SET with a TTL after a miss, DEL on a change."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client

    async def read(self, id: str, load: Callable[[], Awaitable[str]]) -> bytes:
        found = await self.client.get(f"naive:{id}")
        if found is not None:
            assert isinstance(found, bytes)
            return found
        value = await load()
        await self.client.set(f"naive:{id}", value, ex=3600)
        return value.encode()

    async def tell(self, id: str) -> None:
        await self.client.delete(f"naive:{id}")


async def _stale_reads(way: Way, random: Random) -> int:
    """Returns how many of the reads were stale, with eight readers beside a writer."""
    source, stale = Source(), 0

    async def reader() -> None:
        nonlocal stale
        for _ in range(RACES // 8):
            id = random.choice(DOCUMENTS)
            least = source.told[id]

            async def load(id: str = id) -> str:
                read = source.number[id]
                for _ in range(random.randrange(20)):
                    await asyncio.sleep(0)
                return str(read)

            stale += int(await way.read(id, load)) < least

    async def writer() -> None:
        while reading.is_set():
            id = random.choice(DOCUMENTS)
            number = source.change(id)
            await way.tell(id)
            source.told[id] = number

    reading = asyncio.Event()
    reading.set()
    writing = asyncio.create_task(writer())
    await asyncio.gather(*(reader() for _ in range(8)))
    reading.clear()
    await writing
    return stale


def test_concurrent_readers_in_asyncio_are_served_nothing_stale(cached: Cached) -> None:
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")

    async def both() -> tuple[int, int]:
        async with redis.asyncio.Redis.from_url(cached.url) as client:
            versioned = await _stale_reads(Versioned(cached.module.AsyncCache(client)), Random(seed))
            return versioned, await _stale_reads(Naive(client), Random(seed))

    versioned, naive = asyncio.run(both())
    assert versioned == 0
    assert naive > 0


def test_concurrent_readers_in_threads_are_served_nothing_stale(cached: Cached) -> None:
    source, changing, stale = Source(), threading.Lock(), []
    done = threading.Event()

    def reader(number: int) -> None:
        for turn in range(RACES // 8):
            id = DOCUMENTS[(turn + number) % len(DOCUMENTS)]
            least = source.told[id]
            read = int(cached.cache.doc(id).fetch(lambda id=id: str(source.number[id])))
            if read < least:
                stale.append((id, read, least))

    def writer() -> None:
        turn = 0
        while not done.is_set():
            id = DOCUMENTS[turn % len(DOCUMENTS)]
            with changing:
                number = source.change(id)
                cached.cache.document_updated(id)
                source.told[id] = number
            turn += 1

    writers = [threading.Thread(target=writer) for _ in range(2)]
    readers = [threading.Thread(target=reader, args=(number,)) for number in range(8)]
    for thread in writers + readers:
        thread.start()
    for thread in readers:
        thread.join()
    done.set()
    for thread in writers:
        thread.join()
    counters = cached.counters()
    assert stale == []
    assert counters["refused|doc"] > 0
    assert counters["hit|doc"] > 0
