"""Live objects → a document as a person would write it, which means the same objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from document_kit import expanded
from hypothesis import given
from hypothesis import strategies as st

from apexplan.manifest.check import check_manifest
from apexplan.manifest.load import load_text
from apexplan.manifest.write import render
from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.document import KIND
from apexplan_postgres.names import quote
from apexplan_postgres.provider import PROVIDER
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
    Retained,
    Schema,
    Table,
    Trigger,
    Unique,
)
from apexplan_postgres.specs.index import STORAGE_PARAMETERS

Objects = Mapping[Address, Spec]


def a(text: str) -> Address:
    return Address.parse(f"sql.{text}")


COLUMN = Column(
    type="text",
    null=True,
    null_validated=True,
    default=None,
    identity=None,
    generated=None,
    collation=None,
    storage="extended",
    compression="default",
    statistics=-1,
    comment=None,
)
INDEX = Index(
    table="public.documents",
    using="btree",
    keys=(IndexKey(column="title"),),
    include=(),
    unique=False,
    nulls_not_distinct=False,
    where=None,
    comment=None,
    valid=True,
    **dict.fromkeys(STORAGE_PARAMETERS),
)
FUNCTION = Function(
    arguments="",
    returns="trigger",
    language="plpgsql",
    body="BEGIN\n  RETURN NEW;\nEND;\n",
    volatility="volatile",
    strict=False,
    security_definer=False,
    parallel="unsafe",
    settings={},
    comment=None,
)
TRIGGER = Trigger(
    timing="before",
    events=("insert", "update"),
    update_of=(),
    for_each="row",
    when=None,
    function="public.touch()",
    arguments=(),
    old_table=None,
    new_table=None,
    enabled="origin",
    comment=None,
)
FOREIGN_KEY = ForeignKey(
    columns=("document_id",),
    references="public.documents",
    referenced_columns=("id",),
    on_delete="cascade",
    on_delete_columns=(),
    on_update="no action",
    match="simple",
    deferrable="no",
    validated=True,
    comment=None,
)


def changed(spec: Spec, **fields: Any) -> Spec:
    return spec.model_copy(update=fields)


TABLES: Objects = {
    a("table.public.documents"): Table(comment=None, options={}),
    a("column.public.documents.id"): changed(
        COLUMN, type="bigint", null=False, identity=Identity(generated="always")
    ),
    a("column.public.documents.title"): COLUMN,
    a("column.public.documents.embedding"): changed(COLUMN, type="vector(3)"),
}

RICH: Objects = {
    **TABLES,
    a("extension.vector"): Extension(version="0.8.5", schema_name="public"),
    a('extension."uuid-ossp"'): Extension(version="1.1", schema_name="audit"),
    a("schema.audit"): Schema(comment="who did what"),
    a("function.public.touch()"): FUNCTION,
    a("function.audit.score(integer, text)"): changed(
        FUNCTION,
        arguments="a integer, b text DEFAULT 'x'::text",
        returns="SETOF integer",
        volatility="immutable",
        strict=True,
        security_definer=True,
        parallel="safe",
        settings={"search_path": "public, audit"},
        comment="a score",
    ),
    a("table.audit.events"): Table(
        comment="the log", options={"fillfactor": "70", "autovacuum_vacuum_scale_factor": "0.05"}
    ),
    a("column.audit.events.n"): changed(
        COLUMN,
        type="integer",
        null=False,
        identity=Identity(start=100, increment=5, maximum=1000, cycle=True),
    ),
    a("column.audit.events.name"): changed(
        COLUMN,
        null=False,
        null_validated=False,
        default="'x'::text",
        collation='pg_catalog."C"',
        compression="lz4",
        statistics=500,
        comment="short",
    ),
    a("column.audit.events.stored"): changed(COLUMN, generated=Generated(expression="upper(name)")),
    a("column.audit.events.virtual"): changed(
        COLUMN, generated=Generated(expression="lower(name)", stored=False)
    ),
    a("column.audit.events.document_id"): changed(COLUMN, type="bigint"),
    a("primary_key.public.documents.documents_pkey"): PrimaryKey(
        columns=("id",), include=(), deferrable="no", comment=None
    ),
    a("primary_key.audit.events.events_key"): PrimaryKey(
        columns=("n",), include=("name",), deferrable="deferred", comment="odd"
    ),
    a("unique.public.documents.documents_title_key"): Unique(
        columns=("title",), include=(), nulls_not_distinct=False, deferrable="no", comment=None
    ),
    a("unique.audit.events.events_name_key"): Unique(
        columns=("name",), include=("n",), nulls_not_distinct=True, deferrable="immediate", comment=None
    ),
    a("check.public.documents.title_not_empty"): Check(
        expression="(title <> ''::text)", no_inherit=False, validated=True, comment=None
    ),
    a("check.audit.events.events_name"): Check(
        expression="(name <> ''::text)", no_inherit=True, validated=False, comment="not yet"
    ),
    a("foreign_key.audit.events.events_document_fkey"): FOREIGN_KEY,
    a("foreign_key.audit.events.events_n_fkey"): changed(
        FOREIGN_KEY,
        columns=("n", "document_id"),
        references="audit.others",
        referenced_columns=("a", "b"),
        on_delete="set null",
        on_delete_columns=("document_id",),
        on_update="cascade",
        match="full",
        deferrable="immediate",
        validated=False,
    ),
    a("exclude.audit.events.no_overlap"): Exclude(
        using="gist",
        keys=(
            ExcludeKey(column="n", operator="="),
            ExcludeKey(expression="tsrange(a, b)", operator="&&"),
        ),
        where="(n > 0)",
        deferrable="no",
        comment=None,
    ),
    a("index.public.documents_title_idx"): INDEX,
    a("index.public.documents_embedding_idx"): changed(
        INDEX,
        using="hnsw",
        keys=(IndexKey(column="embedding", opclass="vector_cosine_ops"),),
        m=16,
        ef_construction=64,
    ),
    a("index.public.documents_lower_idx"): changed(
        INDEX,
        keys=(
            IndexKey(expression="lower(title)", collation='pg_catalog."C"', order="desc", nulls="first"),
            IndexKey(column="title", opclass="text_pattern_ops", order="desc", nulls="last"),
            IndexKey(column="id", nulls="first"),
        ),
        include=("id",),
        unique=True,
        nulls_not_distinct=True,
        where="(title IS NOT NULL)",
        fillfactor=70,
        deduplicate_items=False,
        comment="by title",
    ),
    a("index.public.documents_gist_idx"): changed(
        INDEX,
        using="gist",
        keys=(
            IndexKey(
                expression="to_tsvector('english'::regconfig, title)",
                opclass="tsvector_ops",
                opclass_options=(("siglen", "100"),),
            ),
        ),
        buffering="on",
    ),
    a("trigger.public.documents.documents_touch"): TRIGGER,
    a("trigger.audit.events.events_rows"): changed(
        TRIGGER,
        timing="after",
        events=("update",),
        for_each="statement",
        function="audit.rows()",
        arguments=("one", "it's"),
        old_table="gone",
        new_table="come",
        enabled="disabled",
        comment="all of them",
    ),
    a("trigger.audit.events.events_name"): changed(
        TRIGGER, update_of=("n", "name"), when="(new.n > 5)", enabled="always"
    ),
}


def collapse(objects: Objects) -> dict[str, Any]:
    return KIND.collapse("sql", objects)


def assert_same(objects: Objects, again: Objects) -> None:
    """Every object is there again, and each field that is set has the value that it had."""
    assert set(again) == set(objects)
    for address, spec in again.items():
        live = objects[address]
        assert spec.values() == live.values(spec.managed), address


def test_a_document_of_everything_means_the_same_objects() -> None:
    assert_same(RICH, expanded(collapse(RICH)))


def test_a_document_of_everything_means_the_same_as_a_file() -> None:
    node = load_text(render(collapse(RICH)), "sql.yaml").node
    assert node
    found = check_manifest(node, {"sql": PROVIDER})
    assert found.diagnostics == ()
    assert_same(RICH, {one.address: one.spec for one in found.declared})


def test_a_document_is_its_own_inverse() -> None:
    document = collapse(RICH)
    assert collapse(expanded(document)) == document


def test_the_defaults_of_the_server_are_left_out() -> None:
    assert collapse(TABLES) == {
        "kind": "PostgresSchema",
        "store": "sql",
        "tables": {
            "documents": {
                "columns": {
                    "id": {"type": "bigint", "null": False, "identity": "always"},
                    "title": "text",
                    "embedding": "vector(3)",
                }
            }
        },
    }


def test_an_empty_store_gives_an_empty_document() -> None:
    assert collapse({}) == {"kind": "PostgresSchema", "store": "sql"}


def test_tables_are_sorted_and_columns_keep_their_order() -> None:
    tables = collapse(RICH)["tables"]
    assert list(tables) == ["audit.events", "documents"]
    assert list(tables["documents"]["columns"]) == ["id", "title", "embedding"]
    assert list(tables["documents"]["indexes"]) == sorted(tables["documents"]["indexes"])


def test_short_forms_are_used_where_they_say_enough() -> None:
    documents = collapse(RICH)["tables"]["documents"]
    assert documents["primary_key"] == ["id"]
    assert documents["unique"] == {"documents_title_key": ["title"]}
    assert documents["checks"] == {"title_not_empty": "(title <> ''::text)"}
    assert documents["indexes"]["documents_title_idx"] == {"on": ["title"]}


def test_what_no_manifest_can_name_is_left_out_with_what_stands_in_it() -> None:
    odd: Objects = {
        a('table.public."odd name"'): Table(comment=None, options={}),
        a('column.public."odd name".id'): COLUMN,
        a('column.public.documents."c.d"'): COLUMN,
        a("index.public.odd_idx"): changed(INDEX, keys=(IndexKey(column="c.d"),)),
        a("index.public.other_idx"): changed(INDEX, table='public."odd name"'),
        a("retained.public.old"): Retained(former="public.documents", since="2026-01-01"),
    }
    assert collapse({**TABLES, **odd}) == collapse(TABLES)


def test_a_storage_parameter_that_is_not_known_does_not_hide_its_table() -> None:
    table = Table(comment=None, options={"fillfactor": "90", "of_a_fork": "1"})
    document = collapse({a("table.public.t"): table})
    assert document["tables"]["t"] == {"with": {"fillfactor": 90}}


def test_the_line_break_after_the_dollar_signs_is_left_out() -> None:
    live = {a("function.public.touch()"): changed(FUNCTION, body="\nBEGIN\nEND;\n")}
    assert collapse(live)["functions"]["touch()"]["body"] == "BEGIN\nEND;\n"


def test_the_schema_public_is_worth_a_line_for_its_comment() -> None:
    assert "schemas" not in collapse({a("schema.public"): Schema(comment=None)})
    assert collapse({a("schema.public"): Schema(comment="ours")})["schemas"] == {
        "public": {"comment": "ours"}
    }


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
_COLUMNS = st.builds(
    Column,
    type=st.sampled_from(["text", "numeric(10,2)", "timestamp with time zone"]),
    null=st.just(False),
    null_validated=st.booleans(),
    default=st.none() | st.sampled_from(["'it''s'::text", "now()", "(1 + 2)"]),
    collation=st.none() | st.just('pg_catalog."en-x-icu"'),
    statistics=st.integers(0, 10000),
    comment=st.none() | st.text(min_size=1).filter(lambda text: "\0" not in text),
)
_KEYS = st.builds(
    IndexKey,
    column=_NAMES,
    opclass=st.none() | _NAMES.map(quote),
    order=st.sampled_from(["asc", "desc"]),
    nulls=st.sampled_from(["first", "last"]),
)


@given(
    st.dictionaries(_NAMES, _COLUMNS, min_size=1, max_size=4),
    st.lists(_KEYS, min_size=1, max_size=3),
    st.none() | st.integers(10, 100),
)
def test_any_table_means_itself(
    columns: dict[str, Column], keys: list[IndexKey], fillfactor: int | None
) -> None:
    objects: dict[Address, Spec] = {a("table.public.documents"): Table(comment=None, options={})}
    for name, column in columns.items():
        objects[a(f"column.public.documents.{name}")] = column
    objects[a("index.public.documents_idx")] = changed(INDEX, keys=tuple(keys), fillfactor=fillfactor)
    again = {
        one.address: one.spec for one in KIND.expand(KIND.document.model_validate(collapse(objects))).declared
    }
    assert_same(objects, again)
