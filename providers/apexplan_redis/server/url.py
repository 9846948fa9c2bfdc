"""The URL of a store, taken apart. Nothing of a URL that is refused is quoted: what stands in a wrong place
may be the password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qs, unquote

from apexplan.model.errors import StoreError

Mode: TypeAlias = Literal["standalone", "sentinel", "cluster"]

PORT: Final = 6379
SENTINEL_PORT: Final = 26379
_MODES: Final[dict[str, Mode]] = {"": "standalone", "sentinel": "sentinel", "cluster": "cluster"}
_PARTS: Final = re.compile(r"([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?", re.DOTALL)
"""Authority, path, query, fragment. `urlsplit` refuses a list of hosts in which one stands in brackets."""
_SERVER: Final = re.compile(r"(?:\[([^\[\]@ ]+)]|([^:\[\]@ ]+))(?::([0-9]{1,5}))?")
_MEND: Final = (
    "write redis://HOST:PORT/DB, unix:///PATH?db=DB, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB or "
    "redis+cluster://HOST:PORT,HOST:PORT, with rediss for TLS; in a password / ? # @ and : must be "
    "percent-encoded"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens: a host and a port, or the path of a socket."""

    host: str
    port: int = 0

    @property
    def is_path(self) -> bool:
        return self.port == 0

    def __str__(self) -> str:
        if self.is_path:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL names. `places`: the servers to ask first. `service`: the sentinels' name of the primary."""

    mode: Mode
    tls: bool
    places: tuple[Place, ...]
    db: int = 0
    service: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def parsed(url: str, store: str, *, field: str = "url") -> Target:
    """Returns what `url` names. Raises StoreError, naming the settings' `field`, for what is no such URL."""
    try:
        return _target(url)
    except ValueError as error:
        # Not chained: Python quotes what it took for the port, which may be a piece of a password.
        what = str(error) if isinstance(error, _NotMeant) else "it cannot be taken apart"
        raise StoreError(f"`{field}` names no Redis: {what}", store=store, mend=_MEND) from None


class _NotMeant(ValueError):
    """Why a URL is refused, in words that quote nothing of it."""


def _target(url: str) -> Target:
    scheme, separator, rest = url.partition("://")
    base, _, way = scheme.partition("+")
    if (
        not separator
        or way not in _MODES
        or base not in ("redis", "rediss", "unix")
        or url.startswith("unix+")
    ):
        raise _NotMeant("its scheme is none of redis, rediss, unix, redis+sentinel, redis+cluster")
    matched = _PARTS.fullmatch(rest)
    authority, path, query, fragment = matched.groups() if matched else ("", "", "", "")
    if fragment or "@" in path:
        raise _NotMeant("a character of the password is not percent-encoded")
    userinfo, _, hosts = authority.rpartition("@")
    username, password = _credentials(userinfo)
    mode, db_of_query = _MODES[way], _db_of_query(query or "")
    if base == "unix":
        return Target(mode, False, _socket(hosts, path), db_of_query or 0, "", username, password)
    service, db = _path(mode, path, db_of_query)
    return Target(mode, base == "rediss", _places(mode, hosts), db, service, username, password)


def _socket(host: str, path: str) -> tuple[Place]:
    if host or not path.startswith("/"):
        raise _NotMeant("a socket is named by its whole path, with three slashes: unix:///run/redis.sock")
    return (Place(unquote(path)),)


def _places(mode: Mode, hosts: str) -> tuple[Place, ...]:
    port = SENTINEL_PORT if mode == "sentinel" else PORT
    places = tuple(_place(host, port) for host in hosts.split(","))
    if mode == "standalone" and len(places) > 1:
        raise _NotMeant("it lists several servers; sentinels and clusters have URLs of their own")
    return places


def _credentials(userinfo: str) -> tuple[str | None, str | None]:
    username, colon, password = userinfo.partition(":")
    return unquote(username) or None, unquote(password) if colon else None


def _db_of_query(query: str) -> int | None:
    given = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query))
    if set(given) - {"db"}:
        raise _NotMeant("its query has something else than db=NUMBER")
    return _number(given["db"][-1]) if given else None


def _path(mode: Mode, path: str, db_of_query: int | None) -> tuple[str, int]:
    """Returns the service and the database that the path of a URL names."""
    pieces = [unquote(piece) for piece in path.split("/")[1:] if piece]
    service = pieces.pop(0) if mode == "sentinel" and pieces else ""
    if mode == "sentinel" and not service:
        raise _NotMeant("sentinels are asked for a service, which stands behind them: …/SERVICE")
    if len(pieces) > 1:
        raise _NotMeant("its path has too many parts")
    db = _number(pieces[0]) if pieces else db_of_query or 0
    if mode == "cluster" and db:
        raise _NotMeant("a cluster has no database but 0")
    return service, db


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise _NotMeant("a database is a number")
    return int(text)


def _place(text: str, default_port: int) -> Place:
    server = _SERVER.fullmatch(text)
    if server is None:
        raise _NotMeant("a server is HOST or HOST:PORT")
    port = int(server[3]) if server[3] else default_port
    if not 0 < port < 65536:
        raise _NotMeant("a port is a number from 1 to 65535")
    return Place(server[1] or server[2], port)
