"""The real command stopped by signals in the middle of long steps: once, and once more."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apexplan_postgres import local

from .places import Place, applied_in, server_in
from .test_failures import BEFORE, BUILDING, FILL, MORE, open_transaction, until

pytestmark = [pytest.mark.slow, pytest.mark.live]

HOLD = "LOCK TABLE items IN ROW EXCLUSIVE MODE"
CHECKED = """    checks:
      items_body_check: slow(body)
"""
SLOW = """
CREATE FUNCTION slow(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.5); RETURN true; END $$
"""
QUICK = "CREATE OR REPLACE FUNCTION slow(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true'"
VALIDATING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ '^ALTER .* VALIDATE'"
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    with server_in(tmp_path_factory.mktemp("signals")) as running:
        yield running


@pytest.fixture
def place(server: local.LocalServer, tmp_path: Path) -> Place:
    """A place in which a filled table is there, and an index over it is wished for."""
    here = applied_in(tmp_path / "project", server.url, BEFORE, FILL)
    here.write(BEFORE + MORE)
    return here


@contextmanager
def applying(here: Place, in_the_middle: str) -> Iterator[subprocess.Popen[str]]:
    """An apply that has come to where the query finds something; killed if it outlives the block."""
    apply = here.started("apply", "--yes")
    try:
        until(lambda: here.one(in_the_middle), "the step")
        yield apply
    finally:
        if apply.poll() is None:
            apply.kill()
        apply.communicate()


def stop_at_once(apply: subprocess.Popen[str]) -> None:
    """Sends two signals; two of one number might arrive as one."""
    apply.send_signal(signal.SIGINT)
    apply.send_signal(signal.SIGTERM)


def ended(apply: subprocess.Popen[str]) -> str:
    told, _ = apply.communicate(timeout=60)
    assert apply.returncode == 4, told
    return told


def resumed(here: Place) -> None:
    done = here.command("resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert here.left_behind() == []
    assert here.command("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_build_that_is_stopped_leaves_no_invalid_index(place: Place, which: signal.Signals) -> None:
    with open_transaction(place.url, HOLD) as others, applying(place, BUILDING) as apply:
        apply.send_signal(which)
        until(lambda: not place.one(BUILDING), "the end of the build")
        others.rollback()
        told = ended(apply)
    assert "(not done)" in told and "apexplan resume" in told
    assert place.left_behind() == []
    resumed(place)


def test_where_others_use_the_table_half_an_index_is_left_and_told(place: Place) -> None:
    with open_transaction(place.url, HOLD), applying(place, BUILDING) as apply:
        apply.send_signal(signal.SIGTERM)
        told = ended(apply)
        assert "half of it is left" in told and "undecided" in told
    assert place.one(INVALID) == 1
    resumed(place)


def test_half_an_index_is_taken_away_by_a_rollback(place: Place) -> None:
    with open_transaction(place.url, HOLD), applying(place, BUILDING) as apply:
        apply.send_signal(signal.SIGTERM)
        ended(apply)
    assert place.command("rollback", "--yes").returncode == 3
    assert place.left_behind() == []


def test_a_second_signal_stops_at_once_and_resume_goes_on(place: Place) -> None:
    with open_transaction(place.url, HOLD), applying(place, BUILDING) as apply:
        stop_at_once(apply)
        assert "stopped at once" in ended(apply)
    assert "waits for" in place.command("state", "show").stdout
    until(lambda: not place.one(BUILDING), "the end of the build without its client")
    resumed(place)


def test_a_validation_that_is_stopped_is_rolled_back(place: Place) -> None:
    place.sql(SLOW)
    place.write(BEFORE + CHECKED)
    with applying(place, VALIDATING) as apply:
        apply.send_signal(signal.SIGTERM)
        told = ended(apply)
    assert "rolled back" in told
    assert not place.one(VALIDATING)
    place.sql(QUICK)
    resumed(place)


def test_a_validation_ends_with_a_client_that_was_stopped_at_once(place: Place) -> None:
    place.sql(SLOW)
    place.write(BEFORE + CHECKED)
    with applying(place, VALIDATING) as apply:
        stop_at_once(apply)
        assert "stopped at once" in ended(apply)
    until(lambda: not place.one(VALIDATING), "the end of the validation without its client")
    place.sql(QUICK)
    resumed(place)
