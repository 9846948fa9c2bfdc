"""The published contract: whatever stands in it comes back, and nothing that befalls a server takes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random, randrange
from typing import Any

import pytest

from apexplan_redis.document.values import unsaid
from apexplan_redis.read.libraries import library_of
from apexplan_redis.read.published import CONTRACT, Published, content_of, library, marks_library, published
from apexplan_redis.server import Node
from apexplan_redis.specs import KeyPattern
from tests.live.redis.same_kit import STORE, Life, at, objects
from tests.live.redis.servers import Running, replica_of, server

pytestmark = pytest.mark.live

DOC = at("pattern", "doc:{id}")
ODD = (
    "]==]",
    "]=",
    "]==",
    "]]==]==]",
    "[==[ ]==]",
    "a\0b",
    "\r\n\t\\",
    "\\u003d ]\\u003d",
    "😀 é \u2028",
    "\ud800 half",
    '"}}',
    "-- ]]",
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with server(tmp_path / "server") as started:
        yield started


@pytest.fixture
def node(running: Running) -> Iterator[Node]:
    found = running.node()
    yield found
    found.close()


def contract(**values: Any) -> Published:
    return Published().changed({DOC: values})


def loaded(node: Node, code: str) -> Published:
    """Returns what is read after a library was loaded."""
    node.call("FUNCTION", "LOAD", "REPLACE", code)
    return published(library_of(node, CONTRACT))


def declared_life(url: str, **more: Any) -> Life:
    life = Life(url)
    life.declare(objects(keys={"doc:{id}": {"ttl": 3600, "owner": "docs"}}, undeclared="report", **more))
    return life


# ── contents ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ODD, ids=repr)
def test_an_odd_text_comes_back(node: Node, text: str) -> None:
    wished = contract(description=text, owner=text).remembering({f"config {text}": text})
    assert loaded(node, wished.code) == wished


@pytest.mark.parametrize("text", ODD, ids=repr)
def test_an_odd_text_is_what_the_function_returns(node: Node, text: str) -> None:
    wished = contract(description=text)
    node.call("FUNCTION", "LOAD", "REPLACE", wished.code)
    told = node.call("FCALL_RO", CONTRACT, 0).decode()
    assert content_of(f"[==[{told}]==]") == {"objects": wished.objects, "before": {}}


def test_random_texts_come_back(node: Node) -> None:
    seed = randrange(2**32)
    print(f"seed {seed}")
    random = Random(seed)
    for _ in range(200):
        text = "".join(random.choices("]=[\\\"'\n\0-{}ué😀\ud800", k=random.randrange(12)))
        wished = contract(description=text)
        assert loaded(node, wished.code) == wished


def test_a_contract_of_a_megabyte_comes_back(node: Node) -> None:
    many = {at("pattern", f"k{n}:{{id}}"): {"description": "x" * 1000} for n in range(1000)}
    wished = Published().changed(many)
    assert len(wished.code) > 1_000_000
    assert loaded(node, wished.code) == wished


def test_the_same_contract_has_the_same_text() -> None:
    one = Published().changed({DOC: {"owner": "a", "ttl": "required"}, at("pattern", "a:{id}"): {}})
    other = Published().changed({at("pattern", "a:{id}"): {}, DOC: {"ttl": "required", "owner": "a"}})
    assert one.code == other.code


def test_a_field_of_a_later_version_is_left_alone() -> None:
    told = contract(owner="docs", of_later="x")
    assert published(told.code).specs(STORE)[DOC] == KeyPattern.model_validate(
        {**_nothing(), "owner": "docs"}
    )


def test_an_empty_contract_is_no_library() -> None:
    assert Published().code == contract(owner="docs").changed({DOC: None}).code == ""


def _nothing() -> dict[str, Any]:
    return dict.fromkeys(KeyPattern.rules) | unsaid()


# ── what somebody else did to it ──────────────────────────────────────────────────────────────

TAMPERED = {
    "no-json": "#!lua name=apexplan_contract\nlocal c = [==[{]==]\n",
    "no-text": "#!lua name=apexplan_contract\n",
    "a-list": "#!lua name=apexplan_contract\nlocal c = [==[[1]]==]\n",
    "objects-a-list": library(CONTRACT, {"objects": [1], "before": 5}),
    "kind-a-list": library(CONTRACT, {"objects": {"pattern": [1]}, "before": {"config hz": 5}}),
    "values-a-text": library(CONTRACT, {"objects": {"pattern": {"doc:{id}": "x"}}}),
    "unknown-type": library(CONTRACT, {"objects": {"pattern": {"doc:{id}": {"type": "json"}}}}),
    "keyspace-a-number": library(CONTRACT, {"objects": {"keyspace": {"keys": {"undeclared": 5}}}}),
}
REGISTERS = "redis.register_function('apexplan_contract', function() return 1 end)\n"


@pytest.mark.parametrize("name", sorted(TAMPERED))
def test_what_cannot_be_read_is_brought_back_by_the_next_apply(
    running: Running, node: Node, name: str
) -> None:
    life = declared_life(running.url)
    life.apply()
    was = life.world.snapshot()
    code = TAMPERED[name]
    node.call("FUNCTION", "LOAD", "REPLACE", code if "register" in code else code + REGISTERS)
    assert life.changes() != []
    life.apply()
    assert life.world.snapshot() == was


def test_what_can_still_be_read_of_it_stays(running: Running, node: Node) -> None:
    good = contract(owner="docs").remembering({"config hz": "10"})
    broken = {
        "objects": {"pattern": {**good.objects["pattern"], "x": 5}},
        "before": {"config hz": "10", "y": 5},
    }
    assert loaded(node, library(CONTRACT, broken)) == good


def test_a_deleted_library_is_brought_back(running: Running, node: Node) -> None:
    life = declared_life(running.url)
    life.apply()
    node.call("FUNCTION", "DELETE", CONTRACT)
    assert sorted(life.changes()) == ["cache.keyspace.keys", "cache.pattern.doc:{id}"]
    life.apply()
    assert life.changes() == []


# ── what befalls a server ─────────────────────────────────────────────────────────────────────


def test_a_flush_of_all_keys_keeps_it(running: Running, node: Node) -> None:
    life = declared_life(running.url)
    life.apply()
    node.call("FLUSHALL")
    assert life.changes() == []


def test_eviction_keeps_it(running: Running, node: Node) -> None:
    life = declared_life(running.url)
    life.apply()
    node.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "2mb")
    node.call_many([("SET", f"doc:{n}", "x" * 1000, "EX", 100) for n in range(5000)])
    evicted = int(node.call("INFO", "stats").split(b"evicted_keys:")[1].split()[0])
    assert evicted > 1000
    assert life.changes() == []


def test_a_replica_has_it(running: Running, tmp_path: Path) -> None:
    life = declared_life(running.url)
    life.apply()
    with replica_of(running, tmp_path / "replica") as replica:
        assert library_of(replica.node(), CONTRACT) == library_of(running.node(), CONTRACT)
        assert Life(replica.url).world.snapshot() == life.world.snapshot()


def test_a_server_that_is_started_again_has_it(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        life = declared_life(running.url)
        life.apply()
        was = life.world.snapshot()
        running.ask("SAVE")
    with server(tmp_path) as again:
        assert Life(again.url).world.snapshot() == was


def test_marks_of_two_projects_are_kept_apart() -> None:
    assert marks_library("a") != marks_library("b")


def test_marks_that_were_lost_are_written_again_by_the_next_apply(running: Running, node: Node) -> None:
    life = declared_life(running.url, config={"slowlog-max-len": 7})
    life.apply()
    marks = marks_library("conformance")
    was = content_of(library_of(node, marks))["marks"].keys()
    node.call("FUNCTION", "DELETE", marks)
    life.declare(objects(keys={"doc:{id}": {"ttl": 60}}, undeclared="report", config={"slowlog-max-len": 7}))
    life.apply()
    assert content_of(library_of(node, marks))["marks"].keys() == was
