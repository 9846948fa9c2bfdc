"""Streams and groups that are dropped while applications work with them: nothing that came in is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apexplan.engine import rollback
from apexplan.engine.apply import _Safe
from apexplan.engine.ports import RunStatus
from apexplan.model.plan import RollbackClass
from apexplan.provider import Outcome
from tests.live.redis import servers
from tests.live.redis.bench import STORE, Bench, Heard, applied, failure, objects
from tests.live.redis.meanwhile import meanwhile

pytestmark = pytest.mark.live

GROUP = "streams: {jobs: {groups: {workers: {start: '0'}}}}"
STREAM = "streams: {jobs: {}}"
NOTHING = "keys: {'doc:{id}': 1h}"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[servers.Running]:
    with servers.server(tmp_path / "redis") as running:
        yield running


@pytest.fixture
def bench(running: servers.Running) -> Bench:
    """A stream with a group, and five jobs of which two are with a worker."""
    bench = Bench(url=running.url)
    applied(bench.apply(objects(GROUP)))
    for number in range(1, 6):
        running.ask("XADD", "jobs", f"{number}-0", "n", number)
    deliver(running, 2)
    return bench


def deliver(running: servers.Running, count: int, consumer: str | bytes = "ann") -> None:
    running.ask("XREADGROUP", "GROUP", "workers", consumer, "COUNT", count, "STREAMS", "jobs", ">")


def pending(running: servers.Running) -> list[Any]:
    """Returns entry, consumer and count of what is not confirmed."""
    rows = running.ask("XPENDING", "jobs", "workers", "-", "+", 9999)
    return [(entry, consumer, count) for entry, consumer, _, count in rows]


# ── groups ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_delivered_while_a_group_is_kept_comes_back_with_it(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, "dump", lambda: deliver(running, 1, "bob"))
    applied(bench.apply(objects(STREAM)))
    assert running.ask("XINFO", "GROUPS", "jobs") == []
    applied(bench.roll_back())
    assert pending(running) == [(b"1-0", b"ann", 1), (b"2-0", b"ann", 1), (b"3-0", b"bob", 1)]
    read = running.ask("XINFO", "GROUPS", "jobs")[0][b"entries-read"]
    assert read == 4  # the entry by which a stream is made counts


@pytest.mark.parametrize(
    "change",
    [
        ("XACK", "jobs", "workers", "1-0"),
        ("XCLAIM", "jobs", "workers", "bob", 0, "1-0", "JUSTID"),
        ("XCLAIM", "jobs", "workers", "ann", 0, "1-0"),
        ("XGROUP", "CREATECONSUMER", "jobs", "workers", "cid"),
        ("XGROUP", "DELCONSUMER", "jobs", "workers", "ann"),
        ("XGROUP", "SETID", "jobs", "workers", "4-0"),
        ("XGROUP", "SETID", "jobs", "workers", "2-0", "ENTRIESREAD", 5),
    ],
)
def test_a_group_that_changes_while_it_is_kept_is_kept_anew(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch, change: tuple[Any, ...]
) -> None:
    told: list[Any] = []

    def act() -> None:
        running.ask(*change)
        told.append((pending(running), running.ask("XINFO", "GROUPS", "jobs")))

    meanwhile(monkeypatch, "dump", act)
    applied(bench.apply(objects(STREAM)))
    applied(bench.roll_back())
    assert (pending(running), running.ask("XINFO", "GROUPS", "jobs")) == told[0]


def test_a_group_with_thousands_of_pending_entries_and_names_that_are_no_text_comes_back(
    running: servers.Running, bench: Bench
) -> None:
    running.ask("EVAL", "for i = 1, 2500 do redis.call('XADD', 'jobs', '*', 'n', i) end", 0)
    deliver(running, 1700, b"\xff \n")
    deliver(running, 700)
    was = pending(running)
    applied(bench.apply(objects(STREAM)))
    applied(bench.roll_back())
    assert len(was) == 2402 and pending(running) == was


def test_a_group_that_an_application_makes_again_at_once_is_left_to_it(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may not take the place of what was kept either."""
    was = pending(running)
    again = ("XGROUP", "CREATE", "jobs", "workers", "$")
    meanwhile(monkeypatch, "dropped", lambda: running.ask(*again))
    applied(bench.apply(objects(STREAM)))
    running.ask("XGROUP", "DESTROY", "jobs", "workers")
    applied(bench.roll_back())
    assert pending(running) == was


# ── streams ───────────────────────────────────────────────────────────────────────────────────


