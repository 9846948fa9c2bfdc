"""Bad keys, bad values, and servers that refuse: an error that says what to do, or a counted finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from apexplan.model.errors import AccessDenied, Interrupted, StoreUnreachable, Transient
from apexplan_redis.audit import batch, patience
from apexplan_redis.errors import Busy
from apexplan_redis.patterns import parse
from apexplan_redis.specs import KeyPattern

from .audit_kit import Kept, Waiting, Watching, audited, declared, kinds, only
from .servers import Running, server
from .test_servers_calls import looping

pytestmark = pytest.mark.live

_MIB = 1 << 20


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with server(tmp_path_factory.mktemp("redis"), "--busy-reply-threshold", "50") as started:
        yield started


@pytest.fixture
def url(running: Running) -> str:
    running.ask("FLUSHALL")
    return running.url


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url) as found:
        yield found


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "AGAIN_S", 0.0)


def test_a_key_that_is_no_text_is_shown_with_escapes(url: str, client: redis.Redis) -> None:
    client.set(b"doc:\xff\x00\n", "v")
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(ttl="required")})))
    assert departure.samples == ("doc:\\xff\\x00\\n",)


def test_undeclared_keys_that_are_no_text_are_counted(url: str, client: redis.Redis) -> None:
    client.mset({b"\xff:1": "v", b"": "v", b"\x00": "v"})
    report = audited(url, declared({}))
    assert sum(one.count for one in report.strangers) == 3


def test_every_group_but_that_of_the_empty_key_is_a_pattern(url: str, client: redis.Redis) -> None:
    client.mset({b"\xff:1": "v", b"": "v", b"{x}:{y": "v", b"a*b": "v"})
    for one in audited(url, declared({})).strangers:
        assert one.like == "" or parse(one.like)


def test_a_key_name_of_a_megabyte_is_one_key_more(url: str, client: redis.Redis) -> None:
    client.set(b"doc:" + b"x" * _MIB, "v")
    client.set(b"tmp:" + b"x" * _MIB, "v")
    report = audited(url, declared({"doc:{id}": KeyPattern(ttl="required")}))
    assert kinds(report) == {"no_ttl": 1}
    assert len(only(report).samples[0]) == 200
    assert report.strangers[0].count == 1
    assert len(report.model_dump_json()) < 5000


def test_many_long_key_names_make_smaller_batches(url: str, client: redis.Redis) -> None:
    for number in range(60):
        client.set(b"doc:%d:" % number + b"x" * (_MIB // 4), "v")
    report = audited(url, declared({"doc:*": KeyPattern(ttl="required")}))
    assert (report.looked, kinds(report)) == (60, {"no_ttl": 60})


def test_a_value_of_100_megabytes_is_counted_and_never_read(url: str, client: redis.Redis) -> None:
    client.setrange("doc:1", 100 * _MIB, "x")
    client.config_resetstat()
    spec = KeyPattern(value={"type": "object"}, max_bytes=_MIB)
    report = audited(url, declared({"doc:{id}": spec}))
    assert kinds(report) == {"too_large": 1}
    assert any("1 value above 1 MiB was not validated" in one for one in report.remarks)
    assert client.info("stats")["total_net_output_bytes"] < _MIB


def test_many_large_values_are_read_a_few_at_a_time(url: str, client: redis.Redis) -> None:
    value = b'"' + b"x" * (_MIB - 2) + b'"'
    for number in range(30):
        client.set(f"doc:{number}", value)
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(value={"type": "object"})})))
    assert (departure.count, departure.looked) == (30, 30)


def test_a_value_nested_without_end_is_refused(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "[" * 100_000)
    assert kinds(audited(url, declared({"doc:{id}": KeyPattern(value={"type": "array"})}))) == {
        "bad_value": 1
    }


def test_a_schema_that_reaches_elsewhere_is_not_followed(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "{}")
    report = audited(url, declared({"doc:{id}": KeyPattern(value={"$ref": "http://127.0.0.1:1/x.json"})}))
    assert report.clean
    assert any("refers to another document" in one for one in report.remarks)


def test_a_word_of_a_schema_that_is_not_known_is_told(url: str, client: redis.Redis) -> None:
    schema = {"type": "array", "prefixItems": [{"type": "string"}]}
    report = audited(url, declared({"doc:{id}": KeyPattern(value=schema)}))
    assert any("prefixItems is not looked at" in one for one in report.remarks)


# ── refusals ──────────────────────────────────────────────────────────────────────────────────

READS = ("+scan", "+dbsize", "+type", "+pttl", "+exists", "+info", "+hello", "+select", "+client")
ALL_OF_IT = KeyPattern(type="string", ttl="required", max_bytes=1, max_length=9, value={"type": "object"})


def as_user(running: Running, *rules: str) -> str:
    running.ask("ACL", "SETUSER", "auditor", "reset", "on", ">secret", "~*", *rules)
    return f"redis://auditor:secret@{running.name}/0"


@pytest.mark.parametrize("missing", ["scan", "dbsize", "type", "pttl", "exists"])
def test_a_command_that_an_audit_needs_is_named(
    running: Running, url: str, client: redis.Redis, missing: str
) -> None:
    client.mset({"doc:1": "v", "stray": "v"})
    mine = as_user(running, *(rule for rule in READS if rule != f"+{missing}"))
    with pytest.raises(AccessDenied) as caught:
        audited(mine, declared({"doc:{id}": ALL_OF_IT}))
    assert f"may not run {missing.upper()}" in str(caught.value)
    assert f"+{missing}" in caught.value.mend


def test_refused_commands_take_nothing_from_what_the_audit_added(
    running: Running, url: str, client: redis.Redis
) -> None:
    client.mset({f"doc:{number}": "v" for number in range(3000)})
    report = audited(as_user(running, *READS), declared({"doc:{id}": ALL_OF_IT}))
    assert "others made 0 hits and 0 misses" in report.remarks[-1]


def test_without_the_other_commands_the_rest_is_looked_at(
    running: Running, url: str, client: redis.Redis
) -> None:
    client.set("doc:1", "v" * 100)
    mine = as_user(running, *READS)
    report = audited(mine, declared({"doc:{id}": ALL_OF_IT}))
    assert kinds(report) == {"no_ttl": 1}
    told = [one for one in report.remarks if "was not looked at" in one]
    assert [one.split()[1] for one in told] == ["MEMORY", "STRLEN"]


def test_without_info_the_hit_rate_is_not_known(running: Running, url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    mine = as_user(running, "+@read", "+@connection", "+dbsize")
    report = audited(mine, declared({"doc:{id}": KeyPattern(type="string")}))
    assert "may not run INFO" in report.remarks[-1]


def test_keys_that_the_user_may_not_touch_are_an_error(
    running: Running, url: str, client: redis.Redis
) -> None:
    client.set("doc:1", "v")
    mine = as_user(running, *READS, "resetkeys", "~other:*")
    with pytest.raises(AccessDenied, match="may not touch this key"):
        audited(mine, declared({"doc:{id}": KeyPattern(type="string")}))


def test_encodings_that_the_user_may_not_ask_for_take_no_key_from_the_count(
    running: Running, url: str, client: redis.Redis
) -> None:
    client.mset({f"doc:{number}": "v" for number in range(3000)})
    mine = as_user(running, *READS)
    report = audited(mine, declared({"doc:{id}": KeyPattern(encodings=("raw",))}))
    assert report.looked == 3000


def test_without_info_an_audit_begins_anew_and_says_why(
    running: Running, url: str, client: redis.Redis
) -> None:
    client.mset({f"doc:{number}": "v" for number in range(3000)})
    mine = as_user(running, "+@read", "+@connection", "+dbsize")
    kept, contract = Kept(), declared({"doc:{id}": KeyPattern(type="string")})
    with pytest.raises(Interrupted):
        audited(mine, contract, Watching(stops=True, when=5), checkpoint=kept)
    report = audited(mine, contract, checkpoint=kept)
    assert (report.resumed, report.looked) == (False, 3000)
    assert any("does not tell which process it is" in one for one in report.remarks)


# ── what passes by itself ─────────────────────────────────────────────────────────────────────

EVERY_WAY = declared(
    {"doc:{id}": KeyPattern(type="string", ttl="required", max_length=9, value={"type": "object"})}
)


@pytest.mark.parametrize("when", [1, 2, 3, 5, 8, 11])
def test_a_busy_server_is_waited_for_and_each_key_is_counted_once(
    running: Running, url: str, client: redis.Redis, when: int
) -> None:
    client.mset({f"doc:{number}": "{}" for number in range(3000)} | {"stray": "v"})
    client.config_resetstat()
    script = looping(running)
    watch = Waiting(script.__enter__, when=when, end=lambda: script.__exit__(None, None, None))
    report = audited(url, EVERY_WAY, watch)
    assert "a script or a function runs for long" in watch.waited
    assert (report.looked, kinds(report)) == (3001, {"no_ttl": 3000})
    assert report.strangers[0].count == 1
    assert "others made 0 hits" in report.remarks[-1]


def test_a_server_that_is_busy_when_all_keys_were_looked_at_is_waited_for(
    running: Running, url: str, client: redis.Redis
) -> None:
    client.mset({f"doc:{number}": "v" for number in range(3000)})
    contract, first = declared({"doc:{id}": KeyPattern(type="string")}), Watching()
    audited(url, contract, first)
    script = looping(running)
    watch = Waiting(script.__enter__, when=first.heeded, end=lambda: script.__exit__(None, None, None))
    report = audited(url, contract, watch)
    assert (watch.waited != "", report.looked) == (True, 3000)


def test_a_server_that_stays_busy_ends_the_audit_and_the_next_one_goes_on(
    running: Running, url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.0)
    client.mset({f"doc:{number}": "v" for number in range(3000)})
    kept, contract = Kept(), declared({"doc:{id}": KeyPattern(type="string")})
    script = looping(running)
    with pytest.raises(Busy) as caught:
        audited(url, contract, Watching(script.__enter__, when=5), checkpoint=kept)
    script.__exit__(None, None, None)
    assert isinstance(caught.value, Transient)
    report = audited(url, contract, checkpoint=kept)
    assert (report.resumed, report.looked) == (True, 3000)


def test_a_stop_is_heeded_while_a_busy_server_is_waited_for(
    running: Running, url: str, client: redis.Redis
) -> None:
    client.mset({f"doc:{number}": "v" for number in range(3000)})
    script = looping(running)
    watch = Stopping(script.__enter__, when=5)
    with pytest.raises(Interrupted):
        audited(url, declared({"doc:{id}": KeyPattern(type="string")}), watch)
    script.__exit__(None, None, None)


@dataclass(slots=True)
class Stopping(Watching):
    """A watch that asks for a stop once the audit waits."""

    waits: bool = False

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.waits = self.waits or "waits for" in phase

    def stopping(self) -> bool:
        return Watching.stopping(self) or self.waits


def test_a_server_that_dies_in_the_middle_is_unreachable(tmp_path: Path) -> None:
    kept, contract = Kept(), declared({"doc:{id}": KeyPattern(type="string")})
    with server(tmp_path) as mortal:
        mortal.ask("MSET", *(part for number in range(3000) for part in (f"doc:{number}", "v")))
        with pytest.raises(StoreUnreachable):
            audited(mortal.url, contract, Watching(mortal.kill, when=6), checkpoint=kept)
    assert kept.progress is not None
    (part,) = kept.progress["parts"].values()
    assert 0 < part["tally"]["looked"] < 3000
