"""Commands, pipelines and wires of one server, and what becomes of them when it says no or goes away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from apexplan.model.errors import AccessDenied, Ambiguous, StoreError, StoreUnreachable, Unsupported
from apexplan_redis.errors import Busy, ReadOnly
from apexplan_redis.server import Node, Servers, connect
from apexplan_redis.server.wire import packed

from .servers import Running, replica_of, server, settings, until

pytestmark = [pytest.mark.live]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with server(tmp_path / "server", "--busy-reply-threshold", "50") as started:
        yield started


@pytest.fixture
def servers(running: Running) -> Iterator[Servers]:
    found = connect("cache", settings(running.url))
    yield found
    found.close()


@pytest.fixture
def node(servers: Servers) -> Node:
    return servers.primaries[0]


def test_answers_are_raw(node: Node) -> None:
    node.call_many([("HSET", "h", "f", b"\xff"), ("ZADD", "z", 1.5, "m"), ("SADD", "s", "a")])
    told = node.call_many(
        [("HGETALL", "h"), ("ZSCORE", "z", "m"), ("SMEMBERS", "s"), ("GET", "no"), ("HLEN", "h"), ("PING",)]
    )
    assert told == [{b"f": b"\xff"}, 1.5, [b"a"], None, 1, b"PONG"]


def test_arguments_of_every_kind_arrive_whole(node: Node) -> None:
    node.call("RPUSH", b"\x00\xff", "é", 7, 0.1, b"a\r\nb")
    assert node.call("LRANGE", b"\x00\xff", 0, -1) == ["é".encode(), b"7", b"0.1", b"a\r\nb"]


def test_a_pipeline_gives_each_answer_or_its_error(node: Node) -> None:
    told = node.call_many([("SET", "k", "v"), ("HGET", "k", "f"), ("GET", "k")])
    assert (told[0], told[2], type(told[1]), told[1].code) == (b"OK", b"v", StoreError, "WRONGTYPE")


def test_an_empty_pipeline_has_no_answers(node: Node) -> None:
    assert node.call_many([]) == []


def test_an_error_names_the_command_and_no_argument(node: Node) -> None:
    node.call("SET", "k", "v")
    with pytest.raises(StoreError) as caught:
        node.call("HSET", "k", "field", "secret")
    assert (
        str(caught.value) == "cache: HSET: the key holds another type than this command works on [WRONGTYPE]"
    )


def test_a_password_that_a_server_quotes_is_not_passed_on(node: Node) -> None:
    with pytest.raises(StoreError) as caught:
        node.call("ACL", "SETUSER", "carol", "zz>secret")
    assert "secret" not in str(caught.value)


def test_an_unknown_command_is_unsupported(node: Node) -> None:
    with pytest.raises(Unsupported, match="NOSUCH: "):
        node.call("NOSUCH", "secret")


def test_a_command_that_the_user_may_not_run_is_told_with_the_right_it_needs(running: Running) -> None:
    running.ask("ACL", "SETUSER", "bob", "on", ">pw", "~b:*", "+get", "+hello")
    servers = connect("cache", settings(running.url, username="bob", password="pw"))
    with pytest.raises(AccessDenied) as caught:
        servers.primaries[0].call("CONFIG", "GET", "hz")
    assert caught.value.mend == "ACL SETUSER bob +config|get"
    servers.close()


def test_a_key_that_the_user_may_not_touch_is_told(running: Running) -> None:
    running.ask("ACL", "SETUSER", "bob", "on", ">pw", "~b:*", "+get")
    servers = connect("cache", settings(running.url, username="bob", password="pw"))
    with pytest.raises(AccessDenied, match="may not touch this key"):
        servers.primaries[0].call("GET", "a:1")
    servers.close()


def test_a_primary_that_stepped_down_is_left_when_it_refuses_a_write(running: Running, node: Node) -> None:
    former = node.call("CLIENT", "ID")
    running.ask("REPLICAOF", "127.0.0.1", 1)
    with pytest.raises(ReadOnly):
        node.call("SET", "k", "v")
    assert (node.call("CLIENT", "ID") == former, node.role) == (False, "replica")


def test_a_replica_takes_no_writes(running: Running, tmp_path: Path) -> None:
    with replica_of(running, tmp_path / "replica") as replica:
        servers = connect("cache", settings(replica.url))
        with pytest.raises(ReadOnly) as caught:
            servers.primaries[0].call("SET", "k", "v")
        assert "primary" in caught.value.mend
        servers.close()


def test_a_server_in_a_script_is_busy(running: Running, node: Node) -> None:
    node.call("PING")
    with looping(running), pytest.raises(Busy) as caught:
        node.call("GET", "k")
    assert "SCRIPT KILL" in caught.value.mend


def test_a_busy_server_is_connected_to_and_says_so(running: Running) -> None:
    with looping(running):
        servers = connect("cache", settings(running.url))
        with pytest.raises(Busy):
            servers.primaries[0].call("GET", "k")
        servers.close()


@contextmanager
def looping(running: Running) -> Iterator[None]:
    """A script without an end, run from another connection until the server calls itself busy, and killed
    afterwards."""

    def loop() -> None:
        with suppress(StoreError):
            running.ask("EVAL", "while true do end", 0)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        until(lambda: is_busy(running))
        yield
    finally:
        running.ask("SCRIPT", "KILL")
        thread.join()


def is_busy(running: Running) -> bool:
    try:
        running.ask("GET", "k")
    except Busy:
        return True
    return False


def test_a_dead_server_is_unreachable(running: Running, node: Node) -> None:
    node.call("PING")
    running.kill()
    with pytest.raises(StoreUnreachable):
        node.call("PING")


def test_what_a_server_did_before_it_died_is_ambiguous(running: Running, node: Node) -> None:
    killing(running, node)
    with pytest.raises(Ambiguous, match="was lost"):
        node.call("BLPOP", "nothing", 0)


def test_of_a_pipeline_that_broke_the_first_answers_are_kept(running: Running, node: Node) -> None:
    killing(running, node)
    told = node.call_many([("SET", "k", "v"), ("BLPOP", "nothing", 0), ("GET", "k")])
    assert told[0] == b"OK"
    assert [type(answer) for answer in told[1:]] == [Ambiguous, Ambiguous]


def killing(running: Running, node: Node) -> None:
    """Kills the server as soon as a command of `node` waits in it."""
    node.call("PING")

    def kill() -> None:
        until(lambda: b"blocked_clients:1" in running.ask("INFO", "clients"))
        running.kill()

    threading.Thread(target=kill).start()


def test_an_answer_that_does_not_come_in_time_is_ambiguous(running: Running) -> None:
    servers = connect("cache", settings(running.url, timeout_s=0.05))
    with pytest.raises(Ambiguous, match="in time"):
        servers.primaries[0].call("BLPOP", "nothing", 0)
    servers.close()


def test_a_late_answer_is_not_taken_for_the_next_ones(running: Running) -> None:
    servers = connect("cache", settings(running.url, timeout_s=0.05))
    node = servers.primaries[0]
    with pytest.raises(Ambiguous):
        node.call("BLPOP", "late", 0)
    running.ask("RPUSH", "late", "v")
    assert node.call("PING") == b"PONG"
    servers.close()


def test_the_next_call_after_a_loss_connects_again(node: Node) -> None:
    former = node.call("CLIENT", "ID")
    assert type(node.call_many([("QUIT",), ("PING",)])[1]) is Ambiguous
    assert node.call("CLIENT", "ID") != former


def test_a_connection_that_was_closed_while_idle_costs_nothing(running: Running, node: Node) -> None:
    former = node.call("CLIENT", "ID")
    running.ask("CLIENT", "KILL", "ID", former)
    assert node.call("CLIENT", "ID") != former


def test_a_wire_gives_pipelined_answers_in_their_order(node: Node) -> None:
    with node.wire() as wire:
        wire.send(packed([("SET", f"k{number}", number) for number in range(1000)]))
        wire.send(packed([("GET", f"k{number}") for number in range(1000)]))
        answers = [wire.read() for _ in range(2000)]
    assert answers[1000:] == [str(number).encode() for number in range(1000)]


def test_an_error_on_a_wire_is_a_value(node: Node) -> None:
    from redis import ResponseError

    with node.wire() as wire:
        wire.send(packed([("SET", "k", "v"), ("HGET", "k", "f"), ("GET", "k")]))
        answers = [wire.read() for _ in range(3)]
    assert (answers[0], answers[2]) == (b"OK", b"v")
    assert isinstance(answers[1], ResponseError)
    assert str(answers[1]).startswith("WRONGTYPE ")


def test_a_value_of_100_megabytes_comes_whole(node: Node) -> None:
    node.call("SET", "large", b"x" * 100_000_000)
    assert len(node.call("GET", "large")) == 100_000_000


def test_a_wire_is_a_connection_of_its_own_and_is_closed(running: Running, node: Node) -> None:
    with node.wire() as wire:
        wire.send(packed([("CLIENT", "ID")]))
        own = wire.read()
    assert own != node.call("CLIENT", "ID")
    until(lambda: f"id={own} ".encode() not in running.ask("CLIENT", "LIST"))


def test_a_wire_that_is_lost_says_that_nobody_answers(running: Running, node: Node) -> None:
    with node.wire() as wire, pytest.raises(StoreUnreachable):
        running.kill()
        for _ in range(3):
            wire.send(packed([("PING",)]))
            wire.read()


def test_no_error_holds_a_password(running: Running) -> None:
    running.ask("CONFIG", "SET", "requirepass", "hunter2secret")
    url = running.url.replace("redis://", "redis://:hunter2secret@")
    servers = connect("cache", settings(url))
    running.local.stop()
    with pytest.raises(StoreUnreachable) as caught:
        servers.primaries[0].call("PING")
    assert "hunter2secret" not in everything(caught.value)


def everything(error: BaseException | None) -> str:
    texts: list[Any] = []
    while error is not None:
        texts += [str(error), repr(error), getattr(error, "mend", "")]
        error = error.__cause__ or error.__context__
    return " ".join(texts)
