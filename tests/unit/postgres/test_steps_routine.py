"""Functions, triggers, extensions, schemas."""

from __future__ import annotations

import pytest
from steps_kit import T, back, column, index, planned, sql

from apexplan.model.errors import PlanError
from apexplan.model.plan import HazardKind, RollbackClass
from apexplan_postgres.specs import Extension, Function, IndexKey, Schema, Table, Trigger

F, TRIGGER = "function.public.f()", "trigger.public.t.g"
TOUCH = Function(
    arguments="",
    returns="trigger",
    language="plpgsql",
    body="BEGIN RETURN NEW; END",
    volatility="volatile",
    strict=False,
    security_definer=False,
    parallel="unsafe",
    settings={},
    comment=None,
)
FIRES = Trigger(
    timing="before",
    events=("insert", "update"),
    update_of=("a", "b"),
    for_each="row",
    when=None,
    function="public.f()",
    arguments=(),
    old_table=None,
    new_table=None,
    enabled="origin",
    comment=None,
)
LIVE = {**T, F: TOUCH, TRIGGER: FIRES}


def test_a_function_with_everything() -> None:
    spec = Function(
        arguments="a integer DEFAULT 1",
        returns="integer",
        language="sql",
        body="SELECT '$$' || a",
        volatility="immutable",
        strict=True,
        security_definer=True,
        parallel="safe",
        settings={"search_path": 'public, "Odd"', "work_mem": "4MB"},
        comment="c",
    )
    assert sql(planned({}, {"function.public.f(integer)": spec})) == [
        "CREATE FUNCTION public.f(a integer DEFAULT 1)\nRETURNS integer\nLANGUAGE sql\nIMMUTABLE\nSTRICT\n"
        "SECURITY DEFINER\nPARALLEL SAFE\nSET search_path TO public, \"Odd\"\nSET work_mem TO '4MB'\n"
        "AS $body1$SELECT '$$' || a$body1$",
        "COMMENT ON FUNCTION public.f(integer) IS 'c'",
    ]


@pytest.mark.parametrize("body", ["RETURN (a * 2)", "BEGIN ATOMIC\n SELECT 1;\nEND"])
def test_a_body_of_standard_sql_stands_without_quotes(body: str) -> None:
    (statement,) = sql(planned({}, {F: Function(returns="integer", language="sql", body=body)}))
    assert statement.endswith(f"LANGUAGE sql\n{body}")


def test_a_body_that_ends_like_its_quote_gets_another() -> None:
    (statement,) = sql(planned({}, {F: Function(returns="text", language="sql", body="SELECT '$'--$")}))
    assert statement.endswith("AS $body1$SELECT '$'--$$body1$")


def test_a_function_is_replaced_and_put_back() -> None:
    steps = planned(LIVE, {**LIVE, F: Function(body="BEGIN RETURN OLD; END")})
    head = "CREATE OR REPLACE FUNCTION public.f()\nRETURNS trigger\nLANGUAGE plpgsql\n"
    head += "VOLATILE\nPARALLEL UNSAFE\n"
    assert sql(steps)[0] == head + "AS $$BEGIN RETURN OLD; END$$"
    assert back(steps)[0] == head + "AS $$BEGIN RETURN NEW; END$$"


def test_a_function_that_a_trigger_calls_is_not_dropped() -> None:
    with pytest.raises(PlanError, match=r"sql.trigger.public.t.g calls it and stays"):
        planned(LIVE, T, unmanaged=[f"{TRIGGER}"])


def test_a_function_goes_after_its_trigger() -> None:
    assert sql(planned(LIVE, T)) == ["DROP TRIGGER g ON public.t", "DROP FUNCTION public.f()"]


