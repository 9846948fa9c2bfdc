"""A cluster: who has a key, and what happens when its slot goes elsewhere."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apexplan.model.errors import StoreError, Transient
from apexplan_redis.server import Node, Servers, connect
from apexplan_redis.server.slots import Layout, Shard, without_slots
from apexplan_redis.server.url import Place

from .bench import Bench, applied, objects
from .servers import Running, RunningCluster, cluster, server, settings, until

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """One cluster for all tests that leave its slots as they are, or put them back."""
    with cluster(tmp_path_factory.mktemp("cluster"), primaries=3, replicas=1) as started:
        yield started


@pytest.fixture
def servers(running: RunningCluster) -> Iterator[Servers]:
    found = connect("cache", settings(running.url))
    for primary in found.primaries:
        primary.call("FLUSHALL")
    yield found
    found.close()


def test_all_primaries_are_found_through_one_server(running: RunningCluster) -> None:
    servers = connect("cache", settings(f"redis+cluster://{running.replicas[0].name}"))
    assert {node.name for node in servers.primaries} == {each.name for each in running.primaries}
    servers.close()


def test_a_dead_seed_does_not_matter(running: RunningCluster) -> None:
    servers = connect("cache", settings(f"redis+cluster://127.0.0.1:1,{running.primaries[1].name}"))
    assert len(servers.primaries) == 3
    servers.close()


def test_a_primary_without_slots_is_the_last_of_the_primaries(tmp_path: Path) -> None:
    with cluster(tmp_path / "c", primaries=2) as running, joined(running, tmp_path / "a") as empty:
        servers = connect("cache", settings(running.url))
        names = [node.name for node in servers.primaries]
        assert (set(names[:-1]), names[-1]) == ({each.name for each in running.primaries}, empty.name)
        assert servers.slots_of(servers.primaries[-1]) == ()
        servers.close()


def test_a_replica_of_a_primary_without_slots_is_among_the_nodes(tmp_path: Path) -> None:
    with (
        cluster(tmp_path / "c", primaries=1) as running,
        joined(running, tmp_path / "a") as empty,
        joined(running, tmp_path / "b") as replica,
    ):
        until(lambda: bool(replica.ask("CLUSTER", "REPLICATE", identity(empty))))
        until(lambda: replica.name in nodes_of(running))
        assert nodes_of(running) == {running.primaries[0].name, empty.name, replica.name}


def test_a_primary_without_slots_that_has_failed_is_done_without(tmp_path: Path) -> None:
    with cluster(tmp_path / "c", primaries=3) as running, joined(running, tmp_path / "a") as empty:
        empty.kill()
        until(lambda: len(nodes_of(running)) == 3)


def test_an_apply_reaches_a_primary_without_slots_and_a_drift_looks_there(tmp_path: Path) -> None:
    wished = objects("keys: {'doc:{id}': {type: string}}\nconfig: {slowlog-max-len: 99}\n")
    with cluster(tmp_path / "c", primaries=2) as running, joined(running, tmp_path / "a") as empty:
        bench = Bench(url=running.url)
        applied(bench.apply(wished))
        assert "apexplan_contract" in str(empty.ask("FUNCTION", "LIST"))
        assert empty.ask("CONFIG", "GET", "slowlog-max-len") == {b"slowlog-max-len": b"99"}
        assert bench.plan(wished).empty
        empty.ask("CONFIG", "SET", "slowlog-max-len", 5)
        assert [str(change.address) for change in bench.plan(wished).changes] == [
            "cache.config.slowlog-max-len"
        ]


@pytest.mark.parametrize(
    ("more", "tls", "place"),
    [
        ({b"endpoint": b"10.0.0.1"}, False, Place("10.0.0.1", 7005)),
        ({b"endpoint": b"10.0.0.1", b"tls-port": 7006}, True, Place("10.0.0.1", 7006)),
        ({b"endpoint": b""}, False, Place("home", 7005)),
        ({b"endpoint": b"?"}, False, Place("10.0.0.9", 7005)),
    ],
)
def test_a_primary_without_slots_is_where_its_shard_says(
    more: dict[bytes, object], tls: bool, place: Place
) -> None:
    node = {b"id": b"a", b"ip": b"10.0.0.9", b"port": 7005, b"role": b"master", b"health": b"online", **more}
    answer = [{b"slots": [0, 9], b"nodes": [node]}, {b"slots": [], b"nodes": [node]}]
    assert without_slots(answer, Place("home", 1), tls=tls) == (Shard(place),)


def test_a_slot_that_went_to_its_holders_replica_has_not_moved() -> None:
    replicas = {"a": frozenset({"b"}), "c": frozenset[str]()}
    before = Layout(["a", "a", "a", "c", None, "c"], replicas)
    assert before.moved(Layout(["a", "b", "c", "a", "a", None], {})) == 2


def nodes_of(running: RunningCluster) -> set[str]:
    servers = connect("cache", settings(running.url))
    try:
        return {node.name for node in servers.nodes}
    finally:
        servers.close()


@contextmanager
def joined(running: RunningCluster, directory: Path) -> Iterator[Running]:
    """A server that has joined the cluster, and was given nothing."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    with server(directory, *options, mode="cluster") as each:
        each.ask("CLUSTER", "MEET", "127.0.0.1", running.primaries[0].port)
        until(lambda: all(knows(one, each) and knows(each, one) for one in running.primaries))
        until(lambda: b"cluster_state:ok\r" in each.ask("CLUSTER", "INFO"))
        yield each


