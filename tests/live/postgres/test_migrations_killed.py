"""The real command, killed in the middle of versioned scripts, then `resume` and `rollback`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from apexplan_postgres import local
from tests.live.places import Done, Place, server_in

from .script_places import Scripts
from .scripts import PAIRS

pytestmark = [pytest.mark.slow, pytest.mark.live]

MOST = 20
"""More than the scripts do; the test below says so when they do more."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    with server_in(tmp_path_factory.mktemp("scripts")) as running:
        yield running


@pytest.fixture
def place(server: local.LocalServer, tmp_path: Path) -> Scripts:
    """A place with three scripts, of which none has run."""
    here = Scripts(tmp_path / "project", local.create_database(server.url, f"s_{uuid4().hex[:12]}"))
    here.write_scripts(*PAIRS)
    return here


APPLY = ("apply", "--yes", "--allow", "DELETES_DATA")


def writes(done: Done) -> int:
    found = re.search(r"writes: (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


def waits(here: Place) -> bool:
    return "waits for" in here.command("state", "show").stdout


def finished(here: Place) -> None:
    done = here.command(*APPLY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert here.command("plan", "--detailed-exitcode").returncode == 0
    assert here.one("SELECT count(*) FROM people WHERE size = length(name) OR id = 100") == 11
    assert here.one("SELECT string_agg(state, ' ') FROM apexplan.migration") == "applied applied applied"
    assert here.left_behind() == []


def test_the_scripts_do_no_more_than_is_tried(place: Scripts) -> None:
    done = place.command(*APPLY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 12 <= writes(done) <= MOST
    finished(place)


@pytest.mark.parametrize("write", range(1, MOST))
def test_killed_anywhere_it_is_resumed_to_the_end(place: Scripts, write: int) -> None:
    place.command(*APPLY, kill=(write, "before" if write % 2 else "after"))
    if waits(place):
        done = place.command("resume")
        assert done.returncode == 0, done.stdout + done.stderr
    finished(place)


@pytest.mark.parametrize("write", range(1, MOST, 2))
def test_killed_anywhere_it_is_rolled_back_to_nothing(place: Scripts, write: int) -> None:
    before = place.shape()
    place.command(*APPLY, kill=(write, "before"))
    if waits(place):
        done = place.command("rollback", "--yes", "--allow", "DELETES_DATA")
        assert done.returncode == 3, done.stdout + done.stderr
        assert place.shape() == before


@pytest.mark.parametrize("write", range(1, 14, 2))
def test_killed_while_it_goes_back_it_goes_on_to_go_back(place: Scripts, write: int) -> None:
    before = place.shape()
    assert place.command(*APPLY).returncode == 0
    place.command("rollback", "--yes", "--allow", "DELETES_DATA", kill=(write, "after"))
    if waits(place):
        done = place.command("resume")
        assert done.returncode == 0, done.stdout + done.stderr
    assert place.shape() == before


def test_a_killed_run_is_taken_back_without_its_files(place: Scripts) -> None:
    before = place.shape()
    place.command(*APPLY, kill=(12, "after"))
    assert waits(place)
    place.write_scripts()
    done = place.command("rollback", "--yes", "--allow", "DELETES_DATA")
    assert (done.returncode, place.shape()) == (3, before), done.stdout + done.stderr
