"""Globs of patterns against a real server: KEYS and ACLs decide what a glob means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import redis

from apexplan_redis.local import start
from apexplan_redis.patterns import Pattern, parse
from tests.unit.redis.redis_patterns_kit import glob_matches

pytestmark = pytest.mark.live

PATTERNS = [
    parse(text)
    for text in (
        "doc:{id}",
        "query:*",
        "{{apex}}:doc:{id:uuid7}",
        "{{{tenant}}}:doc:{n:int}",
        r"a\*b?c[d]e\\f^g-h",
        r"[a-c]:{x}",
        r"\\\*:*:x",
        "d:{d:date}:{e:enum(aa|ba)}",
        "ü:{s:slug}:{h:hex4}",
        "*{h:hex2}",
    )
]
GLOBS = [
    b"[^a]*",
    b"[a-c]?*",
    b"*[",
    b"[a",
    b"[^",
    b"*[]x]*",
    rb"\[*",
    rb"[\]\-a]*",
    b"**:",
    b"?",
    b"a\\",
    b"[c-a]*",
    b"",
]
SEED = 20251231


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    directory: Path = tmp_path_factory.mktemp("redis")
    server = start(str(directory))
    try:
        with redis.Redis.from_url(server.url) as connection:
            yield connection
    finally:
        server.stop()


@pytest.fixture(scope="module")
def keys(client: redis.Redis) -> frozenset[bytes]:
    """Keys of all patterns, and as many that are like them with one byte changed, on the server."""
    random = Random(SEED)
    print(f"seed {SEED}")
    made = {key.encode() for pattern in PATTERNS for key in pattern.samples(random, 20)}
    for key in sorted(made):
        place = random.randrange(len(key))
        made.add(
            key[:place]
            + random.choice([b"", b"*", b"?", b"[", b"\\", b"-", b":", b"\xff"])
            + key[place + 1 :]
        )
    made |= {b"[", b"]", b"a", b"-", b"^", b"\\", b"a\\", b"b]x", b"ab"}
    made.discard(b"")
    for key in made:
        client.set(key, "")
    return frozenset(made)


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_the_server_finds_all_keys_of_a_pattern_by_its_glob(
    pattern: Pattern, client: redis.Redis, keys: frozenset[bytes]
) -> None:
    own = {key for key in keys if pattern.accepts(key)}
    assert own
    assert own <= set(client.scan_iter(match=pattern.glob, count=1000))


@pytest.mark.parametrize("glob", [*(pattern.glob for pattern in PATTERNS), *GLOBS])
def test_the_matcher_of_the_unit_tests_finds_what_the_server_finds(
    glob: bytes, client: redis.Redis, keys: frozenset[bytes]
) -> None:
    assert {key for key in keys if glob_matches(glob, key)} == set(client.keys(glob))


def test_the_glob_of_a_literal_finds_that_key_alone(client: redis.Redis, keys: frozenset[bytes]) -> None:
    literal = parse(r"a\*b?c[d]e\\f^g-h")
    assert client.keys(literal.glob) == [rb"a*b?c[d]e\f^g-h"]
