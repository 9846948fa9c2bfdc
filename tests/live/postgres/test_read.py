"""What is read from a real catalogue, fact by fact."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.errors import StoreUnreachable, Unsupported
from apexplan.provider import Scope
from apexplan_postgres import provider
from apexplan_postgres.names import sql_name
from apexplan_postgres.provider import PROVIDER, PostgresSession, PostgresSettings, refuse_old
from apexplan_postgres.read import moment

from .samples import EVERYTHING, address, everything, execute, one

pytestmark = pytest.mark.live


@pytest.fixture
def filled(database: str, session: PostgresSession) -> PostgresSession:
    execute(database, EVERYTHING)
    return session


def values(session: PostgresSession, text: str, *names: str) -> Mapping[str, Any]:
    return one(session, text).values(frozenset(names) if names else None)


def key(**given: Any) -> dict[str, Any]:
    """An index key as JSON with the defaults filled in."""
    return {
        "column": None,
        "expression": None,
        "opclass": None,
        "opclass_options": [],
        "collation": None,
        "order": "asc",
        "nulls": "last",
    } | given


def notes(session: PostgresSession) -> list[str]:
    return [note.text for note in session.read(Scope("sql", everything=True)).notes]


def test_importing_the_provider_imports_no_driver() -> None:
    code = "import sys, apexplan_postgres.provider; sys.exit('psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_server_that_is_too_old_is_named_with_its_version() -> None:
    with pytest.raises(Unsupported, match=r"PostgreSQL 13\.9"):
        refuse_old("sql", 130009, "13.9")


def test_the_oldest_supported_server_is_accepted() -> None:
    refuse_old("sql", provider.OLDEST, "14.0")


def test_a_server_that_is_not_there_is_unreachable() -> None:
    settings = PostgresSettings(url=SecretStr("postgresql:///x?host=/nowhere/at/all"))
    with pytest.raises(StoreUnreachable), PROVIDER.connect("sql", settings):
        pass


def test_a_lost_connection_is_opened_again(session: PostgresSession) -> None:
    before = session.connection.info.backend_pid
    session.connection.close()
    session.read(Scope("sql", everything=True))
    assert session.connection.info.backend_pid != before


def test_the_session_is_pinned_whatever_the_role_says(database: str) -> None:
    name = database.partition("?")[0].rpartition("/")[2]
    execute(database, f"ALTER DATABASE {name} SET search_path = nowhere")
    execute(database, f"ALTER DATABASE {name} SET TimeZone = 'Asia/Tokyo'")
    with PROVIDER.connect("sql", PostgresSettings(url=SecretStr(database))) as session:
        row = session.connection.execute("SHOW search_path").fetchone()
        zone = session.connection.execute("SHOW TimeZone").fetchone()
    assert (row, zone) == (("public, pg_temp",), ("UTC",))


def test_every_live_spec_sets_every_field_but_backfill(filled: PostgresSession) -> None:
    for where, spec in everything(filled).items():
        assert spec.managed == type(spec).model_fields.keys() - {"backfill"}, where


def test_every_live_spec_is_valid_and_survives_json(filled: PostgresSession) -> None:
    for where, spec in everything(filled).items():
        assert type(spec).model_validate(spec.values()) == spec, where


def test_every_kind_is_read(filled: PostgresSession) -> None:
    ours = {"retained", "migration"}  # which only our own ledger knows
    kinds = {spec.kind for spec in PROVIDER.specs} - ours
    assert {found.kind for found in everything(filled)} == kinds


def test_reading_twice_gives_the_same(filled: PostgresSession) -> None:
    assert everything(filled) == everything(filled)


def test_reading_never_writes(filled: PostgresSession) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), moment(filled.connection):
        filled.connection.execute("CREATE TABLE public.written ()")


def test_a_schema_is_read_with_its_comment(filled: PostgresSession) -> None:
    assert values(filled, "schema.app") == {"comment": "the application"}


def test_an_extension_is_read_with_its_version_and_schema(filled: PostgresSession) -> None:
    found = values(filled, "extension.vector")
    version = filled.read(Scope("sql")).details["extensions_available"]["vector"]
    assert found == {"version": version, "schema_name": "public"}


def test_members_of_extensions_are_left_out(filled: PostgresSession) -> None:
    names = {found.name for found in everything(filled) if found.kind == "function"}
    assert names == {"app.touch()", "public.score(integer, integer)", "public.double(integer)"}


def test_a_table_is_read_with_its_options_in_order(filled: PostgresSession) -> None:
    options = {"autovacuum_enabled": "false", "fillfactor": "80"}
    assert values(filled, "table.app.people") == {"comment": "who is who", "options": options}


def test_names_that_no_manifest_could_use_are_quoted(filled: PostgresSession) -> None:
    assert Address("sql", "column", '"Odd Name"."a.b"."c.d"') in everything(filled)


def test_a_column_is_read_whole(filled: PostgresSession) -> None:
    assert values(filled, "column.app.people.name") == {
        "type": "character varying(20)",
        "null": False,
        "null_validated": True,
        "default": "'x'::character varying",
        "identity": None,
        "generated": None,
        "collation": 'pg_catalog."C"',
        "storage": "extended",
        "compression": "default",
        "statistics": 500,
        "comment": "short",
    }


def test_a_dropped_column_is_gone(filled: PostgresSession) -> None:
    assert address("column.app.people.dropped") not in everything(filled)


def test_an_identity_is_read_with_its_options(filled: PostgresSession) -> None:
    assert values(filled, "column.app.people.id", "identity")["identity"] == {
        "generated": "always",
        "start": 100,
        "increment": 5,
        "minimum": 1,
        "maximum": None,
        "cache": 10,
        "cycle": False,
    }


def test_a_generated_column_has_a_generation_and_no_default(filled: PostgresSession) -> None:
    assert values(filled, "column.app.people.shout", "generated", "default", "storage", "compression") == {
        "default": None,
        "generated": {"expression": "upper((name)::text)", "stored": True},
        "storage": "external",
        "compression": "pglz",
    }


def test_a_virtual_column_is_not_stored(database: str, session: PostgresSession) -> None:
    needs(session, 180000)
    execute(database, "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)")
    generated = values(session, "column.public.t.b", "generated")["generated"]
    assert generated == {"expression": "(a + 1)", "stored": False}


def needs(session: PostgresSession, version: int) -> None:
    if session.connection.info.server_version < version:
        pytest.skip(f"needs PostgreSQL {version // 10000}")


def test_a_not_null_that_is_not_valid_yet_says_so(database: str, session: PostgresSession) -> None:
    needs(session, 180000)
    execute(database, "CREATE TABLE t (a int)")
    execute(database, "ALTER TABLE t ADD CONSTRAINT t_a_not_null NOT NULL a NOT VALID")
    assert values(session, "column.public.t.a", "null", "null_validated") == {
        "null": False,
        "null_validated": False,
    }


def test_a_vector_is_spelled_as_people_write_it(filled: PostgresSession) -> None:
    assert values(filled, "column.public.documents.embedding", "type") == {"type": "vector(3)"}


def test_a_unique_constraint_is_read_with_what_it_includes(filled: PostgresSession) -> None:
    assert values(filled, "unique.app.people.people_name_key") == {
        "comment": None,
        "columns": ["name"],
        "include": ["size"],
        "nulls_not_distinct": False,
        "deferrable": "deferred",
    }


def test_the_index_of_a_constraint_is_no_index_object(filled: PostgresSession) -> None:
    assert not any(found.name.endswith(("_pkey", "_key", "_overlap")) for found in indexes(filled))


def indexes(session: PostgresSession) -> list[Address]:
    return [found for found in everything(session) if found.kind == "index"]


def test_a_foreign_key_is_read_whole(filled: PostgresSession) -> None:
    assert values(filled, "foreign_key.public.documents.documents_author_fkey") == {
        "comment": None,
        "columns": ["author"],
        "references": "app.people",
        "referenced_columns": ["id"],
        "on_delete": "set null",
        "on_delete_columns": [],
        "on_update": "no action",
        "match": "full",
        "deferrable": "immediate",
        "validated": False,
    }


def test_a_foreign_key_out_of_what_is_read_has_its_names_all_the_same(filled: PostgresSession) -> None:
    scope = Scope("sql", frozenset({address("table.public.documents")}))
    objects = filled.read(scope).objects
    assert address("table.app.people") not in objects
    found = objects[address("foreign_key.public.documents.documents_editor_fkey")]
    assert found.values(frozenset({"references", "referenced_columns"})) == {
        "references": "app.people",
        "referenced_columns": ["id"],
    }


def test_a_set_null_of_some_columns_names_them(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE TABLE a (x int, y int, PRIMARY KEY (x, y))")
    execute(
        database,
        "CREATE TABLE b (x int, y int, CONSTRAINT f FOREIGN KEY (x, y) REFERENCES a ON DELETE SET NULL (y))",
    )
    found = values(session, "foreign_key.public.b.f", "on_delete_columns")
    assert found == {"on_delete_columns": ["y"]}


def test_an_exclusion_is_read_with_its_operators(filled: PostgresSession) -> None:
    found = values(filled, "exclude.public.documents.documents_no_overlap")
    assert found == {
        "comment": None,
        "using": "gist",
        "keys": [key(column="during", operator="&&")],
        "where": "(id > 0)",
        "deferrable": "no",
    }


def test_a_check_is_read_with_its_validity(filled: PostgresSession) -> None:
    found = values(filled, "check.app.people.people_kind", "validated", "no_inherit")
    assert found == {"validated": False, "no_inherit": False}


def test_keys_are_read_with_order_and_expression(filled: PostgresSession) -> None:
    assert values(filled, "index.public.documents_title_idx", "keys", "include", "where") == {
        "keys": [
            key(expression="lower(title)", order="desc", nulls="first"),
            key(column="author", nulls="first"),
        ],
        "include": ["id"],
        "where": "((title IS NOT NULL) AND (author > 5))",
    }


def test_keys_are_read_with_operator_class_and_collation(filled: PostgresSession) -> None:
    assert values(filled, "index.public.documents_pattern_idx", "keys", "unique") == {
        "keys": [
            key(column="title", opclass="text_pattern_ops"),
            key(expression="(title || 'x'::text)", collation='pg_catalog."C"'),
        ],
        "unique": True,
    }


def test_the_parameters_of_an_operator_class_are_read(filled: PostgresSession) -> None:
    (found,) = values(filled, "index.public.documents_gist_idx", "keys")["keys"]
    assert found["opclass_options"] == [["siglen", "100"]]


def test_the_parameters_of_hnsw_are_numbers(filled: PostgresSession) -> None:
    names = ("using", "m", "ef_construction", "lists")
    assert values(filled, "index.public.documents_embedding_idx", *names) == {
        "using": "hnsw",
        "m": 8,
        "ef_construction": 40,
        "lists": None,
    }


def test_switches_are_booleans(filled: PostgresSession) -> None:
    names = ("pages_per_range", "autosummarize", "fastupdate")
    found = values(filled, "index.public.documents_block_idx", *names)
    assert found == {"pages_per_range": 32, "autosummarize": True, "fastupdate": None}


def test_an_index_that_failed_to_build_is_not_valid(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE TABLE t (a int)")
    execute(database, "INSERT INTO t VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute(database, "CREATE UNIQUE INDEX CONCURRENTLY t_a_idx ON t (a)")
    assert values(session, "index.public.t_a_idx", "valid") == {"valid": False}


def test_an_index_that_is_being_built_is_left_out_with_a_note(
    database: str, session: PostgresSession
) -> None:
    execute(database, "CREATE TABLE t (a int)")
    with psycopg.connect(database) as reader, psycopg.connect(database, autocommit=True) as watcher:
        reader.execute("INSERT INTO t VALUES (1)")  # the build waits for this transaction
        build = threading.Thread(
            target=execute, args=(database, "CREATE INDEX CONCURRENTLY t_a_idx ON t (a)")
        )
        build.start()
        # Until the half-built index is there to be seen.
        while not watcher.execute("SELECT to_regclass('public.t_a_idx')::text").fetchone()[0]:  # type: ignore[index]  # one row always
            pass
        live = session.read(Scope("sql", everything=True))
        reader.rollback()
        build.join()
    where = address("index.public.t_a_idx")
    assert where not in live.objects
    assert [note.address for note in live.notes] == [where]


def test_a_trigger_is_read_whole(filled: PostgresSession) -> None:
    assert values(filled, "trigger.app.people.people_touch") == {
        "timing": "before",
        "events": ["insert", "update"],
        "update_of": ["name", "size"],
        "for_each": "row",
        "when": "(new.size > (5)::numeric)",
        "function": "app.touch()",
        "arguments": [],
        "old_table": None,
        "new_table": None,
        "enabled": "origin",
        "comment": None,
    }


def test_a_statement_trigger_is_read_with_its_tables_and_arguments(filled: PostgresSession) -> None:
    names = ("timing", "for_each", "arguments", "old_table", "new_table", "enabled", "when")
    assert values(filled, "trigger.app.people.people_rows", *names) == {
        "timing": "after",
        "for_each": "statement",
        "when": None,
        "arguments": ["one", "two"],
        "old_table": "gone",
        "new_table": "come",
        "enabled": "disabled",
    }


def test_a_function_is_read_whole(filled: PostgresSession) -> None:
    assert values(filled, "function.public.score(integer, integer)") == {
        "arguments": "a integer, b integer DEFAULT 1",
        "returns": "integer",
        "language": "sql",
        "body": "SELECT a * b",
        "volatility": "immutable",
        "strict": True,
        "security_definer": False,
        "parallel": "safe",
        "settings": {},
        "comment": None,
    }


def test_the_settings_of_a_function_are_read(filled: PostgresSession) -> None:
    found = values(filled, "function.app.touch()", "settings", "comment")
    assert found == {"settings": {"search_path": "public, app"}, "comment": "keeps changed"}


def test_a_body_in_standard_sql_is_deparsed(filled: PostgresSession) -> None:
    assert values(filled, "function.public.double(integer)", "body") == {"body": "RETURN (a * 2)"}


def test_what_no_manifest_describes_is_noted_once_a_kind(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE TABLE t (a serial)")
    execute(database, "CREATE VIEW v1 AS SELECT 1; CREATE VIEW v2 AS SELECT 2; CREATE SEQUENCE s")
    assert notes(session) == ["1 sequence is not managed", "2 views are not managed"]


def test_a_constraint_that_is_not_enforced_is_noted(database: str, session: PostgresSession) -> None:
    needs(session, 180000)
    execute(database, "CREATE TABLE t (a int CHECK (a > 0) NOT ENFORCED)")
    assert notes(session) == ["1 constraint that is not enforced is not managed"]


def test_a_column_that_is_generated_by_nothing_but_its_default_has_no_generation(
    database: str, session: PostgresSession
) -> None:
    execute(database, "CREATE TABLE t (a int DEFAULT 5)")
    assert values(session, "column.public.t.a", "generated", "default") == {"generated": None, "default": "5"}


def test_the_greatest_value_of_an_identity_is_told_where_it_was_chosen(
    database: str, session: PostgresSession
) -> None:
    execute(database, "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 9 CYCLE))")
    identity = values(session, "column.public.t.a", "identity")["identity"]
    assert (identity["maximum"], identity["cycle"], identity["generated"]) == (9, True, "by default")


def test_a_serial_column_has_the_default_that_it_is_made_of(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE TABLE t (a serial)")
    assert values(session, "column.public.t.a", "type", "default", "identity") == {
        "type": "integer",
        "default": "nextval('t_a_seq'::regclass)",
        "identity": None,
    }


def test_the_key_of_a_dropped_neighbour_does_not_shift_the_names(
    database: str, session: PostgresSession
) -> None:
    execute(database, "CREATE TABLE t (a int, b int, c int); CREATE INDEX k ON t (c)")
    execute(database, "ALTER TABLE t DROP COLUMN b")
    assert values(session, "index.public.k", "keys") == {"keys": [key(column="c")]}


def test_a_function_whose_name_holds_parentheses_has_an_address(
    database: str, session: PostgresSession
) -> None:
    execute(database, """CREATE FUNCTION "f(x)"(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'""")
    (found,) = [where for where in everything(session) if where.kind == "function"]
    assert found.name == 'public."f(x)"(integer)'
    assert sql_name(found) == 'public."f(x)"(integer)'


def test_partitions_are_left_out_and_their_parent_is_read(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE TABLE p (a int) PARTITION BY RANGE (a)")
    execute(database, "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2)")
    tables = {found.name for found in everything(session) if found.kind == "table"}
    assert tables == {"public.p"}
    assert notes(session) == ["1 partition or inheriting table is not managed"]


def test_our_own_schema_is_not_read(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE SCHEMA apexplan; CREATE TABLE apexplan.ledger ()")
    assert everything(session) == {}


def test_temporary_tables_are_not_read(session: PostgresSession) -> None:
    session.connection.execute("CREATE TEMP TABLE passing ()")
    assert everything(session) == {}


def test_neighbours_in_the_same_schema_are_read(filled: PostgresSession) -> None:
    objects = filled.read(Scope("sql", frozenset({address("table.app.unheard_of")}))).objects
    assert address("table.app.people") in objects
    assert address("table.public.documents") not in objects


def test_the_schema_public_is_read_only_where_it_is_declared(session: PostgresSession) -> None:
    public = address("schema.public")
    assert public not in everything(session)
    assert public in session.read(Scope("sql", frozenset({public}))).objects


def test_the_details_tell_version_and_extensions(session: PostgresSession) -> None:
    details = session.read(Scope("sql")).details
    assert details["version_num"] == session.connection.info.server_version
    assert details["extensions_installed"] == {"plpgsql": "1.0"}
    assert details["maintenance_work_mem_kb"] > 0


def test_the_details_tell_where_a_declared_extension_can_go(session: PostgresSession) -> None:
    session.connection.execute("CREATE EXTENSION vector")
    details = session.read(Scope("sql", frozenset({address("extension.vector")}))).details
    installed = details["extensions_installed"]["vector"]
    assert installed in details["extension_versions"]["vector"]
    assert details["extension_updates"] == {}


def test_the_details_name_a_not_null_that_is_not_validated(database: str, session: PostgresSession) -> None:
    execute(
        database,
        "CREATE TABLE t (a int, b int NOT NULL); ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID",
    )
    details = session.read(Scope("sql", frozenset({address("table.public.t")}))).details
    assert details["not_null_names"] == {"sql.column.public.t.a": "k"}
