"""What the providers' real servers on this machine share: they are tied to a starter, found again, stopped.

    directory/process     process id and port of the server that was started last
    directory/starting    locked while a start is under way

A server either dies with its starter, even one that is killed, or is detached and found again by its
directory. A process id that was freed may be another's: a process is taken for a server only while its
command line holds the server's mark, the argument that names its directory.

What is started, and when it answers, is in the providers' `local`. Not every one needs both files.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, ClassVar, Final

from apexplan.model.errors import StoreError

HOST: Final = "127.0.0.1"
"""Where local servers listen: nobody on another machine reaches them."""
_POLL_S: Final = 0.01
_WATCHDOG: Final = """
cat >/dev/null
args=$(tr '\\0' ' ' <"/proc/$1/cmdline" 2>/dev/null || ps -ww -o args= -p "$1" 2>/dev/null)
case " $args " in *" $2 "*) kill -"$3" "$1" ;; esac
"""
"""`cat` ends when the starter's end of the pipe closes, however the starter ends."""


@dataclass(slots=True)
class ServerProcess(ABC):
    """The process of a server: a child of ours, or one that was found."""

    pid: int | None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False, kw_only=True)
    _watchdog: subprocess.Popen[bytes] | None = field(default=None, repr=False, kw_only=True)

    signals: ClassVar[Sequence[signal.Signals]] = (signal.SIGTERM, signal.SIGKILL)
    """What ends it, the kindest first."""

    @property
    @abstractmethod
    def mark(self) -> str:
        """The argument by which its command line names its directory."""

    @property
    def running(self) -> bool:
        """True while the process is there, whether it answers or not."""
        if self._process is not None:
            return self._process.poll() is None
        return self.pid is not None and runs(self.pid, self.mark)

    def stop(self, grace_s: float = 20.0) -> None:
        """Stops the server by its process id: kindly, then by force, `grace_s` for each. Idempotent."""
        if self.pid is not None:
            for number in self.signals:
                if self._gone_after(number, grace_s):
                    break
        self.pid = None
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.communicate()
            self._watchdog = None

    @contextlib.contextmanager
    def starting(self, *, detached: bool) -> Iterator[None]:
        """Ties the server to this process unless it is `detached`, and stops it where the block fails:
        a half-started server is of no use to anybody."""
        try:
            if not detached and self.pid is not None:
                self._watchdog = watch(self.pid, self.mark, self.signals[0])
            yield
        except BaseException:  # Ctrl-C as well
            self.stop()
            raise

    def comes_up(self, answers: Callable[[], bool], limit_s: float) -> bool:
        """Waits for an answer. Returns False where the server ended before it, or the time did."""
        deadline = time.monotonic() + limit_s
        while not answers():
            if not self.running or time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def _gone_after(self, number: signal.Signals, grace_s: float) -> bool:
        """Sends a signal, if the process still is ours, and returns True once it is gone."""
        assert self.pid is not None
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
        deadline = time.monotonic() + grace_s
        while self.running:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


# ------------------------------------------------------------------ processes


def spawn(
    command: Sequence[str | Path], root: Path, log: IO[bytes], **rights: Any
) -> subprocess.Popen[bytes]:
    """Starts a server as our child, in `root`. `rights` are subprocess' own: user, group, extra_groups."""
    return subprocess.Popen(
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        umask=0o077,
        start_new_session=True,  # Ctrl-C is for the command, not for the server
        **rights,
    )


def watch(pid: int, mark: str, number: signal.Signals) -> subprocess.Popen[bytes]:
    """Starts a process that sends the signal to a server when this process is no more."""
    return subprocess.Popen(
        ["sh", "-c", _WATCHDOG, "sh", str(pid), mark, number.name.removeprefix("SIG")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def runs(pid: int, mark: str) -> bool:
    """Says whether the process has `mark` among its arguments. A zombie has no command line left."""
    wanted = os.fsencode(mark)
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return wanted in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return False
    seen = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
    return b" " + wanted + b" " in b" " + seen.stdout.strip() + b" "


# ------------------------------------------------------------------ the directory


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keeps a second start in the same directory waiting, which then finds the server of the first."""
    with (root / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the kernel if we are killed
        yield


def write_private(path: Path, text: str) -> None:
    """Writes a file for its owner's eyes alone, all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made with mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)


def remember(root: Path, pid: int, port: int) -> None:
    """Writes down which server was started last in `root`."""
    write_private(root / "process", f"{pid} {port}\n")


def remembered(root: Path) -> tuple[int, int] | None:
    """Returns process id and port of the server that was started last in `root`."""
    try:
        pid, port = (root / "process").read_text().split()
        return int(pid), int(port)
    except (OSError, ValueError):
        return None


def free_port(root: Path) -> int:
    """Returns the port that `root` had last, if it is free, or else any free one."""
    last = remembered(root)
    for wanted in (last[1], 0) if last else (0,):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
            probe.bind((HOST, wanted))
            return int(probe.getsockname()[1])
    raise StoreError(f"no port is free on {HOST}")
