"""Who has the shards: one process at a time, known by name.

A lock of the kernel on the file `lock`, so it ends with its holder, however that ends, and no clock is
asked. A rebuild's process inherits it: the shards stay held until that has ended, too. What is written into
the file is for the one who is refused; it says nothing once the lock is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from apexplan.model.errors import StoreError, Transient
from apexplan_qdrant.edge.errors import files


class Lock:
    """The lock of one directory. Not for several threads at once: its owner sees to that."""

    def __init__(self, store: str, path: Path) -> None:
        self._store = store
        self._path = path
        self._handle: int | None = None

    @property
    def handle(self) -> int | None:
        """The file descriptor that holds the lock, or None."""
        return self._handle

    def take(self) -> None:
        """Takes the lock unless it is held by us. Raises Transient, naming the holder."""
        if self._handle is not None:
            return
        with files(self._store, self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise self._refusal() from error
        except OSError as error:  # a file system without locks
            os.close(handle)
            text = f"{self._path} cannot be locked: {error.strerror}"
            raise StoreError(text, store=self._store, mend="use a directory on a local disk") from error
        self._handle = handle
        with contextlib.suppress(OSError):  # on a full disk, nobody is told who holds it
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(_me()).encode(), 0)

    def release(self) -> None:
        """Lets go. Idempotent."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def _refusal(self) -> Transient:
        text = f"{self._path.parent} is held by {_told(self._path)}"
        return Transient(text, store=self._store, mend="wait until it has ended, or end it by its process id")


def _me() -> dict[str, object]:
    who = "somebody"
    with contextlib.suppress(KeyError, OSError):  # a user that the system does not know
        who = getpass.getuser()
    return {
        "pid": os.getpid(),
        "who": f"{who}@{socket.gethostname()}",
        "program": Path(sys.argv[0] or "python").name,
        "since": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def _told(path: Path) -> str:
    """Returns who holds the lock, as far as the file tells: its holder may be writing it just now."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        told = f"process {holder['pid']} ({holder['program']} of {holder['who']}) since {holder['since']}"
        return told if _lives(holder["pid"]) else f"the rebuild that was left by {told}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _lives(pid: int) -> bool:
    with contextlib.suppress(PermissionError):  # somebody else's lives as well
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
