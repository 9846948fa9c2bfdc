"""A real Redis on this machine, for development and tests: the system's `redis-server`, or `valkey-server`.

    directory/redis.conf        made at the first start; CONFIG REWRITE keeps there what was changed since
    directory/appendonlydir     the data: each write is appended, and synced every second
    directory/process           process id and port of the server that was started last
    directory/server.log        what the server that was started last says
    directory/starting          locked while a start is under way

It listens on 127.0.0.1 alone and asks for no password: every user of this machine can reach what is in it.
What such a server could be misused for, to write files elsewhere or to load code, Redis 7 keeps closed
(enable-protected-configs, enable-module-command).

A server either dies with its starter, even one that is killed, or is detached and found again by `attach`.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apexplan.local_server import HOST, ServerProcess, alone, remember, remembered, runs, spawn, write_private
from apexplan.local_server import free_port as _port
from apexplan.model.errors import StoreError, Unsupported

_PROGRAMS: Final = ("redis-server", "valkey-server")
_START_S: Final = 60.0
"""A twentieth of a second with no data; a gigabyte of it takes some seconds to load."""
_ANSWER_S: Final = 1.0
_TRIES: Final = 5
"""How often a port is chosen: between our look and the server's start another process may take it."""
_SETTINGS: Final = 'appendonly yes\nsave ""\n'
_TAKEN: Final = re.compile("Address already in use|Failed listening on port")
_ALIVE: Final = (b"+PONG", b"-NOAUTH", b"-NOPERM")
_PROCESS: Final = re.compile(rb"process_id:(\d+)")


@dataclass(slots=True)
class LocalServer(ServerProcess):
    """A running server."""

    port: int
    directory: Path

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    @property
    def mark(self) -> str:
        return str(_conf(self.directory))


def start(directory: str, *, detached: bool = False, options: Sequence[str] = ()) -> LocalServer:
    """Starts a server that keeps its files in `directory`, or returns the one that runs there.

    It dies with this process unless it is `detached`; then `attach(directory).stop()` ends it. `options` are
    the server's own, such as `--maxmemory 100mb`. Raises Unsupported where no server is installed, StoreError
    with the server's own words where it does not start.
    """
    root = Path(directory).resolve()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(root):
        running = attach(directory)
        if running is not None:
            return running
        if not _conf(root).exists():
            write_private(_conf(root), _SETTINGS)
        return _launch(_program(), root, detached, options)


def attach(directory: str) -> LocalServer | None:
    """Returns the server that runs in `directory`, whoever started it, or None."""
    root = Path(directory).resolve()
    last = remembered(root)
    if last is None:
        return None
    pid, port = last
    return LocalServer(pid, port, root) if _runs(pid, root) and _answers(port, pid) else None


def _program() -> str:
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        raise Unsupported(
            "a local Redis needs redis-server or valkey-server, and neither is installed",
            mend="apt-get install redis-server, or: brew install redis",
        )
    return found


def _launch(program: str, root: Path, detached: bool, options: Sequence[str]) -> LocalServer:
    """Runs the server as our child, on another port where the chosen one is taken, until it answers."""
    for _ in range(_TRIES):
        server = _spawn(program, root, _port(root), options)
        with server.starting(detached=detached):
            if _came_up(server):
                return server
        server.stop()
    raise StoreError(f"{_TRIES} free ports of {HOST} were taken before the server could listen")


def _spawn(program: str, root: Path, port: int, options: Sequence[str]) -> LocalServer:
    place = ["--port", str(port), "--bind", HOST, "--dir", str(root), "--daemonize", "no", "--logfile", ""]
    # With its title changed a process could not be told by its command line.
    command = [program, str(_conf(root)), *place, "--set-proc-title", "no", *options]
    with (root / "server.log").open("wb") as log:
        process = spawn(command, root, log)
    remember(root, process.pid, port)
    return LocalServer(process.pid, port, root, _process=process)


def _came_up(server: LocalServer) -> bool:
    """Returns True when the server answers, False where its port was taken; raises StoreError when it ends
    otherwise or takes too long."""
    if server.comes_up(lambda: _answers(server.port, server.pid), _START_S):
        return True
    log = server.directory / "server.log"
    said = log.read_text(errors="replace").strip()
    if not server.running and _TAKEN.search(said):
        return False
    why = f"gave no answer in {_START_S:.0f} s" if server.running else "did not start"
    lines = "\n".join(said.splitlines()[-5:])
    raise StoreError(f"Redis {why}:\n{lines}", mend=f"all that it said is in {log}")


def _answers(port: int, pid: int | None) -> bool:
    """Says whether the process answers at the port. One that wants a password first is believed to be it."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=_ANSWER_S) as probe:
        probe.sendall(b"PING\r\nINFO server\r\n")
        with probe.makefile("rb") as said:
            pong, head = said.readline(), said.readline()
            owner = _PROCESS.search(said.read(int(head[1:]))) if head.startswith(b"$") else None
        return pong.startswith(_ALIVE) and (owner is None or int(owner[1]) == pid)
    return False


def _conf(root: Path) -> Path:
    """Returns the file by which a server's command line names its directory."""
    return root / "redis.conf"


def _runs(pid: int, root: Path) -> bool:
    return runs(pid, str(_conf(root)))
