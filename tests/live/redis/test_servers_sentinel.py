"""Sentinels are asked where the primary is, each time a connection to it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apexplan.model.errors import AccessDenied, StoreError, StoreUnreachable
from apexplan_redis.server import Servers, connect

from .servers import Running, hasty, replica_of, sentinel, server, settings, until

pytestmark = [pytest.mark.live, pytest.mark.slow]


@dataclass
class Watched:
    primary: Running
    replica: Running
    sentinels: list[Running]

    @property
    def url(self) -> str:
        return "redis+sentinel://" + ",".join(each.name for each in self.sentinels) + "/cache"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with (
        server(tmp_path / "primary") as primary,
        replica_of(primary, tmp_path / "replica") as replica,
        sentinel(primary, tmp_path, count=3) as sentinels,
    ):
        yield Watched(primary, replica, sentinels)


def test_the_primary_is_found_and_the_replica_is_its_reader(watched: Watched) -> None:
    servers = connect("cache", settings(watched.url))
    assert [node.name for node in servers.nodes] == [watched.primary.name, watched.replica.name]
    assert servers.reader(servers.primaries[0]).name == watched.replica.name
    servers.close()


def test_of_two_replicas_the_preferred_one_is_the_reader(tmp_path: Path) -> None:
    with (
        server(tmp_path / "primary") as primary,
        replica_of(primary, tmp_path / "a") as one,
        replica_of(primary, tmp_path / "b") as two,
        sentinel(primary, tmp_path) as sentinels,
    ):
        servers = connect("cache", settings(f"redis+sentinel://{sentinels[0].name}/cache"))
        until(lambda: knows_replicas(servers, 2))
        readers = [servers.reader(servers.primaries[0], each.name).name for each in (one, two, one)]
        assert readers == [one.name, two.name, one.name]
        servers.close()


def knows_replicas(servers: Servers, count: int) -> bool:
    """Says whether the sentinel has connected to so many: before, it tells them as disconnected."""
    servers.refresh()
    return len(servers.replicas(servers.primaries[0])) == count


def test_a_failover_is_followed(watched: Watched) -> None:
    servers = connect("cache", settings(watched.url))
    primary = servers.primaries[0]
    primary.call("SET", "k", "v")
    primary.call("WAIT", 1, 5000)
    hasty(watched.sentinels)
    watched.primary.kill()
    with pytest.raises(StoreUnreachable):
        primary.call("GET", "k")
    until(lambda: primary.call("SET", "after", 1) == b"OK")
    assert (primary.name, primary.call("GET", "k")) == (watched.replica.name, b"v")
    servers.close()


def test_one_sentinel_of_three_is_enough(watched: Watched) -> None:
    for each in watched.sentinels[:2]:
        each.kill()
    servers = connect("cache", settings(watched.url))
    assert servers.primaries[0].name == watched.primary.name
    servers.close()


def test_a_service_that_no_sentinel_knows_is_told(watched: Watched) -> None:
    with pytest.raises(StoreUnreachable, match="names a primary of the service other") as caught:
        connect("cache", settings(watched.url.replace("/cache", "/other")))
    assert "SENTINEL MASTERS" in caught.value.mend


def test_no_sentinel_at_all_is_told() -> None:
    with pytest.raises(StoreUnreachable, match="no sentinel answers"):
        connect("cache", settings("redis+sentinel://127.0.0.1:1,127.0.0.1:2/cache"))


def test_a_plain_server_is_no_sentinel(watched: Watched) -> None:
    with pytest.raises(StoreError, match="of the kind standalone, not sentinel"):
        connect("cache", settings(f"redis+sentinel://{watched.primary.name}/cache"))


def test_a_sentinel_at_a_plain_url_is_refused(watched: Watched) -> None:
    with pytest.raises(StoreError) as caught:
        connect("cache", settings(watched.sentinels[0].url))
    assert "redis+sentinel://" in caught.value.mend


def test_a_sentinel_that_may_not_be_asked_is_told(watched: Watched) -> None:
    watched.sentinels[0].ask("ACL", "SETUSER", "sue", "on", ">of-sentinel", "+ping")
    one = f"redis+sentinel://{watched.sentinels[0].name}/cache"
    with pytest.raises(AccessDenied, match="may not run SENTINEL"):
        connect("cache", settings(one, sentinel_username="sue", sentinel_password="of-sentinel"))


def test_sentinels_and_servers_have_passwords_of_their_own(watched: Watched) -> None:
    watched.primary.ask("ACL", "SETUSER", "alice", "on", ">of-data", "~*", "+@all")
    watched.sentinels[0].ask("ACL", "SETUSER", "sue", "on", ">of-sentinel", "+@all")
    servers = connect(
        "cache",
        settings(
            f"redis+sentinel://alice:of-data@{watched.sentinels[0].name}/cache",
            sentinel_username="sue",
            sentinel_password="of-sentinel",
        ),
    )
    assert servers.primaries[0].call("ACL", "WHOAMI") == b"alice"
    servers.close()
