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
import hashlib
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from apexplan.local_server import (
    HOST,
    ServerProcess,
    alone,
    free_port,
    remember,
    remembered,
    runs,
    spawn,
    write_private,
)
from apexplan.model.errors import AccessDenied, StoreError
from apexplan_neo4j.runtime import jars, java, last_lines

if TYPE_CHECKING:
    from neo4j import Driver

_USER: Final = "neo4j"
_START_S: Final = 90.0
"""Four seconds on an idle machine; recovery after a crash and busy cores take their time."""
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


@dataclass(slots=True)
class LocalServer(ServerProcess):
    """A running server. `url` carries the credentials; its database is `neo4j`, the only one."""

    port: int
    directory: Path
    user: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """The Bolt URL with user and password, percent-encoded."""
        return f"bolt://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{HOST}:{self.port}"

    @property
    def mark(self) -> str:
        return _mark(self.directory)


def start(directory: str, *, detached: bool = False, heap_mb: int = 256) -> LocalServer:
    """Starts a server that keeps its files in `directory`, or returns the one that runs there.

    It dies with this process unless it is `detached`; then `attach(directory).stop()` ends it.
    The first start on a machine fetches the jars, 90 MB. Raises Unsupported where this machine
    lacks what it needs, StoreError with the server's own words where it does not start.
    """
    root = Path(directory).resolve()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(root):
        running = attach(directory)
        if running is not None:
            return running
        command = [java(), f"-Xmx{heap_mb}m", *_JVM, "-cp", f"{jars()}/*"]
        return _launch(command, root, detached)


def attach(directory: str) -> LocalServer | None:
    """Returns the server that runs in `directory`, whoever started it, or None."""
    root = Path(directory).resolve()
    last = remembered(root)
    if last is None:
        return None
    pid, port = last
    if not runs(pid, _mark(root)) or not _listens(port):
        return None
    return LocalServer(pid, port, root, _USER, _password(root) or "")


def _launch(java_command: list[str], root: Path, detached: bool) -> LocalServer:
    """Runs the server as our child and returns it when it answers."""
    port = free_port(root)
    password = _password(root) or _new_password(root)
    _configure(root, port, password)
    command = [*java_command, "org.neo4j.server.CommunityEntryPoint", _mark(root)]
    with (root / "server.log").open("wb") as log:
        process = spawn([*command, f"--config-dir={root / 'conf'}", "--console-mode"], root, log)
    server = LocalServer(process.pid, port, root, _USER, password, _process=process)
    with server.starting(detached=detached):
        remember(root, process.pid, port)
        _await(server)
    return server


def _await(server: LocalServer) -> None:
    """Returns when the server answers a query; raises StoreError when it ends or takes too long."""
    import neo4j

    with neo4j.GraphDatabase.driver(
        f"bolt://{HOST}:{server.port}",
        auth=(server.user, server.password),
        notifications_min_severity="OFF",
    ) as driver:
        if not server.comes_up(lambda: _answers(driver, server.directory), _START_S):
            why = f"gave no answer in {_START_S:.0f} s" if server.running else "did not start"
            log = server.directory / "server.log"
            said = "\n".join(last_lines(log.read_text(errors="replace")))
            raise StoreError(f"Neo4j {why}:\n{said}", mend=f"all that it said is in {log}")


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
    write_private(root / "conf" / "neo4j.conf", _SETTINGS.format(host=HOST, port=port))
    hashes = root / "data" / "dbms" / "auth.ini"
    if not hashes.exists():
        hashes.parent.mkdir(parents=True, exist_ok=True)
        write_private(hashes, _hashed(password, secrets.token_bytes(32)))


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
    write_private(root / "password", made + "\n")
    return made


def _listens(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.connect((HOST, port))
        return True
    return False


def _mark(root: Path) -> str:
    """Returns the argument by which a server's command line names its directory."""
    return f"--home-dir={root}"
