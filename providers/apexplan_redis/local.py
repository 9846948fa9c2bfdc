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
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from apexplan.model.errors import StoreError, Unsupported

_PROGRAMS: Final = ("redis-server", "valkey-server")
_HOST: Final = "127.0.0.1"
_START_S: Final = 60.0
"""A twentieth of a second with no data; a gigabyte of it takes some seconds to load."""
_POLL_S: Final = 0.005
_ANSWER_S: Final = 1.0
_TRIES: Final = 5
"""How often a port is chosen: between our look and the server's start another process may take it."""
_SETTINGS: Final = 'appendonly yes\nsave ""\n'
_TAKEN: Final = re.compile("Address already in use|Failed listening on port")
_ALIVE: Final = (b"+PONG", b"-NOAUTH", b"-NOPERM")
_PROCESS: Final = re.compile(rb"process_id:(\d+)")
_WATCHDOG: Final = """
cat >/dev/null
args=$(tr '\\0' ' ' <"/proc/$1/cmdline" 2>/dev/null || ps -ww -o args= -p "$1" 2>/dev/null)
case "$args" in *" $2 "*) kill -TERM "$1" ;; esac
"""
"""`cat` ends when the starter's end of the pipe closes, however the starter ends. By then the
process id may be another's: only what still runs with our redis.conf is stopped."""


@dataclass(slots=True)
class LocalServer:
    """A running server."""

    pid: int | None
    port: int
    directory: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _watchdog: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"redis://{_HOST}:{self.port}/0"

    @property
    def running(self) -> bool:
        """True while the process is there, whether it answers or not."""
        if self._process is not None:
            return self._process.poll() is None
        return self.pid is not None and _runs(self.pid, self.directory)

    def stop(self, grace_s: float = 10.0) -> None:
        """Stops the server by its process id: in order, then by force, `grace_s` for each. Idempotent."""
        if self.pid is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                if self._gone_after(number, grace_s):
                    break
        self.pid = None
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.communicate()
            self._watchdog = None

    def _gone_after(self, number: signal.Signals, grace_s: float) -> bool:
        """Sends a signal, if the process still is ours, and returns True once it is gone."""
        assert self.pid is not None
        if self.running:  # a process id that was freed may be another's
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
        deadline = time.monotonic() + grace_s
        while self.running:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


def start(directory: str, *, detached: bool = False, options: Sequence[str] = ()) -> LocalServer:
    """Starts a server that keeps its files in `directory`, or returns the one that runs there.

    It dies with this process unless it is `detached`; then `attach(directory).stop()` ends it. `options` are
    the server's own, such as `--maxmemory 100mb`. Raises Unsupported where no server is installed, StoreError
    with the server's own words where it does not start.
    """
    root = Path(directory).resolve()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(root):
        running = attach(directory)
        if running is not None:
            return running
        if not _conf(root).exists():
            _write(_conf(root), _SETTINGS)
        return _launch(_program(), root, detached, options)


def attach(directory: str) -> LocalServer | None:
    """Returns the server that runs in `directory`, whoever started it, or None."""
    root = Path(directory).resolve()
    last = _last(root)
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


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps a second start in the same directory waiting, which then finds the server of the first."""
    with (root / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the kernel if we are killed
        yield


def _launch(program: str, root: Path, detached: bool, options: Sequence[str]) -> LocalServer:
    """Runs the server as our child, on another port where the chosen one is taken, until it answers."""
    for _ in range(_TRIES):
        server = _spawn(program, root, _port(root), options)
        try:
            if not detached:
                server._watchdog = _watch(server.pid or 0, root)
            if _await(server):
                return server
            server.stop()
        except BaseException:  # Ctrl-C as well: a half-started server is of no use to anybody
            server.stop()
            raise
    raise StoreError(f"{_TRIES} free ports of {_HOST} were taken before the server could listen")


def _spawn(program: str, root: Path, port: int, options: Sequence[str]) -> LocalServer:
    place = ["--port", str(port), "--bind", _HOST, "--dir", str(root), "--daemonize", "no", "--logfile", ""]
    with (root / "server.log").open("wb") as log:
        process = subprocess.Popen(
            # With its title changed a process could not be told by its command line.
            [program, str(_conf(root)), *place, "--set-proc-title", "no", *options],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            umask=0o077,
            start_new_session=True,  # Ctrl-C is for the command, not for the server
        )
    _write(root / "process", f"{process.pid} {port}\n")
    return LocalServer(process.pid, port, root, process)


def _watch(pid: int, root: Path) -> subprocess.Popen[bytes]:
    """Starts a process that stops the server when this one is no more."""
    return subprocess.Popen(
        ["sh", "-c", _WATCHDOG, "sh", str(pid), str(_conf(root))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _await(server: LocalServer) -> bool:
    """Returns True when the server answers, False where its port was taken; raises StoreError when it ends
    otherwise or takes too long."""
    deadline = time.monotonic() + _START_S
    while not _answers(server.port, server.pid):
        if not server.running or time.monotonic() > deadline:
            log = server.directory / "server.log"
            said = log.read_text(errors="replace").strip()
            if not server.running and _TAKEN.search(said):
                return False
            why = f"gave no answer in {_START_S:.0f} s" if server.running else "did not start"
            lines = "\n".join(said.splitlines()[-5:])
            raise StoreError(f"Redis {why}:\n{lines}", mend=f"all that it said is in {log}")
        time.sleep(_POLL_S)
    return True


def _answers(port: int, pid: int | None) -> bool:
    """Says whether the process answers at the port. One that wants a password first is believed to be it."""
    with contextlib.suppress(OSError), socket.create_connection((_HOST, port), timeout=_ANSWER_S) as probe:
        probe.sendall(b"PING\r\nINFO server\r\n")
        with probe.makefile("rb") as said:
            pong, head = said.readline(), said.readline()
            owner = _PROCESS.search(said.read(int(head[1:]))) if head.startswith(b"$") else None
        return pong.startswith(_ALIVE) and (owner is None or int(owner[1]) == pid)
    return False


def _write(path: Path, text: str) -> None:
    """Writes a file for its owner's eyes alone, all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made with mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)


def _last(root: Path) -> tuple[int, int] | None:
    """Returns process id and port of the server that was started last in `root`."""
    try:
        pid, port = (root / "process").read_text().split()
        return int(pid), int(port)
    except (OSError, ValueError):
        return None


def _port(root: Path) -> int:
    """Returns the port that `root` had last, if it is free, or else any free one."""
    last = _last(root)
    for wanted in (last[1], 0) if last else (0,):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
            probe.bind((_HOST, wanted))
            return int(probe.getsockname()[1])
    raise StoreError(f"no port is free on {_HOST}")


def _conf(root: Path) -> Path:
    """Returns the file by which a server's command line names its directory."""
    return root / "redis.conf"


def _runs(pid: int, root: Path) -> bool:
    """Says whether that process is the server of `root`. A zombie has no command line left."""
    conf = os.fsencode(_conf(root))
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return conf in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return False
    seen = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
    return b" " + conf + b" " in seen.stdout
