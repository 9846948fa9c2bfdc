"""How an audit goes over the keys: doubts, samples, the hit rate, and going on after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from apexplan.model.errors import Interrupted, StoreError, StoreUnreachable
from apexplan.provider import AuditOptions
from apexplan_redis.audit import audit, batch, whole
from apexplan_redis.audit.pace import Pace
from apexplan_redis.specs import KeyPattern

from .audit_kit import Kept, Watching, audited, audited_fully, connected, declared, kinds, only
from .servers import Running, server, until

pytestmark = pytest.mark.live

DOCS = declared({"doc:{id:int}": KeyPattern(type="string", ttl="required", ttl_max_s=60)})
MANY = 6000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with server(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture
def url(running: Running) -> str:
    running.ask("FLUSHALL")
    running.ask("CONFIG", "RESETSTAT")
    return running.url


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url) as found:
        yield found


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubtful keys are looked at again at once."""
    monkeypatch.setattr(batch, "AGAIN_S", 0.0)


@pytest.fixture
def many(client: redis.Redis) -> redis.Redis:
    """A third of the keys has no TTL, a third is undeclared."""
    with client.pipeline(transaction=False) as pipe:
        for number in range(MANY // 3):
            pipe.set(f"doc:{number}", "v", ex=60)
            pipe.set(f"doc:{number + MANY}", "v")
            pipe.set(f"tmp:{number}", "v")
        pipe.execute()
    return client


# ── doubts ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_key_that_gets_its_ttl_a_moment_later_is_no_departure(url: str, client: redis.Redis) -> None:
    client.mset({"doc:1": "v", "doc:2": "v"})
    watch = Watching(lambda: client.expire("doc:1", 30), when=4)
    assert only(audited(url, DOCS, watch)).samples == ("doc:2",)


@pytest.mark.slow
def test_an_undeclared_key_that_goes_at_once_is_no_stranger(url: str, client: redis.Redis) -> None:
    client.mset({"tmp:1": "v", "tmp:2": "v"})
    watch = Watching(lambda: client.delete("tmp:1"), when=2)
    report = audited(url, DOCS, watch)
    assert [(one.like, one.count, one.samples) for one in report.strangers] == [
        ("tmp:{n:int}", 1, ("tmp:2",))
    ]
    assert report.looked == 1


@pytest.mark.slow
def test_a_key_without_ttl_that_goes_at_once_is_no_departure(url: str, client: redis.Redis) -> None:
    client.set("doc:1", "v")
    watch = Watching(lambda: client.delete("doc:1"), when=4)
    assert audited(url, DOCS, watch).clean


def test_a_key_that_is_gone_when_it_is_looked_at_is_not_counted(url: str, client: redis.Redis) -> None:
    client.mset({"doc:1": "v"})
    report = audited(url, DOCS, Watching(lambda: client.delete("doc:1"), when=1))
    assert (report.clean, report.looked) == (True, 0)


def test_many_doubtful_keys_wait_in_bounded_memory(
    url: str, many: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_MOST_BYTES", 20_000)
    monkeypatch.setattr(batch, "AGAIN_S", 0.01)
    report = audited(url, DOCS)
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 3})


# ── samples ───────────────────────────────────────────────────────────────────────────────────


def test_a_sample_looks_at_about_so_many_keys(url: str, many: redis.Redis, at_once: None) -> None:
    report = audited(url, DOCS, sample=1000)
    assert 900 <= report.looked <= 1200
    assert (report.sampled, report.items) == (True, MANY)
    assert report.bound == pytest.approx(3 / report.looked)


def test_a_sample_says_what_its_counts_mean_for_all_keys(url: str, many: redis.Redis, at_once: None) -> None:
    departure = only(audited(url, DOCS, sample=1000))
    assert departure.count < 1000
    assert "at 95 %" in departure.text
    assert "about" in departure.text


def test_a_sample_is_no_exact_size(url: str, many: redis.Redis, at_once: None) -> None:
    assert not any(size.exact for size in audited_fully(url, DOCS, sample=1000).sizes.values())


def test_a_sample_of_as_many_keys_as_there_are_is_a_full_pass(
    url: str, many: redis.Redis, at_once: None
) -> None:
    report = audited(url, DOCS, sample=MANY)
    assert (report.sampled, report.looked, report.bound) == (False, MANY, None)


