"""Live objects → a document that declares them, and back."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from redis_document_kit import HEAD, declared, expanded

from apexplan.manifest.check import check_model
from apexplan.manifest.load import load_text
from apexplan.manifest.subject import Subject
from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_redis.document import KIND, RedisContract
from apexplan_redis.document.values import DIFFERS
from apexplan_redis.specs import Config, Group, KeyPattern, Keyspace, Library, Stream, User

SEEDS = range(60)


def comparable(objects: dict[Address, Spec]) -> dict[str, dict[str, Any]]:
    """Returns what a plan would compare of objects."""
    return {str(address): spec.values(spec.comparable()) for address, spec in sorted(objects.items())}


def some(random: Random, choices: dict[str, Any]) -> dict[str, Any]:
    """Returns some of the fields, each with one of its values."""
    return {name: random.choice(of) for name, of in choices.items() if random.random() < 0.5}


def random_key(random: Random) -> dict[str, Any]:
    ttl: list[Any] = [60, "15m", "none", {"policy": "optional", "max": "1h", "min": 5, "mode": "sliding"}]
    return some(
        random,
        {
            "type": ["string", "hash"],
            "ttl": ttl,
            "encodings": [["listpack"], ["embstr", "raw"]],
            "max_bytes": [9, "64kb"],
            "max_length": [1, 500],
            "owner": ["docs", "Zoë"],
            "personal_data": [True, False],
            "description": ["a text: with `marks`"],
        },
    )


def random_user(random: Random) -> dict[str, Any]:
    selector = {"commands": "+get", "keys": ["~x", "%W~y"], "channels": ["&z"]}
    return {"enabled": False} | some(
        random,
        {
            "passwords": [["sha256:" + "0a" * 32, "sha256:" + "1b" * 32]],
            "commands": ["+@read -keys", ["+get", "+set"]],
            "keys": [["a:*", "%R~b:*"], ["*"]],
            "channels": [["stale", "x*"], ["&*"]],
            "selectors": [[selector], [selector, {"keys": ["k"]}]],
        },
    )


def random_document(random: Random) -> dict[str, Any]:
    numbers = range(random.randrange(4))
    config = {"maxmemory": "1gb", "hz": 20, "appendonly": True, "save": "", "notify-keyspace-events": "KEA"}
    return {
        "kind": "RedisContract",
        "store": "cache",
        "keys": {f"k{n}:{{id}}": random_key(random) for n in numbers},
        "users": {f"u{n}": random_user(random) for n in numbers},
        "libraries": {f"l{n}": {"code": f"#!lua name=l{n}\nreturn '\u2028é{n}'\n"} for n in numbers},
        "streams": {f"s/{n}": {"groups": {'g"1': {}, "h": {"start": "0"}}} for n in numbers},
        "config": {name: value for name, value in config.items() if random.random() < 0.5},
        **some(random, {"undeclared": ["report", "remove", {"action": "remove", "idle": "1h"}]}),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_collapsed_declares_the_same_objects(seed: int) -> None:
    once = expanded(random_document(Random(seed)))
    collapsed = KIND.collapse("cache", once)
    if once:
        assert comparable(expanded(collapsed)) == comparable(once)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_collapsed_is_a_right_manifest(seed: int) -> None:
    document = KIND.collapse("cache", expanded(random_document(Random(seed))))
    if document:
        node = load_text(json.dumps(document), "cache.yaml").node
        assert node is not None
        assert check_model(RedisContract, Subject(node))[1] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_objects_changes_nothing(seed: int) -> None:
    objects = expanded(random_document(Random(seed)))
    shuffled = list(objects.items())
    Random(seed).shuffle(shuffled)
    assert json.dumps(KIND.collapse("cache", dict(shuffled))) == json.dumps(KIND.collapse("cache", objects))


def test_entries_of_a_cache_are_written_out() -> None:
    body = """
    keys: {"doc:{id}": {ttl: 3600, cached: {about: {document: id}}}}
    events: {document_updated: {subject: document, stale: ["doc:{id}"]}}
    invalidation: {library: apex_cache}
    """
    once = {one.address: one.spec for one in declared(body).values()}
    collapsed = KIND.collapse("cache", once)
    assert collapsed["keys"]["doc:{id}"]["fields"] == {
        "value": "required",
        "tags": "required",
        "clock": "required",
    }
    assert comparable(expanded(collapsed)) == comparable(once)


def test_nothing_is_collapsed_to_nothing() -> None:
    assert KIND.collapse("cache", {}) == {}


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("config.maxmemory", Config(value=f"{DIFFERS}a: 1; b: 2")),
        ("library.lib", Library(code=f"{DIFFERS}a: x; b: missing")),
        ("user.u", User(commands=f"{DIFFERS}a: on; b: off")),
        ("config.unknown", Config(value=None)),
        ("keyspace.keys", Keyspace(undeclared=None)),
        ("stream.", Stream()),
        ("group./g", Group(start=None)),
    ],
)
def test_what_no_manifest_can_say_is_left_out(name: str, spec: Spec) -> None:
    kind, _, rest = name.partition(".")
    assert KIND.collapse("cache", {Address("cache", kind, rest): spec}) == {}


def test_a_pattern_of_which_nothing_is_said_stays_declared() -> None:
    pattern = Address("cache", "pattern", "k:{id}")
    unsaid = KeyPattern.model_validate(dict.fromkeys(KeyPattern.rules))
    assert KIND.collapse("cache", {pattern: unsaid})["keys"] == {"k:{id}": {}}


def test_the_head_is_that_of_the_kind() -> None:
    collapsed = KIND.collapse("cache", {Address("cache", "stream", "s"): Stream()})
    assert "".join(f"{name}: {collapsed[name]}\n" for name in ("kind", "store")) == HEAD
