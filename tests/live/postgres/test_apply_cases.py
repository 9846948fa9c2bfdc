"""Every change on a real server: applied, nothing more to do, rolled back, as before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.specs import (
    Check,
    Column,
    Exclude,
    ExcludeKey,
    Extension,
    ForeignKey,
    Function,
    Generated,
    Identity,
    Index,
    IndexKey,
    PrimaryKey,
    Schema,
    Table,
    Trigger,
    Unique,
)
from apexplan_postgres.steps import fill, renamed, shadow

from .bench import Bench, lives_through
from .samples import address

pytestmark = pytest.mark.live

TABLE = """
CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, c varchar(10) NOT NULL DEFAULT 'x');
INSERT INTO t SELECT n, n, '[' || n || ']' FROM generate_series(1, 500) n;
"""
VECTORS = """
CREATE EXTENSION vector;
CREATE TABLE d (id bigint PRIMARY KEY, v vector(3) NOT NULL, w vector(3));
INSERT INTO d SELECT n, ARRAY[n, n % 7, 1]::vector(3), ARRAY[n, 2, 1]::vector(3)
  FROM generate_series(1, 300) n;
CREATE INDEX d_v_idx ON d USING hnsw (v vector_cosine_ops) WITH (m = 8, ef_construction = 32);
"""


@dataclass(frozen=True)
class Case:
    """`change`: by address, the fields that change, a new spec, or None to drop the object."""

    name: str
    before: str
    change: Mapping[str, Mapping[str, Any] | Spec | None]
    renames: Mapping[str, str] = field(default_factory=dict)


def key(column: str, **more: Any) -> IndexKey:
    return IndexKey(column=column, **more)


def index(*columns: str, **more: Any) -> Index:
    return Index(**{"table": "public.t", "using": "btree", "keys": tuple(map(key, columns))} | more)


TOUCH = Function(
    arguments="",
    returns="trigger",
    language="plpgsql",
    body="BEGIN RETURN NEW; END",
    volatility="volatile",
    settings={"search_path": "public, pg_temp", "work_mem": "4MB"},
)
ROUTINE = (
    TABLE
    + """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN RETURN NEW; END $$;
