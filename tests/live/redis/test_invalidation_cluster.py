"""On a cluster, a contract whose prefix and patterns have one hash tag works as on one server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import redis
import redis.asyncio

from apexplan_redis.invalidation.library import library

from .invalidation_kit import contract, module_of
from .servers import RunningCluster, cluster

pytestmark = [pytest.mark.live, pytest.mark.slow]


def _client(running: RunningCluster) -> redis.RedisCluster:
    return redis.RedisCluster(host="127.0.0.1", port=running.primaries[0].port)


def _load_everywhere(running: RunningCluster) -> None:
    for primary in running.primaries:
        primary.ask("FUNCTION", "LOAD", "REPLACE", library(contract(tag="{apex}:")))


def test_a_contract_with_one_hash_tag_works_on_a_cluster(tmp_path: Path) -> None:
    with (
        cluster(tmp_path) as running,
        _client(running) as client,
    ):
        _load_everywhere(running)
        client.xgroup_create("{apex}:apex:outbox", "stale", mkstream=True)
        cache = module_of(contract(tag="{apex}:")).Cache(client)
        entry = cache.query("q")
        stored = entry.populate("result", entry.begin(), document=["d1"], entity=[])
        found, told = entry.get(), cache.document_updated("d1")
        events = [event.id for event in cache.stale_events("me")]
        after = (entry.get(), cache.sweep().waiting, cache.hit_rate())
    assert [stored, found, told.unlinked, events, after] == ["stored", b"result", 1, ["d1"], (None, 0, 0.5)]


def test_asyncio_works_on_a_cluster_too(tmp_path: Path) -> None:
    async def walk(port: int) -> list[object]:
        client = redis.asyncio.RedisCluster(host="127.0.0.1", port=port)
        async with client:
            cache = module_of(contract(tag="{apex}:")).AsyncCache(client)
            entry = cache.doc("d1")
            stored = await entry.populate("value", await entry.begin())
            return [stored, await entry.get(), (await cache.document_updated("d1")).unlinked]

    with cluster(tmp_path) as running:
        _load_everywhere(running)
        told = asyncio.run(walk(running.primaries[1].port))
    assert told == ["stored", b"value", 1]


def test_a_contract_without_a_hash_tag_is_refused_by_a_cluster(tmp_path: Path) -> None:
    with (
        cluster(tmp_path) as running,
        _client(running) as client,
    ):
        for primary in running.primaries:
            primary.ask("FUNCTION", "LOAD", "REPLACE", library(contract()))
        with pytest.raises(redis.ResponseError, match="non local key"):
            module_of(contract()).Cache(client).doc("d1").begin()
