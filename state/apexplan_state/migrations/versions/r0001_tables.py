"""The first tables. The journal and the history can be added to, never changed: triggers refuse it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_head_and_objects()
    _create_runs()
    _create_journal_and_history()
    _create_holder()
    for table in ("journal", "history"):
        _refuse_changes(table)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False)


def _create_head_and_objects() -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        _text("lineage"),
        _number("serial"),
        _number("fence"),
        sa.CheckConstraint("id = 1", name="one_head"),
    )
    op.create_table(
        "objects",
        sa.Column("address", sa.Text, primary_key=True),
        _text("store"),
        _text("kind"),
        _text("values"),
        sa.Column("protect", sa.Boolean, nullable=False),
        _text("run"),
    )


def _create_runs() -> None:
    texts = (
        "status",
        "plan",
        "plan_id",
        "undoes",
        "undone_by",
        "started",
        "finished",
        "by",
        "before",
        "after",
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        _number("seq"),
        *map(_text, texts),
        sa.UniqueConstraint("seq"),
        sa.UniqueConstraint("plan_id"),
    )


def _create_journal_and_history() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", Number, primary_key=True, autoincrement=True),
        sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), nullable=False),
        *map(_text, ("kind", "unit", "data", "at")),
        sqlite_autoincrement=True,
    )
    op.create_index("journal_run_seq", "journal", ["run", "seq"])
    op.create_table(
        "history",
        sa.Column("seq", Number, primary_key=True, autoincrement=True),
        *map(_text, ("at", "by", "verb", "text")),
        sqlite_autoincrement=True,
    )


def _create_holder() -> None:
    op.create_table(
        "holder",
        sa.Column("id", sa.Text, primary_key=True),
        *map(_text, ("who", "host")),
        *map(_number, ("pid", "backend")),
        *map(_text, ("purpose", "since")),
    )


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the {table} is append-only'); END"
            )
        return
    quote = op.get_bind().dialect.identifier_preparer.quote
    schema = quote(op.get_context().version_table_schema or "public")
    op.execute(
        f"CREATE FUNCTION {schema}.{table}_is_append_only() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION 'the {table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.{table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{table}_is_append_only()"
    )
