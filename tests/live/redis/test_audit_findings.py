"""What an audit finds, each kind on a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from apexplan.model.address import Address
from apexplan_redis.audit import batch
from apexplan_redis.specs import KeyPattern

from .audit_kit import KEYS, audited, audited_fully, declared, kinds, only
from .servers import one_at_a_time, standalone

pytestmark = [pytest.mark.live, *one_at_a_time]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with standalone(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key changes here, so doubtful ones need not be waited for."""
    monkeypatch.setattr(batch, "AGAIN_S", 0.0)


@pytest.fixture
def url(home: str) -> str:
    client = redis.Redis.from_url(home)
    client.flushall()
    client.close()
    return home


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url) as found:
        yield found


def test_an_empty_keyspace_is_clean(url: str) -> None:
    report = audited(url, declared({"doc:{id}": KeyPattern(type="string")}))
    assert (report.clean, report.items, report.looked) == (True, 0, 0)


def test_keys_that_keep_to_the_contract_are_clean(url: str, client: redis.Redis) -> None:
    for number in range(1200):
        client.set(f"doc:{number}", "{}", ex=60)
    spec = KeyPattern(
        type="string",
        ttl="required",
        ttl_max_s=60,
        encodings=("embstr", "raw"),
        max_bytes=1000,
        max_length=10,
        value={"type": "object"},
    )
    report = audited(url, declared({"doc:{id:int}": spec}))
    assert report.clean
    assert (report.items, report.looked) == (1200, 1200)


def test_a_key_of_another_type_is_found(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    client.rpush("doc:2", "v")
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(type="string")})))
    assert (departure.kind, departure.count, departure.looked) == ("wrong_type", 1, 2)
    assert departure.samples == ("doc:2",)
    assert departure.text == "1 of 2 keys is of another type"


def test_a_missing_ttl_is_found(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v", ex=60)
    client.set("doc:2", "v")
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(ttl="required")})))
    assert (departure.kind, departure.count, departure.samples) == ("no_ttl", 1, ("doc:2",))


def test_too_long_a_ttl_is_found(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v", ex=60)
    client.set("doc:2", "v", ex=61)
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(ttl="required", ttl_max_s=60)})))
    assert (departure.kind, departure.samples) == ("long_ttl", ("doc:2",))


def test_an_optional_ttl_is_bounded_where_there_is_one(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    client.set("doc:2", "v", ex=600)
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(ttl="optional", ttl_max_s=60)})))
    assert (departure.kind, departure.samples) == ("long_ttl", ("doc:2",))


def test_an_unwanted_ttl_is_found(url: str, client: redis.Redis) -> None:
    client.set("conf:1", "v")
    client.set("conf:2", "v", ex=60)
    departure = only(audited(url, declared({"conf:{id}": KeyPattern(ttl="forbidden")})))
    assert (departure.kind, departure.samples) == ("unwanted_ttl", ("conf:2",))


def test_another_encoding_is_found(url: str, client: redis.Redis) -> None:
    client.hset("h:1", mapping={"a": "1"})
    client.hset("h:2", mapping={str(n): "1" for n in range(1000)})
    departure = only(audited(url, declared({"h:{id}": KeyPattern(encodings=("listpack",))})))
    assert (departure.kind, departure.samples) == ("wrong_encoding", ("h:2",))


def test_too_large_a_key_is_found(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    client.set("doc:2", "v" * 5000)
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(max_bytes=1000)})))
    assert (departure.kind, departure.samples) == ("too_large", ("doc:2",))


@pytest.mark.parametrize("kind", ["string", "list", "set", "zset", "hash", "stream"])
@pytest.mark.parametrize("said", [True, False])
def test_a_length_is_counted_as_the_type_wants_it(
    url: str, client: redis.Redis, kind: str, said: bool
) -> None:
    for name, length in (("k:1", 3), ("k:2", 4)):
        fill(client, kind, name, length)
    spec = KeyPattern(max_length=3, **({"type": kind} if said else {}))
    departure = only(audited(url, declared({"k:{id}": spec})))
    assert (departure.kind, departure.samples) == ("too_long", ("k:2",))


def fill(client: redis.Redis, kind: str, name: str, length: int) -> None:
    members = [str(number) for number in range(length)]
    match kind:
        case "string":
            client.set(name, "x" * length)
        case "list":
            client.rpush(name, *members)
        case "set":
            client.sadd(name, *members)
        case "zset":
            client.zadd(name, dict.fromkeys(members, 1))
        case "hash":
            client.hset(name, mapping=dict.fromkeys(members, "v"))
        case _:
            for member in members:
                client.xadd(name, {"f": member})


def test_values_that_the_schema_refuses_are_found(url: str, client: redis.Redis) -> None:
    client.mset({"doc:1": '{"title": "a"}', "doc:2": '{"title": 1}', "doc:3": "{", "doc:4": b"\xff"})
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(value=schema)})))
    assert (departure.kind, departure.count, departure.looked) == ("bad_value", 3, 4)
    assert set(departure.samples) == {"doc:2", "doc:3", "doc:4"}


