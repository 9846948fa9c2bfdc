"""A real Neo4j Community on this machine, for development and tests.

    directory/conf/neo4j.conf   written at each start
    directory/data, logs        the databases, and what Neo4j logs
    directory/password          of the user neo4j, made at the first start, mode 0600
    directory/process           process id and port of the server that was started last
    directory/server.log        what the server that was started last says
    directory/starting          locked while a start is under way

`runtime` finds the Java and the jars that the server is made of. It listens for Bolt on a port of
127.0.0.1 and for nothing else; everybody on the machine can reach that port, so the password is a
random one. Its settings are for short lives and little memory: no HTTP, a small heap, transaction
logs that grow as they are needed.

A server either dies with its starter, even one that is killed, or is detached and found again by
`attach`. Enterprise Edition, whose constraints Community refuses, is not here: it needs a licence.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from apexplan.model.errors import AccessDenied, StoreError
from apexplan_neo4j.runtime import jars, java, last_lines

if TYPE_CHECKING:
    from neo4j import Driver

_USER: Final = "neo4j"
_HOST: Final = "127.0.0.1"
_START_S: Final = 90.0
"""Four seconds on an idle machine; recovery after a crash and busy cores take their time."""
_POLL_S: Final = 0.05
_HASHES: Final = 1024
"""How often Neo4j 5 hashes a password in auth.ini (measured on 5.26.12)."""
_SETTINGS: Final = """\
server.bolt.listen_address={host}:{port}
server.bolt.advertised_address={host}:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=64m
db.tx_log.preallocate=false
dbms.security.auth_enabled=true
dbms.usage_report.enabled=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
"""
"""Without the last line a stop takes ten seconds; with preallocation each server takes 512 MB of disk
(measured on 5.26.12). Directories are left at their defaults, which lie below the home."""
_OPENED: Final = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_JVM: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
    "-Dio.netty.tryReflectionSetAccessible=true",
)
_WATCHDOG: Final = """
cat >/dev/null
args=$(tr '\\0' ' ' <"/proc/$1/cmdline" 2>/dev/null || ps -ww -o args= -p "$1" 2>/dev/null)
case "$args" in *"$2 "*) kill -TERM "$1" ;; esac
"""
"""`cat` ends when the starter's end of the pipe closes, however the starter ends. By then the
process id may be another's: only what still runs in our directory is stopped."""


