"""From a driver's error to one of ours, by SQLSTATE, without anything secret in it.

What the server says is passed on only in its primary message: DETAIL holds values of rows, and
the messages of class 22 (data exceptions) quote the value, which is taken out. What libpq says
when a connection fails may hold the connection string with its password, and so may what psycopg
says of a malformed URL: those texts are read for known phrases and never passed on.

SQLSTATEs: manual, appendix A.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from apexplan.model.address import Address
from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)

_Kind = type[StoreError]

_KINDS: Final[dict[str, _Kind]] = {
    "55P03": Transient,  # lock_not_available: lock_timeout
    "40P01": Transient,  # deadlock_detected
    "40001": Transient,  # serialization_failure
    "57P03": Transient,  # cannot_connect_now: starting up or shutting down
    "53300": Transient,  # too_many_connections
    "42501": AccessDenied,
    "0A000": Unsupported,
}
_LOST: Final = frozenset(
    {
        "25P03",  # idle_in_transaction_session_timeout
        "25P04",  # transaction_timeout
        "40003",  # statement_completion_unknown
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P04",  # database_dropped
        "57P05",  # idle_session_timeout
    }
)
"""The connection is gone, as with class 08."""

_MENDS: Final[dict[str, str]] = {
    "55P03": "try again when the sessions that hold the lock are done, or raise lock_timeout_ms",
    "53300": "close connections, or raise max_connections on the server",
    "53100": "free space on the server's disk, then apply again",
    "53200": "lower maintenance_work_mem, or give the server more memory",
    "57014": "raise the server's statement_timeout for this role, or apply when there is less to do",
    "42501": "grant the privilege to this role, or connect as the owner of the object",
    "42704": "check the spelling; if it comes from an extension, declare the extension",
    "42883": "check the name and the argument types; if it comes from an extension, declare the extension",
    "42P01": "check the spelling, with the schema in front unless it is public",
    "42703": "check the spelling of the column",
    "42601": "correct the SQL text in the manifest",
    "0A000": "see what this version of the server can do; an extension's files must be installed on it",
    "58P01": "install the extension's files on the server",
    "25006": "connect to the primary, as a role that may write",
    "3D000": "create the database, or correct its name in the URL",
    "23505": "remove the duplicates first",
    "23514": "correct the rows first, or declare the constraint with `validated: false`",
    "23503": "correct the rows first, or declare the constraint with `validated: false`",
    "23502": "fill the column first",
}

_PHRASES: Final[tuple[tuple[str, _Kind, str, str], ...]] = (
    ("authentication failed", AccessDenied, "wrong user or password", "check user and password in the URL"),
    ("no password supplied", AccessDenied, "the server asks for a password", "put one into the URL"),
    ("pg_hba.conf", AccessDenied, "the server does not admit this user from here", "allow it in pg_hba.conf"),
    ('role "', AccessDenied, "the server does not know this user", "check the user in the URL"),
    ("permission denied", AccessDenied, "no permission to connect", "grant CONNECT on the database"),
    ('database "', StoreError, "there is no such database", _MENDS["3D000"]),
    ("starting up", Transient, "the server is starting up", "try again a little later"),
    ("shutting down", Transient, "the server is shutting down", "try again when it is up"),
    ("too many", Transient, "the server has no connection to spare", _MENDS["53300"]),
    ("remaining connection slots", Transient, "the server has no connection to spare", _MENDS["53300"]),
    ("refused", StoreUnreachable, "connection refused", "check host and port, and that the server runs"),
    ("No such file", StoreUnreachable, "no server at the socket", "check the path, and that the server runs"),
    ("timeout", StoreUnreachable, "no answer in time", "check host and port, and what lies between"),
    ("translate host name", StoreUnreachable, "the host's name is not known", "check the host in the URL"),
    ("resolve host", StoreUnreachable, "the host's name is not known", "check the host in the URL"),
    ("SSL", StoreUnreachable, "TLS could not be agreed on", "check sslmode and the certificates"),
)
"""What libpq and the server say while a connection is made; no SQLSTATE comes with it."""

_IN_USE: Final = re.compile(r"\bused (?:by|in) an? ")
"""As in `cannot alter type of a column used by a view or rule`: the server is not too old."""
_CONCURRENT: Final = re.compile(r"tuple concurrently (updated|deleted)")
_QUOTED: Final = re.compile(r'"[^"]*"')
_URL: Final = re.compile(r"\w+://\S*|\bpassword\s*=\s*\S+", re.IGNORECASE)


def translate(error: psycopg.Error, *, store: str, address: Address | None = None, sent: bool) -> StoreError:
    """Returns our error for the driver's. `sent`: the call may have reached the server."""
    code = error.sqlstate or ""
    if not code:
        return _without_code(error, store, address, sent)
    kind, text, mend = _kind(code, sent), _text(error, code), _MENDS.get(code, "")
    if kind is StoreError and _CONCURRENT.search(text):
        kind, mend = Transient, "another session changed the same object; try again"
    if code == "0A000" and _IN_USE.search(text):
        kind, mend = StoreError, "drop what uses it, apply, and make it again"
    return kind(text, store=store, address=address, code=code, mend=mend or _general_mend(kind))


@contextmanager
def translated(store: str, address: Address | None = None, *, sent: bool = True) -> Iterator[None]:
    """Lets no driver error out of the block: see `translate`."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, store=store, address=address, sent=sent) from error


def server_text(error: psycopg.Error) -> str:
    """Returns what the server says, fit to be shown: for the message of another error."""
    return _text(error, error.sqlstate or "")


def _kind(code: str, sent: bool) -> _Kind:
    if code[:2] == "08" or code in _LOST:
        return Ambiguous if sent else StoreUnreachable
    if code[:2] == "28":
        return AccessDenied
    return _KINDS.get(code, StoreError)


def _text(error: psycopg.Error, code: str) -> str:
    said = error.diag.message_primary
    if not said or code[:2] in ("08", "28"):
        return _words(type(error).__name__)
    return _URL.sub("…", _QUOTED.sub('"…"', said) if code[:2] == "22" else said)


def _without_code(error: psycopg.Error, store: str, address: Address | None, sent: bool) -> StoreError:
    """The driver's own errors: a connection that fails or is lost, or a URL that makes no sense."""
    if sent and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        text = "the connection was lost after the call was sent"
        return Ambiguous(text, store=store, address=address, mend=_general_mend(Ambiguous))
    if isinstance(error, psycopg.OperationalError):
        said = str(error)
        for phrase, kind, text, mend in _PHRASES:
            if phrase in said:
                return kind(text, store=store, address=address, mend=mend)
        mend = _general_mend(StoreUnreachable)
        return StoreUnreachable("no connection could be made", store=store, address=address, mend=mend)
    if isinstance(error, psycopg.ProgrammingError) and not sent:
        text = "the URL is not a connection URL"
        return StoreError(
            text, store=store, address=address, mend="write postgresql://user:password@host/database"
        )
    return StoreError(_words(type(error).__name__), store=store, address=address)


def _general_mend(kind: _Kind) -> str:
    if kind is StoreUnreachable:
        return "check the URL, and that the server runs"
    if kind is AccessDenied:
        return "check user and password in the URL"
    if kind is Ambiguous:
        return "nobody knows whether it took effect: `apexplan resume` asks the store"
    return "try again a little later" if kind is Transient else ""


def _words(name: str) -> str:
    """Returns the name of a class as words: `UndefinedTable` → `undefined table`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).replace("_", " ").lower()
