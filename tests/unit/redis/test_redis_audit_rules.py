"""What a contract says → commands, and what their answers mean."""

from __future__ import annotations

from typing import Any

import hiredis
import pytest

from apexplan.model.address import Address
from apexplan_redis.audit import commands
from apexplan_redis.audit.rules import Rule, rules
from apexplan_redis.specs import KeyPattern, Keyspace


def rule(**said: Any) -> Rule:
    (found,) = rules({Address("cache", "pattern", "doc:{id}"): KeyPattern(**said)})
    return found


def judged(answers: list[Any], **said: Any) -> dict[str, list[bytes]]:
    """Returns the keys 0, 1, … that depart, by kind, by the one check."""
    (check,) = rule(**said).checks
    keys = [b"%d" % number for number in range(len(answers))]
    return {kind: found for kind, found in check.judge(keys, answers).items() if found}


@pytest.mark.parametrize(
    "command",
    [commands.TYPE, commands.MEMORY, commands.ENCODING, commands.HGET, commands.LENGTHS[b"zset"]],
    ids=lambda command: command.name,
)
def test_commands_are_packed_as_the_driver_packs_them(command: commands.Command) -> None:
    keys = [b"doc:1", b"", b"\xff\r\n", b"x" * 1000]
    by_driver = b"".join(hiredis.pack_command(command.of(key)) for key in keys)  # type: ignore[arg-type]  # typed for one argument alone
    assert command.packed(commands.bulks(keys)) == by_driver


def test_a_scan_is_packed_as_the_driver_packs_it() -> None:
    by_driver = hiredis.pack_command(("SCAN", 2**63, "COUNT", 500))  # type: ignore[arg-type]  # as above
    assert commands.scan(2**63, 500) == by_driver


def test_only_what_is_said_is_looked_at() -> None:
    assert rule().checks == ()
    assert rule(owner="team", ttl_min_s=5, ttl="optional").checks == ()


def test_each_setting_asks_one_command() -> None:
    said = rule(type="hash", ttl="forbidden", encodings=("listpack",), max_bytes=1, max_length=1)
    names = [check.command.name for check in said.checks]
    assert names == ["TYPE", "PTTL", "OBJECT ENCODING", "MEMORY USAGE", "HLEN"]


def test_a_length_without_a_type_is_asked_for_once_the_type_is_known() -> None:
    assert rule(max_length=1).checks == ()
    assert rule(max_length=1).lengths is not None


def test_rules_are_made_of_patterns_alone() -> None:
    assert rules({Address("cache", "keyspace", "keys"): Keyspace(undeclared="report")}) == []


def test_another_type_departs_and_a_key_that_is_gone_does_not() -> None:
    assert judged([b"string", b"none", b"list"], type="string") == {"wrong_type": [b"2"]}


def test_any_of_the_encodings_is_right() -> None:
    answers = [b"listpack", b"hashtable", None, b"ziplist"]
    assert judged(answers, encodings=("listpack", "ziplist")) == {"wrong_encoding": [b"1"]}


def test_as_much_memory_as_is_allowed_is_not_too_much() -> None:
    assert judged([100, 101, None], max_bytes=100) == {"too_large": [b"1"]}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"ttl": "required"}, {"no_ttl": [b"0"]}),
        ({"ttl": "required", "ttl_max_s": 60}, {"no_ttl": [b"0"], "long_ttl": [b"3"]}),
        ({"ttl": "optional", "ttl_max_s": 60}, {"long_ttl": [b"3"]}),
        ({"ttl_max_s": 60}, {"long_ttl": [b"3"]}),
        ({"ttl": "forbidden"}, {"unwanted_ttl": [b"2", b"3", b"4"]}),
    ],
)
def test_what_is_left_of_a_ttl_is_judged_by_the_policy(
    said: dict[str, Any], expected: dict[str, list[bytes]]
) -> None:
    assert judged([-1, -2, 60_000, 60_001, 0], **said) == expected