def test_a_job_that_comes_in_while_a_stream_is_kept_comes_back_with_it(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, "dump", lambda: running.ask("XADD", "jobs", "6-0", "n", 6))
    applied(bench.apply(objects(NOTHING)))
    applied(bench.roll_back())
    assert running.ask("XLEN", "jobs") == 6


def test_a_stream_that_a_producer_makes_again_at_once_is_left_to_it(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, "dropped", lambda: running.ask("XADD", "jobs", "6-0", "n", 6))
    applied(bench.apply(objects(NOTHING)))
    assert running.ask("XLEN", "jobs") == 1
    running.ask("UNLINK", "jobs")
    applied(bench.roll_back())
    assert running.ask("XLEN", "jobs") == 5


def test_a_stream_that_somebody_made_again_is_not_taken_for_the_one_that_was_dropped(
    running: servers.Running, bench: Bench
) -> None:
    applied(bench.apply(objects(NOTHING)))
    running.ask("XADD", "jobs", "6-0", "n", 6)
    assert "has made the stream again" in failure(bench.roll_back())
    assert running.ask("XLEN", "jobs") == 1


def test_a_stream_that_goes_on_after_it_was_brought_back_is_that_stream(
    running: servers.Running, bench: Bench
) -> None:
    """As after a crash between the two: the application has gone on when a resume asks."""
    applied(bench.apply(objects(NOTHING)))
    dropped = bench.state.runs()[0]
    plan = rollback.plan(dropped, bench.state.head(), created="later", sizes={})
    (step,) = (step for step in plan.steps if step.verb == "stream")
    with bench.stores() as stores, bench.state.lock("test", 0) as lock:
        session: Any = stores[STORE].session
        session.keeping(_Safe(bench.state, lock, replace(dropped, id="later", plan=plan)))
        session.run(step, Heard())
        for command in (("XADD", "jobs", "9-0", "n", 9), ("XTRIM", "jobs", "MAXLEN", 1)):
            running.ask(*command)
        assert session.probe(step) is Outcome.DONE
        for command in (("UNLINK", "jobs"), ("XADD", "jobs", "9-0", "n", 9)):
            running.ask(*command)
        assert session.probe(step) is Outcome.UNKNOWN


def test_a_key_of_another_type_in_a_streams_place_is_left(running: servers.Running, bench: Bench) -> None:
    plan = bench.plan(objects(NOTHING))
    running.ask("SET", "jobs", "mine")
    applied(bench.start(plan))
    assert running.ask("GET", "jobs") == b"mine"


def test_a_stream_that_changes_whenever_it_is_kept_is_not_dropped(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, "dump", lambda: running.ask("XADD", "jobs", "*", "n", 6), 10_000)
    result = bench.apply(objects(NOTHING))
    assert result.status is RunStatus.UNDONE
    assert "changed 100 times while it was kept" in failure(result)
    assert running.ask("XLEN", "jobs") == 105


def test_a_stop_is_heard_between_two_keepings(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> None:
        running.ask("XADD", "jobs", "6-0", "n", 6)
        bench.stop.wished = True

    meanwhile(monkeypatch, "dump", act)
    assert bench.apply(objects(NOTHING)).status is RunStatus.STOPPED
    assert running.ask("XLEN", "jobs") == 6
    bench.stop.wished = False
    applied(bench.resume())
    assert running.ask("EXISTS", "jobs") == 0


def test_a_stream_that_has_grown_beyond_what_is_kept_is_not_dropped_by_a_rollback(
    running: servers.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(url=running.url)
    applied(bench.apply(objects(STREAM)))
    running.ask("XADD", "jobs", "*", "n", "x" * 10_000)
    monkeypatch.setattr("apexplan_redis.run.streams.MOST_KEPT_BYTES", 5_000)
    assert "at most 5,000 are kept" in failure(bench.roll_back())
    assert running.ask("XLEN", "jobs") == 1


def test_a_stream_that_is_too_large_to_be_kept_is_not_read(
    running: servers.Running, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apexplan_redis.steps.streams.MOST_KEPT_BYTES", 1)
    plan = bench.plan(objects(NOTHING))
    assert [step.rollback for step in plan.steps if step.verb == "drop stream"] == [RollbackClass.LOSSY]
    running.ask("CONFIG", "RESETSTAT")
    applied(bench.start(plan))
    assert running.ask("EXISTS", "jobs") == 0
    assert b"cmdstat_dump:" not in running.ask("INFO", "commandstats")
