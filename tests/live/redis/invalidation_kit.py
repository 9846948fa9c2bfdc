"""A contract of documents, queries and lists of users, its library on a server, and its client module.

def test_a_fact(cached: Cached) -> None:
    cached.cache.document_updated("d1")         # the generated client
    cached.redis.delete("apex:clock")           # behind its back
"""

from __future__ import annotations

import hashlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis

from apexplan_redis.invalidation.client import client_module
from apexplan_redis.invalidation.library import library
from apexplan_redis.invalidation.model import Entry, Event, Invalidation, Placeholder

from .servers import RunningCluster

ID = Placeholder("id", "str", "[^:]+")
REST = Placeholder("rest", "any", ".+")


def contract(*, tag: str = "", **more: Any) -> Invalidation:
    """Returns the contract; all its keys begin with `tag`, such as `{apex}:` for a cluster."""
    more.setdefault("prefix", f"{tag}apex:")
    entries = (
        Entry("doc", "doc:{id}", (f"{tag}doc:", ID), 3600, {"document": "id"}),
        Entry("query", "query:*", (f"{tag}query:", REST), 3600, {}, ("document", "entity")),
        Entry("user_docs", "user:docs:{id}", (f"{tag}user:docs:", ID), 3600, {"user": "id"}, ("document",)),
    )
    events = (
        Event("document_updated", "document", ("doc", "query")),
        Event("document_deleted", "document", ("doc", "query", "user_docs")),
        Event("entity_updated", "entity", ("query",)),
        Event("user_changed", "user", ("user_docs",)),
    )
    return Invalidation("apex_cache", entries, events, **more)


def module_of(invalidation: Invalidation) -> Any:
    """Returns the client module as an application would import it."""
    module = types.ModuleType(f"made_client_{invalidation.digest()[-16:]}")
    sys.modules[module.__name__] = module  # where dataclasses look for the names of their annotations
    exec(compile(client_module(invalidation), "made_client.py", "exec"), module.__dict__)
    return module


@dataclass(frozen=True, slots=True)
class Cached:
    """A server with the library, and what an application has of it."""

    url: str
    redis: redis.Redis | redis.RedisCluster
    module: Any
    cache: Any

    def put_document(self, id: str = "d1", value: str = "value") -> None:
        """Stores a value that may be served."""
        entry = self.cache.doc(id)
        assert entry.populate(value, entry.begin()) == "stored"

    def put_query(self, text: str = "q", **tags: list[str]) -> None:
        """Stores the result of a query, made from `document` and `entity`."""
        entry = self.cache.query(text)
        made_of = {"document": ["d1"], "entity": []} | tags
        assert entry.populate("result", entry.begin(), **made_of) == "stored"

    def versions(self, subject: str, id: str) -> str:
        """Returns the key of the hash with the versions of a tag."""
        return f"apex:versions:{hashlib.sha1(f'{subject}:{id}'.encode()).hexdigest()[:2]}"

    def counters(self) -> dict[str, int]:
        return dict(self.cache.counters())


@contextmanager
def loaded_on(running: RunningCluster, invalidation: Invalidation) -> Iterator[Cached]:
    """Gives a cluster with the library of `invalidation` on all primaries."""
    for primary in running.primaries:
        primary.ask("FUNCTION", "LOAD", "REPLACE", library(invalidation))
    client = redis.RedisCluster(host="127.0.0.1", port=running.primaries[0].port)
    module = module_of(invalidation)
    try:
        yield Cached(running.url, client, module, module.Cache(client))
    finally:
        client.close()


@contextmanager
def loaded(url: str, invalidation: Invalidation) -> Iterator[Cached]:
    """Gives the server at `url` with the library of `invalidation`."""
    client = redis.Redis.from_url(url)
    client.function_load(library(invalidation), replace=True)
    module = module_of(invalidation)
    try:
        yield Cached(url, client, module, module.Cache(client))
    finally:
        client.close()
