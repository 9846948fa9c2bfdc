"""What random walks found once, one test each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apexplan.model.plan import HazardKind
from tests.live.redis import servers
from tests.live.redis.bench import Bench, applied, objects

pytestmark = pytest.mark.live

GROUP = "streams: {jobs: {groups: {workers: {start: '0'}}}}\n"
STREAM = "streams: {jobs: {}}\n"
FAR_MS = 4_000_000_000_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with servers.server(tmp_path / "redis") as running:
        yield Bench(url=running.url)


def test_a_dropped_stream_comes_back_with_its_deadline(bench: Bench) -> None:
    applied(bench.apply(objects(STREAM)))
    bench.ask("PEXPIREAT", "jobs", FAR_MS)
    applied(bench.apply({}))
    applied(bench.roll_back())
    assert bench.ask("PEXPIRETIME", "jobs") == FAR_MS


@pytest.mark.slow
def test_a_dropped_stream_that_would_have_expired_comes_back_empty(bench: Bench) -> None:
    applied(bench.apply(objects(STREAM)))
    bench.ask("XADD", "jobs", "*", "n", 1)
    bench.ask("PEXPIRE", "jobs", 2000)
    deadline = bench.ask("PEXPIRETIME", "jobs")
    applied(bench.apply({}))

    def is_past() -> bool:
        seconds, micros = bench.ask("TIME")
        now_ms: int = int(seconds) * 1000 + int(micros) // 1000
        return now_ms > int(deadline)

    servers.until(is_past)
    applied(bench.roll_back())
    assert (bench.ask("XLEN", "jobs"), bench.ask("PTTL", "jobs")) == (0, -1)


def test_a_dropped_group_comes_back_with_consumers_that_have_nothing_pending(bench: Bench) -> None:
    applied(bench.apply(objects(GROUP)))
    bench.ask("XGROUP", "CREATECONSUMER", "jobs", "workers", "ann")
    applied(bench.apply(objects(STREAM)))
    applied(bench.roll_back())
    (consumer,) = bench.ask("XINFO", "CONSUMERS", "jobs", "workers")
    assert consumer[b"name"] == b"ann"


def test_a_rollback_that_drops_a_stream_in_use_must_be_allowed(bench: Bench) -> None:
    """It said lossless, and took the entries of producers with it."""
    applied(bench.apply(objects("streams: {jobs: {}}")))
    bench.ask("XADD", "jobs", "1-0", "n", 1)
    (unit,) = bench.state.runs()[0].plan.units
    (step,) = unit.steps
    assert step.inverse is not None
    assert [h.kind for h in step.inverse.hazards] == [HazardKind.DELETES_DATA]


def test_undeclared_keys_can_be_removed_whether_they_are_used_or_not(bench: Bench) -> None:
    manifest = "undeclared: {action: remove, idle: 0s}"
    applied(bench.apply(objects(manifest)))
    bench.ask("SET", "fresh", 1)
    applied(bench.apply_audited(objects(manifest)))
    assert bench.ask("DBSIZE") == 0
