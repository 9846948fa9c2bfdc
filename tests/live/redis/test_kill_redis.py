"""The real command on a real Redis, killed by SIGKILL at each write of its journal and at each part that it
keeps of overwritten data, and again in the recovery."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.home import writes
from tests.live.redis import servers
from tests.live.redis.places import CachePlace, told

pytestmark = [pytest.mark.slow, pytest.mark.live]

BEFORE = """
kind: RedisContract
store: cache
keys:
  "doc:{id}": {type: string, ttl: {policy: required, max: 1h}, repair: ttl}
config: {maxmemory: 100mb}
users: {old: {passwords: [app], commands: +@read, keys: ["*"]}}
libraries:
  lib: {code: "#!lua name=lib\\nredis.register_function('f', function() return 1 end)\\n"}
streams: {jobs: {groups: {workers: {start: "0"}}}}
undeclared: {action: remove, idle: 1s}
"""
AFTER = """
kind: RedisContract
store: cache
keys:
  "doc:{id}": {type: string, ttl: {policy: required, max: 2h}, repair: ttl}
  "q:*": 1h
config: {maxmemory: 200mb, maxmemory-policy: volatile-lru}
users: {app: {passwords: [app], commands: +@read, keys: ["doc:*"]}}
libraries:
  lib: {code: "#!lua name=lib\\nredis.register_function('f', function() return 2 end)\\n"}
undeclared: {action: remove, idle: 1s}
"""
ALLOWED = ("--allow", "DELETES_DATA", "--allow", "DOWNTIME", "--allow", "BLOCKS_WRITES")
APPLY = ("apply", "--yes", "--audit", *ALLOWED)
KILLED = -signal.SIGKILL
DOCUMENTS = 600


@dataclass(frozen=True)
class Way:
    """From `BEFORE` to `AFTER`: how to begin it, and what is there before and after."""

    make: Callable[[Path], CachePlace]
    before: Any
    after: Any
    writes: int


def filled(place: CachePlace) -> None:
    """What applications have left: documents without TTL, a job, keys of nobody's."""
    place.ask("EVAL", f"for i=1,{DOCUMENTS} do redis.call('SET', 'doc:'..i, i) end", 0)
    place.ask("XADD", "jobs", "1-0", "n", 1)
    place.ask("XREADGROUP", "GROUP", "workers", "ann", "STREAMS", "jobs", ">")
    place.ask("EVAL", "for i=1,20 do redis.call('SADD', 'old:'..i, i, 'x') end", 0)
    servers.until(lambda: place.ask("OBJECT", "IDLETIME", "old:1") >= 2)


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """The way, gone once without any kill. Every further server begins with a copy of its data."""
    base = tmp_path_factory.mktemp("killed")
    running = []

    def make(home: Path) -> CachePlace:
        data = home.with_name(f"{home.name}-server")
        data.mkdir()
        if (base / "dump.rdb").exists():
            shutil.copy(base / "dump.rdb", data)
            shutil.copytree(base / "first", home)
        started = servers.server(data)
        server = started.__enter__()
        running.append(started)
        if (base / "dump.rdb").exists():
            server.ask("CONFIG", "SET", "maxmemory", "104857600")
            server.ask("ACL", "SETUSER", *(base / "old.acl").read_text().split())
            servers.until(lambda: server.ask("OBJECT", "IDLETIME", "old:1") >= 2)
        return CachePlace(home, server.url)

    try:
        first = make(base / "first")
        first.write(BEFORE)
        told(first.command("apply", "--yes"))
        filled(first)
        first.ask("SAVE")
        line = next(one for one in first.ask("ACL", "LIST") if one.startswith(b"user old"))
        (base / "old.acl").write_text(line.decode().removeprefix("user "))
        (first.home / "schema.yaml").write_text(AFTER)
        before = first.seen()
        shutil.copy(base / "first-server" / "dump.rdb", base)
        going = make(base / "going")
        assert going.seen() == before
        done = going.command(*APPLY)
        told(done)
        yield Way(make, before, going.seen(), writes(done))
    finally:
        for one in running:
            one.__exit__(None, None, None)


MOST_WRITES = 20
"""More than the way has; the test below says so when it grows."""
MOST_EMPTY = 2
"""Batches that may have nothing to keep on one server and something on another."""


def test_every_write_is_among_those_that_are_tried(way: Way) -> None:
    assert 8 < way.writes <= MOST_WRITES


@pytest.mark.parametrize("at", range(1, MOST_WRITES + 1))
def test_a_killed_apply_ends_applied_or_as_before(way: Way, tmp_path: Path, at: int) -> None:
    if at > way.writes:
        return
    place = way.make(tmp_path / "here")
    done = place.command(*APPLY, kill=(at, "before" if at % 3 else "after"))
    if done.returncode == 0:
        # Each server hashes its keys otherwise, so the last batches of SCAN have some to keep, or have none.
        assert way.writes - MOST_EMPTY <= writes(done) < at
        assert place.seen() == way.after
        return
    assert done.returncode == KILLED
    waits = "run" in place.command("plan").stderr
    if not waits:
        told(place.command(*APPLY))
        assert place.seen() == way.after
    elif at % 2:
        told(place.command("resume"))
        assert place.seen() == way.after
        assert "nothing drifted" in told(place.command("drift", "--no-audit"))
    else:
        told(place.command("rollback", "--yes", *ALLOWED), 3)
        assert place.seen() == way.before


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_resume_that_is_killed_as_well_goes_on(way: Way, tmp_path: Path, at: int) -> None:
    place = way.make(tmp_path / "here")
    assert place.command(*APPLY, kill=(4, "after")).returncode == KILLED
    assert place.command("resume", kill=(at, "after")).returncode == KILLED
    told(place.command("resume"))
    assert place.seen() == way.after


@pytest.mark.parametrize("at", [2, 4, 7])
def test_a_rollback_of_the_applied_run_that_is_killed_goes_on(way: Way, tmp_path: Path, at: int) -> None:
    place = way.make(tmp_path / "here")
    told(place.command(*APPLY))
    assert place.command("rollback", "--yes", *ALLOWED, kill=(at, "after")).returncode == KILLED
    told(place.command("resume"))
    assert place.seen() == way.before
