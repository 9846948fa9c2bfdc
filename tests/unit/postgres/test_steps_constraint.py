"""Constraints: in two steps, over an index, beside the former."""

from __future__ import annotations

import pytest
from steps_kit import EMPTY, T, back, column, kinds, planned, sql

from apexplan.model.errors import PlanError
from apexplan.model.plan import HazardKind
from apexplan.model.spec import Spec
from apexplan_postgres.specs import Check, Column, Exclude, ExcludeKey, ForeignKey, PrimaryKey, Table, Unique

CHECK, KEY, PKEY = "check.public.t.k", "unique.public.t.k", "primary_key.public.t.t_pkey"
FK = "foreign_key.public.t.k"
POSITIVE = Check(expression="(a > 0)", no_inherit=False, validated=True, comment=None)
REFERS = ForeignKey(
    columns=("a",),
    references="public.t",
    referenced_columns=("id",),
    on_delete="cascade",
    on_delete_columns=(),
    on_update="no action",
    match="simple",
    deferrable="no",
    validated=True,
    comment=None,
)
UNIQUE = Unique(columns=("a",), include=(), nulls_not_distinct=False, deferrable="no", comment=None)


def test_a_check_holds_for_new_rows_first_and_is_validated_alone() -> None:
    steps = planned(T, {**T, CHECK: Check(expression="a > 0", no_inherit=True)})
    assert sql(steps) == [
        "ALTER TABLE public.t ADD CONSTRAINT k CHECK (a > 0) NO INHERIT NOT VALID",
        "ALTER TABLE public.t VALIDATE CONSTRAINT k",
    ]
    assert [step.group for step in steps] == ["ddl", f"sql.{CHECK}/validate"]
    assert back(steps) == ["ALTER TABLE public.t DROP CONSTRAINT k"]


def test_a_check_of_an_empty_table_is_added_whole() -> None:
    steps = planned(T, {**T, CHECK: Check(expression="a > 0")}, size=EMPTY)
    assert sql(steps) == ["ALTER TABLE public.t ADD CONSTRAINT k CHECK (a > 0)"]


def test_a_check_that_need_not_be_valid_is_never_validated() -> None:
    steps = planned(T, {**T, CHECK: Check(expression="a > 0", validated=False)})
    assert sql(steps) == ["ALTER TABLE public.t ADD CONSTRAINT k CHECK (a > 0) NOT VALID"]


def test_a_foreign_key_with_everything() -> None:
    spec = ForeignKey(
        columns=("a", "b"),
        references="app.Other",
        referenced_columns=("x", "y"),
        match="full",
        on_delete="set null",
        on_delete_columns=("a",),
        on_update="cascade",
        deferrable="deferred",
    )
    other = {"table.app.Other": Table(), "column.app.Other.x": column(), "column.app.Other.y": column()}
    steps = planned({**T, **other}, {**T, **other, FK: spec})
    assert sql(steps)[0] == (
        'ALTER TABLE public.t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES app."Other" (x, y) MATCH FULL'
        " ON DELETE SET NULL (a) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID"
    )


def test_a_foreign_key_comes_after_the_key_that_it_rests_on() -> None:
    live = {a: s for a, s in T.items() if a != PKEY}
    steps = planned(live, {**T, FK: ForeignKey(columns=("a",), references="public.t")})
    verbs = [step.id for step in steps]
    assert verbs.index(f"sql.{PKEY}/add") < verbs.index(f"sql.{FK}/add")


def test_a_unique_constraint_takes_over_an_index_built_concurrently() -> None:
    steps = planned(T, {**T, KEY: Unique(columns=("a", "b"), include=("id",), deferrable="immediate")})
    name = steps[0].args["index"].removeprefix("sql.index.public.")
    assert sql(steps) == [
        f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON public.t USING btree (a, b) INCLUDE (id)",
        f"ALTER TABLE public.t ADD CONSTRAINT k UNIQUE USING INDEX {name} DEFERRABLE INITIALLY IMMEDIATE",
    ]


def test_a_primary_key_closes_its_columns_first() -> None:
    live = {a: s for a, s in T.items() if a != PKEY}
    steps = planned(live, {**live, PKEY: PrimaryKey(columns=("id", "a"))})
    assert [step.id.removeprefix(f"sql.{PKEY}/") for step in steps] == [
        "not_null/a",
        "validate_null/a",
        "build",
        "add",
    ]


def test_a_primary_key_waits_for_columns_that_are_closed_anyway() -> None:
    live = {a: s for a, s in T.items() if a != PKEY}
    wish = {**live, "column.public.t.a": Column(null=False), PKEY: PrimaryKey(columns=("a",))}
    verbs = [step.id.rpartition("/")[2] for step in planned(live, wish)]
    assert verbs == ["not_null", "validate_null", "build", "add"]


def test_a_key_that_changes_is_never_missing() -> None:
    steps = planned({**T, KEY: UNIQUE}, {**T, KEY: Unique(columns=("a", "b"))})
    name = steps[0].args["index"].removeprefix("sql.index.public.")
    assert sql(steps)[1:] == [
        "ALTER TABLE public.t DROP CONSTRAINT k",
        f"ALTER TABLE public.t ADD CONSTRAINT k UNIQUE USING INDEX {name}",
    ]
    assert back(steps)[:2] == [
        "ALTER TABLE public.t DROP CONSTRAINT k",
        "ALTER TABLE public.t ADD CONSTRAINT k UNIQUE (a)",
    ]


