"""What a document means: names in full, short forms spelled out, and nothing set that it does not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from document_kit import HEAD, check, checked, declared, values

from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain
from apexplan.manifest.scaffold import init_files
from apexplan.manifest.schema import schema_of
from apexplan.model.address import Address
from apexplan_postgres.document import KIND
from apexplan_postgres.specs import Generated, Identity, IndexKey

ROOT = Path(__file__).parents[3]
TEXTS = {
    "starter": init_files(["postgres"])["schema/sql.yaml"],
    **{
        f"example {path.parent.name}": path.read_text(encoding="utf-8")
        for path in sorted(ROOT.glob("examples/apex-sql/*/sql.yaml"))
    },
}


def column(text: str) -> dict[str, Any]:
    """The set fields of a column that is declared as `text`."""
    return values(f"tables: {{t: {{columns: {{c: {text}}}}}}}", "column.public.t.c")


def in_table(text: str, address: str) -> dict[str, Any]:
    return values(f"tables: {{t: {{{text}}}}}", address)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_example_has_nothing_wrong_with_it(text: str) -> None:
    assert check(text).diagnostics == ()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_example_is_valid_for_an_editor(text: str) -> None:
    node = load_text(text, "sql.yaml").node
    assert node
    jsonschema.Draft202012Validator(schema_of(KIND)).validate(plain(node))


def test_the_schema_says_what_a_field_is_for() -> None:
    schema = schema_of(KIND)
    assert "Left out: not managed" in schema["$defs"]["ColumnBlock"]["properties"]["null"]["description"]


# ------------------------------------------------------------------ names


def test_a_name_without_schema_is_in_public() -> None:
    assert "table.public.documents" in declared("tables: {documents: {}}")


def test_a_document_may_have_another_default_schema() -> None:
    assert "table.app.documents" in declared("schema: app\ntables: {documents: {}}")


def test_a_name_may_say_its_schema() -> None:
    assert "column.audit.events.id" in declared("tables: {audit.events: {columns: {id: uuid}}}")


def test_an_index_is_in_the_schema_of_its_table() -> None:
    assert (
        values("tables: {audit.events: {indexes: {i: {on: [id]}}}}", "index.audit.i")["table"]
        == "audit.events"
    )


def test_a_primary_key_has_the_name_that_the_server_gives() -> None:
    assert "primary_key.public.t.t_pkey" in declared("tables: {t: {primary_key: [id]}}")


def test_the_name_of_a_primary_key_is_cut_as_the_server_cuts_it() -> None:
    long = "t" * 63
    assert f"primary_key.public.{long}.{'t' * 58}_pkey" in declared(
        f"tables: {{{long}: {{primary_key: [id]}}}}"
    )


def test_an_extension_may_have_a_hyphen() -> None:
    assert 'extension."uuid-ossp"' in declared("extensions: {uuid-ossp: {}}")


@pytest.mark.parametrize(
    ("key", "types"),
    [
        ("f()", ""),
        ("f(int)", "integer"),
        ("f(varchar(20), int8)", "character varying, bigint"),
        ("f(timestamptz, timestamp(3))", "timestamp with time zone, timestamp without time zone"),
        ("f(int[], numeric(10,2))", "integer[], numeric"),
        ("f(Mood, app.mood)", "mood, app.mood"),
        ("f(interval day to second)", "interval"),
        ('f("Odd Name")', '"Odd Name"'),
    ],
)
def test_argument_types_are_spelled_as_the_catalogue_does(key: str, types: str) -> None:
    body = f"functions:\n  '{key}': {{returns: int, language: sql, body: SELECT 1}}"
    assert f"function.public.f({types})" in declared(body)


# ------------------------------------------------------------------ what is set


def test_an_extension_of_any_version_manages_nothing() -> None:
    assert values("extensions: {vector: {}}", "extension.vector") == {}


def test_a_table_manages_what_it_says() -> None:
    assert in_table("with: {fillfactor: 90, autovacuum_enabled: false}", "table.public.t") == {
        "options": {"autovacuum_enabled": "false", "fillfactor": "90"}
    }


def test_a_column_by_its_type_alone_manages_its_type_alone() -> None:
    assert column("text") == {"type": "text"}


def test_not_null_means_that_it_was_validated() -> None:
    assert column("{type: text, null: false}") == {"type": "text", "null": False, "null_validated": True}


def test_not_null_may_be_open_for_old_rows() -> None:
    assert column("{type: text, null: false, null_validated: false}")["null_validated"] is False


def test_null_is_a_statement_that_there_is_no_default() -> None:
    assert column("{type: text, default: null}") == {"type": "text", "default": None}


@pytest.mark.parametrize(
    ("default", "text"), [("0", "0"), ("true", "true"), ("\"'a'\"", "'a'"), ("now()", "now()")]
)
def test_a_default_is_an_sql_expression(default: str, text: str) -> None:
    assert column(f"{{type: text, default: {default}}}")["default"] == text


def test_an_identity_has_the_defaults_of_a_sequence() -> None:
    found = column("{type: bigint, identity: always}")["identity"]
    assert found == Identity(generated="always").model_dump()


@pytest.mark.parametrize(
    ("options", "identity"),
    [
        ("minimum: 5", {"minimum": 5, "start": 5}),
        ("start: 100, increment: 5", {"start": 100, "increment": 5}),
        ("increment: -1", {"increment": -1, "start": -1, "maximum": -1, "minimum": -(2**31)}),
        ("increment: -1, maximum: 9, minimum: 0", {"increment": -1, "start": 9, "maximum": 9, "minimum": 0}),
    ],
)
def test_a_sequence_begins_where_the_server_begins_it(options: str, identity: dict[str, int]) -> None:
    found = column(f"{{type: int, identity: {{{options}}}}}")["identity"]
    assert found == Identity(**identity).model_dump()


def test_a_generated_column_is_stored_unless_it_says_otherwise() -> None:
    assert (
        column('{type: int, generated: "a + b"}')["generated"] == Generated(expression="a + b").model_dump()
    )
    virtual = column('{type: int, generated: {expression: "a + b", stored: false}}')["generated"]
    assert virtual == Generated(expression="a + b", stored=False).model_dump()


def test_a_collation_becomes_a_quoted_name() -> None:
    assert column("{type: text, collation: C}")["collation"] == '"C"'
    assert column("{type: text, collation: pg_catalog.de-x-icu}")["collation"] == 'pg_catalog."de-x-icu"'


def test_an_empty_comment_is_none() -> None:
    assert column('{type: text, comment: ""}')["comment"] is None


def test_an_index_is_set_in_full_but_for_parameters_that_are_left_out() -> None:
    assert in_table("indexes: {i: {on: [a]}}", "index.public.i") == {
        "table": "public.t",
        "using": "btree",
        "keys": [IndexKey(column="a").model_dump(mode="json")],
        "include": [],
        "unique": False,
        "nulls_not_distinct": False,
        "where": None,
        "valid": True,
    }


def test_parameters_of_an_index_are_fields_of_its_spec() -> None:
    index = "using: hnsw, on: [{column: a, opclass: vector_l2_ops}], with: {m: 16, ef_construction: null}"
    found = in_table(f"indexes: {{i: {{{index}}}}}", "index.public.i")
    assert (found["m"], found["ef_construction"]) == (16, None)


@pytest.mark.parametrize(
    ("order", "nulls"), [("", "last"), ("order: desc", "first"), ("order: desc, nulls: last", "last")]
)
def test_nulls_stand_where_the_order_puts_them(order: str, nulls: str) -> None:
    found = in_table(
        f"indexes: {{i: {{on: [{{column: a, {order}}}]}}}}".replace(", }", "}"), "index.public.i"
    )
    assert found["keys"][0]["nulls"] == nulls


def test_options_of_an_operator_class_are_sorted_texts() -> None:
    key = "{column: a, opclass: tsvector_ops, opclass_options: {siglen: 100, a: true}}"
    found = in_table(f"indexes: {{i: {{using: gist, on: [{key}]}}}}", "index.public.i")
    assert found["keys"][0]["opclass_options"] == [["a", "true"], ["siglen", "100"]]


def test_a_check_is_set_in_full() -> None:
    assert in_table('checks: {c: "a > 0"}', "check.public.t.c") == {
        "expression": "a > 0",
        "no_inherit": False,
        "validated": True,
    }


def test_a_foreign_key_is_set_in_full() -> None:
    body = "foreign_keys: {f: {columns: [a], references: 'users(id)', on_delete: cascade}}"
    assert in_table(body, "foreign_key.public.t.f") == {
        "columns": ["a"],
        "references": "public.users",
        "referenced_columns": ["id"],
        "on_delete": "cascade",
        "on_delete_columns": [],
        "on_update": "no action",
        "match": "simple",
        "deferrable": "no",
        "validated": True,
    }


def test_a_table_alone_is_referred_to_by_its_primary_key() -> None:
    body = "tables: {users: {primary_key: [id]}, t: {foreign_keys: {f: {columns: [a], references: users}}}}"
    assert values(body, "foreign_key.public.t.f")["referenced_columns"] == ["id"]


def test_columns_of_a_key_that_stands_elsewhere_are_not_managed() -> None:
    found = in_table("foreign_keys: {f: {columns: [a], references: users}}", "foreign_key.public.t.f")
    assert "referenced_columns" not in found


def test_a_foreign_key_waits_for_the_key_that_it_refers_to() -> None:
    key = "foreign_keys: {f: {columns: [a], references: users(mail)}}"
    lifecycle = declared(f"tables: {{t: {{{key}}}, users: {{unique: {{u: [mail]}}}}}}")[
        "foreign_key.public.t.f"
    ].lifecycle
    assert lifecycle.depends_on == {Address("sql", "unique", "public.users.u")}


def test_a_trigger_is_for_each_row_and_set_in_full() -> None:
    body = "triggers: {x: {timing: before, events: [update, insert], update_of: [b, a], function: f}}"
    assert in_table(body, "trigger.public.t.x") == {
        "timing": "before",
        "events": ["insert", "update"],
        "update_of": ["a", "b"],
        "for_each": "row",
        "when": None,
        "function": "public.f()",
        "arguments": [],
        "old_table": None,
        "new_table": None,
        "enabled": "origin",
    }


def test_a_function_is_set_in_full() -> None:
    body = "functions: {'f(int)': {returns: int, language: sql, body: SELECT 1}}"
    assert values(body, "function.public.f(integer)") == {
        "arguments": "integer",
        "returns": "int",
        "language": "sql",
        "body": "SELECT 1",
        "volatility": "volatile",
        "strict": False,
        "security_definer": False,
        "parallel": "unsafe",
        "settings": {},
    }


@pytest.mark.parametrize(
    ("types", "arguments"),
    [
        ("int, text", "a integer, b text DEFAULT 'x, y'"),
        ("int", "IN a int4 = 1"),
        ("int", "a int, OUT b text, OUT c text"),
        ("double precision", "double precision"),
        ("text[]", "VARIADIC parts text[]"),
        ("timestamptz", "at timestamp with time zone DEFAULT now()"),
    ],
)
def test_arguments_fit_the_types_of_the_key(types: str, arguments: str) -> None:
    rest = "returns: int, language: sql, body: SELECT 1"
    body = f'functions:\n  f({types}): {{arguments: "{arguments}", {rest}}}'
    assert checked(body).diagnostics == ()


@pytest.mark.parametrize("returns", ["trigger", "setof text", "TABLE(a integer, b vector(3))", "numeric[]"])
def test_a_function_may_return(returns: str) -> None:
    body = f"functions: {{'f()': {{returns: '{returns}', language: sql, body: SELECT 1}}}}"
    assert checked(body).diagnostics == ()


@pytest.mark.parametrize("returns", ["TABLE(integer)", "TABLE(a int) x (b int)", "TABLE(a int, b int;)"])
def test_a_result_that_leaves_its_place_is_refused(returns: str) -> None:
    body = f"functions: {{'f()': {{returns: '{returns}', language: sql, body: SELECT 1}}}}"
    assert [diagnostic.code for diagnostic in checked(body).diagnostics] == ["bad-type"]


# ------------------------------------------------------------------ lifecycles


@pytest.mark.parametrize(
    ("body", "address", "former"),
    [
        ("tables: {t: {lifecycle: {renamed_from: old}}}", "table.public.t", "public.old"),
        ("tables: {a.t: {lifecycle: {renamed_from: a.old}}}", "table.a.t", "a.old"),
        (
            "tables: {t: {columns: {c: {type: text, lifecycle: {renamed_from: old}}}}}",
            "column.public.t.c",
            "public.t.old",
        ),
        (
            "tables: {t: {indexes: {i: {on: [a], lifecycle: {renamed_from: old}}}}}",
            "index.public.i",
            "public.old",
        ),
        (
            "functions: {'f(int)': {returns: int, language: sql, body: x, lifecycle: {renamed_from: g}}}",
            "function.public.f(integer)",
            "public.g(integer)",
        ),
        ("schemas: {app: {lifecycle: {renamed_from: old}}}", "schema.app", "old"),
    ],
)
def test_a_former_name_becomes_a_name_in_the_same_place(body: str, address: str, former: str) -> None:
    assert declared(body)[address].lifecycle.renamed_from == former


def test_ignore_takes_the_names_of_the_document() -> None:
    body = "tables: {t: {indexes: {i: {on: [a], lifecycle: {ignore: [on, with, comment]}}}}}"
    ignored = declared(body)["index.public.i"].lifecycle.ignore
    assert {"keys", "m", "fillfactor", "comment"} <= ignored


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("function.normalize(int)", "sql.function.public.normalize(integer)"),
        ("table.users", "sql.table.public.users"),
        ("graph.constraint.document_uuid_unique", "graph.constraint.document_uuid_unique"),
    ],
)
def test_a_dependency_is_an_address_or_a_kind_and_a_name(text: str, address: str) -> None:
    found = declared(f"tables: {{t: {{lifecycle: {{depends_on: ['{text}']}}}}}}")["table.public.t"]
    assert found.lifecycle.depends_on == {Address.parse(address)}


# ------------------------------------------------------------------ places


def test_an_object_knows_its_place() -> None:
    where = {
        str(one.address): one.where
        for one in check(HEAD + "tables:\n  t:\n    columns:\n      c: text\n").declared
    }
    assert str(where["sql.column.public.t.c"]) == "sql.yaml:6:7"
