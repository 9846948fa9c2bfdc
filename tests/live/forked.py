"""Runs `python -m MODULE …` in a process of its own, which is forked from one that has imported what commands
import: that is most of what a command costs.

The process ends as any other does, by itself or by a signal, and knows nothing of those before it. What only
a new interpreter shows is not here: `Home.started` makes one, and so do the demos and the installed wheel.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_PARENT: Final = multiprocessing.get_context("forkserver")
_PARENT.set_forkserver_preload(
    [
        *(f"apexplan.cli.{name}" for name in ("guard", "apply", "plan", "drift", "inspect", "state")),
        *("apexplan.report.text", "apexplan_state.store", "apexplan_state.upgrade", "alembic.command"),
        *("apexplan_postgres.provider", "apexplan_neo4j.provider", "apexplan_qdrant.provider"),
        *("psycopg", "neo4j", "httpx", "jsonschema", "sqlalchemy.dialects.sqlite"),
    ]
)
_LIMIT_S: Final = 120.0


def run(module: str, *arguments: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the module as a program to its end, and returns what became of it."""
    with tempfile.TemporaryDirectory() as directory:
        out, err = Path(directory, "out"), Path(directory, "err")
        child = _PARENT.Process(target=_main, args=(module, arguments, cwd, dict(env), (out, err)))
        child.start()
        child.join(_LIMIT_S)
        if child.exitcode is None:
            child.kill()
            raise subprocess.TimeoutExpired(
                [module, *arguments], _LIMIT_S, out.read_bytes(), err.read_bytes()
            )
        return subprocess.CompletedProcess(
            [module, *arguments], child.exitcode, out.read_text("utf-8"), err.read_text("utf-8")
        )


def _main(
    module: str, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], said: tuple[Path, Path]
) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.stdout, sys.stderr = (path.open("w", encoding="utf-8") for path in said)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        os.dup2(stream.fileno(), number)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
