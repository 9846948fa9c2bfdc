"""The tables as they are at the newest revision. A test holds them equal to the migrations.

    head     one row: lineage, serial, fence
    objects  what is owned, as the last run left it
    runs     one row a run; seq is their order
    journal  append-only by trigger; seq is the order within a run
    kept     what steps overwrote in their stores, for their inverses, while those can run
    history  append-only by trigger; what happened outside runs
    holder   at most one row: who holds the lock (PostgreSQL; SQLite keeps this in the lock file)

JSON stands in text columns: it is written and read whole, never queried.
On PostgreSQL all of it lives in a schema of its own, put in by `schema_translate_map`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

# SQLite numbers rows by itself only in a column of the type INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

head = Table(
    "head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_head"), primary_key=True, autoincrement=False),
    Column("lineage", Text, nullable=False),
    Column("serial", Number, nullable=False),
    Column("fence", Number, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("address", Text, primary_key=True),
    Column("store", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("values", Text, nullable=False),
    Column("protect", Boolean, nullable=False),
    Column("run", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("seq", Number, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("plan_id", Text, nullable=False, unique=True),
    Column("undoes", Text, nullable=False),
    Column("undone_by", Text, nullable=False),
    Column("purged", Text, nullable=False, server_default=""),
    Column("started", Text, nullable=False),
    Column("finished", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("run", Text, ForeignKey("runs.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("at", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("journal_run_seq", journal.c.run, journal.c.seq)

kept = Table(
    "kept",
    metadata,
    Column("run", Text, ForeignKey("runs.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)

holder = Table(
    "holder",
    metadata,
    Column("id", Text, primary_key=True),
    Column("who", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Number, nullable=False),
    Column("backend", Number, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("since", Text, nullable=False),
)
