"""No parameter drifts for its spelling: what is written oddly is what the server tells, in one spelling."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apexplan.model.errors import StoreError
from apexplan_redis.document.parameters import (
    ADJUSTED,
    MEMORY,
    PROTECTED,
    RESTART,
    SECRET,
    TEXTS,
    WORDS,
)
from apexplan_redis.document.spelling import _READERS, canonical_name, canonical_value, completed
from apexplan_redis.read.config import values_of
from apexplan_redis.server import Node
from tests.live.redis.same_kit import Life, objects
from tests.live.redis.servers import Running, server

pytestmark = pytest.mark.live


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with server(tmp_path) as started:
        yield started


@pytest.fixture
def node(running: Running) -> Iterator[Node]:
    found = running.node()
    yield found
    found.close()


def parameters(node: Node) -> dict[str, str]:
    """Returns all parameters of the server as it tells them, by their canonical names."""
    told = node.call("CONFIG", "GET", "*")
    return {canonical_name(name.decode()): value.decode() for name, value in told.items()}


def is_taken(node: Node, name: str, value: str) -> bool:
    """Sets a parameter, if the server takes the value."""
    try:
        node.call("CONFIG", "SET", name, value)
    except StoreError:
        return False
    return True


# ── all parameters ────────────────────────────────────────────────────────────────────────────


def test_every_parameter_set_to_its_canonical_value_is_as_before(node: Node) -> None:
    wrong = {}
    before = parameters(node)
    for name in before.keys() - RESTART - PROTECTED - SECRET:
        value = canonical_value(name, before[name])
        node.call("CONFIG", "SET", name, value)
        if parameters(node)[name] != before[name] or values_of(node, [name]) != {name: value}:
            wrong[name] = value
    assert wrong == {}


def test_the_parameters_that_cannot_be_set_are_those_that_the_server_refuses(node: Node) -> None:
    found = parameters(node)
    refused = {name for name in found if not is_taken(node, name, found[name])}
    assert refused == (RESTART | PROTECTED) & found.keys()


def test_former_names_and_present_ones_are_one_parameter(node: Node) -> None:
    told = {name.decode() for name in node.call("CONFIG", "GET", "*")}
    former = {name for name in told if canonical_name(name) != name}
    assert {canonical_name(name) for name in former} <= told
    assert {"slaveof", "lua-time-limit", "min-slaves-to-write", "list-max-ziplist-size"} <= former


def test_sizes_are_the_parameters_that_take_a_unit(node: Node) -> None:
    found = parameters(node)
    settable = found.keys() - RESTART - PROTECTED - SECRET
    taken = {name for name in settable if is_taken(node, name, "2mb")}
    sizes = {name for name in taken if parameters(node)[name] == "2097152"}
    assert sizes == MEMORY & found.keys()


def test_every_word_is_taken_in_capitals_and_told_canonically(node: Node) -> None:
    found = parameters(node)
    for name in (WORDS - RESTART) & found.keys():
        node.call("CONFIG", "SET", name, found[name].upper())
        assert values_of(node, [name]) == {name: canonical_value(name, found[name].upper())}


def test_texts_are_kept_byte_for_byte(node: Node) -> None:
    for name in (TEXTS - RESTART - PROTECTED) & parameters(node).keys():
        node.call("CONFIG", "SET", name, "Yes.No")
        assert values_of(node, [name]) == {name: "Yes.No"}
        assert canonical_value(name, "Yes.No") == "Yes.No"


def test_what_is_no_number_and_no_yes_or_no_is_known_by_its_kind(node: Node) -> None:
    known = MEMORY | WORDS | TEXTS | SECRET | _READERS.keys() | {"replicaof"}
    plain = {name for name, value in parameters(node).items() if value not in ("yes", "no")}
    others = {name: value for name, value in parameters(node).items() if name in plain - known}
    assert {name: value for name, value in others.items() if not value.lstrip("-").isdecimal()} == {}


def test_beside_all_events_the_server_does_not_tell_new_keys(node: Node) -> None:
    node.call("CONFIG", "SET", "notify-keyspace-events", "KEAn")
    assert values_of(node, ["notify-keyspace-events"]) == {"notify-keyspace-events": "AKE"}


@pytest.mark.parametrize("name", sorted(ADJUSTED))
def test_a_number_out_of_its_bounds_is_taken_and_adjusted(node: Node, name: str) -> None:
    least, _ = ADJUSTED[name]
    node.call("CONFIG", "SET", name, least - 1)
    assert values_of(node, [name]) == {name: str(least)}


# ── odd spellings ─────────────────────────────────────────────────────────────────────────────

ODD: list[tuple[str, Any]] = [
    ("maxmemory", "100mb"),
    ("maxmemory", "1g"),
    ("maxmemory", "1GB"),
    ("maxmemory", "010M"),
    ("maxmemory", "5b"),
    ("maxmemory-clients", "5%"),
    ("maxmemory-clients", "0%"),
    ("maxmemory-clients", "1mb"),
    ("hash-max-ziplist-value", "1k"),
    ("notify-keyspace-events", "KEA"),
    ("notify-keyspace-events", "xEKgx"),
    ("notify-keyspace-events", "g$lshzxetdK"),
    ("notify-keyspace-events", "nmlKx"),
    ("notify-keyspace-events", "mAE"),
    ("notify-keyspace-events", ""),
    ("save", "0900 01 60 5"),
    ("save", "60 5 60 5"),
    ("save", ""),
    ("min-slaves-max-lag", 7),
    ("slave-read-only", "NO"),
    ("lua-time-limit", 77),
    ("maxmemory-policy", "AllKeys-LRU"),
    ("appendfsync", "EverySec"),
    ("oom-score-adj", "relative"),
    ("oom-score-adj", "ABSOLUTE"),
    ("oom-score-adj-values", "0 0200 800"),
    ("shutdown-on-sigint", "now SAVE"),
    ("shutdown-on-sigterm", "force now nosave"),
    ("latency-tracking-info-percentiles", "50.0 99.90 1e1 33.333333333333336"),
    ("latency-tracking-info-percentiles", ""),
    ("proc-title-template", "{title}  X"),
    ("masteruser", " Yes "),
    ("replica-announce-ip", "Host.Name"),
    ("slowlog-log-slower-than", -1),
    ("list-max-ziplist-size", -3),
    ("lazyfree-lazy-eviction", True),
    ("activerehashing", False),
    ("client-output-buffer-limit", "SLAVE 1mb 1k 060"),
    ("client-output-buffer-limit", "replica 1 1 1 slave 2mb 1gb 60"),
    ("client-output-buffer-limit", "pubsub 8gb 2gb 60 normal 0 0 0 replica 512mb 128mb 60"),
]


def text_of(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(("name", "written"), ODD, ids=lambda one: repr(one)[:40])
def test_what_is_written_oddly_is_what_the_server_tells(node: Node, name: str, written: Any) -> None:
    known = canonical_name(name)
    wished = completed(known, canonical_value(known, text_of(written)), parameters(node)[known])
    node.call("CONFIG", "SET", name, text_of(written))
    assert values_of(node, [known]) == {known: wished}


@pytest.mark.parametrize(("name", "written"), ODD, ids=lambda one: repr(one)[:40])
def test_after_an_apply_a_second_plan_is_empty(running: Running, name: str, written: Any) -> None:
    life = Life(running.url)
    life.declare(objects(config={name: written}))
    life.apply()
    assert life.changes() == []


def test_all_of_them_go_back_at_once(running: Running, node: Node) -> None:
    before = parameters(node)
    life = Life(running.url)
    life.declare(objects(config={canonical_name(name): written for name, written in ODD}))
    life.apply()
    assert parameters(node) != before
    life.undo()
    assert parameters(node) == before


def test_what_is_no_longer_declared_goes_back(running: Running, node: Node) -> None:
    before = parameters(node)
    life = Life(running.url)
    life.declare(objects(config={"client-output-buffer-limit": "replica 1mb 1mb 60", "hz": 20}))
    life.apply()
    life.declare({})
    life.apply()
    assert parameters(node) == before


def test_a_name_that_is_a_glob_is_no_parameter(node: Node) -> None:
    assert values_of(node, ["maxmemory*"]) == {}


def test_a_server_is_never_asked_for_a_secret(running: Running, node: Node) -> None:
    node.call("CONFIG", "SET", "masterauth", "hidden")
    life = Life(running.url)
    assert "hidden" not in repr(life.world.snapshot())