def test_the_field_value_of_a_cached_entry_is_validated(url: str, client: redis.Redis) -> None:
    client.hset("q:1", mapping={"value": "[]", "clock": "1"})
    client.hset("q:2", mapping={"value": "{}", "clock": "1"})
    departure = only(audited(url, declared({"q:{id}": KeyPattern(type="hash", value={"type": "array"})})))
    assert (departure.kind, departure.samples) == ("bad_value", ("q:2",))


def test_a_hash_with_a_field_too_many_or_too_few_is_found(url: str, client: redis.Redis) -> None:
    client.hset("h:1", mapping={"name": "a", "age": "1"})
    client.hset("h:2", mapping={"name": "a"})
    client.hset("h:3", mapping={"age": "1"})
    client.hset("h:4", mapping={"name": "a", "other": "1"})
    client.hset("h:5", mapping=dict.fromkeys(map(str, range(2000)), "v"))
    spec = KeyPattern(type="hash", fields={"name": "required", "age": "optional"})
    departure = only(audited(url, declared({"h:{id}": spec})))
    assert (departure.kind, departure.count, departure.looked) == ("bad_fields", 3, 5)
    assert set(departure.samples) == {"h:3", "h:4", "h:5"}


def test_undeclared_keys_are_grouped_by_what_they_look_like(url: str, client: redis.Redis) -> None:
    client.mset({f"tmp:{number}": "v" for number in range(700)} | {"doc:1": "v", "stray": "v"})
    report = audited(url, declared({"doc:{id}": KeyPattern()}))
    assert [(one.like, one.count) for one in report.strangers] == [("tmp:{n:int}", 700), ("stray", 1)]
    assert len(report.strangers[0].samples) == 5


def test_undeclared_keys_that_are_allowed_are_not_told(url: str, client: redis.Redis) -> None:
    client.set("stray", "v")
    report = audited(url, declared({"doc:{id}": KeyPattern()}, undeclared="allow"))
    assert report.clean
    assert report.looked == 1


def test_undeclared_keys_are_told_where_they_are_to_be_removed(url: str, client: redis.Redis) -> None:
    client.set("stray", "v")
    assert audited(url, declared({}, undeclared="remove")).strangers[0].like == "stray"


def test_names_of_keys_with_personal_data_are_left_out(url: str, client: redis.Redis) -> None:
    client.mset({"user:ann": "v", "doc:1": "v"})
    contract = declared(
        {
            "user:{id}": KeyPattern(ttl="required", personal_data=True, value={"type": "object"}),
            "doc:{id}": KeyPattern(),
        }
    )
    report = audited(url, contract)
    assert kinds(report) == {"no_ttl": 1, "bad_value": 1}
    assert "ann" not in report.model_dump_json()


def test_one_key_may_depart_in_several_ways(url: str, client: redis.Redis) -> None:
    client.rpush("doc:1", *("v" * 100,) * 100)
    spec = KeyPattern(type="string", ttl="required", max_bytes=1000, encodings=("embstr",))
    report = audited(url, declared({"doc:{id}": spec}))
    assert kinds(report) == {"wrong_type": 1, "no_ttl": 1, "too_large": 1, "wrong_encoding": 1}


def test_the_more_literal_pattern_has_the_key(url: str, client: redis.Redis) -> None:
    client.set("sessions:expires:1", "v")
    client.hset("sessions:1", mapping={"a": "b"})
    contract = declared(
        {"sessions:{id}": KeyPattern(type="hash"), "sessions:expires:{id}": KeyPattern(type="string")}
    )
    assert audited(url, contract).clean


def test_only_the_database_of_the_store_is_looked_at(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    other = f"{url.rsplit('/', 1)[0]}/3"
    assert audited(other, declared({})).items == 0


# ── what is at stake ──────────────────────────────────────────────────────────────────────────


def test_the_size_is_how_many_keys_a_repair_would_change(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    client.set("doc:2", "v", ex=100)
    client.rpush("doc:3", "v")
    contract = declared({"doc:{id}": KeyPattern(type="string", ttl="required", ttl_max_s=60)})
    (size,) = audited_fully(url, contract).sizes.values()
    assert (size.count, size.unit, size.exact) == (3, "keys", True)


def test_the_size_without_ttls_is_the_count_of_the_most_frequent_kind(url: str, client: redis.Redis) -> None:
    client.rpush("doc:1", "v")
    client.rpush("doc:2", *("v" * 100,) * 100)
    contract = declared({"doc:{id}": KeyPattern(type="string", max_bytes=1000)})
    sizes = audited_fully(url, contract).sizes
    assert sizes[Address("cache", "pattern", "doc:{id}")].count == 2


def test_undeclared_keys_are_weighed(url: str, client: redis.Redis) -> None:
    client.mset({f"tmp:{number:04}": "v" * 100 for number in range(1500)})
    one = client.memory_usage("tmp:0000")
    size = audited_fully(url, declared({})).sizes[KEYS]
    assert one is not None
    assert (size.count, size.size_bytes) == (1500, 1500 * one)


def test_a_clean_audit_has_nothing_at_stake(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    assert audited_fully(url, declared({"doc:{id}": KeyPattern()})).sizes == {}
