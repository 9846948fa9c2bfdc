"""A server that goes away in the middle of an apply, takes no writes, or is busy, and users that may not do
what is asked: a clear error, and nothing half-done that the next command does not know of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apexplan.engine.apply import Retry
from apexplan.engine.ports import RunStatus
from apexplan.model.errors import AccessDenied, StoreError
from apexplan.model.plan import Unit
from apexplan.testing.chaos import Silent
from tests.live.redis import servers
from tests.live.redis.bench import Bench, applied, failure, objects

pytestmark = pytest.mark.live

MANIFEST = """
keys: {"doc:{id}": 1h}
config: {maxmemory: 100mb}
libraries:
  lib: {code: "#!lua name=lib\\nredis.register_function('f', function() return 1 end)\\n"}
streams: {jobs: {groups: {workers: {}}}}
"""
LASTING = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[servers.Running]:
    with servers.server(tmp_path / "redis", *LASTING) as running:
        yield running


class At(Silent):
    """A reporter that does something as a unit begins."""

    def __init__(self, number: int, action: Callable[[], Any]) -> None:
        super().__init__()
        self.number = number
        self.action = action

    def unit_started(self, unit: Unit, number: int, total: int, undo: bool) -> None:
        if number == self.number and not undo:
            self.number = 0
            self.action()


@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_a_server_that_dies_in_the_middle_stops_the_run_and_a_resume_finishes_it(
    running: servers.Running, tmp_path: Path, at: int
) -> None:
    bench = Bench(url=running.url)
    bench.reporter = At(at, running.kill)
    result = bench.apply(objects(MANIFEST))
    assert result.status is RunStatus.STOPPED
    assert "cache" in failure(result)
    with servers.server(tmp_path / "redis", *LASTING) as again:
        bench.url = again.url
        applied(bench.resume())
        assert bench.plan(objects(MANIFEST)).empty


def test_an_apply_on_a_replica_is_refused_with_the_way_to_mend_it(
    running: servers.Running, tmp_path: Path
) -> None:
    with servers.replica_of(running, tmp_path / "replica") as replica:
        notes = Bench(url=replica.url).notes(objects(MANIFEST))
    assert [(note.blocks, "takes no writes" in note.text) for note in notes] == [(True, True)]
    assert "replica_url" in notes[0].mend


def test_a_server_that_is_busy_with_a_script_is_waited_for(running: servers.Running) -> None:
    bench = Bench(url=running.url, retry=Retry(attempts=8, base_s=0.05))
    running.ask("CONFIG", "SET", "busy-reply-threshold", "50")

    def busy() -> None:
        now = "local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end "
        script = now + "local ends = now() + 400 repeat until now() > ends"
        thread = threading.Thread(target=lambda: running.ask("EVAL", script, 0))
        thread.start()
        servers.until(lambda: _is_busy(running))

    bench.reporter = At(2, busy)
    applied(bench.apply(objects(MANIFEST)))


def _is_busy(running: servers.Running) -> bool:
    try:
        running.ask("GET", "x")
    except StoreError as error:
        return error.code == "BUSY"
    return False


@pytest.mark.parametrize("missing", ["-config", "-function|load", "-xadd"])
def test_a_user_that_may_not_do_a_step_gets_an_error_that_names_the_command(
    running: servers.Running, missing: str
) -> None:
    running.ask("ACL", "SETUSER", "small", "on", ">pw", "~*", "&*", "+@all", missing)
    bench = Bench(url=running.url.replace("://", "://small:pw@"))
    try:
        told = failure(bench.apply(objects(MANIFEST)))
    except AccessDenied as error:
        told = str(error)
    assert missing.strip("-").replace("|", " ").upper() in told.upper()
    assert "pw" not in told.split()


def test_what_a_failed_apply_did_is_taken_back(running: servers.Running) -> None:
    running.ask("ACL", "SETUSER", "small", "on", ">pw", "~*", "&*", "+@all", "-xadd")
    bench = Bench(url=running.url.replace("://", "://small:pw@"))
    before = Bench(url=running.url).live().objects
    assert bench.apply(objects(MANIFEST)).status is RunStatus.UNDONE
    assert Bench(url=running.url).live().objects == before


def test_a_key_of_another_type_in_a_streams_place_is_told_before(running: servers.Running) -> None:
    running.ask("SET", "jobs", "no stream")
    notes = [note for note in Bench(url=running.url).notes(objects(MANIFEST)) if note.blocks]
    assert [note.text for note in notes] == ["the key is a string"]


def test_a_parameter_that_takes_a_restart_is_told_before(running: servers.Running) -> None:
    notes = Bench(url=running.url).notes(objects("config: {databases: 32}"))
    assert [(note.blocks, "cannot be changed while the server runs" in note.text) for note in notes] == [
        (True, True)
    ]


def test_a_parameter_that_the_server_does_not_know_is_told_before(running: servers.Running) -> None:
    notes = Bench(url=running.url).notes(objects("config: {maxmemmory: 1gb}"))
    assert [(note.blocks, "has no parameter maxmemmory" in note.text) for note in notes] == [(True, True)]


def test_a_stream_that_changed_after_it_was_kept_is_not_dropped(running: servers.Running) -> None:
    """The script refuses it; the step keeps it anew and tries again."""
    from apexplan_redis.run.streams import _DROP_UNCHANGED

    running.ask("XADD", "jobs", "*", "n", 1)
    assert running.ask("EVAL", _DROP_UNCHANGED, 1, "jobs", "0" * 40) == 0
    assert running.ask("XLEN", "jobs") == 1


def test_a_dropped_stream_comes_back_with_its_entries_and_groups(running: servers.Running) -> None:
    bench = Bench(url=running.url)
    applied(bench.apply(objects(MANIFEST)))
    for number in range(5):
        running.ask("XADD", "jobs", "*", "n", number)
    running.ask("XREADGROUP", "GROUP", "workers", "ann", "COUNT", 2, "STREAMS", "jobs", ">")
    pending = running.ask("XPENDING", "jobs", "workers")
    applied(bench.apply(objects(MANIFEST.replace("streams: {jobs: {groups: {workers: {}}}}", ""))))
    assert running.ask("EXISTS", "jobs") == 0
    applied(bench.roll_back())
    assert (running.ask("XLEN", "jobs"), running.ask("XPENDING", "jobs", "workers")) == (5, pending)


def test_a_group_that_was_dropped_goes_on_where_it_was(running: servers.Running) -> None:
    bench = Bench(url=running.url)
    applied(bench.apply(objects(MANIFEST)))
    for number in range(5):
        running.ask("XADD", "jobs", "*", "n", number)
    running.ask("XREADGROUP", "GROUP", "workers", "ann", "COUNT", 3, "STREAMS", "jobs", ">")
    pending = running.ask("XPENDING", "jobs", "workers")
    applied(bench.apply(objects(MANIFEST.replace("{groups: {workers: {}}}", "{}"))))
    applied(bench.roll_back())
    assert running.ask("XPENDING", "jobs", "workers") == pending
    answer = running.ask("XREADGROUP", "GROUP", "workers", "ann", "STREAMS", "jobs", ">")
    assert len(answer[b"jobs"]) == 2


def test_users_are_written_where_they_stand_without_an_acl_file(
    running: servers.Running, tmp_path: Path
) -> None:
    users = "users: {app: {passwords: ['sha256:" + "0" * 64 + "'], commands: +get, keys: ['x']}}"
    applied(Bench(url=running.url).apply(objects(users)))
    assert "user app on" in (tmp_path / "redis" / "redis.conf").read_text()
