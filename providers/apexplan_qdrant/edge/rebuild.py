"""Optimizing a shard where it takes its time: in a process of its own, which can be watched and stopped.

`EdgeShard.optimize` cannot be interrupted, tells no progress and holds Python's interpreter lock all the
while: 40,000 × 256 took 15.6 s, in which no other thread ran (measured on qdrant-edge-py 0.9.0). So the shard
is closed, a child opens it, and a stop kills the child: the segments that it was reading from are untouched,
what it had built is lost, and the shard still has its former configuration in them.

The child inherits the lock. If we are killed, it goes on to its end, and nobody opens the shard before that.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from apexplan.model.errors import Interrupted, StoreError
from apexplan.provider import Watch
from apexplan_qdrant.edge.errors import MAKE_ROOM, of_engine
from apexplan_qdrant.errors import Full

_POLL_S: Final = 0.1
_PROGRAM: Final = Path(__file__).with_name("optimizer.py")


def optimizer(shard: Path) -> Sequence[str]:
    """Returns the command that optimizes a shard."""
    return (sys.executable, "-P", str(_PROGRAM), str(shard))


def watched(command: Sequence[str], store: str, name: str, lock: int, watch: Watch, stall_s: float) -> None:
    """Runs the command until it has ended well. Progress is told in seconds.

    Raises Interrupted when a stop is asked for, Full if a full disk ended it, StoreError with its words if it
    failed or used no processor for `stall_s`. Has no child left when it returns.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=(lock,),
        start_new_session=True,  # Ctrl-C asks us to stop, and we decide when the child ends
    )
    try:
        said = _until_ended(process, store, name, watch, stall_s)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode == -signal.SIGBUS:
        raise Full(f"{name}: the disk was full while segments were rebuilt", store=store, mend=MAKE_ROOM)
    if process.returncode != 0:
        raise of_engine(store, name, said or f"the rebuild ended with {process.returncode}")


def _until_ended(process: subprocess.Popen[str], store: str, name: str, watch: Watch, stall_s: float) -> str:
    started = moved = time.monotonic()
    used = -1
    while True:
        try:
            return process.communicate(timeout=_POLL_S)[1]
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        watch.progress(now - started, None, "s", "rebuilding segments")
        if watch.stopping():
            raise Interrupted(f"{name}: the rebuild was stopped; the next one begins anew")
        last, used = used, _processor_ticks(process.pid)
        moved = now if used != last or used < 0 else moved
        if now - moved > stall_s:
            text = f"{name}: the rebuild has not used the processor for {stall_s:.0f} s"
            raise StoreError(text, store=store, mend="look what the disk does; raise `settle_timeout_s`")


def _processor_ticks(pid: int) -> int:
    """Returns what a process has used of the processor, -1 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, IndexError, ValueError):
        return -1
