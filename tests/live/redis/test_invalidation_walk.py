"""Random walks against a model that knows what each value was made from and what happened since, on one
server and on a cluster of three primaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest

from apexplan_redis.server.slots import SLOTS

from .invalidation_kit import Cached, contract, loaded, loaded_on
from .servers import RunningCluster, cluster, one_at_a_time, standalone, until

pytestmark = [pytest.mark.live, pytest.mark.slow, *one_at_a_time]

TAG = "{apex}:"
IDS = ["1", "2", "12"]
STALE = {
    "document_updated": ("document", {"doc", "query"}),
    "document_deleted": ("document", {"doc", "query", "user_docs"}),
    "entity_updated": ("entity", {"query"}),
    "user_changed": ("user", {"user_docs"}),
}
OWN = {"doc": "document", "user_docs": "user"}
TAGS = {"doc": (), "query": ("document", "entity"), "user_docs": ("document",)}


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Cached]:
    with standalone(tmp_path) as url, loaded(url, contract(chunk=2)) as found:
        yield found


@dataclass
class Value:
    """What a reader read: when, and from what."""

    text: str
    token: int
    tags: dict[str, list[str]]
    stale: bool = False


@dataclass
class Walk:
    """`held`: read and not stored yet. `stored`: what the cache should hold, by entry and id.

    `hits` are counted here: the cache's own counters are a key too, which `Evicting` deletes.
    """

    cached: Cached
    random: Random
    held: list[tuple[str, str, Value]] = field(default_factory=list)
    stored: dict[tuple[str, str], Value] = field(default_factory=dict)
    hits: int = 0

    def entry(self, name: str, id: str):  # type: ignore[no-untyped-def]  # a class of the generated module
        return getattr(self.cached.cache, name)(id)

    def begin(self) -> None:
        name, id = self.random.choice(list(TAGS)), self.random.choice(IDS)
        tags = {subject: self.random.sample(IDS, self.random.randint(0, 2)) for subject in TAGS[name]}
        value = Value(str(self.random.random()), self.entry(name, id).begin(), tags)
        self.held.append((name, id, value))

    def populate(self) -> None:
        if not self.held:
            return
        name, id, value = self.held.pop(self.random.randrange(len(self.held)))
        outcome = self.entry(name, id).populate(value.text, value.token, **value.tags)
        self.judge_populate(outcome, name, id, value)

    def judge_populate(self, outcome: str, name: str, id: str, value: Value) -> None:
        assert outcome == ("stale" if value.stale else "stored")
        if outcome == "stored":
            self.stored[name, id] = value

    def tell(self) -> None:
        event, id = self.random.choice(list(STALE)), self.random.choice(IDS)
        getattr(self.cached.cache, event)(id)
        subject, names = STALE[event]
        everything = [*self.held, *((name, own, value) for (name, own), value in self.stored.items())]
        for name, own, value in everything:
            about = {OWN.get(name, ""): [own]} | value.tags
            value.stale |= name in names and id in about.get(subject, [])

    def get(self) -> None:
        name, id = self.random.choice(list(TAGS)), self.random.choice(IDS)
        found = self.entry(name, id).get()
        self.judge_get(found, self.stored.get((name, id)))
        self.hits += name == "query" and found is not None

    def judge_get(self, found: bytes | None, value: Value | None) -> None:
        assert found == (None if value is None or value.stale else value.text.encode())

    def sweep(self) -> None:
        self.cached.cache.sweep()

    def go(self, steps: int) -> None:
        ways = [
            self.begin,
            self.begin,
            self.populate,
            self.populate,
            self.tell,
            self.get,
            self.get,
            self.sweep,
        ]
        for _ in range(steps):
            self.random.choice(ways)()


class Evicting(Walk):
    """Keys vanish, the clock's too: then a value may be missing, and none may be stale."""

    def judge_populate(self, outcome: str, name: str, id: str, value: Value) -> None:
        assert outcome == "stale" or not value.stale
        if outcome == "stored":
            self.stored[name, id] = value

    def judge_get(self, found: bytes | None, value: Value | None) -> None:
        assert found is None or (value is not None and not value.stale and found == value.text.encode())

    def sweep(self) -> None:
        keys: list[Any] = sorted(self.cached.redis.keys("*"))
        if keys:
            self.cached.redis.delete(self.random.choice(keys))
        clock = [key for key in keys if key.endswith(b"apex:clock")]
        if clock and self.random.random() < 0.1:
            self.cached.redis.delete(*clock)


def _random() -> Random:
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    return Random(seed)


@pytest.mark.parametrize("way", [Walk, Evicting])
def test_a_walk_agrees_with_the_model(cached: Cached, way: type[Walk]) -> None:
    walk = way(cached, _random())
    walk.go(10_000)
    assert walk.hits > 0


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), replicas=1) as running:
        yield running


@pytest.fixture
def clustered(started: RunningCluster) -> Iterator[Cached]:
    with loaded_on(started, contract(tag=TAG, chunk=2)) as found:
        found.redis.flushall()
        yield found


@pytest.mark.parametrize("way", [Walk, Evicting])
def test_a_walk_on_a_cluster_agrees_with_the_model(clustered: Cached, way: type[Walk]) -> None:
    walk = way(clustered, _random())
    walk.go(5_000)
    assert walk.hits > 0


def test_a_walk_goes_on_where_a_replica_takes_over(tmp_path: Path) -> None:
    with (
        cluster(tmp_path, replicas=1) as running,
        loaded_on(running, contract(tag=TAG, chunk=2)) as found,
    ):
        walk = Walk(found, _random())
        walk.go(1_000)
        before = walk.hits
        _replica_takes_over(running)
        walk.go(1_000)
    assert 0 < before < walk.hits


def _replica_takes_over(running: RunningCluster) -> None:
    """Changes the parts of the primary that has the cache and of its replica, as an operator does."""
    slot = int(running.primaries[0].ask("CLUSTER", "KEYSLOT", TAG))
    owner = slot * len(running.primaries) // SLOTS
    replica = running.replicas[owner]
    replica.ask("CLUSTER", "FAILOVER")
    until(lambda: replica.ask("ROLE")[0] == b"master")
    until(lambda: running.primaries[owner].ask("ROLE")[0] == b"slave")
