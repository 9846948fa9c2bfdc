"""Columns: added, filled, closed, altered, dropped aside."""

from __future__ import annotations

import pytest
from steps_kit import EMPTY, T, back, column, index, kinds, planned, sql

from apexplan.model.errors import PlanError
from apexplan.model.plan import HazardKind, RollbackClass
from apexplan.model.spec import Spec
from apexplan_postgres.specs import Check, Column, Function, Generated, Identity, Trigger

N = "column.public.t.n"
B = "column.public.t.b"
A = "column.public.t.a"
BLOCKING = {HazardKind.BLOCKS_READS, HazardKind.BLOCKS_WRITES}


def add(**given: object) -> list[str]:
    return sql(planned(T, {**T, N: Column.model_validate(given)}))


@pytest.mark.parametrize(
    "default", ["7", "'x'::text", "now()", "CURRENT_TIMESTAMP", "'{}'::jsonb", "(1)::numeric(5,2)"]
)
def test_a_column_with_a_steady_default_is_added_at_once(default: str) -> None:
    statements = add(type="text", default=default, null=False)
    assert statements == [f"ALTER TABLE public.t ADD COLUMN n text DEFAULT {default} NOT NULL"]


def test_a_virtual_column_is_added_at_once() -> None:
    statements = add(type="text", generated=Generated(expression="lower(b)", stored=False))
    assert statements == ["ALTER TABLE public.t ADD COLUMN n text GENERATED ALWAYS AS (lower(b)) VIRTUAL"]


@pytest.mark.parametrize(
    "default", ["gen_random_uuid()", "nextval('s'::regclass)", "clock_timestamp()", "app.f(1)"]
)
def test_a_volatile_default_comes_after_the_column_and_is_filled_in(default: str) -> None:
    assert add(type="uuid", default=default, null=False) == [
        "ALTER TABLE public.t ADD COLUMN n uuid",
        f"ALTER TABLE public.t ALTER COLUMN n SET DEFAULT {default}",
        f"UPDATE public.t SET n = {default} WHERE (n IS NULL)",  # noqa: S608  a test's own names
        "ALTER TABLE public.t ADD CONSTRAINT t_n_not_null NOT NULL n NOT VALID",
        "ALTER TABLE public.t VALIDATE CONSTRAINT t_n_not_null",
    ]


def test_a_steady_backfill_passes_over_rows_that_it_leaves_null() -> None:
    assert add(type="integer", backfill="nullif(a, 1)")[1] == (
        "UPDATE public.t SET n = nullif(a, 1) WHERE (n IS NULL AND (nullif(a, 1)) IS NOT NULL)"
    )


def test_a_volatile_default_of_an_empty_table_needs_no_detour() -> None:
    steps = planned(T, {**T, N: Column(type="uuid", default="gen_random_uuid()", null=False)}, size=EMPTY)
    assert sql(steps) == ["ALTER TABLE public.t ADD COLUMN n uuid DEFAULT gen_random_uuid() NOT NULL"]


def test_not_null_without_a_value_is_refused_with_a_mend() -> None:
    with pytest.raises(PlanError, match=r"NOT NULL without a value for 5,000 rows") as raised:
        add(type="text", null=False)
    assert raised.value.mend == "give it a default or a backfill"


def test_all_refusals_are_told_at_once() -> None:
    wish = {**T, N: Column(type="text", null=False), "column.public.t.m": Column(type="text", null=False)}
    with pytest.raises(PlanError, match=r"t\.n: .*; .*t\.m: "):
        planned(T, wish)


@pytest.mark.parametrize(
    "spec",
    [
        Column(type="bigint", null=False, identity=Identity()),
        Column(type="text", generated=Generated(expression="lower(b)")),
    ],
    ids=["identity", "stored"],
)
def test_a_column_that_rewrites_the_table_says_so(spec: Column) -> None:
    (step,) = planned(T, {**T, N: spec})
    assert (kinds(step), step.online, step.group == "ddl") == (BLOCKING, False, False)


def test_undoing_a_new_column_deletes_what_was_written_since() -> None:
    (step,) = planned(T, {**T, N: Column(type="text")})
    assert step.inverse is not None
    assert back([step]) == ["ALTER TABLE public.t DROP COLUMN n"]
    assert kinds(step.inverse) == {HazardKind.DELETES_DATA}