def under_another_name(**columns: Column) -> dict[str, Spec]:
    """The table `t` as `u`, with a primary key of the name that is usual there."""
    key = PrimaryKey(columns=("id",), include=(), deferrable="no")
    changed = {f"column.public.u.{name}": spec for name, spec in columns.items()}
    bare = {f"column.public.u.{name}": Column() for name in ("id", "a", "b")}
    return {"table.public.u": Table(), **bare, **changed, "primary_key.public.u.u_pkey": key}


def test_a_primary_key_that_differs_by_its_name_alone_is_renamed() -> None:
    steps = planned(T, under_another_name(), renames={"table.public.u": "table.public.t"})
    assert sql(steps) == [
        "ALTER TABLE public.t RENAME TO u",
        "ALTER TABLE public.u RENAME CONSTRAINT t_pkey TO u_pkey",
    ]
    assert back(steps) == [
        "ALTER TABLE public.u RENAME CONSTRAINT u_pkey TO t_pkey",
        "ALTER TABLE public.u RENAME TO t",
    ]


def test_a_primary_key_over_a_column_of_another_type_is_made_anew() -> None:
    wish = under_another_name(id=Column(type="numeric"))
    statements = sql(planned(T, wish, renames={"table.public.u": "table.public.t"}))
    assert "ALTER TABLE public.u DROP CONSTRAINT t_pkey" in statements


def test_a_key_that_a_foreign_key_rests_on_stays() -> None:
    live = {**T, FK: REFERS}
    with pytest.raises(PlanError, match=f"{FK} rests on it"):
        planned(live, {a: s for a, s in live.items() if a != PKEY})


def test_a_key_goes_after_the_foreign_key_that_rests_on_it() -> None:
    live = {**T, FK: REFERS}
    steps = planned(live, {a: s for a, s in T.items() if a != PKEY})
    assert [step.address.kind for step in steps] == ["foreign_key", "primary_key"]


def test_an_exclusion_constraint_blocks_and_says_so() -> None:
    keys = (ExcludeKey(column="b", operator="pg_catalog.&&"), ExcludeKey(expression="a + 1", operator="="))
    (step,) = planned(T, {**T, "exclude.public.t.k": Exclude(using="gist", keys=keys, where="a > 0")})
    assert step.statements == (
        "ALTER TABLE public.t ADD CONSTRAINT k EXCLUDE USING gist"
        " (b WITH OPERATOR(pg_catalog.&&), (a + 1) WITH =) WHERE (a > 0)",
    )
    assert (kinds(step), step.online) == ({HazardKind.BLOCKS_READS, HazardKind.BLOCKS_WRITES}, False)


def test_a_check_that_changes_is_made_beside_the_former() -> None:
    steps = planned({**T, CHECK: POSITIVE}, {**T, CHECK: Check(expression="(a > 1)")})
    name = steps[0].statements[0].split()[5]
    assert sql(steps) == [
        f"ALTER TABLE public.t ADD CONSTRAINT {name} CHECK ((a > 1)) NOT VALID",
        f"ALTER TABLE public.t VALIDATE CONSTRAINT {name}",
        "ALTER TABLE public.t DROP CONSTRAINT k",
        f"ALTER TABLE public.t RENAME CONSTRAINT {name} TO k",
    ]
    assert back(steps) == [
        f"ALTER TABLE public.t RENAME CONSTRAINT k TO {name}",
        "ALTER TABLE public.t ADD CONSTRAINT k CHECK ((a > 0)) NOT VALID",
        "ALTER TABLE public.t VALIDATE CONSTRAINT k",
        f"ALTER TABLE public.t DROP CONSTRAINT {name}",
    ]


def test_a_validation_is_undone_by_adding_it_anew() -> None:
    live = {**T, CHECK: POSITIVE.model_copy(update={"validated": False})}
    steps = planned(live, {**T, CHECK: Check(validated=True)})
    assert sql(steps) == ["ALTER TABLE public.t VALIDATE CONSTRAINT k"]
    assert back(steps) == [
        "ALTER TABLE public.t DROP CONSTRAINT k",
        "ALTER TABLE public.t ADD CONSTRAINT k CHECK ((a > 0)) NOT VALID",
    ]


def test_a_dropped_constraint_comes_back_as_it_was() -> None:
    live = {**T, CHECK: POSITIVE.model_copy(update={"validated": False, "comment": "c"})}
    steps = planned(live, T)
    assert sql(steps) == ["ALTER TABLE public.t DROP CONSTRAINT k"]
    assert back(steps) == [
        "ALTER TABLE public.t ADD CONSTRAINT k CHECK ((a > 0)) NOT VALID",
        "COMMENT ON CONSTRAINT k ON public.t IS 'c'",
    ]


def test_deferrable_is_altered_in_place() -> None:
    steps = planned({**T, FK: REFERS}, {**T, FK: ForeignKey(deferrable="deferred")})
    assert sql(steps) == ["ALTER TABLE public.t ALTER CONSTRAINT k DEFERRABLE INITIALLY DEFERRED"]
    assert back(steps) == ["ALTER TABLE public.t ALTER CONSTRAINT k NOT DEFERRABLE"]
