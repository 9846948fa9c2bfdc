"""A plan as an Alembic revision: it compiles, and its statements come out as they went in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy
from report_kit import change, plan, step, undo
from sqlalchemy.dialects import postgresql

from apexplan.model.change import Action
from apexplan.model.errors import UsageError
from apexplan.model.plan import Plan
from apexplan.report.alembic import revision

PSYCOPG = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]


class Operations:
    """Stands in for `alembic.op`: takes each statement the way Alembic and SQLAlchemy do."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bool]] = []
        self._autocommit = False

    def execute(self, statement: str) -> None:
        compiled = sqlalchemy.text(statement).compile(dialect=PSYCOPG)
        assert compiled.params == {}
        self.sent.append((compiled.string % (), self._autocommit))

    def get_context(self) -> Operations:
        return self

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        self._autocommit = True
        yield
        self._autocommit = False


def executed(made: Plan, function: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    operations = Operations()
    module = ModuleType("alembic")
    module.op = operations  # type: ignore[attr-defined]  # a stand-in has what the test puts there
    monkeypatch.setitem(__import__("sys").modules, "alembic", module)
    names: dict[str, Any] = {}
    exec(compile(revision(made), "revision.py", "exec"), names)
    names[function]()
    return operations.sent


def created(*statements: str, group: str | None = None, **more: Any) -> Plan:
    one = step("sql.table.t", *statements, group=group, **more)
    return plan([change("sql.table.t", Action.CREATE)], [one])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT '12:30'::time",
        "SELECT ':name', ':30', a[1:2], x::text[:3]",
        "SELECT E'\\:name \\\\:name \\::x'",
        "SELECT 100 % 3, 'like %s %(x)s %%'",
        "COMMENT ON TABLE t IS 'two\nlines, \"quotes\" and ''more'''",
        "SELECT '日本:語', $$ :a$b :$1 $$",
    ],
)
def test_a_statement_reaches_the_driver_unchanged(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert executed(created(statement), "upgrade", monkeypatch) == [(statement, True)]


def test_a_grouped_step_runs_in_the_transaction_of_the_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = executed(created("CREATE TABLE t ()", group="g"), "upgrade", monkeypatch)
    assert sent == [("CREATE TABLE t ()", False)]


def test_downgrade_runs_the_inverses_last_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan(
        [change(f"sql.table.{n}", Action.CREATE) for n in "ab"],
        [step(f"sql.table.{n}", "CREATE", inverse=undo(f"sql.table.{n}", f"DROP TABLE {n}")) for n in "ab"],
    )
    sent = executed(made, "downgrade", monkeypatch)
    assert [statement for statement, _ in sent] == ["DROP TABLE b", "DROP TABLE a"]


def test_what_cannot_be_undone_is_told_in_the_downgrade() -> None:
    text = revision(created("DROP TABLE t", no_inverse="the rows\nare gone"))
    assert "    # cannot be undone: do sql.table.t: the rows are gone\n    pass\n" in text


def test_an_empty_plan_gives_a_revision_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert executed(plan(), "upgrade", monkeypatch) == []


def test_a_title_cannot_leave_its_comment() -> None:
    text = revision(created("SELECT 1", title="drop\x00 it\r\nimport os\u2028x"))
    compile(text, "revision.py", "exec")
    assert "\nimport os" not in text


def test_the_revision_names_the_one_before() -> None:
    assert "Revises: abc\n" in revision(plan(), down_revision="abc")
    assert "\ndown_revision = 'abc'\n" in revision(plan(), down_revision="abc")


def test_a_plan_for_two_stores_is_refused() -> None:
    made = plan(steps=[step("sql.table.t", "x"), step("graph.index.i", "y")])
    with pytest.raises(UsageError, match="the plan has graph, sql"):
        revision(made)
