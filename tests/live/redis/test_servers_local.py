"""The local server: it starts, is found again, and goes when it should."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apexplan.model.errors import StoreError, Unsupported
from apexplan_redis import local
from apexplan_redis.server import connect

from .servers import settings

pytestmark = [pytest.mark.live]

STARTER = """
import sys
from apexplan_redis import local
server = local.start(sys.argv[1], detached=sys.argv[2] == "detached")
print(server.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    """One server for all tests that leave it running."""
    server = local.start(str(tmp_path_factory.mktemp("local")))
    yield server
    server.stop()


def answer(url: str, *command: str) -> object:
    servers = connect("cache", settings(url))
    try:
        return servers.primaries[0].call(*command)
    finally:
        servers.close()


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
    assert answer(started.url, "PING") == b"PONG"


def test_the_process_is_the_one_that_answers(started: local.LocalServer) -> None:
    assert f"process_id:{started.pid}\r".encode() in answer(started.url, "INFO", "server")  # type: ignore[operator]  # bytes


def test_it_listens_on_the_loopback_address_alone(started: local.LocalServer) -> None:
    assert answer(started.url, "CONFIG", "GET", "bind") == {b"bind": b"127.0.0.1"}


def test_its_files_are_closed_to_other_users(started: local.LocalServer) -> None:
    modes = {stat.S_IMODE((started.directory / name).stat().st_mode) for name in ("redis.conf", "process")}
    assert modes == {0o600}


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


def test_nothing_is_found_where_nothing_runs(tmp_path: Path) -> None:
    assert local.attach(str(tmp_path)) is None


def test_a_server_keeps_its_data_its_port_and_its_settings_over_a_restart(tmp_path: Path) -> None:
    first = local.start(str(tmp_path))
    for command in (("SET", "k", "v"), ("CONFIG", "SET", "maxmemory", "10mb"), ("CONFIG", "REWRITE")):
        answer(first.url, *command)
    first.stop()
    assert local.attach(str(tmp_path)) is None
    second = local.start(str(tmp_path))
    try:
        assert second.url == first.url
        assert answer(second.url, "GET", "k") == b"v"
        assert answer(second.url, "CONFIG", "GET", "maxmemory") == {b"maxmemory": b"10485760"}
    finally:
        second.stop()


def test_a_server_with_a_password_is_found_too(tmp_path: Path) -> None:
    server = local.start(str(tmp_path), options=("--requirepass", "secret"))
    try:
        found = local.attach(str(tmp_path))
        assert found is not None
        assert found.pid == server.pid
    finally:
        server.stop()


def test_stopping_twice_is_no_error(tmp_path: Path) -> None:
    server = local.start(str(tmp_path))
    server.stop()
    server.stop()
    assert not server.running


def test_another_process_of_the_same_number_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    (tmp_path / "process").write_text(f"{bystander.pid} 1\n")
    assert local.attach(str(tmp_path)) is None
    local.LocalServer(bystander.pid, 1, tmp_path).stop()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_detached_server_outlives_its_starter_and_is_stopped_by_its_finder(tmp_path: Path) -> None:
    pid = killed_starter(tmp_path, "detached")
    found = local.attach(str(tmp_path))
    assert found is not None
    assert (found.pid, answer(found.url, "PING")) == (pid, b"PONG")
    found.stop()
    assert not local._runs(pid, tmp_path)


def test_a_server_dies_with_its_starter_even_if_that_is_killed(tmp_path: Path) -> None:
    pid = killed_starter(tmp_path, "tied")
    # The watchdog asks the server to end; waiting for that is all that is left to do.
    while local._runs(pid, tmp_path):
        os.sched_yield()
    assert local.attach(str(tmp_path)) is None


def test_a_port_that_another_server_has_taken_is_left_to_it(
    started: local.LocalServer, tmp_path: Path
) -> None:
    (tmp_path / "process").write_text(f"1 {started.port}\n")
    other = local.start(str(tmp_path))
    try:
        assert other.port != started.port
    finally:
        other.stop()


def test_a_port_that_is_taken_at_the_last_moment_is_given_up(
    started: local.LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = local._port
    ports = iter([started.port])
    monkeypatch.setattr(local, "_port", lambda root: next(ports, None) or honest(root))
    other = local.start(str(tmp_path))
    try:
        assert (other.running, other.port == started.port) == (True, False)
        assert answer(other.url, "PING") == b"PONG"
    finally:
        other.stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Bad directive"):
        local.start(str(tmp_path), options=("--no-such-option", "1"))
    assert local.attach(str(tmp_path)) is None


def test_a_machine_without_a_server_is_told_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unsupported) as caught:
        local.start(str(tmp_path))
    assert "apt-get install redis-server" in caught.value.mend


def test_two_starts_at_once_give_one_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path), "tied"]
    starters = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    pids = {starter.stdout.readline() for starter in starters if starter.stdout is not None}
    for starter in starters:
        starter.communicate()
    assert len(pids) == 1
