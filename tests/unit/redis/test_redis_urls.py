"""Where servers are: URLs, and what a cluster says of itself."""

from __future__ import annotations

import traceback
from binascii import crc_hqx

import pytest

from apexplan.model.errors import StoreError
from apexplan_redis.server.slots import Shard, redirection, shards, slot_of
from apexplan_redis.server.url import Place, Target, parsed

SECRET = "hunter2secret"
HOME = Place("127.0.0.1", 7000)


def target(url: str) -> Target:
    return parsed(url, "cache")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://localhost", Target("standalone", False, (Place("localhost", 6379),))),
        ("redis://localhost:7000/3", Target("standalone", False, (Place("localhost", 7000),), 3)),
        ("redis://localhost/?db=4", Target("standalone", False, (Place("localhost", 6379),), 4)),
        ("redis://[::1]:7000", Target("standalone", False, (Place("::1", 7000),))),
        ("rediss://cache.test", Target("standalone", True, (Place("cache.test", 6379),))),
        ("unix:///run/redis.sock?db=2", Target("standalone", False, (Place("/run/redis.sock"),), 2)),
        ("unix:///a%20b", Target("standalone", False, (Place("/a b"),))),
        (
            "redis+sentinel://a,b:7000/main/5",
            Target("sentinel", False, (Place("a", 26379), Place("b", 7000)), 5, "main"),
        ),
        ("rediss+sentinel://a/main", Target("sentinel", True, (Place("a", 26379),), 0, "main")),
        (
            "redis+cluster://a,[::2]:7000",
            Target("cluster", False, (Place("a", 6379), Place("::2", 7000))),
        ),
        ("rediss+cluster://a/0", Target("cluster", True, (Place("a", 6379),))),
    ],
)
def test_a_url_names_its_servers(url: str, expected: Target) -> None:
    assert target(url) == expected


@pytest.mark.parametrize(
    ("url", "username", "password"),
    [
        ("redis://localhost", None, None),
        ("redis://:p%2Fw@localhost", None, "p/w"),
        ("redis://me:p%40w@localhost", "me", "p@w"),
        ("redis://me@localhost", "me", None),
        ("redis://m%3Ae:@localhost", "m:e", ""),
        ("unix://me:pw@/run/redis.sock", "me", "pw"),
        ("redis+cluster://me:pw@a,b", "me", "pw"),
    ],
)
def test_user_and_password_are_percent_decoded(url: str, username: str | None, password: str | None) -> None:
    found = target(url)
    assert (found.username, found.password) == (username, password)


def test_a_password_is_not_in_the_repr_of_a_target() -> None:
    assert SECRET not in repr(target(f"redis://me:{SECRET}@localhost"))


REFUSED = [
    f"{SECRET}",
    f"http://{SECRET}@localhost",
    f"unix+cluster:///{SECRET}",
    f"redis+ring://{SECRET}@localhost",
    f"redis://:pa/{SECRET}@localhost",
    f"redis://:pa#{SECRET}@localhost",
    f"redis://:pa?{SECRET}@localhost",
    f"redis://me:{SECRET}:7000",
    f"redis://:{SECRET}@localhost:port",
    f"redis://:{SECRET}@localhost:0",
    f"redis://:{SECRET}@localhost:65536",
    f"redis://:{SECRET}@",
    f"redis://:{SECRET}@a,b",
    f"redis://:{SECRET}@[::1",
    f"redis://:{SECRET}@localhost/one",
    f"redis://:{SECRET}@localhost/-1",
    f"redis://:{SECRET}@localhost/1/2",
    f"redis://localhost?password={SECRET}",
    f"redis://localhost?{SECRET}",
    f"unix://{SECRET}@run/redis.sock",
    f"unix://:{SECRET}@",
    f"redis+sentinel://:{SECRET}@a",
    f"redis+sentinel://:{SECRET}@a/main/x",
    f"redis+cluster://:{SECRET}@a/1",
]


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_names_no_redis_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="`url` names no Redis"):
        target(url)


@pytest.mark.parametrize("url", REFUSED)
def test_nothing_of_a_refused_url_is_told(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        target(url)
    told = "".join(traceback.format_exception(caught.value)) + caught.value.mend
    assert SECRET not in told


def test_the_field_of_a_refused_url_is_named() -> None:
    with pytest.raises(StoreError, match="`replica_url`"):
        parsed("nonsense", "cache", field="replica_url")


def test_a_host_of_colons_is_written_in_brackets() -> None:
    assert str(Place("::1", 7000)) == "[::1]:7000"


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"{user}:1", b"user"),
        (b"a{user}b{c}", b"user"),
        (b"{}a", b"{}a"),
        (b"{}{a}", b"{}{a}"),
        (b"{{a}}", b"{a"),
        (b"{a", b"{a"),
    ],
)
def test_a_hash_tag_decides_the_slot(key: bytes, hashed: bytes) -> None:
    assert slot_of(key) == crc_hqx(hashed, 0) % 16384


def test_the_slot_is_that_of_the_cluster_specification() -> None:
    assert slot_of(b"123456789") == 0x31C3


def entry(first: int, last: int, *ports: int) -> list[object]:
    return [first, last, *([b"10.0.0.1", port, b"id", {}] for port in ports)]


def test_a_shard_has_all_its_ranges() -> None:
    told = [entry(100, 199, 7001), entry(0, 99, 7000, 7002), entry(200, 299, 7000, 7002)]
    assert shards(told, HOME) == (
        Shard(Place("10.0.0.1", 7000), (Place("10.0.0.1", 7002),), (range(100), range(200, 300))),
        Shard(Place("10.0.0.1", 7001), (), (range(100, 200),)),
    )


@pytest.mark.parametrize("host", [None, b""])
def test_a_server_without_a_host_is_the_one_that_was_asked(host: bytes | None) -> None:
    assert shards([[0, 9, [host, 7005, b"id", {}]]], HOME)[0].primary == Place("127.0.0.1", 7005)


@pytest.mark.parametrize("more", [{b"ip": b"10.0.0.9"}, [b"ip", b"10.0.0.9"]])
def test_a_server_of_an_unknown_name_is_called_by_its_address(more: object) -> None:
    assert shards([[0, 9, [b"?", 7005, b"id", more]]], HOME)[0].primary == Place("10.0.0.9", 7005)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("MOVED 3999 10.0.0.1:6381", Place("10.0.0.1", 6381)),
        ("ASK 3999 cache.test:6381", Place("cache.test", 6381)),
        ("MOVED 3999 ::1:6381", Place("::1", 6381)),
        ("MOVED 3999 :6381", Place("127.0.0.1", 6381)),
    ],
)
def test_a_redirection_names_a_place(said: str, place: Place) -> None:
    assert redirection(said, asked=str(HOME)) == place
