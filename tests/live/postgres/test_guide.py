"""The table of changes in the guide: each row's lock, who is held up, and hazards, on a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from pydantic import SecretStr

from apexplan.model.plan import Plan, Step
from apexplan_postgres.provider import PostgresSession, PostgresSettings

from .bench import Bench
from .samples import address
from .test_apply_cases import CASES, desired_of
from .test_apply_interrupted import Quiet

pytestmark = pytest.mark.live

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "postgres.md"
ROWS: Final = {
    "add a column": ("add a column with a constant default, not null", "add a column with the time"),
    "add a column with a volatile default or a backfill": (
        "add a column with a volatile default",
        "add a column with a backfill",
    ),
    "add an identity or a stored generated column": ("add an identity", "add a stored generated column"),
    "drop a column": ("drop a column", "drop a column that is not null"),
    "change a type that keeps the rows": ("widen a column",),
    "change any other type": ("type through a shadow, not null and default",),
    "change the type of a column in a constraint": ("type of a key, blocking",),
    "change the collation": ("change the collation",),
    "NOT NULL": ("close a column",),
    "validate a NOT NULL": ("validate a not null that somebody named",),
    "open a column to NULL": ("open a column",),
    "default, storage, compression": (
        "set and drop defaults",
        "set storage, statistics, compression and comment",
    ),
    "add a check": ("add a check",),
    "change a check": ("replace a check",),
    "add a foreign key": ("add a foreign key",),
    "add a unique constraint": ("add a unique constraint",),
    "change a unique constraint or primary key": ("replace a unique constraint", "replace a primary key"),
    "add an exclusion constraint": ("add an exclusion constraint",),
    "drop a constraint": ("drop a check", "drop a unique constraint"),
    "create an index": ("create an index",),
    "drop an index": ("drop an index",),
    "change an index": ("replace an index",),
    "change m, ef_construction, lists, pages_per_range": ("change m in place", "change lists"),
    "fillfactor and other index parameters": ("change fillfactor and comment",),
    "create or replace a trigger": ("create a function and a trigger", "replace a trigger"),
    "storage parameters of a table": ("set table options and comment",),
    "rename a table, column or constraint": ("rename a table", "rename a column", "rename a primary key"),
    "drop a table": ("drop a table with its columns and constraints",),
}
"""Row of the guide → the cases that it speaks for."""
LOCKS: Final = (
    "none",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE ROW EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
HELD = "SELECT mode FROM pg_locks WHERE relation = %s AND pid = pg_backend_pid()"


def rows() -> dict[str, list[str]]:
    """The cells of the guide's table by the first one."""
    lines = re.findall(r"^\| (.*?) ?\|$", GUIDE.read_text().split("## What is kept")[0], re.MULTILINE)
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    return {row[0]: row for row in cells[1:]}


@pytest.mark.parametrize("name", sorted({name for names in ROWS.values() for name in names}))
def test_a_row_of_the_guide_is_true(database: str, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    _, _, lock, held_up, hazards = rows()[next(row for row, names in ROWS.items() if name in names)]
    bench = Bench(database)
    bench.run_sql(case.before)
    bench.renames = {address(new): address(old).name for new, old in case.renames.items()}
    plan = bench.plan(desired_of(case, bench.own()))
    assert {str(h.kind) for step in plan.steps for h in step.hazards} == set(hazards.split())
    assert ("nobody" if all(step.online for step in plan.steps) else "readers and writers") == held_up
    assert LOCKS[max(strengths(database, plan), default=0)] == lock


def strengths(database: str, plan: Plan) -> Iterator[int]:
    """Runs the plan step by step; yields how strong the locks on the table were."""
    session = PostgresSession("sql", PostgresSettings(url=SecretStr(database)))
    with psycopg.connect(database) as connection:
        query = "SELECT oid FROM pg_class WHERE relname IN ('t', 'd')"
        table = connection.execute(query).fetchone()
        connection.commit()
        for step in plan.steps:
            if step.group is None:
                session.run(step, Quiet())
                yield LOCKS.index("ROW EXCLUSIVE" if step.verb == "backfill" else "SHARE UPDATE EXCLUSIVE")
            else:
                yield from in_transaction(connection, step, table)
    session.close()


def in_transaction(connection: psycopg.Connection[Any], step: Step, table: Any) -> Iterator[int]:
    """Runs one step in a transaction of its own; yields the locks of it on the table."""
    with connection.transaction():
        for statement in step.statements:
            connection.execute(statement.encode())
        found = [spoken(mode) for (mode,) in connection.execute(HELD, table).fetchall()]
    yield from (LOCKS.index(lock) for lock in found if lock in LOCKS)


def spoken(mode: str) -> str:
    """Returns `AccessExclusiveLock` as ACCESS EXCLUSIVE."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()


def test_every_row_of_the_guide_is_tried() -> None:
    assert rows().keys() == ROWS.keys()
