"""Servers of one store that differ: the plan says so, an apply makes them one, an undo gives each its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apexplan_redis.document.values import DIFFERS
from tests.live.redis.same_kit import Life, objects
from tests.live.redis.servers import RunningCluster, cluster

pytestmark = [pytest.mark.live, pytest.mark.slow]

CODE = "#!lua name=lib\nredis.register_function('lib_answer', function() return {} end)\n"
HASH = "sha256:" + "0" * 64
USER = {"passwords": [HASH], "commands": "+get"}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), primaries=2) as running:
        yield running


@pytest.fixture
def running(started: RunningCluster) -> RunningCluster:
    """The cluster, each server with something of its own."""
    for number, each in enumerate(started.primaries):
        each.ask("FUNCTION", "FLUSH")
        each.ask("ACL", "DELUSER", "app")
        each.ask("CONFIG", "SET", "slowlog-max-len", 100 + number)
        each.ask("ACL", "SETUSER", "app", "reset", "on", f"~{number}", "+get")
        each.ask("FUNCTION", "LOAD", CODE.format(number))
    return started


def has(running: RunningCluster) -> list[Any]:
    """Returns what each server tells of its own."""
    return [
        (
            each.ask("CONFIG", "GET", "slowlog-max-len"),
            each.ask("ACL", "GETUSER", "app"),
            [(one[b"library_name"], one[b"library_code"]) for one in _libraries(each)],
        )
        for each in running.primaries
    ]


def _libraries(each: Any) -> list[dict[bytes, Any]]:
    found = each.ask("FUNCTION", "LIST", "WITHCODE")
    return [one for one in found if not one[b"library_name"].startswith(b"apexplan_")]


def declared() -> dict[Any, Any]:
    return objects(
        config={"slowlog-max-len": 7}, users={"app": USER}, libraries={"lib": {"code": CODE.format(7)}}
    )


def test_the_plan_says_how_the_servers_differ(running: RunningCluster) -> None:
    life = Life(running.url)
    life.declare(declared())
    told = {str(one.address): [field.live for field in one.fields] for one in life.plan().changes}
    for number, each in enumerate(running.primaries):
        assert any(
            f"{each.name}: {100 + number}" in str(value) for value in told["cache.config.slowlog-max-len"]
        )
    for address in ("cache.config.slowlog-max-len", "cache.user.app", "cache.library.lib"):
        assert any(str(value).startswith(DIFFERS) for value in told[address])


def test_an_apply_makes_them_one(running: RunningCluster) -> None:
    life = Life(running.url)
    life.declare(declared())
    life.apply()
    first, second = has(running)
    assert first == second
    assert life.changes() == []


def test_an_undo_gives_each_its_own_back(running: RunningCluster) -> None:
    before = has(running)
    life = Life(running.url)
    life.declare(declared())
    life.apply()
    life.undo()
    assert has(running) == before


def test_one_that_is_missing_on_a_server_is_brought_there(running: RunningCluster) -> None:
    running.primaries[1].ask("ACL", "DELUSER", "app")
    running.primaries[1].ask("FUNCTION", "DELETE", "lib")
    before = has(running)
    life = Life(running.url)
    life.declare(declared())
    life.apply()
    first, second = has(running)
    assert first == second
    life.undo()
    assert has(running) == before


def test_limits_of_clients_that_differ_become_one(running: RunningCluster) -> None:
    running.primaries[1].ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 1mb 1")
    life = Life(running.url)
    life.declare(objects(config={"client-output-buffer-limit": "replica 1mb 1mb 60"}))
    life.apply()
    assert life.changes() == []
