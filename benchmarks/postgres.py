"""`apexplan plan` of 1,000 tables with nothing to change, beside Alembic's `compare_metadata`.

Both are whole processes against the same database: ours loads YAML and the state, theirs imports a
Python module with the tables. Our manifests come in two spellings that mean the same; the one that
a person writes makes the server say so at every plan.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg

from apexplan_postgres import local
from benchmarks import postgres_schema as schema
from benchmarks.measuring import Usage, apexplan, middle, python, run, table

TABLES: Final = 1_000
OBJECTS: Final = TABLES * schema.OBJECTS_A_TABLE + 1
TIMES: Final = 5
SPELLINGS: Final = {"server": schema.AS_THE_SERVER, "person": schema.AS_A_PERSON}
RIVALS: Final = ("types", "defaults")
PARTS: Final = ("load", "state", "connect", "read", "normalize", "compare")


def section() -> str:
    """Returns the Markdown of this benchmark."""
    with tempfile.TemporaryDirectory() as home, _server(Path(home)) as server:
        root = Path(home)
        url = local.create_database(server, "benchmark")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in schema.statements(TABLES):
                connection.execute(statement.encode())
        for name, texts in SPELLINGS.items():
            schema.write_project(root / name, TABLES, texts)
            run(apexplan("apply", "--yes"), cwd=root / name, env={"DATABASE_URL": url})
        schema.write_module(root / "tables.py", TABLES)
        usages = _in_turns(root, url)
        parts = {name: _parts(root / name, url) for name in SPELLINGS}
        first = _first_plan(root / "server", local.create_database(server, "empty"))
    return "\n".join([_commands(usages, first), _shares(parts)])


@contextmanager
def _server(home: Path) -> Iterator[str]:
    home.chmod(0o755)  # another user runs the server where we are root
    server = local.start(str(home / "postgres"))
    try:
        yield server.url
    finally:
        server.stop()


def _in_turns(root: Path, url: str) -> dict[str, Usage]:
    """Runs ours and theirs in turns, so that whatever else the machine does falls on all of them."""
    runs: dict[str, list[Usage]] = defaultdict(list)
    for _ in range(TIMES):
        for name in SPELLINGS:
            usage = run(apexplan("plan"), cwd=root / name, env={"DATABASE_URL": url})
            assert f"{OBJECTS:,} objects in sync" in usage.output, usage.output[-500:]
            runs[name].append(usage)
        for name in RIVALS:
            command = python("benchmarks.postgres_rival", str(root / "tables.py"), url, name)
            usage = run(command, cwd=Path())
            assert json.loads(usage.output.splitlines()[-1])["differences"] == 0, usage.output[-500:]
            runs[name].append(usage)
    return {name: middle(found) for name, found in runs.items()}


def _parts(root: Path, url: str) -> dict[str, float]:
    command = python("benchmarks.postgres_child", str(root))
    found: list[dict[str, Any]] = [
        json.loads(run(command, cwd=Path(), env={"DATABASE_URL": url}).output.splitlines()[-1])
        for _ in range(TIMES)
    ]
    assert all(one["in_sync"] == OBJECTS and not one["changes"] for one in found)
    return {part: median(one[part] for one in found) for part in PARTS}


def _first_plan(root: Path, url: str) -> Usage:
    """The plan that makes everything: an empty database, an empty state."""
    (root / ".apexplan" / "state.db").unlink()
    return run(apexplan("plan"), cwd=root, env={"DATABASE_URL": url})


def _commands(usages: dict[str, Usage], first: Usage) -> str:
    rival = usages["types"]
    rows = [
        _row("`apexplan plan`, manifests as `inspect` writes them", usages["server"], rival),
        _row("`apexplan plan`, manifests as a person writes them", usages["person"], rival),
        _row("Alembic `compare_metadata`, its default", rival, rival),
        _row("Alembic `compare_metadata`, server defaults too", usages["defaults"], rival),
    ]
    row = _row(f"`apexplan plan` that creates all {OBJECTS:,} objects", first, rival)
    title = f"## PostgreSQL: {TABLES:,} tables, {OBJECTS:,} objects, nothing to change\n\n"
    told = f"Whole commands, in turns; median of {TIMES} runs, the last line of one.\n\n"
    head = ["", "wall", "CPU", "memory", "wall beside Alembic's", "CPU beside Alembic's"]
    return title + told + table(head, [*rows, [*row[:4], "", ""]])


def _row(name: str, usage: Usage, rival: Usage) -> list[str]:
    times = f"{usage.wall_s / rival.wall_s:.2f}", f"{usage.cpu_s / rival.cpu_s:.2f}"
    return [name, f"{usage.wall_s:.2f} s", f"{usage.cpu_s:.2f} s", f"{usage.memory_mb:.0f} MB", *times]


def _shares(parts: dict[str, dict[str, float]]) -> str:
    rows = [[name, *(f"{found[part]:.2f} s" for part in PARTS)] for name, found in parts.items()]
    return f"The parts inside of one process, wall; median of {TIMES} runs.\n\n" + table(
        ["spelling", *PARTS], rows
    )