def knows(one: Running, other: Running) -> bool:
    """Says whether `one` has shaken hands with `other`: before, it has an identity of its own making."""
    told: bytes = one.ask("CLUSTER", "NODES")
    return identity(other) in told


def test_replicas_follow_the_primaries_among_the_nodes(servers: Servers) -> None:
    assert [node.role for node in servers.nodes] == ["primary"] * 3 + ["replica"] * 3


def test_slots_are_counted_as_the_server_counts_them(servers: Servers) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    keys = [bytes(rng.choices(b"{}ab:\x00\xff", k=rng.randrange(12))) for _ in range(500)]
    keys += [b"", b"{}", b"{}x", b"x{}y{z}", b"{user}:1", b"{user}:2", b"a{b}c{d}", b"{{a}}", b"}{"]
    told = servers.primaries[0].call_many([("CLUSTER", "KEYSLOT", key) for key in keys])
    assert [servers.slot(key) for key in keys] == told


def test_the_holder_of_a_key_takes_it_without_a_redirection(servers: Servers) -> None:
    keys = [f"key:{number}".encode() for number in range(200)]
    answers = [raw(servers.holder(key), "SET", key, 1) for key in keys]
    assert answers == [b"OK"] * 200
    assert {servers.holder(key) for key in keys} == set(servers.primaries)


def raw(node: Node, *command: str | bytes | int) -> object:
    return node.exchange([command])[0]


def test_a_command_at_the_wrong_server_is_sent_on(servers: Servers) -> None:
    servers.holder(b"k").call("SET", "k", "v")
    assert [node.call("GET", "k") for node in servers.primaries] == [b"v"] * 3


def test_a_pipeline_across_servers_gives_each_answer_at_its_place(servers: Servers) -> None:
    keys = [f"key:{number}" for number in range(50)]
    node = servers.primaries[0]
    node.call_many([("SET", key, key) for key in keys])
    assert node.call_many([("GET", key) for key in keys]) == [key.encode() for key in keys]


def test_a_key_whose_slot_moved_is_followed_to_its_new_holder(
    running: RunningCluster, servers: Servers
) -> None:
    former = servers.holder(b"moving")
    former.call("SET", "moving", "v")
    target = next(node for node in servers.primaries if node is not former)
    with moved(running, servers.slot(b"moving"), former, target, "moving"):
        assert former.call("GET", "moving") == b"v"
        assert servers.holder(b"moving") is target


def test_a_key_that_is_on_its_way_is_asked_for_where_it_goes(
    running: RunningCluster, servers: Servers
) -> None:
    former = servers.holder(b"asked")
    target = next(node for node in servers.primaries if node is not former)
    with migrating(running, servers.slot(b"asked"), former, target):
        assert former.call("SET", "asked", "v") == b"OK"
        assert servers.holder(b"asked") is former
        assert target.exchange([("ASKING",), ("GET", "asked")])[1] == b"v"
        target.exchange([("ASKING",), ("DEL", "asked")])


def test_two_keys_of_which_one_has_left_are_to_be_tried_again(
    running: RunningCluster, servers: Servers
) -> None:
    former = servers.holder(b"{half}")
    former.call("SET", "{half}1", 1)
    target = next(node for node in servers.primaries if node is not former)
    with (
        migrating(running, servers.slot(b"{half}"), former, target),
        pytest.raises(Transient) as caught,
    ):
        former.call("MGET", "{half}1", "{half}2")
    assert caught.value.code == "TRYAGAIN"


def test_keys_of_different_slots_in_one_command_are_refused(servers: Servers) -> None:
    with pytest.raises(StoreError) as caught:
        servers.primaries[0].call("MGET", "a", "b", "c")
    assert (caught.value.code, "hash tag" in caught.value.mend) == ("CROSSSLOT", True)


