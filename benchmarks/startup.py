"""How long a person waits for the smallest commands."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measuring import apexplan, best, table

TIMES = 11


def section() -> str:
    """Returns the Markdown of this benchmark."""
    with tempfile.TemporaryDirectory() as home:
        best(apexplan("init", "postgres", "-C", home), 1)
        env = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
        version = best(apexplan("--version"), TIMES, cwd=Path(home))
        validate = best(apexplan("validate", "-C", home), TIMES, cwd=Path(home), env=env)
    rows = [
        ["`apexplan --version`", f"{version.wall_s * 1000:.0f} ms", f"{version.memory_mb:.0f} MB"],
        [
            "`apexplan validate`, the project of `init`",
            f"{validate.wall_s * 1000:.0f} ms",
            f"{validate.memory_mb:.0f} MB",
        ],
    ]
    return f"## Start\n\nMedian of {TIMES} runs.\n\n" + table(["command", "wall", "memory"], rows)
