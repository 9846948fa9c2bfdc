"""Which process is taken for a local server, and how it ends. No server is started."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from apexplan import local_server
from apexplan.local_server import ServerProcess

Sleeper = Callable[..., subprocess.Popen[bytes]]
MARK = "--home-dir=/a directory/here"


@dataclass(slots=True)
class Server(ServerProcess):
    """A server whose directory is that of MARK."""

    @property
    def mark(self) -> str:
        return MARK


def test_a_process_is_known_by_one_whole_argument(sleeper: Sleeper) -> None:
    assert local_server.runs(sleeper("first", MARK, "last").pid, MARK)


@pytest.mark.parametrize("word", ["", MARK + "2", MARK.removeprefix("--"), f"{MARK} more"])
def test_a_process_that_only_looks_alike_is_not_taken(sleeper: Sleeper, word: str) -> None:
    assert not local_server.runs(sleeper(word).pid, MARK)


def test_a_process_that_ended_does_not_run_though_nobody_waited_for_it(sleeper: Sleeper) -> None:
    process = sleeper(MARK)
    process.kill()
    assert process.stdout is not None
    assert process.stdout.read() == b""  # closed by the end of the process
    assert not local_server.runs(process.pid, MARK)


def test_stopping_leaves_a_process_alone_that_has_the_freed_id(sleeper: Sleeper) -> None:
    process = sleeper("--home-dir=/somewhere/else")
    Server(process.pid).stop()
    assert process.poll() is None


def test_stopping_twice_is_harmless(sleeper: Sleeper) -> None:
    server = Server(sleeper(MARK).pid)
    server.stop()
    server.stop()
    assert server.pid is None


def test_a_server_that_does_not_react_is_killed(sleeper: Sleeper) -> None:
    process = sleeper(MARK, "deaf")
    Server(process.pid).stop(grace_s=0.1)
    assert process.wait() == -signal.SIGKILL


def test_the_watchdog_leaves_a_process_alone_that_has_the_freed_id(sleeper: Sleeper) -> None:
    process = sleeper(MARK + "2", "--console-mode")
    local_server.watch(process.pid, MARK, signal.SIGTERM).communicate()
    assert process.poll() is None


@pytest.mark.parametrize("words", [(MARK,), (MARK, "--console-mode")])
def test_the_watchdog_ends_the_server(sleeper: Sleeper, words: tuple[str, ...]) -> None:
    process = sleeper(*words)
    local_server.watch(process.pid, MARK, signal.SIGTERM).communicate()
    assert process.wait() == -signal.SIGTERM


def test_a_start_that_fails_ends_the_server(sleeper: Sleeper) -> None:
    process = sleeper(MARK)
    with pytest.raises(KeyboardInterrupt), Server(process.pid, _process=process).starting(detached=True):
        raise KeyboardInterrupt
    assert process.wait() == -signal.SIGTERM


def test_waiting_for_an_answer_ends_with_the_server(sleeper: Sleeper) -> None:
    process = sleeper(MARK)
    process.kill()
    assert not Server(process.pid, _process=process).comes_up(lambda: False, 600)


def test_a_second_start_finds_which_server_was_started_last(tmp_path: Path) -> None:
    local_server.remember(tmp_path, 17, 7687)
    assert local_server.remembered(tmp_path) == (17, 7687)


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    local_server.write_private(tmp_path / "secret", "text")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_the_port_of_last_time_is_taken_again_where_it_is_free(tmp_path: Path) -> None:
    wanted = local_server.free_port(tmp_path)
    local_server.remember(tmp_path, 17, wanted)
    assert local_server.free_port(tmp_path) == wanted


def test_a_port_that_was_taken_meanwhile_is_left_to_its_new_owner(tmp_path: Path) -> None:
    with closing(socket.create_server((local_server.HOST, 0))) as taken:
        local_server.remember(tmp_path, 17, taken.getsockname()[1])
        assert local_server.free_port(tmp_path) != taken.getsockname()[1]
