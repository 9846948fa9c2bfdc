"""Renames: what follows whom, and the statements."""

from __future__ import annotations

import pytest
from steps_kit import T, address, back, column, index, planned, side, sql

from apexplan.model.errors import PlanError
from apexplan.model.spec import Spec
from apexplan_postgres.specs import (
    Check,
    Column,
    Extension,
    ForeignKey,
    Function,
    Generated,
    Index,
    IndexKey,
    Schema,
    Table,
    Trigger,
    Unique,
)
from apexplan_postgres.steps import renamed


def after(live: dict[str, Spec], **renames: str) -> dict[str, Spec]:
    moved = renamed(side(live), {address(old): address(new) for old, new in renames.items()})
    return {str(a).removeprefix("sql."): spec for a, spec in moved.values()}


def moved(live: dict[str, Spec], former: str, name: str) -> dict[str, Spec]:
    return after(live, **{former: name})


def test_a_table_takes_its_columns_and_constraints_along() -> None:
    found = moved(dict(T), "table.public.t", "table.app.u")
    assert set(found) == {
        "table.app.u",
        "column.app.u.id",
        "column.app.u.a",
        "column.app.u.b",
        "primary_key.app.u.t_pkey",
    }


def test_what_speaks_of_a_renamed_table_says_its_new_name() -> None:
    live: dict[str, Spec] = {
        **T,
        "index.public.i": index("a"),
        "foreign_key.app.x.k": ForeignKey(columns=("y",), references="public.t", referenced_columns=("id",)),
    }
    found = moved(live, "table.public.t", "table.public.u")
    assert isinstance(i := found["index.public.i"], Index) and i.table == "public.u"
    assert isinstance(k := found["foreign_key.app.x.k"], ForeignKey) and k.references == "public.u"


def test_what_names_a_renamed_column_says_its_new_name() -> None:
    live: dict[str, Spec] = {
        **T,
        "index.public.i": index("b", "a", include=("a",)),
        "unique.public.t.k": Unique(columns=("a", "b"), include=()),
        "foreign_key.app.x.k": ForeignKey(columns=("a",), references="public.t", referenced_columns=("a",)),
        "trigger.public.t.g": Trigger(update_of=("a", "b"), function="public.f()"),
    }
    found = moved(live, "column.public.t.a", "column.public.t.z")
    assert isinstance(i := found["index.public.i"], Index)
    assert ([k.column for k in i.keys or ()], i.include) == (["b", "z"], ("z",))
    assert isinstance(u := found["unique.public.t.k"], Unique) and u.columns == ("z", "b")
    assert isinstance(k := found["foreign_key.app.x.k"], ForeignKey)
    assert (k.columns, k.referenced_columns) == (("a",), ("z",))
    assert isinstance(g := found["trigger.public.t.g"], Trigger) and g.update_of == ("b", "z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(a > 0)", "(z > 0)"),
        ("(new.a IS DISTINCT FROM old.a)", "(new.z IS DISTINCT FROM old.z)"),
        ("((b = 'a'::text) OR (aa = 1))", "((b = 'a'::text) OR (aa = 1))"),
        ("(a(a) = 'it''s a')", "(a(z) = 'it''s a')"),
        ('("a" = (b)::a)', "(z = (b)::a)"),
    ],
)
def test_a_renamed_column_is_renamed_in_texts_but_not_in_strings_calls_and_casts(
    text: str, expected: str
) -> None:
    live: dict[str, Spec] = {
        **T,
        "check.public.t.k": Check(expression=text),
        "index.public.i": index(keys=(IndexKey(expression=text),), where=text),
        "column.public.t.g": column(generated=Generated(expression=text)),
    }
    found = {**live, **moved(live, "column.public.t.a", "column.public.t.z")}
    assert isinstance(k := found["check.public.t.k"], Check) and k.expression == expected
    assert isinstance(i := found["index.public.i"], Index) and i.where == expected
    assert i.keys is not None and i.keys[0].expression == expected
    assert isinstance(g := found["column.public.t.g"], Column) and g.generated is not None
    assert g.generated.expression == expected


