"""Random walks against a model that knows what each value was made from and what happened since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

import pytest

from .invalidation_kit import Cached, contract, loaded
from .servers import one_at_a_time, standalone

pytestmark = [pytest.mark.live, pytest.mark.slow, *one_at_a_time]

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
        keys = sorted(self.cached.redis.keys("*"))
        if keys:
            self.cached.redis.delete(self.random.choice(keys))
        if self.random.random() < 0.1:
            self.cached.redis.delete("apex:clock")


@pytest.mark.parametrize("way", [Walk, Evicting])
def test_a_walk_agrees_with_the_model(cached: Cached, way: type[Walk]) -> None:
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    walk = way(cached, Random(seed))
    walk.go(10_000)
    assert walk.hits > 0
