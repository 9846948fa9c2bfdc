"""Tables: the exact statements, covers and refusals."""

from __future__ import annotations

import pytest
from steps_kit import T, address, back, column, index, kinds, planned, sql

from apexplan.model.errors import PlanError
from apexplan.model.plan import HazardKind, RollbackClass
from apexplan_postgres.specs import Check, Column, ForeignKey, Identity, PrimaryKey, Retained, Table, Unique

DOCS = {
    "table.public.docs": Table(comment="it's", options={"fillfactor": "80"}),
    "column.public.docs.id": Column(type="bigint", null=False, identity=Identity(generated="always")),
    "column.public.docs.order": Column(type="text", default="'x'::text", storage="external", comment="c"),
    "primary_key.public.docs.docs_pkey": PrimaryKey(columns=("id",)),
    "unique.public.docs.docs_key": Unique(columns=("order",), include=("id",), nulls_not_distinct=True),
    "check.public.docs.docs_check": Check(expression="id > 0", comment="k"),
}
REFERS = ForeignKey(
    columns=("a",), references="public.t", referenced_columns=("id",), on_delete="no action", validated=True
)


def test_a_table_is_made_in_one_statement_with_its_columns_and_constraints() -> None:
    assert sql(planned({}, DOCS)) == [
        "CREATE TABLE public.docs (\n"
        "  id bigint GENERATED ALWAYS AS IDENTITY"
        " (START WITH 1 INCREMENT BY 1 MINVALUE 1 NO MAXVALUE CACHE 1 NO CYCLE) NOT NULL,\n"
        "  \"order\" text DEFAULT 'x'::text,\n"
        "  CONSTRAINT docs_pkey PRIMARY KEY (id),\n"
        '  CONSTRAINT docs_key UNIQUE NULLS NOT DISTINCT ("order") INCLUDE (id),\n'
        "  CONSTRAINT docs_check CHECK (id > 0)\n"
        ") WITH (fillfactor = '80')",
        "COMMENT ON TABLE public.docs IS 'it''s'",
        'ALTER TABLE public.docs ALTER COLUMN "order" SET STORAGE EXTERNAL',
        "COMMENT ON COLUMN public.docs.\"order\" IS 'c'",
        "COMMENT ON CONSTRAINT docs_check ON public.docs IS 'k'",
    ]


def test_a_table_without_columns_is_made_too() -> None:
    assert sql(planned({}, {"table.public.docs": Table()})) == ["CREATE TABLE public.docs ()"]


def test_undoing_a_new_table_deletes_what_was_written_since() -> None:
    (step,) = planned({}, DOCS)
    assert step.inverse is not None
    assert (back([step]), kinds(step.inverse)) == (["DROP TABLE public.docs"], {HazardKind.DELETES_DATA})


def test_a_foreign_key_of_a_new_table_comes_after_both_tables() -> None:
    steps = planned(
        {},
        {
            **DOCS,
            "foreign_key.public.docs.k": ForeignKey(columns=("id",), references="app.u"),
            "table.app.u": Table(),
            "schema.app": __import__("apexplan_postgres.specs").specs.Schema(),
        },
    )
    assert sql(steps)[-1] == "ALTER TABLE public.docs ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES app.u"


def test_an_index_of_a_new_table_is_made_in_its_transaction() -> None:
    steps = planned({}, {**T, "index.public.t_a_idx": index("a")})
    assert (sql(steps)[-1], steps[-1].group) == ("CREATE INDEX t_a_idx ON public.t USING btree (a)", "ddl")


def test_only_options_that_differ_are_set_and_none_is_reset_on_the_way_back() -> None:
    live = {"table.public.t": Table(options={"fillfactor": "80", "autovacuum_enabled": "off"}, comment=None)}
    steps = planned(
        live, {"table.public.t": Table(options={"fillfactor": "70", "toast.autovacuum_enabled": "on"})}
    )
    assert sql(steps) == ["ALTER TABLE public.t SET (fillfactor = '70', toast.autovacuum_enabled = 'on')"]
    assert back(steps) == [
        "ALTER TABLE public.t SET (fillfactor = '80')",
        "ALTER TABLE public.t RESET (toast.autovacuum_enabled)",
    ]


def test_a_dropped_table_moves_to_a_schema_of_its_own() -> None:
    (step,) = planned(T, {})
    schema = step.statements[0].removeprefix("CREATE SCHEMA IF NOT EXISTS ")
    assert schema.startswith("apexplan_retained_")
    assert step.statements[1:] == (f"ALTER TABLE public.t SET SCHEMA {schema}",)
    assert back([step]) == [f"ALTER TABLE {schema}.t SET SCHEMA public", f"DROP SCHEMA {schema}"]


def test_what_our_ledger_learns_of_a_dropped_table_stands_in_no_statement() -> None:
    (step,) = planned(T, {})
    schema = step.statements[0].rpartition(" ")[2]
    assert step.args == {"keep": {f"{schema}.t": "sql.table.public.t"}}
    assert step.inverse is not None and step.inverse.args == {"forget": [f"{schema}.t"]}


def test_a_column_kept_in_a_table_is_purged_before_the_table_moves_aside() -> None:
    kept = "retained.public.t._retained_x_00000000"
    (step,) = planned({**T, kept: Retained(former="sql.column.public.t.x", since="")}, {}, unmanaged=[kept])
    assert step.after == (f"sql.{kept}/purge",)


def test_a_dropped_table_is_retained_and_covers_what_stood_on_it() -> None:
    (step,) = planned({**T, "index.public.t_a_idx": index("a")}, {})
    assert (step.rollback, kinds(step)) == (RollbackClass.RETENTION, {HazardKind.DELETES_DATA})
    assert address("index.public.t_a_idx") in step.covers


@pytest.mark.parametrize(
    "other", ["index.public.t_a_idx", "column.public.t.a", "primary_key.public.t.t_pkey"]
)
def test_a_table_is_not_dropped_with_what_nobody_owns(other: str) -> None:
    with pytest.raises(PlanError, match=f"sql.{other} stands on it"):
        planned({**T, "index.public.t_a_idx": index("a")}, {}, unmanaged=[other])


def test_a_table_that_another_one_refers_to_is_not_dropped() -> None:
    other = {
        "table.public.u": Table(comment=None, options={}),
        "column.public.u.a": column(),
        "foreign_key.public.u.u_a_fkey": REFERS,
    }
    with pytest.raises(PlanError, match=r"sql.foreign_key.public.u.u_a_fkey refers to it"):
        planned({**T, **other}, other)


def test_a_table_is_dropped_together_with_the_reference_to_it() -> None:
    other = {"table.public.u": Table(comment=None, options={}), "column.public.u.a": column()}
    steps = planned({**T, **other, "foreign_key.public.u.u_a_fkey": REFERS}, other)
    assert [step.verb for step in steps] == ["drop", "retain"]


def test_a_check_that_stays_open_is_added_beside_the_new_table() -> None:
    """CREATE TABLE cannot say NOT VALID."""
    wish = {
        "table.public.n": Table(),
        "column.public.n.a": Column(type="integer"),
        "check.public.n.k": Check(expression="a > 0", validated=False),
    }
    assert sql(planned({}, wish))[-1] == "ALTER TABLE public.n ADD CONSTRAINT k CHECK (a > 0) NOT VALID"