def test_no_more_than_a_thousand_values_are_validated(url: str, client: redis.Redis) -> None:
    with client.pipeline(transaction=False) as pipe:
        for number in range(MANY):
            pipe.set(f"doc:{number}", "{}")
        pipe.execute()
    report = audited(url, declared({"doc:{id}": KeyPattern(value={"type": "object"})}))
    assert report.clean
    assert any(
        "of 1,000 of 6,000 keys, the value was read" in one and "0.3%" in one for one in report.remarks
    )


def test_of_values_that_are_refused_among_a_sample_the_text_says_how_sure_it_is(
    url: str, client: redis.Redis
) -> None:
    with client.pipeline(transaction=False) as pipe:
        for number in range(MANY):
            pipe.set(f"doc:{number}", "[]" if number % 2 else "{}")
        pipe.execute()
    departure = only(audited(url, declared({"doc:{id}": KeyPattern(value={"type": "object"})})))
    assert departure.looked == 1000
    assert f"{departure.count:,} of 1,000 keys" in departure.text
    assert "of all 6,000 at 95 %" in departure.text


# ── the hit rate ──────────────────────────────────────────────────────────────────────────────


EVERYTHING = declared(
    {
        "doc:{id:int}": KeyPattern(
            type="string",
            ttl="required",
            encodings=("embstr",),
            max_bytes=1,
            max_length=10,
            value={"type": "object"},
        ),
        "h:{id}": KeyPattern(fields={"a": "required"}, max_length=1, value={"type": "object"}),
        "odd:{id}": KeyPattern(type="string", max_length=10, value={"type": "object"}),
    }
)


def test_what_the_audit_adds_to_the_hit_rate_is_counted_exactly(
    url: str, many: redis.Redis, at_once: None
) -> None:
    many.hset("h:1", mapping={"a": "1"})
    many.hset("h:2", mapping={"value": "{}"})
    many.rpush("odd:1", "v")
    before = counted(many)
    report = audited(url, EVERYTHING)
    hits = counted(many)[0] - before[0]
    assert f"the audit added {hits:,} to keyspace_hits" in report.remarks[-1]
    assert "others made 0 hits and 0 misses" in report.remarks[-1]


def test_keys_that_go_meanwhile_are_counted_as_misses(url: str, many: redis.Redis, at_once: None) -> None:
    report = audited(url, DOCS, Watching(many.flushall, when=6))
    assert counted(many)[1] > 0
    assert "others made 0 hits and 0 misses" in report.remarks[-1]


def test_what_others_read_meanwhile_is_their_hit_rate(url: str, many: redis.Redis, at_once: None) -> None:
    def read() -> None:
        for key in ("doc:1", "doc:1", "doc:1", "no"):
            many.get(key)

    report = audited(url, EVERYTHING, Watching(read, when=3))
    assert "others made 3 hits and 1 miss meanwhile: hit rate 0.750" in report.remarks[-1]


def counted(client: redis.Redis) -> tuple[int, int]:
    told = client.info("stats")
    return told["keyspace_hits"], told["keyspace_misses"]


# ── progress, a stop, and going on ────────────────────────────────────────────────────────────


def test_progress_ends_at_all_keys(url: str, many: redis.Redis, at_once: None) -> None:
    watch = Watching()
    audited(url, DOCS, watch)
    assert watch.told[-1] == (MANY, MANY, "keys")


