"""What unit tests of several parts need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

SLEEPER = """
import signal, sys
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(flush=True)
input()
"""


@pytest.fixture
def sleeper() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a process that waits, with the given words on its command line; `deaf`: to SIGTERM."""
    children: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", SLEEPER, *words]
        children.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        stdout = children[-1].stdout
        assert stdout is not None
        stdout.readline()
        return children[-1]

    yield run
    for child in children:
        child.kill()
        child.communicate()
