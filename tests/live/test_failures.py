"""What the world does to an apply: another apply, a lock, a server that stops, a disk that is full."""

from __future__ import annotations

import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from apexplan_postgres import local

from .places import ROOT, Place, applied_in, server_in

pytestmark = [pytest.mark.slow, pytest.mark.live]

BEFORE = """
kind: PostgresSchema
store: sql
tables:
  items:
    columns:
      id: {type: bigint, null: false}
      body: {type: text}
    primary_key: [id]
"""
MORE = """    indexes:
      items_body_idx: {on: [body]}
"""
OTHER = BEFORE.replace("body: {type: text}", "body: {type: text}\n      more: {type: text}")
FILL = "INSERT INTO items SELECT i, 'body ' || i FROM generate_series(1, 300) AS i"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    with server_in(tmp_path_factory.mktemp("failures")) as running:
        yield running


@pytest.fixture
def place(server: local.LocalServer, tmp_path: Path) -> Place:
    """A place in which the table is there, owned and filled, and an index is wished for."""
    here = applied_in(tmp_path / "project", server.url, BEFORE, FILL)
    here.write(BEFORE + MORE)
    return here


@contextmanager
def open_transaction(url: str, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else's transaction, open until the end of the block."""
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


def until(true: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Waits for something that is bound to happen; fails loudly if it does not."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)


BUILDING = "SELECT count(*) FROM pg_stat_progress_create_index"


@contextmanager
def apply_that_waits(here: Place) -> Iterator[subprocess.Popen[str]]:
    """An apply in the middle of CREATE INDEX CONCURRENTLY, held up by an older transaction."""
    with open_transaction(here.url, "SELECT txid_current(); LOCK TABLE items IN ROW EXCLUSIVE MODE"):
        apply = here.started("apply", "--yes")
        try:
            until(lambda: here.one(BUILDING), "the build")
            yield apply
        finally:
            if apply.poll() is None:
                apply.kill()
            apply.communicate()


def test_a_second_apply_is_refused_and_told_who_holds_the_lock(place: Place) -> None:
    with apply_that_waits(place) as first:
        second = place.command("apply", "--yes")
        assert second.returncode == 1
        assert "locked by apply by" in second.stderr
        assert f"pid {first.pid}" in second.stderr


def test_a_second_apply_waits_for_the_first_where_it_was_asked_to(place: Place) -> None:
    with open_transaction(place.url, "SELECT txid_current(); LOCK TABLE items IN ROW EXCLUSIVE MODE"):
        first = place.started("apply", "--yes")
        until(lambda: place.one(BUILDING), "the build")
        second = place.started("apply", "--yes", "--lock-timeout", "60")
    told, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0), told
    assert "Nothing to do" in told


def test_the_lock_of_a_killed_apply_is_free(place: Place) -> None:
    with apply_that_waits(place) as first:
        first.kill()
        first.wait()
        refused = place.command("apply", "--yes")
    assert "run" in refused.stderr and "interrupted" in refused.stderr
    done = place.command("resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.left_behind() == []


def test_a_lock_that_somebody_holds_longer_than_the_time_out_undoes_the_run(place: Place) -> None:
    place.write(OTHER)
    with open_transaction(place.url, "SELECT count(*) FROM items"):
        done = place.command("apply", "--yes")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "lock" in done.stdout
    assert place.command("plan", "--detailed-exitcode").returncode == 2
    assert place.command("apply", "--yes").returncode == 0


def test_a_server_that_stops_in_the_middle_leaves_a_run_that_can_be_resumed(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    base = tmp_path_factory.mktemp("stopping")
    with server_in(base) as running:
        here = Place(tmp_path / "project", local.create_database(running.url, "stops"))
        here.write(BEFORE)
        assert here.command("apply", "--yes").returncode == 0
        here.sql(FILL)
        here.write(BEFORE + MORE)
        with pytest.raises(psycopg.Error), apply_that_waits(here) as apply:
            running.stop()
            told, _ = apply.communicate(timeout=90)
            assert apply.returncode == 4, told
            assert "apexplan resume" in told
            raise psycopg.OperationalError("the transaction that held it up is gone as well")
    again = local.start(str(base / "pg"), fast=True)
    try:
        done = here.command("resume")
        assert done.returncode == 0, done.stdout + done.stderr
        assert here.left_behind() == []
        assert here.command("plan", "--detailed-exitcode").returncode == 0
    finally:
        again.stop()


def test_a_full_disk_is_told_and_the_journal_is_true(place: Place) -> None:
    """No file of the process may grow: the state cannot be written, as on a full disk."""
    state = place.home / ".apexplan" / "state.db"
    most = state.stat().st_size

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    done = subprocess.run(
        place.typed("apply", "--yes"),
        cwd=ROOT,
        env=place.environment,
        capture_output=True,
        text=True,
        preexec_fn=full,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "disk" in done.stderr or "full" in done.stderr or "I/O" in done.stderr
    assert "Traceback" not in done.stderr
    if "waits for" in place.command("state", "show").stdout:
        assert place.command("resume").returncode == 0
    assert place.command("apply", "--yes").returncode == 0
    assert place.command("plan", "--detailed-exitcode").returncode == 0


def test_a_signal_finishes_the_step_at_hand_and_resume_the_rest(place: Place) -> None:
    both = BEFORE + MORE + "      items_id_body_idx: {on: [id, body]}\n"
    place.write(both)
    with open_transaction(place.url, "SELECT txid_current(); LOCK TABLE items IN ROW EXCLUSIVE MODE"):
        apply = place.started("apply", "--yes")
        until(lambda: place.one(BUILDING), "the build")
        apply.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # the signal must reach a step that cannot end yet
    told, _ = apply.communicate(timeout=60)
    assert apply.returncode == 4, told
    assert "apexplan resume" in told
    done = place.command("resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.left_behind() == []
    assert place.command("plan", "--detailed-exitcode").returncode == 0
