"""Room on the disk, looked at before Edge writes: it would be ended by SIGBUS on a full one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from apexplan_qdrant.edge.errors import MAKE_ROOM, files
from apexplan_qdrant.errors import Full

RESERVE_BYTES: Final = 128 << 20
"""What one call may touch: a segment of the log, a chunk of vectors, a page of payloads, 32 MiB each."""


def require(store: str, directory: Path, size_bytes: int = 0) -> None:
    """Raises Full unless `size_bytes` and a reserve are free where `directory` lies.

    Others write to the disk as well: this makes the end by SIGBUS unlikely, not impossible.
    """
    with files(store, directory):
        found = os.statvfs(directory)
    free = found.f_bavail * found.f_frsize
    needed = size_bytes + RESERVE_BYTES
    if free < needed:
        text = f"{directory}: {free >> 20} MiB are free, and Edge may need {needed >> 20} MiB"
        raise Full(text, store=store, mend=MAKE_ROOM)


def size_bytes(directory: Path) -> int:
    """Returns what the files below `directory` take up; of sparse ones, the part that is written."""
    blocks = 0
    for place, _, names in os.walk(directory):
        for name in names:
            path = Path(place, name)
            if path.is_file():
                blocks += path.stat().st_blocks
    return blocks * 512