@pytest.mark.parametrize("when", [1, 2, 3, 5, 8, 11])
def test_an_audit_that_was_stopped_goes_on_and_counts_each_key_once(
    url: str, many: redis.Redis, at_once: None, when: int
) -> None:
    kept = Kept()
    with pytest.raises(Interrupted) as caught:
        audited(url, DOCS, Watching(stops=True, when=when), checkpoint=kept)
    assert "goes on from there" in caught.value.mend
    report = audited(url, DOCS, checkpoint=kept)
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 3})
    assert [(one.like, one.count) for one in report.strangers] == [("tmp:{n:int}", MANY // 3)]
    assert report.resumed


def test_a_resumed_audit_does_not_look_at_what_was_counted(
    url: str, many: redis.Redis, at_once: None
) -> None:
    kept = Kept()
    with pytest.raises(Interrupted):
        audited(url, DOCS, Watching(stops=True, when=11), checkpoint=kept)
    watch = Watching()
    audited(url, DOCS, watch, checkpoint=kept)
    whole_pass = Watching()
    audited(url, DOCS, whole_pass)
    assert watch.heeded < whole_pass.heeded


def test_an_audit_that_came_to_its_end_is_not_gone_on_with(
    url: str, many: redis.Redis, at_once: None
) -> None:
    kept = Kept()
    audited(url, DOCS, checkpoint=kept)
    report = audited(url, DOCS, checkpoint=kept)
    assert (report.resumed, report.looked) == (False, MANY)


def test_an_audit_of_another_contract_begins_anew(url: str, many: redis.Redis, at_once: None) -> None:
    kept = Kept()
    with pytest.raises(Interrupted):
        audited(url, DOCS, Watching(stops=True, when=8), checkpoint=kept)
    report = audited(url, declared({"doc:{id}": KeyPattern()}), checkpoint=kept)
    assert (report.resumed, report.looked) == (False, MANY)
    assert any("of another contract" in one for one in report.remarks)


def test_a_long_audit_keeps_its_progress_on_the_way(
    url: str, many: redis.Redis, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "_SAVED_EVERY_S", 0.0)
    kept = Kept()
    audited(url, DOCS, checkpoint=kept)
    assert kept.saved > 5


def test_a_stop_without_a_checkpoint_says_that_it_will_begin_anew(url: str, many: redis.Redis) -> None:
    with pytest.raises(Interrupted) as caught:
        audited(url, DOCS, Watching(stops=True, when=3))
    assert "begin anew" in caught.value.mend


def test_after_a_lost_connection_the_next_audit_goes_on(url: str, many: redis.Redis, at_once: None) -> None:
    kept = Kept()
    with pytest.raises(StoreUnreachable):
        audited(url, DOCS, Watching(lambda: many.client_kill_filter(_type="normal"), when=8), checkpoint=kept)
    report = audited(url, DOCS, checkpoint=kept)
    assert (report.resumed, report.looked, kinds(report)) == (True, MANY, {"no_ttl": MANY // 3})


def test_a_server_that_was_restarted_is_begun_anew(tmp_path: Path, at_once: None) -> None:
    kept = Kept()
    with server(tmp_path / "one") as one:
        for number in range(2000):
            one_key(one, number)
        with pytest.raises(StoreUnreachable):
            audited(one.url, DOCS, Watching(lambda: restart(one), when=6), checkpoint=kept)
        until(lambda: one.ask("DBSIZE") == 0)
        for number in range(100):
            one_key(one, number)
        report = audited(one.url, DOCS, checkpoint=kept)
    assert (report.resumed, report.looked) == (False, 100)
    assert any("another process" in one for one in report.remarks)


def restart(running: Running) -> None:
    with suppress(StoreError):
        running.ask("DEBUG", "CRASH-AND-RECOVER")


def one_key(running: Running, number: int) -> None:
    running.ask("SET", f"doc:{number}", "v", "EX", 50)


def test_a_bounded_rate_gives_the_same_counts(url: str, many: redis.Redis, at_once: None) -> None:
    report = audited(url, DOCS, rate=100_000)
    assert (report.looked, kinds(report)) == (MANY, {"no_ttl": MANY // 3})


def test_at_one_key_a_second_a_stop_is_heeded_after_each_key(
    url: str, many: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    due: list[float] = []
    monkeypatch.setattr(whole, "Pace", lambda rate: Pace(rate, lambda: 0.0, due.append))
    with pytest.raises(Interrupted):
        audited(url, DOCS, Watching(stops=True, when=2), rate=1)
    assert max(due) < 10


@pytest.mark.parametrize(("said", "used"), [(None, 10_000), (20_000, 20_000), (0, 0)])
def test_the_rate_is_that_of_the_settings_where_none_is_said(
    url: str, monkeypatch: pytest.MonkeyPatch, said: int | None, used: int
) -> None:
    rates: list[int] = []

    def pace(rate: int) -> Pace:
        rates.append(rate)
        return Pace(0)

    monkeypatch.setattr(whole, "Pace", pace)
    with connected(url) as servers:
        audit(servers, DOCS, AuditOptions(rate=said), Watching(), default_rate=10_000)
    assert rates == [used]
