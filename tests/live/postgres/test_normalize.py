"""What means the same to the server is the same to us, and nothing else is."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.errors import StoreError
from apexplan.model.spec import Spec
from apexplan.provider import Scope
from apexplan_postgres.normalize import normalize
from apexplan_postgres.provider import PROVIDER, PostgresSession, PostgresSettings
from apexplan_postgres.specs import (
    Check,
    Column,
    Exclude,
    ExcludeKey,
    Extension,
    Function,
    Generated,
    Index,
    IndexKey,
    Trigger,
)

from .samples import address, everything, execute

pytestmark = pytest.mark.live

TABLE = """
CREATE TABLE public.t (
  id bigint, v varchar(20), s text, n numeric(5, 0), i integer, b boolean, at timestamptz, day date,
  c char(1), f double precision, j jsonb, r int4range, tags text[]);
CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""


def settled(session: PostgresSession, text: str, spec: Spec) -> frozenset[str]:
    """Returns the managed fields of `spec` that differ from the live object after normalising."""
    where = address(text)
    live = everything(session)
    normal = session.normalize({where: spec}, live)
    result = normal.specs[where]
    assert result.managed == spec.managed
    return frozenset(f for f in spec.managed if getattr(result, f) != getattr(live[where], f))


SAME_TYPES = [
    ("id", "int8"),
    ("v", "varchar(20)"),
    ("v", " CHARACTER  VARYING ( 20 )"),
    ("n", "decimal(5)"),
    ("i", "int"),
    ("i", "int4"),
    ("b", "bool"),
    ("at", "timestamptz"),
    ("c", "char"),
    ("f", "float8"),
    ("f", "float"),
    ("tags", "text []"),
    ("s", "pg_catalog.text"),
]
OTHER_TYPES = [("at", "timestamptz(6)"), ("at", "timestamp"), ("v", "varchar"), ("n", "decimal(5,1)")]


@pytest.mark.parametrize(("column", "text"), SAME_TYPES)
def test_a_type_may_be_spelled_otherwise(
    database: str, session: PostgresSession, column: str, text: str
) -> None:
    execute(database, TABLE)
    assert not settled(session, f"column.public.t.{column}", Column(type=text))


@pytest.mark.parametrize(("column", "text"), OTHER_TYPES)
def test_another_type_is_another(database: str, session: PostgresSession, column: str, text: str) -> None:
    execute(database, TABLE)
    assert settled(session, f"column.public.t.{column}", Column(type=text)) == {"type"}


