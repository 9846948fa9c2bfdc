"""What Edge and the file system say no with, as our errors.

Edge raises bare `Exception` with a text, TypeError and ValueError for arguments, and pyo3's PanicException,
which is no Exception. A full disk it does not notice: it writes through mapped memory, and the kernel ends
the process with SIGBUS (measured on tmpfs and ext4). So space is looked at before: see `disk`.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from apexplan.model.errors import AccessDenied, ApexplanError, StoreError, Transient
from apexplan_qdrant.errors import Full

_MOST_CHARACTERS: Final = 500
_NO_SPACE: Final = re.compile(r"No space left|File too large|(?:code: |os error )(?:27|28|122)\b")
_HELD: Final = "WouldBlock"
"""From a second `load` of a shard, in the same process or another."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
MAKE_ROOM: Final = "make room on that disk, and try again"


@contextmanager
def engine(store: str, subject: str) -> Iterator[None]:
    """Around calls of Edge. `subject`: the collection, as errors tell of it."""
    try:
        yield
    except ApexplanError:
        raise
    except Exception as error:
        raise of_engine(store, subject, str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise of_engine(store, subject, f"Edge broke off: {error}") from error


def of_engine(store: str, subject: str, said: str) -> StoreError:
    """Returns the error for what Edge said about a collection."""
    text = said.strip().splitlines()[0][:_MOST_CHARACTERS] if said.strip() else "Edge gave no reason"
    if _HELD in said:
        held = f"the shard of {subject} is held by another process, which opened it without our lock"
        return Transient(held, store=store, mend="close it there; `open_collection` opens it under the lock")
    if _NO_SPACE.search(said):
        return Full(f"{subject}: {text}", store=store, mend=MAKE_ROOM)
    return StoreError(f"{subject}: {text}", store=store)


@contextmanager
def files(store: str, path: Path) -> Iterator[None]:
    """Around the use of files."""
    try:
        yield
    except OSError as error:
        text = f"{error.filename or path}: {error.strerror or error}"
        if error.errno in _FULL:
            raise Full(text, store=store, mend=MAKE_ROOM) from error
        if error.errno in _DENIED:
            mend = "give the user that runs this the right to read and write there"
            raise AccessDenied(text, store=store, mend=mend) from error
        raise StoreError(text, store=store) from error