def test_a_backfill_waits_for_the_trigger_of_the_same_plan() -> None:
    trigger = Trigger(timing="before", events=("insert",), for_each="row", function="public.f()")
    live = {**T, "function.public.f()": Function()}
    wish = {**live, N: Column(type="text", backfill="b"), "trigger.public.t.fill": trigger}
    assert [s.verb for s in planned(live, wish)] == ["add", "create", "backfill"]


def test_a_column_is_closed_without_stopping_anyone() -> None:
    steps = planned(T, {**T, A: Column(null=False)})
    assert sql(steps) == [
        "ALTER TABLE public.t ADD CONSTRAINT t_a_not_null NOT NULL a NOT VALID",
        "ALTER TABLE public.t VALIDATE CONSTRAINT t_a_not_null",
    ]
    assert back(steps) == ["ALTER TABLE public.t ALTER COLUMN a DROP NOT NULL"]
    assert [kinds(step) for step in steps] == [set(), {HazardKind.SCANS_DATA}]


def test_before_18_a_check_makes_set_not_null_scan_nothing() -> None:
    steps = planned(T, {**T, A: Column(null=False)}, version_num=170000)
    assert sql(steps) == [
        "ALTER TABLE public.t ADD CONSTRAINT _apx_t_a_not_null CHECK (a IS NOT NULL) NOT VALID",
        "ALTER TABLE public.t VALIDATE CONSTRAINT _apx_t_a_not_null",
        "ALTER TABLE public.t ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE public.t DROP CONSTRAINT _apx_t_a_not_null",
    ]
    assert back(steps) == [
        "ALTER TABLE public.t ALTER COLUMN a DROP NOT NULL",
        "ALTER TABLE public.t ADD CONSTRAINT _apx_t_a_not_null CHECK (a IS NOT NULL) NOT VALID",
        "ALTER TABLE public.t DROP CONSTRAINT _apx_t_a_not_null",
    ]


def test_a_column_that_is_closed_is_filled_first_and_keeps_the_values() -> None:
    steps = planned(T, {**T, A: Column(null=False, backfill="0")})
    assert sql(steps)[0] == "UPDATE public.t SET a = 0 WHERE (a IS NULL AND (0) IS NOT NULL)"
    assert steps[0].rollback is RollbackClass.LOSSY


def test_a_not_null_that_somebody_named_is_validated_by_that_name() -> None:
    a = "column.public.t.a"
    live = {**T, a: column(null=False, null_validated=False)}
    names = {f"sql.{a}": "Theirs"}
    (step,) = planned(live, {**T, a: Column(null=False, null_validated=True)}, not_null_names=names)
    assert step.statements == ('ALTER TABLE public.t VALIDATE CONSTRAINT "Theirs"',)
    assert step.online and kinds(step) == {HazardKind.SCANS_DATA}
    assert back([step]) == [
        'ALTER TABLE public.t DROP CONSTRAINT "Theirs"',
        'ALTER TABLE public.t ADD CONSTRAINT "Theirs" NOT NULL a NOT VALID',
    ]


def test_a_column_is_opened_and_closed_again_under_a_scan() -> None:
    (step,) = planned(T, {**T, "column.public.t.id": Column(null=True)})
    assert step.statements == ("ALTER TABLE public.t ALTER COLUMN id DROP NOT NULL",)
    assert step.inverse is not None and kinds(step.inverse) == BLOCKING


@pytest.mark.parametrize(
    ("field", "there", "again"),
    [
        ({"default": "'y'::text"}, "SET DEFAULT 'y'::text", "DROP DEFAULT"),
        ({"storage": "external"}, "SET STORAGE EXTERNAL", "SET STORAGE EXTENDED"),
        ({"compression": "lz4"}, "SET COMPRESSION lz4", "SET COMPRESSION default"),
        ({"statistics": 500}, "SET STATISTICS 500", "SET STATISTICS -1"),
    ],
)
def test_a_setting_is_one_alter_column_each_way(field: dict[str, object], there: str, again: str) -> None:
    steps = planned(T, {**T, B: Column.model_validate(field)})
    assert sql(steps) == [f"ALTER TABLE public.t ALTER COLUMN b {there}"]
    assert back(steps) == [f"ALTER TABLE public.t ALTER COLUMN b {again}"]


