"""Audits of more than one server: replicas, and a cluster whose slots move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from apexplan.model.audit import Audit
from apexplan.model.errors import Interrupted
from apexplan.provider import AuditOptions
from apexplan_redis.audit import audit, batch
from apexplan_redis.server import Node, Servers, connect
from apexplan_redis.specs import KeyPattern

from .audit_kit import Kept, Waiting, Watching, audited, connected, declared, kinds, only
from .servers import Running, RunningCluster, cluster, replica_of, server, settings, until
from .test_servers_cluster import moved, refreshed

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


def test_a_replica_is_read_in_the_database_of_the_store(tmp_path: Path) -> None:
    with server(tmp_path / "a") as primary, replica_of(primary, tmp_path / "b") as replica:
        url = primary.url.removesuffix("0") + "3"
        with connected(url, replica_url=replica.url.removesuffix("/0")) as servers:
            servers.primaries[0].call("SET", "doc:1", "v")
            servers.primaries[0].call("WAIT", 1, 5000)
            report = audit(servers, DOCS, AuditOptions(), Watching(), default_rate=0).report
    assert (report.items, report.looked, kinds(report)) == (1, 1, {"no_ttl": 1})


def test_a_replica_that_cannot_be_read_is_told(pair: tuple[Running, Running]) -> None:
    primary, replica = pair
    replica.ask("REPLICAOF", "127.0.0.1", 1)
    report = through(pair)
    assert any(f"{primary.name} itself was read" in one for one in report.remarks)


def test_a_replica_that_misses_its_primary_for_a_moment_is_waited_for(pair: tuple[Running, Running]) -> None:
    primary, replica = pair
    replica.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
    watch = Waiting(
        lambda: replica.ask("REPLICAOF", "127.0.0.1", 1),
        when=5,
        end=lambda: replica.ask("REPLICAOF", "127.0.0.1", primary.port),
    )
    report = through(pair, watch)
    assert "the replica has lost its primary" in watch.waited
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 2})
    assert any(f"{replica.name}, a replica, was read" in one for one in report.remarks)


def test_a_key_that_has_expired_is_not_looked_at_on_a_replica_that_still_has_it(
    pair: tuple[Running, Running],
) -> None:
    primary, replica = pair
    primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    primary.ask("SET", "doc:9999", "v", "PX", 1)
    primary.ask("WAIT", 1, 5000)
    until(lambda: replica.ask("EXISTS", "doc:9999") == 0)
    assert replica.ask("DBSIZE") == MANY + 1
    assert through(pair).looked == MANY


def test_as_many_values_are_read_where_the_replica_dies(pair: tuple[Running, Running]) -> None:
    primary, replica = pair
    contract = declared({"doc:{id}": KeyPattern(value={"type": "object"})})
    with connected(primary.url, replica_url=replica.url) as servers:
        watch = Watching(replica.kill, when=9)
        report = audit(servers, contract, AuditOptions(), watch, default_rate=0).report
    assert only(report).looked == 1000


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
    assert any("on the way to another server" in one for one in report.remarks)


def test_slots_that_went_to_another_server_meanwhile_are_told(
    running: RunningCluster, servers: Servers
) -> None:
    source, target, _ = servers.primaries
    key = alone(servers, source)
    with ExitStack() as stack:
        move = moved(running, servers.slot(key.encode()), source, target, key)
        watch = Watching(lambda: stack.enter_context(move), when=last_heed(running))
        report = audited(running.url, DOCS, watch)
    assert any("1 slot of the cluster went to another server meanwhile" in one for one in report.remarks)


def alone(servers: Servers, holder: Node) -> str:
    """Returns a key that no other shares its slot with."""
    keys = [f"doc:{number}" for number in range(MANY)]
    count = Counter(servers.slot(key.encode()) for key in keys)
    mine = (key for key in keys if servers.holder(key.encode()) is holder)
    return next(key for key in mine if count[servers.slot(key.encode())] == 1)


def last_heed(running: RunningCluster) -> int:
    watch = Watching()
    audited(running.url, DOCS, watch)
    return watch.heeded


def test_a_key_that_moves_while_an_audit_is_stopped_is_counted_once(
    running: RunningCluster, servers: Servers
) -> None:
    source, _, target = servers.primaries
    kept, key = Kept(), alone(servers, source)
    with pytest.raises(Interrupted):
        audited(running.url, DOCS, Watching(stops=True, when=last_heed(running) // 2), checkpoint=kept)
    with moved(running, servers.slot(key.encode()), source, target, key):
        report = audited(running.url, DOCS, checkpoint=kept)
    assert (report.resumed, report.looked, kinds(report)) == (True, MANY, {"no_ttl": MANY // 2})
    assert sum("has other slots than before" in one for one in report.remarks) == 2


def test_a_failover_meanwhile_moves_no_key(tmp_path: Path) -> None:
    with cluster(tmp_path, primaries=3, replicas=1) as running, connected(running.url) as servers:
        filled(servers)
        for primary in servers.primaries:
            primary.call("WAIT", 1, 5000)
        first = running.replicas[0]
        watch = Watching(lambda: first.ask("CLUSTER", "FAILOVER", "TAKEOVER"), when=5)
        report = audited(running.url, DOCS, watch)
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 2})
    assert not any("went to another server" in one for one in report.remarks)


def test_after_a_failover_a_stopped_audit_counts_each_key_once(tmp_path: Path) -> None:
    kept = Kept()
    with cluster(tmp_path, primaries=3, replicas=1) as running, connected(running.url) as servers:
        filled(servers)
        former, promoted = running.primaries[0], running.replicas[0]
        with pytest.raises(Interrupted):
            audited(running.url, DOCS, Watching(stops=True, when=last_heed(running) // 2), checkpoint=kept)
        promoted.ask("CLUSTER", "FAILOVER", "TAKEOVER")
        until(lambda: refreshed(servers, former.name))
        report = audited(running.url, DOCS, checkpoint=kept)
    assert (report.resumed, report.looked, kinds(report)) == (True, MANY, {"no_ttl": MANY // 2})
    assert any(f"{former.name} is no primary any more" in one for one in report.remarks)