def test_a_trigger_with_everything() -> None:
    spec = FIRES.model_copy(
        update={
            "timing": "after",
            "when": "(new.a > 5)",
            "arguments": ("it's", "two"),
            "old_table": "gone",
            "new_table": "come",
            "enabled": "always",
            "comment": "c",
        }
    )
    assert sql(planned({**T, F: TOUCH}, {**T, F: TOUCH, TRIGGER: spec})) == [
        "CREATE TRIGGER g AFTER INSERT OR UPDATE OF a, b ON public.t"
        " REFERENCING OLD TABLE AS gone NEW TABLE AS come FOR EACH ROW WHEN ((new.a > 5))"
        " EXECUTE FUNCTION public.f('it''s', 'two')",
        "ALTER TABLE public.t ENABLE ALWAYS TRIGGER g",
        "COMMENT ON TRIGGER g ON public.t IS 'c'",
    ]


def test_a_trigger_is_replaced_and_put_back() -> None:
    steps = planned(LIVE, {**LIVE, TRIGGER: Trigger(enabled="disabled")})
    assert sql(steps)[1] == "ALTER TABLE public.t DISABLE TRIGGER g"
    assert back(steps)[1] == "ALTER TABLE public.t ENABLE TRIGGER g"


# ------------------------------------------------------------------ extensions and schemas

VECTOR = "extension.vector"


@pytest.mark.parametrize(
    ("wish", "said"), [("0.8", " VERSION '0.8.10'"), ("0.8.5", " VERSION '0.8.5'"), (None, "")]
)
def test_an_extension_is_made_in_the_version_that_fits(wish: str | None, said: str) -> None:
    assert sql(planned({}, {VECTOR: Extension(version=wish)})) == [f"CREATE EXTENSION vector{said}"]


def test_a_version_that_is_not_offered_is_refused_with_those_that_are() -> None:
    with pytest.raises(PlanError, match=r"no version 0\.80 .* offers 0\.7\.0, 0\.8\.5, 0\.8\.9, 0\.8\.10"):
        planned({}, {VECTOR: Extension(version="0.80")})


def test_an_extension_update_has_no_way_back() -> None:
    live = {VECTOR: Extension(version="0.7.0", schema_name="public")}
    (step,) = planned(live, {VECTOR: Extension(version="0.8")})
    assert step.statements == ("ALTER EXTENSION vector UPDATE TO '0.8.10'",)
    assert (step.inverse, step.rollback) == (None, RollbackClass.IMPOSSIBLE)
    assert [h.kind for h in step.hazards] == [HazardKind.IRREVERSIBLE]


def test_an_update_to_which_no_path_leads_is_refused_with_those_that_do() -> None:
    live = {VECTOR: Extension(version="0.8.5", schema_name="public")}
    with pytest.raises(PlanError, match=r"no update leads from 0\.8\.5 to 0\.7\.0") as raised:
        planned(live, {VECTOR: Extension(version="0.7.0")})
    assert "can go to 0.8.9, 0.8.10" in str(raised.value)


def test_an_extension_comes_before_what_may_need_it() -> None:
    keys = (IndexKey(column="v", opclass="app.vector_l2_ops"),)
    wish = {
        "schema.app": Schema(),
        "table.app.d": Table(),
        "column.app.d.v": column(type="app.vector(3)"),
        "index.app.i": index(table="app.d", using="hnsw", keys=keys),
        VECTOR: Extension(schema_name="app"),
    }
    steps = planned({}, wish)
    assert [step.address.kind for step in steps] == ["schema", "extension", "table", "index"]


def test_an_extension_goes_after_what_may_need_it() -> None:
    live = {**T, VECTOR: Extension(version="0.8.5", schema_name="public"), "index.public.i": index("a")}
    steps = planned(live, T)
    assert [step.address.kind for step in steps] == ["index", "extension"]
    assert back(steps)[0] == "CREATE EXTENSION vector SCHEMA public VERSION '0.8.5'"


def test_a_schema_is_dropped_without_cascade() -> None:
    steps = planned({"schema.app": Schema(comment="c")}, {})
    assert (sql(steps), back(steps)) == (
        ["DROP SCHEMA app"],
        ["CREATE SCHEMA app", "COMMENT ON SCHEMA app IS 'c'"],
    )