def test_an_identity_is_altered_where_it_differs() -> None:
    live = {**T, "column.public.t.id": column(type="bigint", null=False, identity=Identity())}
    wish = {**T, "column.public.t.id": Column(identity=Identity(generated="always", cache=20, maximum=99))}
    steps = planned(live, wish)
    assert sql(steps) == [
        "ALTER TABLE public.t ALTER COLUMN id SET GENERATED ALWAYS SET MAXVALUE 99 SET CACHE 20"
    ]
    assert back(steps) == [
        "ALTER TABLE public.t ALTER COLUMN id SET GENERATED BY DEFAULT SET NO MAXVALUE SET CACHE 1"
    ]


def test_dropping_an_identity_is_lossy() -> None:
    live = {**T, "column.public.t.id": column(type="bigint", null=False, identity=Identity())}
    (step,) = planned(live, {**T, "column.public.t.id": Column(identity=None)})
    assert step.rollback is RollbackClass.LOSSY


# ------------------------------------------------------------------ dropping


def test_a_dropped_column_is_renamed_aside_and_opened() -> None:
    live = {**T, B: column(type="text", null=False)}
    (step,) = planned(live, {a: s for a, s in live.items() if a != B})
    kept = step.statements[0].rpartition(" ")[2]
    assert kept.startswith("_retained_b_")
    assert step.statements == (
        f"ALTER TABLE public.t RENAME COLUMN b TO {kept}",
        f"ALTER TABLE public.t ALTER COLUMN {kept} DROP NOT NULL",
    )
    assert step.args == {"keep": {f"public.t.{kept}": "sql.column.public.t.b"}}
    assert back([step])[:2] == [
        f"ALTER TABLE public.t RENAME COLUMN {kept} TO b",
        "ALTER TABLE public.t ALTER COLUMN b SET NOT NULL",
    ]


@pytest.mark.parametrize(
    ("user", "spec"),
    [
        ("index.public.t_b_idx", index("b")),
        ("index.public.t_b_idx", index("a", where="(b IS NOT NULL)")),
        (
            "check.public.t.k",
            Check(expression="(b <> ''::text)", no_inherit=False, validated=True, comment=None),
        ),
        ("column.public.t.g", column(type="text", generated=Generated(expression="lower(b)"))),
    ],
    ids=["key", "predicate", "check", "generated"],
)
def test_a_column_in_use_is_not_dropped(user: str, spec: Spec) -> None:
    live = {**T, user: spec}
    with pytest.raises(PlanError, match=f"sql.{user} uses it"):
        planned(live, {a: s for a, s in live.items() if a != B})


def test_a_column_is_kept_under_a_name_that_nothing_has() -> None:
    wish = {a: s for a, s in T.items() if a != B}
    first = planned(T, wish)[0].statements[0].rpartition(" ")[2]
    taken = f"column.public.t.{first}"
    (step,) = planned({**T, taken: column()}, {**wish, taken: Column()})
    assert step.statements[0].rpartition(" ")[2] not in ("", first)


def test_a_column_goes_after_the_index_over_it() -> None:
    live = {**T, "index.public.t_b_idx": index("b")}
    steps = planned(live, {a: s for a, s in T.items() if a != B})
    assert [step.verb for step in steps] == ["drop", "retain"]


def test_a_column_goes_after_the_index_that_leaves_it() -> None:
    live = {**T, "index.public.i": index("b")}
    wish = {a: s for a, s in T.items() if a != B} | {"index.public.i": index("a")}
    assert [s.id.rpartition("/")[2] for s in planned(live, wish)] == [
        "build",
        "swap",
        "drop_former",
        "retain",
    ]


def test_another_generation_keeps_the_former_column_aside() -> None:
    live = {**T, N: column(generated=Generated(expression="(a + 1)"))}
    steps = planned(live, {**T, N: Column(generated=Generated(expression="(a + 2)"))})
    assert [step.id.rpartition("/")[2] for step in steps] == ["retain", "add"]