def test_the_type_of_a_new_column_is_spelled_by_the_server(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    where = address("column.public.t.fresh")
    normal = session.normalize({where: Column(type="decimal(5)")}, everything(session))
    assert normal.specs[where] == Column(type="numeric(5,0)")


def test_a_domain_keeps_its_name(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE DOMAIN short AS varchar(5); CREATE TABLE t (a short)")
    assert not settled(session, "column.public.t.a", Column(type="public.short"))


def test_a_vector_may_be_spelled_with_its_schema(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE EXTENSION vector; CREATE TABLE t (a vector(3))")
    assert not settled(session, "column.public.t.a", Column(type="public.vector( 3 )"))


SAME_DEFAULTS = [
    ("i", "'-5'::integer", "-5"),
    ("i", "2 + 3", "(2+3)"),
    ("v", "'x'", "'x'::varchar"),
    ("v", "NULL", "NULL"),
    ("v", "NULL", None),
    ("s", "NULL", "NULL"),
    ("s", "NULL", None),
    ("at", "now()", "pg_catalog.now()"),
    ("at", "CURRENT_TIMESTAMP", "current_timestamp"),
    ("j", "'{}'", "'{}'::jsonb"),
]
OTHER_DEFAULTS = [
    ("at", "now()", "CURRENT_TIMESTAMP"),
    ("i", "5", "6"),
    ("i", "5", None),
    ("v", "'x'", "'X'"),
    ("s", "NULL", "''"),
]


def default(database: str, session: PostgresSession, column: str, live: str, desired: str | None) -> Any:
    execute(database, TABLE + f"ALTER TABLE t ALTER COLUMN {column} SET DEFAULT {live}")
    return settled(session, f"column.public.t.{column}", Column(default=desired))


@pytest.mark.parametrize(("column", "live", "desired"), SAME_DEFAULTS)
def test_a_default_may_be_spelled_otherwise(
    database: str, session: PostgresSession, column: str, live: str, desired: str | None
) -> None:
    assert not default(database, session, column, live, desired)


@pytest.mark.parametrize(("column", "live", "desired"), OTHER_DEFAULTS)
def test_another_default_is_another(
    database: str, session: PostgresSession, column: str, live: str, desired: str | None
) -> None:
    assert default(database, session, column, live, desired) == {"default"}


SAME_CHECKS = [
    ("v IN ('a', 'b')", "v in ('a','b')"),
    ("i > 0 AND i < 9", "((i > 0) AND (i < 9))"),
    ("i > 0", "i > 0"),
    ("i > 0", "t.i > 0"),
    ("length(s) > 3", "pg_catalog.length(s)>3"),
    ("s LIKE 'a%'", "s ~~ 'a%'"),
    ("i BETWEEN 1 AND 3", "i >= 1 AND i <= 3"),
    ("i = ANY ('{1,2}')", "i = ANY ('{1,2}'::integer[])"),
    ("NOT b", "not (b)"),
    ("t.* IS NOT NULL", "t.* IS NOT NULL"),
]
OTHER_CHECKS = [
    ("i > 0", "i >= 0"),
    ("v IN ('a', 'b')", "v IN ('b', 'a')"),
    ("v IN ('a', 'b')", "v IN ('a', 'B')"),
    ("i > 0", "i > 0::bigint"),
]


@pytest.mark.parametrize(("live", "desired"), SAME_CHECKS)
def test_a_check_may_be_spelled_otherwise(
    database: str, session: PostgresSession, live: str, desired: str
) -> None:
    execute(database, TABLE + f"ALTER TABLE t ADD CONSTRAINT k CHECK ({live})")
    assert not settled(session, "check.public.t.k", Check(expression=desired))


@pytest.mark.parametrize(("live", "desired"), OTHER_CHECKS)
def test_another_check_is_another(database: str, session: PostgresSession, live: str, desired: str) -> None:
    execute(database, TABLE + f"ALTER TABLE t ADD CONSTRAINT k CHECK ({live})")
    assert settled(session, "check.public.t.k", Check(expression=desired)) == {"expression"}


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_check_stays_the_same_however_often_it_was_restored(
    database: str, session: PostgresSession, times: int
) -> None:
    written = "v IN ('a', 'b')"
    execute(database, TABLE + f"ALTER TABLE t ADD CONSTRAINT k CHECK ({written})")
    for _ in range(times):
        spec = everything(session)[address("check.public.t.k")]
        assert isinstance(spec, Check)
        execute(
            database,
            f"ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ADD CONSTRAINT k CHECK ({spec.expression})",
        )
    assert not settled(session, "check.public.t.k", Check(expression=written))


def test_a_check_on_a_column_whose_type_changes_in_the_same_plan_does_not_change(
    database: str, session: PostgresSession
) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (length(v) > 3)")
    check, column = address("check.public.t.k"), address("column.public.t.v")
    live = everything(session)
    desired = {check: Check(expression="length(v) > 3"), column: Column(type="text")}
    assert session.normalize(desired, live).specs[check] == Check(
        expression=live[check].values()["expression"]
    )


def test_a_check_may_use_a_column_that_the_plan_adds(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    check, column = address("check.public.t.k"), address("column.public.t.fresh")
    desired = {check: Check(expression="fresh > 0"), column: Column(type="int")}
    normal = session.normalize(desired, everything(session))
    assert normal.specs[check] == Check(expression="fresh > 0")
    assert not normal.unproven


def test_a_generation_may_be_spelled_otherwise(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD g text GENERATED ALWAYS AS (upper(v)) STORED")
    spec = Column(generated=Generated(expression="UPPER(v::text)"))
    assert not settled(session, "column.public.t.g", spec)


def test_another_generation_is_another(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD g text GENERATED ALWAYS AS (upper(v)) STORED")
    spec = Column(generated=Generated(expression="lower(v)"))
    assert settled(session, "column.public.t.g", spec) == {"generated"}


@pytest.mark.parametrize("collation", ['"C"', 'pg_catalog."C"'])
def test_a_collation_may_be_spelled_without_its_schema(
    database: str, session: PostgresSession, collation: str
) -> None:
    execute(database, 'CREATE TABLE t (a text COLLATE "C")')
    assert not settled(session, "column.public.t.a", Column(collation=collation))


def test_the_default_collation_may_be_written_out(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    assert not settled(session, "column.public.t.s", Column(collation='"default"'))


def test_another_collation_is_another(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    assert settled(session, "column.public.t.s", Column(collation='"C"')) == {"collation"}


SAME_KEYS = [
    ("(s)", IndexKey(column="s", opclass="text_ops")),
    ("(s)", IndexKey(column="s", opclass="pg_catalog.text_ops")),
    ("(s)", IndexKey(expression="s")),
    ("(s)", IndexKey(column="s", collation='"default"')),
    ('(s COLLATE "C")', IndexKey(column="s", collation='"C"')),
    ("(s text_pattern_ops)", IndexKey(column="s", opclass="pg_catalog.text_pattern_ops")),
    ("(lower(v))", IndexKey(expression="lower(v::text)")),
    ("((s || 'x'))", IndexKey(expression="s||'x'::text")),
]
OTHER_KEYS = [
    ("(s)", IndexKey(column="s", opclass="text_pattern_ops")),
    ("(s)", IndexKey(column="v")),
    ("(s)", IndexKey(column="s", order="desc", nulls="first")),
    ("(lower(v))", IndexKey(expression="upper(v)")),
    ("(s)", IndexKey(column="s", collation='"C"')),
]


@pytest.mark.parametrize(("live", "key"), SAME_KEYS)
def test_a_key_may_be_spelled_otherwise(
    database: str, session: PostgresSession, live: str, key: IndexKey
) -> None:
    execute(database, TABLE + f"CREATE INDEX k ON t {live}")
    assert not settled(session, "index.public.k", Index(keys=(key,)))


@pytest.mark.parametrize(("live", "key"), OTHER_KEYS)
def test_another_key_is_another(database: str, session: PostgresSession, live: str, key: IndexKey) -> None:
    execute(database, TABLE + f"CREATE INDEX k ON t {live}")
    assert settled(session, "index.public.k", Index(keys=(key,))) == {"keys"}


def test_the_class_of_an_extension_may_be_spelled_with_its_schema(
    database: str, session: PostgresSession
) -> None:
    execute(database, "CREATE EXTENSION vector; CREATE TABLE t (a vector(3))")
    execute(database, "CREATE INDEX k ON t USING hnsw (a vector_cosine_ops)")
    key = IndexKey(column="a", opclass="public.vector_cosine_ops")
    assert not settled(session, "index.public.k", Index(keys=(key,), using="hnsw"))


def test_the_parameters_of_a_class_are_kept_and_compared(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE TABLE t (a tsvector)")
    execute(database, "CREATE INDEX k ON t USING gist (a tsvector_ops (siglen = 100))")
    same = IndexKey(column="a", opclass="tsvector_ops", opclass_options=(("siglen", "100"),))
    other = IndexKey(column="a", opclass="tsvector_ops", opclass_options=(("siglen", "200"),))
    assert not settled(session, "index.public.k", Index(keys=(same,)))
    assert settled(session, "index.public.k", Index(keys=(other,))) == {"keys"}


@pytest.mark.parametrize("where", ["i > 5 and s is not null", "((i > 5) AND (s IS NOT NULL))"])
def test_a_condition_may_be_spelled_otherwise(database: str, session: PostgresSession, where: str) -> None:
    execute(database, TABLE + "CREATE INDEX k ON t (id) WHERE i > 5 AND s IS NOT NULL")
    assert not settled(session, "index.public.k", Index(where=where))


def test_no_condition_is_not_any_condition(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "CREATE INDEX k ON t (id) WHERE i > 5")
    assert settled(session, "index.public.k", Index(where=None)) == {"where"}


def test_an_index_that_moves_to_another_table_is_compared_on_that_one(
    database: str, session: PostgresSession
) -> None:
    execute(database, TABLE + "CREATE INDEX k ON t (id) WHERE i > 5; CREATE TABLE u (id int, i int)")
    spec = Index(table="public.u", where="i>5")
    assert settled(session, "index.public.k", spec) == {"table"}


def test_an_exclusion_may_be_spelled_otherwise(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&) WHERE (i > 0)")
    key = ExcludeKey(column="r", opclass="range_ops", operator="pg_catalog.&&")
    assert not settled(session, "exclude.public.t.k", Exclude(keys=(key,), where="i>0"))


def test_another_operator_is_another(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&)")
    key = ExcludeKey(column="r", operator="=")
    assert settled(session, "exclude.public.t.k", Exclude(keys=(key,))) == {"keys"}


TRIGGER = "CREATE TRIGGER k BEFORE UPDATE ON t FOR EACH ROW WHEN ({}) EXECUTE FUNCTION f()"


@pytest.mark.parametrize("when", ["new.i > 0", "NEW.i>0", "(new.i > 0)"])
def test_a_trigger_condition_may_be_spelled_otherwise(
    database: str, session: PostgresSession, when: str
) -> None:
    execute(database, TABLE + TRIGGER.format("NEW.i > 0"))
    assert not settled(session, "trigger.public.t.k", Trigger(when=when))


def test_another_trigger_condition_is_another(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + TRIGGER.format("NEW.i > 0"))
    assert settled(session, "trigger.public.t.k", Trigger(when="OLD.i > 0")) == {"when"}


FUNCTION = "CREATE FUNCTION g(a integer, b text DEFAULT 'x') RETURNS integer LANGUAGE sql AS 'SELECT 1'"


@pytest.mark.parametrize(("body", "same"), [("RETURN x / 3", True), ("RETURN x / 4", False)])
def test_a_body_that_is_sql_is_compared_as_the_server_spells_it(
    database: str, session: PostgresSession, body: str, same: bool
) -> None:
    execute(database, "CREATE FUNCTION third(x integer) RETURNS integer LANGUAGE sql RETURN x / 3")
    function = address("function.public.third(integer)")
    live = everything(session)
    normal = session.normalize({function: Function(language="sql", body=body)}, live)
    assert (normal.specs[function].body == live[function].body) is same


def test_the_signature_of_a_function_may_be_spelled_otherwise(
    database: str, session: PostgresSession
) -> None:
    execute(database, FUNCTION)
    spec = Function(arguments="a int, b text = 'x'", returns="int4")
    assert not settled(session, "function.public.g(integer, text)", spec)


def test_another_argument_default_is_another(database: str, session: PostgresSession) -> None:
    execute(database, FUNCTION)
    spec = Function(arguments="a int, b text = 'y'")
    assert settled(session, "function.public.g(integer, text)", spec) == {"arguments"}


def test_a_line_break_around_a_body_does_not_count(database: str, session: PostgresSession) -> None:
    execute(database, FUNCTION)
    assert not settled(session, "function.public.g(integer, text)", Function(body="\nSELECT 1\n"))


def test_a_blank_inside_a_body_counts(database: str, session: PostgresSession) -> None:
    execute(database, FUNCTION)
    assert settled(session, "function.public.g(integer, text)", Function(body="SELECT  1")) == {"body"}


@pytest.mark.parametrize("version", ["0", "0.8"])
def test_the_front_of_a_version_is_enough(database: str, session: PostgresSession, version: str) -> None:
    execute(database, "CREATE EXTENSION vector")
    assert not settled(session, "extension.vector", Extension(version=version))


def test_a_version_is_compared_by_its_whole_parts(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE EXTENSION vector")
    assert settled(session, "extension.vector", Extension(version="0.80")) == {"version"}


def test_equal_texts_ask_nothing(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (v IN ('a', 'b'))")
    live = everything(session)
    no_connection: Any = None
    assert normalize(no_connection, "sql", live, live, {}).specs == live


def test_fields_that_are_not_managed_stay_so(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ALTER i SET DEFAULT 5")
    where = address("column.public.t.i")
    assert session.normalize({where: Column(null=True)}, everything(session)).specs == {
        where: Column(null=True)
    }


def test_nothing_is_left_behind(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    before = session.read(Scope("sql", everything=True)).objects
    settled(session, "check.public.t.k", Check(expression="i > 1"))
    count = session.connection.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't'").fetchone()
    assert count == (0,)
    assert session.read(Scope("sql", everything=True)).objects == before


def test_tables_of_one_name_in_two_schemas_do_not_meet(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE SCHEMA a; CREATE TABLE a.t (x int CONSTRAINT k CHECK (x > 0))")
    execute(database, "CREATE SCHEMA b; CREATE TABLE b.t (y int CONSTRAINT k CHECK (y > 0))")
    first, second = address("check.a.t.k"), address("check.b.t.k")
    live = everything(session)
    desired = {first: Check(expression="t.x>0"), second: Check(expression="t.y>0")}
    normal = session.normalize(desired, live)
    assert normal.specs == {
        first: Check(expression="(x > 0)"),
        second: Check(expression="(y > 0)"),
    }


def refused(session: PostgresSession, *pairs: tuple[str, Spec]) -> StoreError:
    with pytest.raises(StoreError) as caught:
        session.normalize({address(text): spec for text, spec in pairs}, everything(session))
    return caught.value


def test_a_text_that_does_not_parse_is_refused_with_its_address(
    database: str, session: PostgresSession
) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    told = refused(session, ("check.public.t.k", Check(expression="i >")))
    assert told.address == address("check.public.t.k")
    assert "syntax error" in told.text
    assert told.mend == "correct the SQL text in the manifest"


def test_every_broken_text_is_told(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    execute(database, "CREATE INDEX x ON t (id) WHERE i > 0")
    broken: list[tuple[str, Spec]] = [
        ("check.public.t.k", Check(expression="nowhere > 1")),
        ("index.public.x", Index(where="i >")),
    ]
    told = str(refused(session, *broken))
    assert all(name in told for name, _ in broken)


def test_every_unknown_type_is_told(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    broken: list[tuple[str, Spec]] = [
        ("column.public.t.i", Column(type="integerr")),
        ("column.public.t.s", Column(type="varchar(x)")),
        ("column.public.new.a", Column(type="nothing")),
    ]
    told = str(refused(session, *broken))
    assert all(name in told for name, _ in broken)


def test_a_broken_text_does_not_hide_its_neighbour(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    execute(database, "ALTER TABLE t ADD CONSTRAINT l CHECK (i > 1)")
    told = refused(
        session,
        ("check.public.t.k", Check(expression="i >")),
        ("check.public.t.l", Check(expression="i>1")),
    )
    assert told.address == address("check.public.t.k")


def test_a_text_that_names_what_the_plan_makes_is_a_change(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    check, function = address("check.public.t.k"), address("function.public.fresh(integer)")
    desired: dict[Address, Spec] = {
        check: Check(expression="public.fresh(i)"),
        function: Function(arguments="a int", returns="boolean", language="sql", body="SELECT a > 0"),
    }
    normal = session.normalize(desired, everything(session))
    assert not normal.unproven
    assert normal.specs[check] == desired[check]


FROZEN = ["'now'", "'now'::timestamptz", "timestamp 'now'", "('today')", "'yesterday'::date"]


@pytest.mark.parametrize("text", FROZEN)
def test_a_default_that_would_freeze_is_refused(database: str, session: PostgresSession, text: str) -> None:
    execute(database, TABLE)
    told = refused(session, ("column.public.t.at", Column(type="timestamptz", default=text)))
    assert "for ever" in told.text


def test_a_new_default_that_would_freeze_is_refused(session: PostgresSession) -> None:
    told = refused(session, ("column.public.new.at", Column(type="timestamptz", default="'now'")))
    assert "for ever" in told.text


def test_the_word_now_may_be_the_default_of_a_text(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ALTER s SET DEFAULT 'now'")
    assert not settled(session, "column.public.t.s", Column(type="text", default="'now'"))


INJECTIONS = [
    "i > 0); COMMIT; DROP TABLE public.t; --",
    "i > 0); DROP TABLE public.t; --",
    "i > 0); SELECT pg_sleep(1000); --",
    "i > 0), ADD COLUMN x integer DEFAULT pg_sleep(1000)::text::integer; --",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_second_statement_in_a_text_is_never_run(
    database: str, session: PostgresSession, text: str
) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    told = refused(session, ("check.public.t.k", Check(expression=text)))
    assert told.address == address("check.public.t.k")
    assert address("table.public.t") in everything(session)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("column.public.t.s", Column(collation='"C" DEFAULT pg_sleep(1000)')),
        ("index.public.x", Index(keys=(IndexKey(column="id", opclass="int8_ops) WHERE (true"),))),
        ("exclude.public.t.e", Exclude(keys=(ExcludeKey(column="r", operator="&&), ADD (x"),))),
    ],
)
def test_a_name_that_is_more_than_a_name_is_refused(session: PostgresSession, kind: str, spec: Spec) -> None:
    assert "it is no" in refused(session, (kind, spec)).text


@pytest.mark.parametrize(
    "text", ["int); DROP TABLE t; --", "int FROM pg_sleep(1000)", "int, pg_sleep(1000)", "int)::int+f(1"]
)
def test_a_type_that_is_more_than_a_type_is_refused(
    database: str, session: PostgresSession, text: str
) -> None:
    execute(database, TABLE)
    told = refused(session, ("column.public.t.i", Column(type=text)))
    assert told.address == address("column.public.t.i")


def read_only(database: str) -> PostgresSettings:
    name = database.partition("?")[0].rpartition("/")[2]
    execute(database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    return PostgresSettings(url=SecretStr(database))


def test_a_read_only_session_marks_what_it_cannot_prove(database: str) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (v IN ('a', 'b'))")
    where = address("check.public.t.k")
    with PROVIDER.connect("sql", read_only(database)) as session:
        normal = session.normalize({where: Check(expression="v IN ('a','b')")}, everything(session))
    assert normal.unproven == {where: frozenset({"expression"})}


def test_a_read_only_session_proves_types_and_parentheses(database: str) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    check, column = address("check.public.t.k"), address("column.public.t.i")
    with PROVIDER.connect("sql", read_only(database)) as session:
        normal = session.normalize(
            {check: Check(expression="i > 0"), column: Column(type="int")}, everything(session)
        )
    assert not normal.unproven
    assert normal.specs == {check: Check(expression="(i > 0)"), column: Column(type="integer")}


def test_normalizing_waits_for_nobody(database: str, session: PostgresSession) -> None:
    execute(database, TABLE + "ALTER TABLE t ADD CONSTRAINT k CHECK (i > 0)")
    live = everything(session)
    where = address("check.public.t.k")
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
        normal = session.normalize({where: Check(expression="t.i>0")}, live)
    assert normal.specs[where] == Check(expression="(i > 0)")
