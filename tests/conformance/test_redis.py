"""The suite that every provider passes, on a real Redis and on a real cluster of three."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pytest

from apexplan.engine.survey import StoreConfig
from apexplan.model.address import Address
from apexplan.model.plan import HazardKind
from apexplan.model.spec import Spec
from apexplan.testing.chaos import Life, Mishap
from apexplan.testing.conformance import Case, ProviderSuite, declared
from apexplan_redis.connection import RedisSettings
from apexplan_redis.document.values import unsaid
from apexplan_redis.names import group_address
from apexplan_redis.provider import PROVIDER
from apexplan_redis.specs import Config, Group, KeyPattern, Keyspace, Library, Stream, User
from tests.live.redis import servers

pytestmark = pytest.mark.live

STORE = "cache"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def at(kind: str, name: str) -> Address:
    return Address(STORE, kind, name)


def pattern(**values: Any) -> KeyPattern:
    return KeyPattern.model_validate({**unsaid(), **values})


def library(name: str, answer: int) -> Library:
    function = f"redis.register_function('{name}_answer', function() return {answer} end)"
    return Library(code=f"#!lua name={name}\n{function}\n")


def user(**values: Any) -> User:
    nothing: dict[str, Any] = {"enabled": True, "nopass": False, "passwords": (HASH,), "selectors": ()}
    return User.model_validate({**nothing, "commands": "", "keys": "", "channels": "", **values})


DOC = at("pattern", "doc:{id}")
JOBS = at("stream", "jobs")
WORKERS = group_address(STORE, "jobs", "workers")
EVERYTHING: Mapping[Address, Spec] = {
    DOC: pattern(type="string", ttl="required", ttl_max_s=3600, owner="docs", examples=("doc:1",)),
    at("pattern", "q:*"): pattern(type="hash", fields={"value": "required"}, value={"type": "object"}),
    at("keyspace", "keys"): Keyspace(undeclared="report", findings=None),
    at("config", "maxmemory"): Config(value="104857600"),
    at("config", "notify-keyspace-events"): Config(value="AKE"),
    at("user", "app"): user(commands="+@read +get -@dangerous", keys="~doc:* %R~q:*", channels="&stale"),
    at("library", "lib"): library("lib", 1),
    JOBS: Stream(),
    WORKERS: Group(start="0"),
}
OTHERWISE: Mapping[Address, Spec] = {
    DOC: pattern(type="hash", ttl="optional", ttl_max_s=60, owner="docs", examples=("doc:2",)),
    at("pattern", "q:*"): pattern(type="string", max_bytes=1000),
    at("keyspace", "keys"): Keyspace(undeclared="allow", findings=None),
    at("config", "maxmemory"): Config(value="209715200"),
    at("config", "notify-keyspace-events"): Config(value="xE"),
    at("user", "app"): user(enabled=True, commands="+@write", keys="~*", selectors=("+get ~x:*",)),
    at("library", "lib"): library("lib", 2),
    JOBS: Stream(),
    WORKERS: Group(start="0"),
}


def fill(config: StoreConfig) -> None:
    """Puts entries into the stream, of which a consumer has one that it has not confirmed."""
    assert isinstance(config.settings, RedisSettings)
    with PROVIDER.connect(STORE, config.settings) as session:
        node = session.servers.holder(b"jobs")
        for number in range(3):
            node.call("XADD", "jobs", f"{number + 1}-0", "n", number)
        node.call("XREADGROUP", "GROUP", "workers", "ann", "COUNT", 1, "STREAMS", "jobs", ">")


ADOPTS = frozenset({HazardKind.ADOPTS_UNMANAGED})
"""Parameters, and the user default, are there before anybody declares them."""
CASES = (
    Case("everything-there-is", {}, declared(EVERYTHING), ADOPTS),
    Case("everything-otherwise", declared(EVERYTHING), declared(OTHERWISE)),
    Case(
        "everything-goes",
        declared(EVERYTHING),
        {},
        frozenset({HazardKind.DOWNTIME, HazardKind.DELETES_DATA}),
        fill=fill,
    ),
    Case(
        "a-group-goes-with-what-is-pending",
        declared({JOBS: Stream(), WORKERS: Group(start="0")}),
        declared({JOBS: Stream()}),
        frozenset({HazardKind.DELETES_DATA}),
        fill=fill,
    ),
    Case(
        "a-new-pattern-beside-another",
        declared({DOC: EVERYTHING[DOC]}),
        declared({DOC: EVERYTHING[DOC], at("pattern", "s:{id:uuid}"): pattern(ttl="required", ttl_max_s=9)}),
    ),
    Case(
        "a-keyword-goes-out-of-a-schema",
        declared({DOC: pattern(value={"type": "object", "required": ["text"]})}),
        declared({DOC: pattern(value={"type": "object"})}),
    ),
    Case(
        "the-user-default-is-bound",
        {},
        declared({at("user", "default"): User(commands="+@all -@dangerous +acl +config +function +info")}),
        ADOPTS,
    ),
)


class TestRedis(ProviderSuite):
    """One server."""

    provider = PROVIDER
    cases: ClassVar[tuple[Case, ...]] = CASES

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self._directory, self._number = tmp_path, 0

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        self._number += 1  # a server writes its file anew: each gets its own
        with servers.server(self._directory / str(self._number)) as running:
            yield StoreConfig(STORE, PROVIDER, servers.settings(running.url))


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RunningCluster]:
    """One cluster for all cases: it takes seconds until its servers agree."""
    with servers.cluster(tmp_path_factory.mktemp("cluster"), primaries=3, replicas=1) as running:
        yield running


@pytest.mark.slow
class TestRedisCluster(ProviderSuite):
    """Three primaries, each with a replica: parameters and users are the same on all six."""

    provider = PROVIDER
    cases: ClassVar[tuple[Case, ...]] = CASES

    @pytest.fixture(autouse=True)
    def _running(self, clustered: servers.RunningCluster) -> None:
        self._cluster = clustered

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        for each in (*self._cluster.primaries, *self._cluster.replicas):
            _forget_settings(each)
        for each in self._cluster.primaries:
            each.ask("FLUSHALL")
            each.ask("FUNCTION", "FLUSH")
        yield StoreConfig(STORE, PROVIDER, servers.settings(self._cluster.url))

    def mishaps(self, life: Life) -> Iterator[Mishap]:
        """Every tenth: what a mishap does is shown on one server, how many there are matters little."""
        return islice(super().mishaps(life), 0, None, 10)


def _forget_settings(each: servers.Running) -> None:
    """Makes users and parameters those of a new server. The user default first: a case binds it."""
    each.ask("ACL", "SETUSER", "default", "reset", "on", "nopass", "allkeys", "allchannels", "+@all")
    each.ask("ACL", "DELUSER", "app")
    each.ask("CONFIG", "SET", "maxmemory", "0", "notify-keyspace-events", "")