COMMENT ON FUNCTION touch() IS 'f';
CREATE TRIGGER t_touch BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 5) EXECUTE FUNCTION touch();
"""
)

TABLES = [
    Case(
        "create a table with everything",
        "",
        {
            "extension.vector": Extension(),
            "table.public.docs": Table(comment="texts", options={"fillfactor": "80"}),
            "column.public.docs.id": Column(type="bigint", null=False, identity=Identity()),
            "column.public.docs.title": Column(
                type="text", default="'none'::text", comment="short", storage="external"
            ),
            "column.public.docs.shout": Column(type="text", generated=Generated(expression="upper(title)")),
            "column.public.docs.v": Column(type="vector(3)"),
            "primary_key.public.docs.docs_pkey": PrimaryKey(columns=("id",)),
            "unique.public.docs.docs_title_key": Unique(columns=("title",), comment="once"),
            "check.public.docs.docs_title_check": Check(expression="(title <> ''::text)"),
            "index.public.docs_v_idx": Index(
                table="public.docs", using="hnsw", keys=(key("v", opclass="vector_cosine_ops"),), m=8
            ),
        },
    ),
    Case(
        "create two tables that refer to each other",
        "",
        {
            "table.public.one": Table(),
            "column.public.one.id": Column(type="integer"),
            "column.public.one.other": Column(type="integer"),
            "primary_key.public.one.one_pkey": PrimaryKey(columns=("id",)),
            "foreign_key.public.one.one_other_fkey": ForeignKey(
                columns=("other",), references="public.two", referenced_columns=("id",)
            ),
            "table.public.two": Table(),
            "column.public.two.id": Column(type="integer"),
            "column.public.two.other": Column(type="integer"),
            "primary_key.public.two.two_pkey": PrimaryKey(columns=("id",)),
            "foreign_key.public.two.two_other_fkey": ForeignKey(
                columns=("other",), references="public.one", referenced_columns=("id",)
            ),
        },
    ),
    Case(
        "set table options and comment",
        TABLE,
        {"table.public.t": {"options": {"fillfactor": "50"}, "comment": "new"}},
    ),
    Case(
        "change table options",
        "CREATE TABLE t (a int) WITH (fillfactor = 80, autovacuum_enabled = false)",
        {"table.public.t": {"options": {"fillfactor": "60", "toast_tuple_target": "256"}}},
    ),
    Case(
        "drop a table with its columns and constraints",
        TABLE + "CREATE INDEX t_a_idx ON t (a); ALTER TABLE t ADD CHECK (a > 0)",
        {
            "table.public.t": None,
            "column.public.t.id": None,
            "column.public.t.a": None,
            "column.public.t.b": None,
            "column.public.t.c": None,
            "primary_key.public.t.t_pkey": None,
            "check.public.t.t_a_check": None,
            "index.public.t_a_idx": None,
        },
    ),
    Case("create a schema with a table", "", {"schema.app": Schema(comment="ours"), "table.app.t": Table()}),
    Case("comment on a schema", "CREATE SCHEMA app", {"schema.app": {"comment": "ours"}}),
    Case("drop a schema", "CREATE SCHEMA app; COMMENT ON SCHEMA app IS 'x'", {"schema.app": None}),
    Case("drop an extension", "CREATE EXTENSION vector", {"extension.vector": None}),
    Case(
        "create an odd name",
        "",
        {
            'table.public."Odd.Name"': Table(comment="it's"),
            'column.public."Odd.Name"."a b"': Column(type="integer"),
        },
    ),
]

INDEXES = [
    Case("create an index", TABLE, {"index.public.t_a_idx": index("a", comment="by a")}),
    Case(
        "create a unique index with include and where",
        TABLE,
        {"index.public.t_a_idx": index("a", unique=True, include=("b",), where="(a > 0)", fillfactor=70)},
    ),
    Case(
        "create an index whose texts the server spells otherwise",
        TABLE,
        {
            "index.public.t_e_idx": index(
                where="a > 0 and c in ('x', 'y')",
                keys=(IndexKey(expression="lower( b )"), key("a", order="desc", nulls="first")),
            )
        },
    ),
    Case(
        "drop an index",
        TABLE + "CREATE INDEX t_a_idx ON t (a); COMMENT ON INDEX t_a_idx IS 'x'",
        {"index.public.t_a_idx": None},
    ),
    Case(
        "replace an index",
        TABLE + "CREATE INDEX t_a_idx ON t (a)",
        {"index.public.t_a_idx": {"keys": (key("a"), key("b"))}},
    ),
    Case(
        "replace an index and comment on its column",
        TABLE + "CREATE INDEX t_a_idx ON t (a)",
        {
            "index.public.t_a_idx": {"keys": (key("a", order="desc", nulls="first"),)},
            "column.public.t.a": {"comment": "x"},
        },
    ),
    Case(
        "replace an index and drop its former column",
        TABLE + "CREATE INDEX t_a_idx ON t (a)",
        {"index.public.t_a_idx": {"keys": (key("b"),)}, "column.public.t.a": None},
    ),
    Case("change m in place", VECTORS, {"index.public.d_v_idx": {"m": 16}}),
    Case(
        "reset m and ef_construction", VECTORS, {"index.public.d_v_idx": {"m": None, "ef_construction": None}}
    ),
    Case(
        "change the operator class",
        VECTORS,
        {"index.public.d_v_idx": {"keys": (key("v", opclass="vector_l2_ops"),)}},
    ),
    Case(
        "change lists",
        VECTORS + "CREATE INDEX d_w_idx ON d USING ivfflat (w vector_l2_ops) WITH (lists = 2)",
        {"index.public.d_w_idx": {"lists": 4}},
    ),
    Case(
        "change fillfactor and comment",
        TABLE + "CREATE INDEX t_a_idx ON t (a) WITH (fillfactor = 80)",
        {"index.public.t_a_idx": {"fillfactor": None, "deduplicate_items": False, "comment": "x"}},
    ),
]

CONSTRAINTS = [
    Case("add a check", TABLE, {"check.public.t.t_a_check": Check(expression="a > 0", comment="positive")}),
    Case(
        "add a check that is not validated",
        TABLE,
        {"check.public.t.t_a_check": Check(expression="a > 5", validated=False)},
    ),
    Case(
        "validate a check",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; COMMENT ON CONSTRAINT k ON t IS 'c'",
        {"check.public.t.k": {"validated": True}},
    ),
    Case(
        "loosen a check",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        {"check.public.t.k": {"validated": False}},
    ),
    Case(
        "replace a check",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0); COMMENT ON CONSTRAINT k ON t IS 'c'",
        {"check.public.t.k": {"expression": "(a > '-1'::integer)"}},
    ),
    Case(
        "drop a check",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 5) NOT VALID; COMMENT ON CONSTRAINT k ON t IS 'c'",
        {"check.public.t.k": None},
    ),
    Case(
        "add a foreign key",
        TABLE,
        {
            "foreign_key.public.t.t_a_fkey": ForeignKey(
                columns=("a",),
                references="public.t",
                referenced_columns=("id",),
                on_delete="set null",
                on_delete_columns=("a",),
            )
        },
    ),
    Case(
        "replace a foreign key",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t ON DELETE CASCADE",
        {"foreign_key.public.t.k": {"on_delete": "no action"}},
    ),
    Case(
        "make a foreign key deferrable",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t",
        {"foreign_key.public.t.k": {"deferrable": "deferred"}},
    ),
    Case(
        "drop a foreign key",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t DEFERRABLE",
        {"foreign_key.public.t.k": None},
    ),
    Case(
        "add a unique constraint",
        TABLE,
        {
            "unique.public.t.t_a_key": Unique(
                columns=("a",), include=("b",), deferrable="immediate", comment="once"
            )
        },
    ),
    Case(
        "add a unique constraint with nulls not distinct",
        TABLE,
        {"unique.public.t.t_a_key": Unique(columns=("a",), nulls_not_distinct=True)},
    ),
    Case(
        "replace a unique constraint",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        {"unique.public.t.k": {"columns": ("a", "b")}},
    ),
    Case(
        "drop a unique constraint",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        {"unique.public.t.k": None},
    ),
    Case("replace a primary key", TABLE, {"primary_key.public.t.t_pkey": {"columns": ("c", "id")}}),
    Case(
        "add a primary key over columns that are open",
        "CREATE TABLE t (a int, b int); INSERT INTO t SELECT n, n FROM generate_series(1, 50) n",
        {
            "primary_key.public.t.t_pkey": PrimaryKey(columns=("a", "b")),
            "column.public.t.a": Column(type="integer"),
            "column.public.t.b": Column(type="integer", null=False),
        },
    ),
    Case(
        "add an exclusion constraint",
        TABLE,
        {
            "exclude.public.t.k": Exclude(
                using="btree", keys=(ExcludeKey(column="a", operator="="),), where="(a > 0)"
            )
        },
    ),
    Case(
        "drop an exclusion constraint",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING btree (a WITH =)",
        {"exclude.public.t.k": None},
    ),
    Case("comment on a constraint", TABLE, {"primary_key.public.t.t_pkey": {"comment": "the key"}}),
]

COLUMNS = [
    Case("add a column", TABLE, {"column.public.t.n": Column(type="text", null=True)}),
    Case(
        "add a column with a constant default, not null",
        TABLE,
        {
            "column.public.t.n": Column(
                type="integer", default="7", null=False, statistics=200, compression="default"
            )
        },
    ),
    Case(
        "add a column with the time",
        TABLE,
        {"column.public.t.n": Column(type="timestamp with time zone", default="now()", null=False)},
    ),
    Case(
        "add a column with a volatile default",
        TABLE,
        {"column.public.t.n": Column(type="uuid", default="gen_random_uuid()", null=False)},
    ),
    Case(
        "add a column with a backfill",
        TABLE,
        {"column.public.t.n": Column(type="text", null=False, backfill="b || '!'")},
    ),
    Case(
        "add a column with a backfill that is sometimes null",
        TABLE,
        {"column.public.t.n": Column(type="integer", backfill="nullif(a, 7)", comment="mostly")},
    ),
    Case(
        "add an identity",
        TABLE,
        {
            "column.public.t.n": Column(
                type="bigint", null=False, identity=Identity(generated="always", start=5)
            )
        },
    ),
    Case(
        "add a stored generated column",
        TABLE,
        {"column.public.t.n": Column(type="text", generated=Generated(expression="lower(b)"))},
    ),
    Case(
        "add a virtual generated column",
        TABLE,
        {"column.public.t.n": Column(type="text", generated=Generated(expression="lower(b)", stored=False))},
    ),
    Case("drop a column", TABLE, {"column.public.t.b": None}),
    Case("drop a column that is not null", TABLE, {"column.public.t.c": None}),
    Case(
        "drop a column with its index and check",
        TABLE + "CREATE INDEX i ON t (b); ALTER TABLE t ADD CONSTRAINT k CHECK (b <> '')",
        {"column.public.t.b": None, "index.public.i": None, "check.public.t.k": None},
    ),
    Case(
        "set and drop defaults",
        TABLE,
        {"column.public.t.a": {"default": "3"}, "column.public.t.c": {"default": None}},
    ),
    Case(
        "set storage, statistics, compression and comment",
        TABLE,
        {
            "column.public.t.b": {
                "storage": "external",
                "statistics": 300,
                "compression": "pglz",
                "comment": "it's",
            }
        },
    ),
    Case("close a column", TABLE, {"column.public.t.a": {"null": False}}),
    Case(
        "validate a not null that somebody named",
        TABLE + "ALTER TABLE t ADD CONSTRAINT theirs NOT NULL a NOT VALID",
        {"column.public.t.a": {"null_validated": True}},
    ),
    Case("open a column", TABLE, {"column.public.t.c": {"null": True}}),
    Case("make a column an identity", TABLE, {"column.public.t.id": {"identity": Identity(start=1000)}}),
    Case(
        "change an identity",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)",
        {"column.public.t.a": {"identity": Identity(increment=5, cache=10, maximum=900)}},
    ),
    Case(
        "drop an identity",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)",
        {"column.public.t.a": {"identity": None}},
    ),
    Case(
        "change a generation",
        "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED); INSERT INTO t VALUES (1)",
        {"column.public.t.b": {"generated": Generated(expression="(a + 2)")}},
    ),
    Case("widen a column", TABLE, {"column.public.t.c": {"type": "character varying(20)"}}),
    Case(
        "change the collation",
        TABLE + "CREATE INDEX i ON t (b)",
        {"column.public.t.b": {"collation": 'pg_catalog."C"'}},
    ),
]

ROUTINES = [
    Case(
        "create a function and a trigger",
        TABLE,
        {
            "function.public.touch()": TOUCH,
            "trigger.public.t.t_touch": Trigger(
                timing="before",
                events=("insert", "update"),
                update_of=("a",),
                for_each="row",
                when="(new.a > 5)",
                function="public.touch()",
                arguments=("it's",),
                enabled="always",
                comment="c",
            ),
        },
    ),
    Case(
        "create a function in SQL",
        "",
        {
            "function.public.twice(integer)": Function(
                arguments="a integer",
                returns="integer",
                language="sql",
                body="RETURN (a * 2)",
                volatility="immutable",
                strict=True,
                parallel="safe",
                comment="x2",
            )
        },
    ),
    Case(
        "replace the body of a function",
        ROUTINE,
        {"function.public.touch()": {"body": "BEGIN RETURN OLD; END", "settings": {"work_mem": "8MB"}}},
    ),
    Case(
        "change what a function returns",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
        {"function.public.f(integer)": {"returns": "bigint"}},
    ),
    Case(
        "drop a function",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
        {"function.public.f(integer)": None},
    ),
    Case(
        "replace a trigger",
        ROUTINE,
        {"trigger.public.t.t_touch": {"timing": "after", "enabled": "disabled", "comment": "x"}},
    ),
    Case(
        "drop a trigger and its function",
        ROUTINE,
        {"trigger.public.t.t_touch": None, "function.public.touch()": None},
    ),
]

KEPT = """
CREATE SCHEMA apexplan;
CREATE TABLE apexplan.units (unit text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE apexplan.retained (name text PRIMARY KEY, former text NOT NULL,
  since timestamptz NOT NULL DEFAULT now());
CREATE TABLE t (a int, _retained_b_12345678 text);
INSERT INTO apexplan.retained (name, former)
  VALUES ('public.t._retained_b_12345678', 'sql.column.public.t.b');
"""

RENAMES = [
    Case(
        "rename a table",
        ROUTINE + "CREATE INDEX i ON t (a); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t",
        {},
        {"table.public.u": "table.public.t"},
    ),
    Case(
        "rename a table and a column of it",
        TABLE + "CREATE INDEX i ON t (a) INCLUDE (b)",
        {"column.public.u.n": {"comment": "x"}},
        {"table.public.u": "table.public.t", "column.public.u.n": "column.public.t.a"},
    ),
    Case(
        "rename a table into another schema",
        TABLE + "CREATE SCHEMA app; CREATE INDEX i ON t (a)",
        {"column.app.u.a": {"comment": "x"}},
        {"table.app.u": "table.public.t"},
    ),
    Case(
        "rename a column",
        ROUTINE + "CREATE INDEX i ON t (a); ALTER TABLE t ADD UNIQUE (a, b);"
        " CREATE INDEX j ON t ((a + 1), a) WHERE a > 3",
        {},
        {"column.public.t.n": "column.public.t.a"},
    ),
    Case(
        "rename an index",
        TABLE + "CREATE INDEX i ON t (a)",
        {"index.public.j": {"fillfactor": 80}},
        {"index.public.j": "index.public.i"},
    ),
    Case("rename a primary key", TABLE, {}, {"primary_key.public.t.t_key": "primary_key.public.t.t_pkey"}),
    Case("rename a trigger", ROUTINE, {}, {"trigger.public.t.u_touch": "trigger.public.t.t_touch"}),
    Case("rename a function", ROUTINE, {}, {"function.public.keep()": "function.public.touch()"}),
    Case(
        "rename a table whose key has the usual name",
        TABLE + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES t",
        {
            "primary_key.public.u.t_pkey": None,
            "primary_key.public.u.u_pkey": PrimaryKey(columns=("id",), include=(), deferrable="no"),
        },
        {"table.public.u": "table.public.t"},
    ),
    Case("rename a table with a kept column", KEPT, {}, {"table.public.u": "table.public.t"}),
    Case("drop a table with a kept column", KEPT, {"table.public.t": None, "column.public.t.a": None}),
    Case(
        "rename a schema with what is in it",
        "CREATE SCHEMA app; CREATE TABLE app.t (id serial PRIMARY KEY, a int REFERENCES app.t);"
        " CREATE INDEX i ON app.t (a); CREATE FUNCTION app.f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
        {"index.lib.i": {"comment": "x"}},
        {"schema.lib": "schema.app"},
    ),
    Case("rename a schema", "CREATE SCHEMA app", {}, {"schema.lib": "schema.app"}),
]

TYPES = [
    Case(
        "type through a shadow with another storage",
        TABLE,
        {"column.public.t.b": Column(type="jsonb"), "column.public.t.a": Column(type="text")},
    ),
    Case("type of an empty table", "CREATE TABLE t (a int)", {"column.public.t.a": {"type": "bigint"}}),
    Case(
        "type through a shadow",
        TABLE + "CREATE INDEX i ON t (a) WHERE b <> ''; CREATE UNIQUE INDEX j ON t (b, a)",
        {"column.public.t.a": {"type": "bigint", "default": "5", "comment": "wide"}},
    ),
    Case(
        "type through a shadow, not null and default",
        TABLE + "CREATE INDEX i ON t (c)",
        {"column.public.t.c": {"type": "character varying(5)"}},
    ),
    Case(
        "type through a shadow, then closed", TABLE, {"column.public.t.a": {"type": "bigint", "null": False}}
    ),
    Case("type of a key, blocking", TABLE, {"column.public.t.id": {"type": "numeric", "storage": "main"}}),
    Case(
        "vector to halfvec under hnsw",
        VECTORS,
        {
            "column.public.d.v": {"type": "halfvec(3)"},
            "index.public.d_v_idx": {"keys": (key("v", opclass="halfvec_cosine_ops"),)},
        },
    ),
    Case("vector of any length", VECTORS, {"column.public.d.w": {"type": "vector"}}),
    Case(
        "any vector to a length",
        VECTORS + "ALTER TABLE d ALTER w TYPE vector",
        {"column.public.d.w": {"type": "vector(3)"}},
    ),
]

TOGETHER = [
    Case(
        "a foreign key with the key that it rests on",
        TABLE + "CREATE TABLE u (id bigint NOT NULL); INSERT INTO u SELECT generate_series(1, 500)",
        {
            "primary_key.public.u.u_pkey": PrimaryKey(columns=("id",)),
            "foreign_key.public.t.k": ForeignKey(
                columns=("id",), references="public.u", referenced_columns=("id",)
            ),
        },
    ),
    Case(
        "drop a foreign key with the key that it rests on",
        "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES u)",
        {"primary_key.public.u.u_pkey": None, "foreign_key.public.t.t_a_fkey": None},
    ),
    Case(
        "drop a table that refers to itself and to another",
        "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id serial PRIMARY KEY, a int REFERENCES u,"
        " b int REFERENCES t)",
        {
            "table.public.t": None,
            "column.public.t.id": None,
            "column.public.t.a": None,
            "column.public.t.b": None,
            "primary_key.public.t.t_pkey": None,
            "foreign_key.public.t.t_a_fkey": None,
            "foreign_key.public.t.t_b_fkey": None,
        },
    ),
    Case(
        "an extension in a schema of its own, with a table",
        "",
        {
            "table.lib.d": Table(),
            "column.lib.d.v": Column(type="lib.vector(3)"),
            "extension.vector": Extension(schema_name="lib"),
            "schema.lib": Schema(),
        },
    ),
    Case(
        "a filled column with the trigger that fills it",
        ROUTINE,
        {
            "column.public.t.n": Column(type="text", backfill="b", null=False),
            "trigger.public.t.t_n": Trigger(
                timing="before", events=("insert",), for_each="row", function="public.touch()"
            ),
            "trigger.public.t.t_m": Trigger(
                timing="before",
                events=("update",),
                update_of=("n",),
                for_each="row",
                function="public.touch()",
            ),
        },
    ),
]

CASES = [*TABLES, *INDEXES, *CONSTRAINTS, *COLUMNS, *ROUTINES, *RENAMES, *TYPES, *TOGETHER]


def desired_of(case: Case, live: Mapping[Address, Spec]) -> dict[Address, Spec]:
    """Returns what is live with the case's changes."""
    desired = dict(live)
    moved = renamed(live, {address(old): address(new) for new, old in case.renames.items()})
    for former in moved:
        del desired[former]
    desired.update(moved.values())
    for text, wish in case.change.items():
        if wish is None:
            del desired[address(text)]
        elif isinstance(wish, Spec):
            desired[address(text)] = wish
        else:
            desired[address(text)] = desired[address(text)].model_copy(update=dict(wish))
    return desired


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_change_is_applied_and_rolled_back_without_a_trace(database: str, case: Case) -> None:
    bench = Bench(database)
    if case.before:
        bench.run_sql(case.before)
    live = bench.own()
    bench.renames = {address(new): address(old).name for new, old in case.renames.items()}
    lives_through(bench, desired_of(case, live))


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.name in ("close a column", "vector to halfvec under hnsw")],
    ids=lambda case: case.name.replace(" ", "-"),
)
def test_the_way_of_servers_before_18_leads_there_too(
    database: str, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (fill, shadow):
        monkeypatch.setattr(module, "NOT_NULL_CONSTRAINTS", 10**6)
    bench = Bench(database)
    bench.run_sql(case.before)
    lives_through(bench, desired_of(case, bench.own()))