def test_a_replica_is_the_reader_of_its_own_primary_alone(running: RunningCluster, servers: Servers) -> None:
    primary = servers.primaries[1]
    reader = servers.reader(primary)
    followed = reader.call("INFO", "replication").decode()
    assert f"master_port:{primary.name.rpartition(':')[2]}\r" in followed


def test_a_reader_reads_keys_of_its_primary_by_itself(servers: Servers) -> None:
    primary = servers.holder(b"read")
    primary.call("SET", "read", "v")
    primary.call("WAIT", 1, 5000)
    assert raw(servers.reader(primary), "GET", "read") == b"v"


def test_the_wire_of_a_reader_reads_there_too(servers: Servers) -> None:
    primary = servers.holder(b"read")
    primary.call("SET", "read", "v")
    primary.call("WAIT", 1, 5000)
    with servers.reader(primary).wire() as wire:
        wire.send(b"*2\r\n$3\r\nGET\r\n$4\r\nread\r\n")
        assert wire.read() == b"v"


def test_a_primary_that_failed_over_is_found_again(tmp_path: Path) -> None:
    with cluster(tmp_path, primaries=3, replicas=1) as running:
        servers = connect("cache", settings(running.url))
        former = servers.primaries[0]
        replica = servers.reader(former)
        replica.call("CLUSTER", "FAILOVER")
        until(lambda: refreshed(servers, former.name))
        assert replica.name in {node.name for node in servers.primaries}
        servers.close()


def refreshed(servers: Servers, gone: str) -> bool:
    servers.refresh()
    return gone not in {node.name for node in servers.primaries}


def test_a_cluster_without_slots_is_down(tmp_path: Path) -> None:
    one = server(tmp_path, "--cluster-enabled", "yes", mode="cluster")
    with one as running, pytest.raises(Transient, match="no server of the cluster has a slot"):
        connect("cache", settings(f"redis+cluster://{running.name}"))


def test_a_slot_that_nobody_has_is_named(tmp_path: Path) -> None:
    with server(tmp_path, "--cluster-enabled", "yes", mode="cluster") as running:
        running.ask("CLUSTER", "ADDSLOTSRANGE", 0, 10)
        servers = connect("cache", settings(f"redis+cluster://{running.name}"))
        with pytest.raises(Transient, match=f"slot {servers.slot(b'foo')}"):
            servers.holder(b"foo")
        servers.close()


def test_a_cluster_server_at_a_plain_url_is_refused(running: RunningCluster) -> None:
    with pytest.raises(StoreError) as caught:
        connect("cache", settings(running.primaries[0].url))
    assert "redis+cluster://" in caught.value.mend


def test_a_plain_server_at_a_cluster_url_is_refused(tmp_path: Path) -> None:
    with server(tmp_path) as plain, pytest.raises(StoreError) as caught:
        connect("cache", settings(f"redis+cluster://{plain.name}"))
    assert "redis://" in caught.value.mend


def among(running: RunningCluster, node: Node) -> Running:
    return next(each for each in running.primaries if each.name == node.name)


@contextmanager
def migrating(running: RunningCluster, slot: int, source: Node, target: Node) -> Iterator[None]:
    """A slot on its way from one primary to another, and back in its place afterwards."""
    giver, taker = among(running, source), among(running, target)
    announce(slot, giver, taker)
    try:
        yield
    finally:
        for each in (giver, taker):
            each.ask("CLUSTER", "SETSLOT", slot, "STABLE")


@contextmanager
def moved(running: RunningCluster, slot: int, source: Node, target: Node, key: str) -> Iterator[None]:
    """A slot that went with its only key, and is brought back afterwards."""
    giver, taker = among(running, source), among(running, target)
    carry(running, slot, giver, taker, key)
    try:
        yield
    finally:
        carry(running, slot, taker, giver, key)


def announce(slot: int, giver: Running, taker: Running) -> None:
    taker.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", identity(giver))
    giver.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", identity(taker))


def carry(running: RunningCluster, slot: int, giver: Running, taker: Running, key: str) -> None:
    announce(slot, giver, taker)
    giver.ask("MIGRATE", "127.0.0.1", taker.port, key, 0, 5000)
    for each in (taker, giver, *running.primaries):
        each.ask("CLUSTER", "SETSLOT", slot, "NODE", identity(taker))


def identity(each: Running) -> bytes:
    told = each.ask("CLUSTER", "MYID")
    assert isinstance(told, bytes)
    return told
