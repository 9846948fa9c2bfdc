"""How things are measured: a child process, its CPU seconds, wall seconds and greatest memory."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a command took. `cpu_s` is user and system time of the process and its
    children, `memory_mb` the greatest resident size of any of them."""

    wall_s: float
    cpu_s: float
    memory_mb: float
    output: str


def run(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Usage:
    """Runs a command once; raises with its output if it fails."""
    started = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 2):
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}:\n{output[-3000:]}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def best(
    command: Sequence[str], times: int, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Usage:
    """Runs a command several times; returns the run with the median wall time."""
    return middle([run(command, cwd=cwd, env=env) for _ in range(times)])


def middle(runs: Sequence[Usage]) -> Usage:
    """Returns the run with the median wall time."""
    wall_s = median([r.wall_s for r in runs])
    return min(runs, key=lambda r: abs(r.wall_s - wall_s))


def python(module: str, *arguments: str) -> list[str]:
    """Returns the command that runs a module of ours with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def apexplan(*arguments: str) -> list[str]:
    """Returns the command that runs the installed `apexplan`."""
    return [str(Path(sys.executable).with_name("apexplan")), *arguments]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Returns the processor, cores, memory and versions, in one line."""
    cpu = "an unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = names[0] if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