@dataclass(slots=True)
class LocalServer:
    """A running server. `url` carries the credentials; its database is `neo4j`, the only one."""

    pid: int | None
    port: int
    directory: Path
    user: str
    password: str = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _watchdog: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The Bolt URL with user and password, percent-encoded."""
        return f"bolt://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{_HOST}:{self.port}"

    @property
    def running(self) -> bool:
        """True while the process is there, whether it answers or not."""
        if self._process is not None:
            return self._process.poll() is None
        return self.pid is not None and _runs(self.pid, self.directory)

    def stop(self, grace_s: float = 20.0) -> None:
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


def start(directory: str, *, detached: bool = False, heap_mb: int = 256) -> LocalServer:
    """Starts a server that keeps its files in `directory`, or returns the one that runs there.

    It dies with this process unless it is `detached`; then `attach(directory).stop()` ends it.
    The first start on a machine fetches the jars, 90 MB. Raises Unsupported where this machine
    lacks what it needs, StoreError with the server's own words where it does not start.
    """
    root = Path(directory).resolve()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(root):
        running = attach(directory)
        if running is not None:
            return running
        command = [java(), f"-Xmx{heap_mb}m", *_JVM, "-cp", f"{jars()}/*"]
        return _launch(command, root, detached)


def attach(directory: str) -> LocalServer | None:
    """Returns the server that runs in `directory`, whoever started it, or None."""
    root = Path(directory).resolve()
    last = _last(root)
    if last is None:
        return None
    pid, port = last
    if not _runs(pid, root) or not _listens(port):
        return None
    return LocalServer(pid, port, root, _USER, _password(root) or "")


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps a second start in the same directory waiting, which then finds the server of the first."""
    with (root / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the kernel if we are killed
        yield


def _launch(java_command: list[str], root: Path, detached: bool) -> LocalServer:
    """Runs the server as our child and returns it when it answers."""
    port = _port(root)
    password = _password(root) or _new_password(root)
    _configure(root, port, password)
    command = [*java_command, "org.neo4j.server.CommunityEntryPoint", _mark(root)]
    with (root / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--config-dir={root / 'conf'}", "--console-mode"],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            umask=0o077,
            start_new_session=True,  # Ctrl-C is for the command, not for the server
        )
    server = LocalServer(process.pid, port, root, _USER, password, process)
    try:
        if not detached:
            server._watchdog = _watch(process.pid, root)
        _write(root / "process", f"{process.pid} {port}\n")
        _await(server)
    except BaseException:  # Ctrl-C as well: a half-started server is of no use to anybody
        server.stop()
        raise
    return server


def _watch(pid: int, root: Path) -> subprocess.Popen[bytes]:
    """Starts a process that stops the server when this one is no more."""
    return subprocess.Popen(
        ["sh", "-c", _WATCHDOG, "sh", str(pid), _mark(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _await(server: LocalServer) -> None:
    """Returns when the server answers a query; raises StoreError when it ends or takes too long."""
    import neo4j

    deadline = time.monotonic() + _START_S
    with neo4j.GraphDatabase.driver(
        f"bolt://{_HOST}:{server.port}",
        auth=(server.user, server.password),
        notifications_min_severity="OFF",
    ) as driver:
        while not _answers(driver, server.directory):
            if not server.running or time.monotonic() > deadline:
                why = f"gave no answer in {_START_S:.0f} s" if server.running else "did not start"
                log = server.directory / "server.log"
                said = "\n".join(last_lines(log.read_text(errors="replace")))
                raise StoreError(f"Neo4j {why}:\n{said}", mend=f"all that it said is in {log}")
            time.sleep(_POLL_S)


def _answers(driver: Driver, root: Path) -> bool:
    """Says whether a query comes back. A plain session: `execute_query` backs off for seconds."""
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        with driver.session() as session:
            session.run("RETURN 1").consume()
    except AuthError as error:
        raise AccessDenied(
            f"the Neo4j in {root} does not take the password in {root / 'password'}",
            mend="write the present password into that file, or remove the directory and start anew",
        ) from error
    except (DriverError, Neo4jError):
        return False
    return True


def _configure(root: Path, port: int, password: str) -> None:
    """Writes the settings and, before the first start, the password's hash: no second JVM is needed."""
    (root / "conf").mkdir(exist_ok=True)
    _write(root / "conf" / "neo4j.conf", _SETTINGS.format(host=_HOST, port=port))
    hashes = root / "data" / "dbms" / "auth.ini"
    if not hashes.exists():
        hashes.parent.mkdir(parents=True, exist_ok=True)
        _write(hashes, _hashed(password, secrets.token_bytes(32)))


def _hashed(password: str, salt: bytes) -> str:
    """Returns the line of auth.ini for our user."""
    digest = salt + password.encode()
    for _ in range(_HASHES):
        digest = hashlib.sha256(digest).digest()
    return f"{_USER}:SHA-256,{digest.hex()},{salt.hex()},{_HASHES}:\n"


def _password(root: Path) -> str | None:
    """Returns the password of the server in `root`, or None where none was made yet, or kept."""
    with contextlib.suppress(FileNotFoundError):
        return (root / "password").read_text().strip()
    return None


def _new_password(root: Path) -> str:
    made = secrets.token_urlsafe(24)
    _write(root / "password", made + "\n")
    return made


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


def _listens(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.connect((_HOST, port))
        return True
    return False


def _mark(root: Path) -> str:
    """Returns the argument by which a server's command line names its directory."""
    return f"--home-dir={root}"


def _runs(pid: int, root: Path) -> bool:
    """Says whether that process is the server of `root`. A zombie has no command line left."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return os.fsencode(_mark(root)) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return False
    seen = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
    return os.fsencode(_mark(root) + " ") in seen.stdout
