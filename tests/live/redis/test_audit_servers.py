"""Audits of more than one server: replicas, and a cluster whose slots move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from apexplan.model.audit import Audit
from apexplan.model.errors import Interrupted
from apexplan.provider import AuditOptions
from apexplan_redis.audit import audit, batch
from apexplan_redis.server import Servers, connect
from apexplan_redis.specs import KeyPattern

from .audit_kit import Kept, Watching, audited, connected, declared, kinds, only
from .servers import Running, RunningCluster, cluster, replica_of, server, settings
from .test_servers_cluster import moved

pytestmark = [pytest.mark.live, pytest.mark.slow]

DOCS = declared({"doc:{id:int}": KeyPattern(type="string", ttl="required")})
MANY = 3000


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "AGAIN_S", 0.0)


def filled(servers: Servers) -> None:
    """Writes keys of which every second one has no TTL."""
    for primary in servers.primaries:
        primary.call("FLUSHALL")
    for number in range(MANY):
        ttl = ("EX", 60) if number % 2 else ()
        key = f"doc:{number}"
        servers.holder(key.encode()).call("SET", key, "v", *ttl)


# ── a replica ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Running, Running]]:
    with (
        server(tmp_path / "primary") as primary,
        replica_of(primary, tmp_path / "replica") as replica,
        connected(primary.url) as servers,
    ):
        filled(servers)
        servers.primaries[0].call("WAIT", 1, 5000)
        yield primary, replica


def through(pair: tuple[Running, Running], watch: Watching | None = None, kept: Kept | None = None) -> Audit:
    primary, replica = pair
    with connected(primary.url, replica_url=replica.url) as servers:
        options = AuditOptions(checkpoint=kept)
        return audit(servers, DOCS, options, watch or Watching(), default_rate=0).report


def test_a_replica_is_read_and_the_primary_counts_nothing(pair: tuple[Running, Running]) -> None:
    primary, replica = pair
    primary.ask("CONFIG", "RESETSTAT")
    report = through(pair)
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 2})
    assert b"keyspace_hits:0\r" in primary.ask("INFO", "stats")
    assert any(f"{replica.name}, a replica, was read" in one for one in report.remarks)


def test_where_the_replica_dies_the_primary_is_asked_from_the_beginning(
    pair: tuple[Running, Running],
) -> None:
    primary, replica = pair
    report = through(pair, Watching(replica.kill, when=6))
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 2})
    assert any(f"{primary.name} was asked instead" in one for one in report.remarks)


def test_progress_on_a_replica_is_none_on_the_primary(pair: tuple[Running, Running]) -> None:
    kept = Kept()
    with pytest.raises(Interrupted):
        through(pair, Watching(stops=True, when=6), kept)
    report = audited(pair[0].url, DOCS, checkpoint=kept)
    assert (report.resumed, report.looked) == (False, MANY)


def test_a_replica_that_is_the_store_is_audited(pair: tuple[Running, Running]) -> None:
    report = audited(pair[1].url, DOCS)
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 2})


# ── a cluster ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), primaries=3) as started:
        yield started


@pytest.fixture
def servers(running: RunningCluster) -> Iterator[Servers]:
    found = connect("cache", settings(running.url))
    filled(found)
    yield found
    found.close()


def test_every_primary_of_a_cluster_is_walked(running: RunningCluster, servers: Servers) -> None:
    watch = Watching()
    report = audited(running.url, DOCS, watch)
    assert (report.items, report.looked, kinds(report)) == (MANY, MANY, {"no_ttl": MANY // 2})
    assert watch.told[-1] == (MANY, MANY, "keys")


def test_the_hits_of_all_primaries_are_counted(running: RunningCluster, servers: Servers) -> None:
    report = audited(running.url, DOCS)
    assert f"added {2 * MANY + MANY // 2:,} to keyspace_hits" in report.remarks[-1]
    assert "others made 0 hits and 0 misses" in report.remarks[-1]


@pytest.mark.parametrize("when", [2, 7, 12])
def test_a_stopped_audit_of_a_cluster_goes_on(running: RunningCluster, servers: Servers, when: int) -> None:
    kept = Kept()
    with pytest.raises(Interrupted):
        audited(running.url, DOCS, Watching(stops=True, when=when), checkpoint=kept)
    report = audited(running.url, DOCS, checkpoint=kept)
    assert (report.resumed, report.looked, kinds(report)) == (True, MANY, {"no_ttl": MANY // 2})


def test_a_sample_of_a_cluster_takes_its_share_of_each(running: RunningCluster, servers: Servers) -> None:
    report = audited(running.url, DOCS, sample=600)
    assert 540 <= report.looked <= 660


def test_a_key_whose_slot_moves_meanwhile_is_looked_at_where_it_went(
    running: RunningCluster, servers: Servers
) -> None:
    source, target, _ = servers.primaries
    key = next(one for one in (f"doc:{n}" for n in range(MANY)) if servers.holder(one.encode()) is source)
    for primary in servers.primaries:
        primary.call("FLUSHALL")
    source.call("SET", key, "v")
    with ExitStack() as stack:
        slot = servers.slot(key.encode())
        watch = Watching(
            lambda: stack.enter_context(moved(running, slot, source, target, key)),
            when=1,  # the first primary has told the key, and nothing was asked about it
        )
        report = audited(running.url, DOCS, watch)
    assert only(report).samples[0] == key
    assert any("on their way to another server" in one for one in report.remarks)
