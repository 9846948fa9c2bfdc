"""Repairs of keys: what is changed, what is left, what comes back, and what a crash leaves."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from apexplan.engine import rollback
from apexplan.engine.apply import _Safe
from apexplan.engine.ports import RunStatus
from apexplan.model.address import Address
from apexplan.model.errors import Interrupted, Transient
from apexplan.model.plan import HazardKind, Plan, RollbackClass, Step
from apexplan.provider import Outcome
from tests.live.redis import servers
from tests.live.redis.bench import STORE, Bench, applied, objects
from tests.live.redis.meanwhile import meanwhile

pytestmark = pytest.mark.live

BOUND = """
keys:
  "doc:{id}": {type: string, ttl: {policy: required, max: 1h}, repair: ttl}
  "doc:{id}:raw": {ttl: none}
"""
REMOVE = """
keys: {"doc:{id}": {type: string}}
undeclared: {action: remove, idle: 1s, keep: 1mb}
"""
HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with servers.server(tmp_path / "redis") as running:
        yield Bench(url=running.url)


def step_of(plan: Plan, verb: str) -> Step:
    return next(step for step in plan.steps if step.verb == verb)


def ttl_ms(bench: Bench, key: str) -> int:
    found: int = bench.ask("PTTL", key)
    return found


# ── TTLs ──────────────────────────────────────────────────────────────────────────────────────


def test_only_keys_of_the_pattern_that_break_it_are_changed(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", f"doc:{n}", n) for n in range(1200)])
    bench.fill([("SET", "doc:long", 1, "PX", 9 * HOUR_MS), ("SET", "doc:short", 1, "PX", 60_000)])
    bench.fill([("SET", "doc:1:raw", 1), ("SET", "other", 1)])
    applied(bench.apply_audited(objects(BOUND)))
    assert 0 < ttl_ms(bench, "doc:7") <= HOUR_MS
    assert 0 < ttl_ms(bench, "doc:long") <= HOUR_MS
    assert 0 < ttl_ms(bench, "doc:short") <= 60_000
    assert (ttl_ms(bench, "doc:1:raw"), ttl_ms(bench, "other")) == (-1, -1)


def test_the_plan_says_what_expires_and_how_many(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", f"doc:{n}", n) for n in range(3)])
    plan = bench.plan_audited(objects(BOUND))
    step = step_of(plan, "bound ttl")
    assert {h.kind for h in step.hazards} == {HazardKind.DELETES_DATA, HazardKind.SCANS_DATA}
    assert step.size is not None and step.size.count == 3
    assert step.rollback is RollbackClass.RETENTION
    assert any("3 of 3 keys have no TTL" in note.text for note in plan.notes)


def test_without_an_audit_nothing_is_repaired(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", "doc:1", 1)])
    assert bench.plan(objects(BOUND)).empty


def test_what_nobody_asked_to_repair_is_told_and_left(bench: Bench) -> None:
    manifest = BOUND.replace(", repair: ttl", "")
    applied(bench.apply(objects(manifest)))
    bench.fill([("SET", "doc:1", 1)])
    plan = bench.plan_audited(objects(manifest))
    assert plan.empty and any("has no TTL" in note.text for note in plan.notes)


def test_a_second_audit_finds_nothing(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", f"doc:{n}", n) for n in range(50)])
    applied(bench.apply_audited(objects(BOUND)))
    assert bench.plan_audited(objects(BOUND)).empty


def test_a_rollback_gives_every_key_what_it_had(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", "doc:none", 1), ("SET", "doc:long", 1, "PX", 9 * HOUR_MS)])
    was = bench.ask("PEXPIRETIME", "doc:long")
    applied(bench.apply_audited(objects(BOUND)))
    applied(bench.roll_back())
    assert (bench.ask("PEXPIRETIME", "doc:none"), bench.ask("PEXPIRETIME", "doc:long")) == (-1, was)


def test_a_rollback_leaves_a_key_that_somebody_gave_another_ttl(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", "doc:1", 1)])
    applied(bench.apply_audited(objects(BOUND)))
    bench.ask("PEXPIRE", "doc:1", 90_000)
    applied(bench.roll_back())
    assert 0 < ttl_ms(bench, "doc:1") <= 90_000


def test_no_more_keys_than_the_limit_are_changed(bench: Bench) -> None:
    manifest = BOUND.replace("repair: ttl", "repair: {limit: 10}")
    applied(bench.apply(objects(manifest)))
    bench.fill([("SET", f"doc:{n}", n) for n in range(30)])
    applied(bench.apply_audited(objects(manifest)))
    assert sum(ttl_ms(bench, f"doc:{n}") > 0 for n in range(30)) == 10


def test_a_key_that_changed_between_look_and_change_is_left(bench: Bench) -> None:
    """The script refuses it: what it was told to be seen is not what is there."""
    from apexplan_redis.run.repairs import _SET_DEADLINE

    bench.fill([("SET", "doc:1", 1, "PX", 50_000)])
    deadline = int(time.time() * 1000) + HOUR_MS
    assert bench.ask("EVAL", _SET_DEADLINE, 1, "doc:1", -1, deadline) == 0
    assert 0 < ttl_ms(bench, "doc:1") <= 50_000


def test_keys_that_are_no_text_are_repaired_too(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    with bench.stores() as stores:
        node = stores[STORE].session.servers.primaries[0]  # type: ignore[attr-defined]
        node.call("SET", b"doc:\xff\x00", 1)
        applied(bench.apply_audited(objects(BOUND)))
        assert node.call("PTTL", b"doc:\xff\x00") > 0


@pytest.mark.parametrize("wrong_s", [-7200, 7200])
def test_deadlines_go_by_the_servers_clock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, wrong_s: int
) -> None:
    """By that of a machine which is two hours late, every key would expire at once."""
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", "doc:1", 1)])
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + wrong_s)
    applied(bench.apply_audited(objects(BOUND)))
    assert 0 < ttl_ms(bench, "doc:1") <= HOUR_MS


# ── undeclared keys ───────────────────────────────────────────────────────────────────────────


def strange(bench: Bench, *keys: str) -> None:
    """Writes keys of no pattern that nobody has used for two seconds, as the server sees it."""
    bench.fill([("SET", key, "x" * 100, "PX", 99 * HOUR_MS) for key in keys])
    bench.fill([("SADD", f"{key}:set", *map(str, range(5))) for key in keys])
    until_idle = [f"{key}" for key in keys]
    servers.until(lambda: all(bench.ask("OBJECT", "IDLETIME", key) >= 2 for key in until_idle))


def test_idle_undeclared_keys_are_removed_and_come_back_by_a_rollback(bench: Bench) -> None:
    applied(bench.apply(objects(REMOVE)))
    bench.fill([("SET", "doc:1", 1)])
    strange(bench, "old:1", "old:2")
    was = bench.ask("PEXPIRETIME", "old:1")
    plan = bench.plan_audited(objects(REMOVE))
    assert step_of(plan, "remove keys").rollback is RollbackClass.LOSSLESS
    applied(bench.apply_audited(objects(REMOVE)))
    assert bench.ask("DBSIZE") == 1
    applied(bench.roll_back())
    assert bench.ask("DBSIZE") == 5
    assert (bench.ask("GET", "old:1"), bench.ask("PEXPIRETIME", "old:1")) == (b"x" * 100, was)
    assert bench.ask("SCARD", "old:2:set") == 5


def test_keys_in_use_stay(bench: Bench) -> None:
    manifest = REMOVE.replace("idle: 1s", "idle: 1h")
    applied(bench.apply(objects(manifest)))
    strange(bench, "old:1")
    applied(bench.apply_audited(objects(manifest)))
    assert bench.ask("DBSIZE") == 2


def test_only_what_looks_like_the_approved_groups_is_removed(bench: Bench) -> None:
    applied(bench.apply(objects(REMOVE)))
    strange(bench, "old:1")
    with bench.audited(objects(REMOVE)) as (stores, _):
        plan = bench.plan_in(stores, objects(REMOVE))
        strange(bench, "fresh:one:two")
        applied(bench.start_in(stores, plan))
    assert bench.ask("EXISTS", "old:1") == 0
    assert bench.ask("EXISTS", "fresh:one:two") == 1


def test_a_plan_that_cannot_keep_everything_says_that_it_is_lossy(bench: Bench) -> None:
    manifest = REMOVE.replace("keep: 1mb", "keep: 100b")
    applied(bench.apply(objects(manifest)))
    strange(bench, "old:1", "old:2")
    step = step_of(bench.plan_audited(objects(manifest)), "remove keys")
    assert step.rollback is RollbackClass.LOSSY


def test_a_key_that_is_there_again_is_left_by_the_rollback(bench: Bench) -> None:
    applied(bench.apply(objects(REMOVE)))
    strange(bench, "old:1")
    applied(bench.apply_audited(objects(REMOVE)))
    bench.ask("SET", "old:1", "new")
    applied(bench.roll_back())
    assert bench.ask("GET", "old:1") == b"new"


def test_under_an_lfu_policy_the_plan_says_that_it_cannot_be_applied(bench: Bench) -> None:
    manifest = REMOVE + "config: {maxmemory-policy: allkeys-lfu}\n"
    applied(bench.apply(objects(manifest)))
    bench.fill([("SET", "old:1", 1)])
    plan = bench.plan_audited(objects(manifest))
    assert any(note.blocks and "lfu" in note.text for note in plan.notes)


def test_a_declared_stream_is_no_undeclared_key(bench: Bench) -> None:
    manifest = REMOVE.replace("idle: 1s", "idle: 1h") + "streams: {jobs: {}}\n"
    applied(bench.apply(objects(manifest)))
    with bench.audited(objects(manifest)) as (_, found):
        assert found.strangers == ()


def test_a_key_that_was_left_and_is_deleted_later_is_not_brought_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(bench.apply(objects(REMOVE)))
    strange(bench, "old:1", "old:2")
    meanwhile(monkeypatch, "00000001", lambda: bench.ask("SET", "old:1", "new"))
    applied(bench.apply_audited(objects(REMOVE)))
    assert bench.ask("GETDEL", "old:1") == b"new"
    applied(bench.roll_back())
    assert (bench.ask("EXISTS", "old:1"), bench.ask("EXISTS", "old:2")) == (0, 1)


def test_a_rollback_brings_back_what_has_not_expired_by_the_servers_clock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(bench.apply(objects(REMOVE)))
    strange(bench, "old:1")
    applied(bench.apply_audited(objects(REMOVE)))
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 1000 * HOUR_MS)
    applied(bench.roll_back())
    assert bench.ask("EXISTS", "old:1") == 1


def test_what_a_newer_server_has_kept_is_refused_with_the_way_to_mend_it(bench: Bench) -> None:
    """The last ten bytes of a dump are the version of its format and a checksum."""
    applied(bench.apply(objects(REMOVE)))
    strange(bench, "old:1")
    applied(bench.apply_audited(objects(REMOVE)))
    (parts,) = bench.state._kept.values()
    rows = json.loads(parts["00000001"])
    newer = [(*row, base64.b64decode(dump)[:-10] + b"\xff" * 10) for *row, dump in rows]
    parts["00000001"] = json.dumps([(*row, base64.b64encode(dump).decode()) for *row, dump in newer]).encode()
    found = bench.roll_back().failure
    assert found is not None
    assert "cannot read this dump" in found.error and "a newer one" in found.mend


def test_a_value_that_is_not_kept_does_not_leave_the_server(bench: Bench) -> None:
    manifest = REMOVE.replace("keep: 1mb", "keep: 1kb").replace("idle: 1s", "idle: 0s")
    applied(bench.apply(objects(manifest)))
    bench.ask("SET", "old:1", Random(1).randbytes(5_000_000))
    before = sent_bytes(bench)
    applied(bench.apply_audited(objects(manifest)))
    assert bench.ask("EXISTS", "old:1") == 0
    assert sent_bytes(bench) - before < 1_000_000


def sent_bytes(bench: Bench) -> int:
    """Returns how much the server has sent to all clients so far."""
    lines = bench.ask("INFO", "stats").decode().splitlines()
    return int(dict(line.split(":", 1) for line in lines if ":" in line)["total_net_output_bytes"])


# ── crashes ───────────────────────────────────────────────────────────────────────────────────


def test_a_run_that_is_stopped_goes_on_and_repairs_the_rest(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", f"doc:{n}", n) for n in range(3000)])
    with bench.audited(objects(BOUND)) as (stores, _):
        plan = bench.plan_in(stores, objects(BOUND))
        bench.stop.wished = True
        bench.stop = _StopsAfter(3)
        result = bench.start_in(stores, plan)
    assert result.status is RunStatus.STOPPED
    done = sum(ttl_ms(bench, f"doc:{n}") > 0 for n in range(3000))
    assert 0 < done < 3000
    bench.stop = _StopsAfter(10**9)
    applied(bench.resume())
    assert all(ttl_ms(bench, f"doc:{n}") > 0 for n in range(3000))
    applied(bench.roll_back())
    assert all(ttl_ms(bench, f"doc:{n}") == -1 for n in range(3000))


class _StopsAfter:
    """A stop that is wished once it was asked for so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    @property
    def wished(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_an_attempt_that_goes_on_keeps_the_limit_of_the_plan(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = BOUND.replace("repair: ttl", "repair: {limit: 10}")
    applied(bench.apply(objects(manifest)))
    bench.fill([("SET", f"doc:{n}", n) for n in range(30)])

    def fails() -> None:
        del bench.state._kept[bench.state.runs()[0].id, "cache.pattern.doc:{id}/bound ttl"]["end"]
        raise Transient("once")

    meanwhile(monkeypatch, "end", fails)
    applied(bench.apply_audited(objects(manifest)))
    assert sum(ttl_ms(bench, f"doc:{n}") > 0 for n in range(30)) == 10


def test_a_run_that_goes_on_after_the_deadline_that_it_had_meant_deletes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a night: what was to live for another hour from yesterday on gets its hour now."""
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", f"doc:{n}", n) for n in range(5)])

    def stops() -> None:
        bench.stop.wished = True
        raise Interrupted("before any key was changed")

    meanwhile(monkeypatch, "00000001", stops)
    assert bench.apply_audited(objects(BOUND)).status is RunStatus.STOPPED
    bench.stop.wished = False
    (parts,) = bench.state._kept.values()
    rows = json.loads(parts["00000001"])
    parts["00000001"] = json.dumps(
        [[key, seen, deadline - 9 * HOUR_MS] for key, seen, deadline in rows]
    ).encode()
    applied(bench.resume())
    assert all(0 < ttl_ms(bench, f"doc:{n}") <= HOUR_MS for n in range(5))
    applied(bench.roll_back())
    assert all(ttl_ms(bench, f"doc:{n}") == -1 for n in range(5))


def test_a_probe_outside_of_a_run_does_not_guess(bench: Bench) -> None:
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", "doc:1", 1)])
    step = step_of(bench.plan_audited(objects(BOUND)), "bound ttl")
    with bench.stores() as stores:
        assert stores[STORE].session.probe(step) is Outcome.UNKNOWN
    assert step.address == Address(STORE, "pattern", "doc:{id}")


def test_a_repair_is_not_done_because_the_run_that_is_rolled_back_did_it(bench: Bench) -> None:
    """A rollback that fails takes itself back: then the repair has to be made again."""
    applied(bench.apply(objects(BOUND)))
    bench.fill([("SET", "doc:1", 1)])
    applied(bench.apply_audited(objects(BOUND)))
    repaired = bench.state.runs()[0]
    step = step_of(repaired.plan, "bound ttl")
    plan = rollback.plan(repaired, bench.state.head(), created="later", sizes={})
    undone = replace(repaired, id="later", plan=plan)
    with bench.stores() as stores, bench.state.lock("test", 0) as lock:
        session = stores[STORE].session
        for run, outcome in ((repaired, Outcome.DONE), (undone, Outcome.NOT_DONE)):
            session.keeping(_Safe(bench.state, lock, run))  # type: ignore[attr-defined]
            assert session.probe(step) is outcome
