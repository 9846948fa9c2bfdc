"""The local server: it starts, is found again, and goes when it should."""

from __future__ import annotations

import dataclasses
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError

from apexplan.local_server import runs
from apexplan.model.errors import AccessDenied, StoreError
from apexplan_neo4j import local
from tests.live.neo4j.graphs import opened

pytestmark = [pytest.mark.live, pytest.mark.slow]

STARTER = """
import sys
from apexplan_neo4j import local
server = local.start(sys.argv[1], detached=sys.argv[2] == "detached")
print(server.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def started() -> Iterator[local.LocalServer]:
    """One server for all tests that leave it running."""
    with tempfile.TemporaryDirectory(prefix="apexplan-neo4j-") as directory:
        server = local.start(directory)
        yield server
        server.stop()


def answer(url: str, query: str) -> object:
    with opened(url) as driver, driver.session() as session:
        return session.run(query).single(strict=True).value()


def killed_starter(directory: Path, mode: str) -> int:
    """Starts a server from another process, kills that process, returns the server's pid."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(directory), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.communicate()
    return pid


def test_a_started_server_answers_at_its_url(started: local.LocalServer) -> None:
    assert answer(started.url, "RETURN 1") == 1


def test_it_is_the_version_that_was_asked_for(started: local.LocalServer) -> None:
    said = answer(started.url, "CALL dbms.components() YIELD versions, edition RETURN [versions[0], edition]")
    assert said == ["5.26.12", "community"]


def test_it_listens_on_the_loopback_address_alone(started: local.LocalServer) -> None:
    addresses = (
        "SHOW SETTINGS YIELD name, value WHERE name STARTS WITH 'server.' AND name ENDS WITH '.enabled'"
    )
    on = f"{addresses} AND value = 'true' AND name =~ 'server\\\\.(bolt|https?)\\\\..*' RETURN collect(name)"
    listens = "SHOW SETTINGS 'server.bolt.listen_address' YIELD value RETURN value"
    assert answer(started.url, on) == ["server.bolt.enabled"]
    assert answer(started.url, listens) == f"127.0.0.1:{started.port}"


def test_a_wrong_password_is_refused(started: local.LocalServer) -> None:
    address = f"bolt://127.0.0.1:{started.port}"
    with GraphDatabase.driver(address, auth=("neo4j", "neo4j")) as driver, pytest.raises(AuthError):
        driver.verify_connectivity()


def test_what_holds_the_password_is_closed_to_other_users(started: local.LocalServer) -> None:
    secret = [started.directory / "password", started.directory / "data" / "dbms" / "auth.ini"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in secret] == [0o600, 0o600]


def test_the_password_is_not_on_the_command_line(started: local.LocalServer) -> None:
    seen = subprocess.check_output(["ps", "-ww", "-o", "args=", "-p", str(started.pid)], text=True)
    assert started.password not in seen


def test_starting_twice_gives_the_same_server(started: local.LocalServer) -> None:
    assert local.start(str(started.directory)).pid == started.pid


def test_a_running_server_is_found_by_its_directory(started: local.LocalServer) -> None:
    found = local.attach(str(started.directory))
    assert found is not None
    assert (found.pid, found.url) == (started.pid, started.url)


def test_a_running_server_is_found_through_a_symlink(started: local.LocalServer, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(started.directory)
    found = local.attach(str(tmp_path / "link"))
    assert found is not None
    assert found.pid == started.pid


def test_a_server_keeps_its_data_its_port_and_its_password_over_a_restart(tmp_path: Path) -> None:
    first = local.start(str(tmp_path))
    answer(first.url, "CREATE (n:Kept) RETURN 1")
    first.stop()
    assert local.attach(str(tmp_path)) is None
    second = local.start(str(tmp_path))
    try:
        assert second.url == first.url
        assert answer(second.url, "MATCH (n:Kept) RETURN count(n)") == 1
    finally:
        second.stop()


def test_a_detached_server_outlives_its_starter_and_is_stopped_by_its_finder(tmp_path: Path) -> None:
    pid = killed_starter(tmp_path, "detached")
    found = local.attach(str(tmp_path))
    assert found is not None
    assert (found.pid, answer(found.url, "RETURN 1")) == (pid, 1)
    found.stop()
    assert not runs(pid, local._mark(tmp_path))


def test_a_server_dies_with_its_starter_even_if_that_is_killed(tmp_path: Path) -> None:
    pid = killed_starter(tmp_path, "tied")
    # The watchdog asks the server to end; waiting for that is all that is left to do.
    while runs(pid, local._mark(tmp_path)):
        os.sched_yield()
    assert local.attach(str(tmp_path)) is None


def test_a_password_that_was_changed_in_the_server_is_told(started: local.LocalServer) -> None:
    with pytest.raises(AccessDenied, match="does not take the password"):
        local._await(dataclasses.replace(started, password="another"))


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Too small maximum heap"):
        local.start(str(tmp_path), heap_mb=1)
    assert local.attach(str(tmp_path)) is None


def test_two_starts_at_once_give_one_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path), "tied"]
    starters = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    pids = {starter.stdout.readline() for starter in starters if starter.stdout is not None}
    for starter in starters:
        starter.communicate()
    assert len(pids) == 1