def test_another_table_with_a_column_of_that_name_is_left_alone() -> None:
    live: dict[str, Spec] = {**T, "index.public.i": index("a", table="public.u", where="(a > 0)")}
    assert set(moved(live, "column.public.t.a", "column.public.t.z")) == {"column.public.t.z"}


def test_a_trigger_follows_its_function() -> None:
    live: dict[str, Spec] = {
        "function.public.f()": Function(),
        "trigger.public.t.g": Trigger(function="public.f()"),
    }
    found = moved(live, "function.public.f()", "function.public.h()")
    assert isinstance(g := found["trigger.public.t.g"], Trigger) and g.function == "public.h()"


# ------------------------------------------------------------------ steps


def test_a_table_and_a_column_of_it_are_renamed() -> None:
    desired = {
        "table.public.u": Table(),
        "column.public.u.id": Column(),
        "column.public.u.z": Column(comment="c"),
        "column.public.u.b": Column(),
        "primary_key.public.u.t_pkey": T["primary_key.public.t.t_pkey"],
    }
    renames = {"table.public.u": "table.public.t", "column.public.u.z": "column.public.t.a"}
    steps = planned(T, desired, renames=renames)
    assert sql(steps) == [
        "ALTER TABLE public.t RENAME TO u",
        "ALTER TABLE public.u RENAME COLUMN a TO z",
        "COMMENT ON COLUMN public.u.z IS 'c'",
    ]
    assert back(steps) == [
        "COMMENT ON COLUMN public.u.z IS NULL",
        "ALTER TABLE public.u RENAME COLUMN z TO a",
        "ALTER TABLE public.u RENAME TO t",
    ]


@pytest.mark.parametrize(
    ("former", "name", "spec", "there", "again"),
    [
        (
            "index.public.i",
            "index.public.j",
            index("a"),
            "ALTER INDEX public.i RENAME TO j",
            "ALTER INDEX public.j RENAME TO i",
        ),
        (
            "unique.public.t.i",
            "unique.public.t.j",
            Unique(columns=("a",)),
            "ALTER TABLE public.t RENAME CONSTRAINT i TO j",
            "ALTER TABLE public.t RENAME CONSTRAINT j TO i",
        ),
        (
            "trigger.public.t.i",
            "trigger.public.t.j",
            Trigger(timing="before"),
            "ALTER TRIGGER i ON public.t RENAME TO j",
            "ALTER TRIGGER j ON public.t RENAME TO i",
        ),
        (
            "function.public.i(integer)",
            "function.public.j(integer)",
            Function(),
            "ALTER FUNCTION public.i(integer) RENAME TO j",
            "ALTER FUNCTION public.j(integer) RENAME TO i",
        ),
        ("schema.i", "schema.j", Schema(), "ALTER SCHEMA i RENAME TO j", "ALTER SCHEMA j RENAME TO i"),
    ],
    ids=["index", "constraint", "trigger", "function", "schema"],
)
def test_a_rename_and_its_way_back(former: str, name: str, spec: Spec, there: str, again: str) -> None:
    steps = planned({**T, former: spec}, {**T, name: spec}, renames={name: former})
    assert (sql(steps), back(steps)) == ([there], [again])


def test_our_ledger_follows_a_table_that_is_renamed() -> None:
    steps = planned(
        {"table.public.t": Table()}, {"table.public.u": Table()}, renames={"table.public.u": "table.public.t"}
    )
    assert steps[0].args == {"follow": {"public.t": "public.u"}}
    assert steps[0].inverse is not None and steps[0].inverse.args == {"follow": {"public.u": "public.t"}}


