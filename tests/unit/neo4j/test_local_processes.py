"""Which process a local server's directory takes for its own. No Neo4j is started."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from apexplan_neo4j import local

Sleeper = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def port() -> Iterator[int]:
    """A port of 127.0.0.1 at which somebody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield int(listening.getsockname()[1])


def test_nothing_is_found_where_no_server_ever_was(tmp_path: Path) -> None:
    assert local.attach(str(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "17", "seventeen 7687", "1 2 3"])
def test_a_broken_process_file_names_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "process").write_text(text)
    assert local.attach(str(tmp_path)) is None


def test_the_process_of_this_home_that_listens_is_found(sleeper: Sleeper, tmp_path: Path, port: int) -> None:
    process = sleeper(f"--home-dir={tmp_path}")
    (tmp_path / "process").write_text(f"{process.pid} {port}\n")
    found = local.attach(str(tmp_path))
    assert found is not None
    assert (found.pid, found.port) == (process.pid, port)


@pytest.mark.parametrize("word", ["", "--home-dir={home}2", "--config-dir={home}"])
def test_a_process_id_that_is_anothers_now_is_not_taken(
    sleeper: Sleeper, tmp_path: Path, port: int, word: str
) -> None:
    process = sleeper(word.format(home=tmp_path))
    (tmp_path / "process").write_text(f"{process.pid} {port}\n")
    assert local.attach(str(tmp_path)) is None


def test_a_server_that_does_not_listen_yet_is_not_found(sleeper: Sleeper, tmp_path: Path, port: int) -> None:
    process = sleeper(f"--home-dir={tmp_path}")
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        (tmp_path / "process").write_text(f"{process.pid} {bound.getsockname()[1]}\n")
        assert local.attach(str(tmp_path)) is None


def test_finding_a_server_writes_nothing(sleeper: Sleeper, tmp_path: Path, port: int) -> None:
    process = sleeper(f"--home-dir={tmp_path}")
    (tmp_path / "process").write_text(f"{process.pid} {port}\n")
    assert local.attach(str(tmp_path)) is not None
    assert [path.name for path in tmp_path.iterdir()] == ["process"]


def test_the_text_of_a_server_holds_no_password(tmp_path: Path) -> None:
    assert "secret" not in repr(local.LocalServer(1, 7687, tmp_path, "neo4j", "secret"))


def test_an_odd_password_is_percent_encoded_in_the_url(tmp_path: Path) -> None:
    server = local.LocalServer(1, 7687, tmp_path, "neo4j", "a@b/c:%")
    assert server.url == "bolt://neo4j:a%40b%2Fc%3A%25@127.0.0.1:7687"
