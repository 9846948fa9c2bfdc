"""What a database error means to the person who runs apexplan: one StateError each, with its mend.

Neither a statement, nor a parameter, nor a password gets into the text. The driver's own error
stays behind as the cause, unless it is seen to hold the password.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from apexplan.model.errors import StateError

Meaning = tuple[str, str]

_SQLITE: dict[str, Meaning] = {
    "SQLITE_FULL": ("no room is left on the disk", "free some, then run the command again"),
    "SQLITE_READONLY": ("it may not be written", "check owner and mode of the file and its directory"),
    "SQLITE_PERM": ("it may not be used", "check owner and mode of the file and its directory"),
    "SQLITE_AUTH": ("it may not be used", "check owner and mode of the file and its directory"),
    "SQLITE_CANTOPEN": ("it cannot be opened", "check path, owner and mode of the file and its directory"),
    "SQLITE_NOTADB": (
        "the file is no SQLite database",
        "correct the state url, or put the file's backup in its place",
    ),
    "SQLITE_CORRUPT": (
        "the file is damaged",
        "put its backup in its place, or move it away and run `apexplan state recover`",
    ),
    "SQLITE_BUSY": (
        "another process is writing to it and does not end",
        "end that process, then run the command again",
    ),
    "SQLITE_IOERR": ("the disk reports an error", "check the disk, then run the command again"),
}

_SQLSTATE: dict[str, Meaning] = {
    "08": ("no connection to the server", "check that it runs, and host and port in the state url"),
    "25006": ("the server is read-only", "use the url of the primary"),
    "28": ("the server refuses this user or its password", "correct user and password in the state url"),
    "3D000": ("the server has no such database", "create it, or correct the state url"),
    "42501": (
        "this user lacks a privilege on it",
        "grant it USAGE and CREATE there, or use another user",
    ),
    "53100": ("no room is left on the server's disk", "free some, then run the command again"),
    "53300": ("the server takes no more connections", "end some, then run the command again"),
    "55P03": ("another session keeps it locked", "end that session, then run the command again"),
    "57P": ("the server ended the connection", "run the command again"),
}

# libpq reports a failed log-in without a SQLSTATE; only its text tells it from an absent server.
_LOGIN_TEXTS: dict[str, str] = {
    "authentication failed": "28",
    "no password supplied": "28",
    "pg_hba.conf": "28",
    "does not exist": "3D000",
    "too many": "53300",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the state is, as it may be shown, and what must not be."""

    name: str
    secret: str = field(default="", repr=False)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turns errors of database, driver and file system into StateError."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            text, mend = _meaning(error)
            cause = None if self._leaks(error) else error
            raise StateError(f"the state at {self.name}: {text}", mend=mend) from cause

    def _leaks(self, error: BaseException | None) -> bool:
        while error is not None:
            if self.secret and self.secret in str(error):
                return True
            error = error.__cause__ or error.__context__
        return False


def _meaning(error: Exception) -> Meaning:
    original: Any = getattr(error, "orig", None) or error
    if isinstance(original, OSError):
        return original.strerror or type(original).__name__, "check path, owner and mode, and the disk"
    if isinstance(original, sqlite3.Error):
        meanings, code = _SQLITE, getattr(original, "sqlite_errorname", "")
    else:
        meanings, code = _SQLSTATE, getattr(original, "sqlstate", None) or _login_state(original)
    found = next((meaning for start, meaning in meanings.items() if code.startswith(start)), None)
    return found or (
        f"the database refused a statement [{code or type(original).__name__}]",
        "run the command again; if it stays, report it",
    )


def _login_state(error: Exception) -> str:
    if type(error).__name__ != "OperationalError":
        return ""
    return next((state for said, state in _LOGIN_TEXTS.items() if said in str(error)), "08")