def test_a_table_moves_to_another_schema_before_it_is_renamed() -> None:
    live = {"schema.app": Schema(), "table.public.t": Table()}
    steps = planned(
        live, {"schema.app": Schema(), "table.app.u": Table()}, renames={"table.app.u": "table.public.t"}
    )
    assert sql(steps) == ["ALTER TABLE public.t SET SCHEMA app", "ALTER TABLE app.t RENAME TO u"]
    assert back(steps) == ["ALTER TABLE app.u SET SCHEMA public", "ALTER TABLE public.u RENAME TO t"]


def test_a_schema_takes_its_tables_indexes_and_functions_along() -> None:
    live: dict[str, Spec] = {
        "schema.app": Schema(),
        "table.app.t": Table(),
        "column.app.t.a": column(),
        "index.app.i": index("a", table="app.t"),
        "function.app.f(integer)": Function(),
        "extension.vector": Extension(schema_name="app"),
    }
    assert set(moved(live, "schema.app", "schema.lib")) == {
        "schema.lib",
        "table.lib.t",
        "column.lib.t.a",
        "index.lib.i",
        "function.lib.f(integer)",
        "extension.vector",
    }


def test_what_is_qualified_with_a_renamed_schema_says_its_new_name() -> None:
    keys = (IndexKey(column="a", opclass="app.vector_l2_ops"), IndexKey(expression="app.f(a)"))
    live: dict[str, Spec] = {
        "schema.app": Schema(),
        "table.public.t": Table(),
        "column.public.t.a": column(type="app.vector(3)", default="nextval('app.s'::regclass) + myapp.f()"),
        "index.public.i": index(keys=keys, where="(a <> 'app')"),
    }
    found = moved(live, "schema.app", "schema.Lib")
    assert isinstance(a := found["column.public.t.a"], Column)
    assert (a.type, a.default) == ('"Lib".vector(3)', "nextval('\"Lib\".s'::regclass) + myapp.f()")
    assert isinstance(i := found["index.public.i"], Index) and i.keys is not None
    assert (i.keys[0].opclass, i.keys[1].expression) == ('"Lib".vector_l2_ops', '"Lib".f(a)')
    assert i.where == "(a <> 'app')"


def test_a_renamed_schema_is_one_step_that_covers_what_is_in_it() -> None:
    live: dict[str, Spec] = {
        "schema.app": Schema(),
        "table.app.t": Table(),
        "column.app.t.a": column(),
        "index.app.i": index("a", table="app.t"),
        "function.app.f(integer)": Function(),
    }
    wish = {text.replace(".app", ".lib"): spec for text, spec in live.items()}
    wish["index.lib.i"] = index("a", table="lib.t")
    steps = planned(live, wish, renames={"schema.lib": "schema.app"})
    assert sql(steps) == ["ALTER SCHEMA app RENAME TO lib"]


def test_a_table_that_moves_takes_its_indexes_along() -> None:
    live: dict[str, Spec] = {**T, "schema.app": Schema(), "index.public.i": index("a")}
    wish = {text.replace(".public", ".app"): spec for text, spec in live.items()}
    wish["index.app.i"] = index("a", table="app.t")
    steps = planned(live, wish, renames={"table.app.t": "table.public.t"})
    assert sql(steps) == ["ALTER TABLE public.t SET SCHEMA app"]


def test_a_column_is_renamed_in_a_table_under_its_new_name() -> None:
    live: dict[str, Spec] = {"table.public.t": Table(), "column.public.t.a": column()}
    wish: dict[str, Spec] = {"table.public.u": Table(), "column.public.u.z": column()}
    renames = {"table.public.u": "table.public.t", "column.public.u.z": "column.public.u.a"}
    assert sql(planned(live, wish, renames=renames)) == [
        "ALTER TABLE public.t RENAME TO u",
        "ALTER TABLE public.u RENAME COLUMN a TO z",
    ]


def test_a_column_does_not_move_to_another_table() -> None:
    live = {**T, "table.public.u": Table()}
    wish = {a: s for a, s in live.items() if a != "column.public.t.a"} | {"column.public.u.z": column()}
    with pytest.raises(PlanError, match="stands on another table"):
        planned(live, wish, renames={"column.public.u.z": "column.public.t.a"})
