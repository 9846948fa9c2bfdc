"""Types: which changes keep the rows, which take a shadow, which block, which are refused."""

from __future__ import annotations

import pytest
from steps_kit import EMPTY, T, address, back, column, index, kinds, planned, sql

from apexplan.model.errors import PlanError
from apexplan.model.plan import HazardKind, RollbackClass
from apexplan_postgres.specs import Column, Generated, Identity, Index, IndexKey, Trigger
from apexplan_postgres.steps.types import is_steady, keeps_rows

A, V = "column.public.t.a", "column.public.t.v"
HNSW = index(using="hnsw", keys=(IndexKey(column="v", opclass="vector_cosine_ops"),))
VECTORS = {**T, V: column(type="vector(3)", null=False, storage="external"), "index.public.t_v_idx": HNSW}
HALF = {
    **T,
    V: Column(type="halfvec(3)"),
    "index.public.t_v_idx": Index(keys=(IndexKey(column="v", opclass="halfvec_cosine_ops"),)),
}


@pytest.mark.parametrize(
    ("live", "desired"),
    [
        ("character varying(10)", "character varying(20)"),
        ("character varying(10)", "character varying"),
        ("character varying(10)", "text"),
        ("text", "character varying"),
        ("numeric(5,2)", "numeric(8,2)"),
        ("numeric(5,2)", "numeric"),
        ("timestamp(3) without time zone", "timestamp(6) without time zone"),
        ("timestamp(3) with time zone", "timestamp with time zone"),
        ("vector(3)", "vector"),
        ("bit varying(3)", "bit varying(5)"),
    ],
)
def test_a_change_that_keeps_the_rows(live: str, desired: str) -> None:
    assert keeps_rows(live, desired)


@pytest.mark.parametrize(
    ("live", "desired"),
    [
        ("integer", "bigint"),
        ("character varying(20)", "character varying(10)"),
        ("text", "character varying(10)"),
        ("numeric(5,2)", "numeric(8,3)"),
        ("numeric", "numeric(5,2)"),
        ("timestamp without time zone", "timestamp with time zone"),
        ("timestamp(6) with time zone", "timestamp(3) with time zone"),
        ("vector", "vector(3)"),
        ("vector(3)", "halfvec(3)"),
        ("bit(3)", "bit(5)"),
        ("character(3)", "character(5)"),
    ],
)
def test_a_change_that_touches_the_rows(live: str, desired: str) -> None:
    assert not keeps_rows(live, desired)


@pytest.mark.parametrize("text", ["random()", "public.now2()", "f('now()')", "nextval('a'::regclass)"])
def test_an_unknown_function_is_taken_for_volatile(text: str) -> None:
    assert not is_steady(text)


@pytest.mark.parametrize("text", ["'random()'", "'it''s random()'::text", "now() + '1 day'::interval"])
def test_a_string_is_no_call(text: str) -> None:
    assert is_steady(text)


def test_a_wider_type_is_set_at_once_and_its_way_back_rewrites() -> None:
    live = {**T, A: column(type="character varying(5)")}
    (step,) = planned(live, {**T, A: Column(type="character varying(9)")})
    assert step.statements == ("ALTER TABLE public.t ALTER COLUMN a TYPE character varying(9)",)
    assert step.inverse is not None
    assert step.inverse.statements == (
        "ALTER TABLE public.t ALTER COLUMN a TYPE character varying(5) USING a::character varying(5)",
    )
    assert HazardKind.REBUILDS in kinds(step.inverse)


def test_an_empty_table_is_altered_at_once() -> None:
    steps = planned(T, {**T, A: Column(type="bigint")}, size=EMPTY)
    assert sql(steps) == ["ALTER TABLE public.t ALTER COLUMN a TYPE bigint USING a::bigint"]


def test_vectors_of_another_length_must_be_embedded_again() -> None:
    with pytest.raises(PlanError, match="must be embedded again") as raised:
        planned(VECTORS, {**VECTORS, V: Column(type="vector(4)")})
    assert raised.value.mend == "add a new column of vector(4), fill it, then drop this one"


def test_a_key_column_is_altered_under_a_lock_and_says_so() -> None:
    (step,) = planned(T, {**T, "column.public.t.id": Column(type="numeric")})
    blocks = {HazardKind.REBUILDS, HazardKind.BLOCKS_READS, HazardKind.BLOCKS_WRITES}
    assert (kinds(step), step.online) == (blocks, False)


def test_a_default_is_taken_off_while_the_type_changes() -> None:
    live = {**T, "column.public.t.id": column(type="bigint", null=False, default="1")}
    assert sql(planned(live, {**T, "column.public.t.id": Column(type="numeric")})) == [
        "ALTER TABLE public.t ALTER COLUMN id DROP DEFAULT",
        "ALTER TABLE public.t ALTER COLUMN id TYPE numeric USING id::numeric",
        "ALTER TABLE public.t ALTER COLUMN id SET DEFAULT 1",
    ]


@pytest.mark.parametrize(
    ("user", "spec"),
    [
        ("column.public.t.g", column(generated=Generated(expression="(a + 1)"))),
        (
            "trigger.public.t.g",
            Trigger(timing="before", events=("update",), update_of=("a",), when=None, function="public.f()"),
        ),
    ],
    ids=["generated", "trigger"],
)
def test_what_the_server_refuses_is_refused_in_the_plan(user: str, spec: Column | Trigger) -> None:
    with pytest.raises(PlanError, match="does not let its type change"):
        planned({**T, user: spec}, {**T, user: spec, A: Column(type="bigint")}, unmanaged=[user])


def test_a_change_that_keeps_the_rows_is_refused_for_the_same_reason() -> None:
    """Widening a varchar is quick, but PostgreSQL looks at the trigger's columns first (0A000)."""
    trigger = Trigger(timing="before", events=("update",), update_of=("c",), function="public.f()")
    there = {**T, "column.public.t.c": column(type="character varying(10)"), "trigger.public.t.g": trigger}
    with pytest.raises(PlanError, match="does not let its type change"):
        planned(there, {**there, "column.public.t.c": Column(type="character varying(20)")})


def test_an_unmanaged_index_is_not_left_behind() -> None:
    live = {**T, "index.public.i": index("a")}
    (step,) = planned(live, {**T, A: Column(type="bigint")}, unmanaged=["index.public.i"])
    assert not step.online


def test_an_operator_class_of_the_former_type_is_refused_where_no_shadow_can_be_made() -> None:
    with pytest.raises(PlanError, match="operator class of the former type"):
        planned(VECTORS, {**T, V: Column(type="halfvec(3)")}, unmanaged=["index.public.t_v_idx"])


def test_a_shadow_is_added_filled_closed_indexed_and_swapped_in() -> None:
    steps = planned(VECTORS, HALF)
    assert [step.id.removeprefix(f"sql.{V}/") for step in steps] == [
        "shadow",
        "backfill",
        "not_null/_apx_v",
        "validate_null/_apx_v",
        "build/t_v_idx",
        "swap",
        "drop_former/t_v_idx",
    ]
    assert all(step.online for step in steps)


def test_the_statements_of_a_shadow() -> None:
    shadow, fill, *_, build, swap, drop = planned(VECTORS, HALF)
    digits = swap.statements[0].split()[2].removeprefix("zz_apx_")
    kept = swap.statements[2].rpartition(" ")[2]
    fresh = build.args["index"].removeprefix("sql.index.public.")
    former = drop.args["index"].removeprefix("sql.index.public.")
    assert shadow.statements == (
        "ALTER TABLE public.t ADD COLUMN _apx_v halfvec(3)",
        f"CREATE FUNCTION public._apx_sync_{digits}()\nRETURNS trigger\nLANGUAGE plpgsql\n"
        "SET search_path TO public, pg_temp\n"
        "AS $$\nBEGIN\n  NEW._apx_v := NEW.v::halfvec(3);\n  RETURN NEW;\nEND\n$$",
        f"CREATE TRIGGER zz_apx_{digits} BEFORE INSERT OR UPDATE ON public.t"
        f" FOR EACH ROW EXECUTE FUNCTION public._apx_sync_{digits}()",
    )
    assert fill.statements == (
        "UPDATE public.t SET _apx_v = v::halfvec(3) WHERE (_apx_v IS NULL AND v IS NOT NULL)",
    )
    assert build.statements[-1] == (
        f"CREATE INDEX CONCURRENTLY {fresh} ON public.t USING hnsw (_apx_v halfvec_cosine_ops)"
    )
    assert swap.statements == (
        f"DROP TRIGGER zz_apx_{digits} ON public.t",
        f"DROP FUNCTION public._apx_sync_{digits}()",
        f"ALTER TABLE public.t RENAME COLUMN v TO {kept}",
        "ALTER TABLE public.t RENAME COLUMN _apx_v TO v",
        f"ALTER TABLE public.t ALTER COLUMN {kept} DROP NOT NULL",
        "ALTER TABLE public.t RENAME CONSTRAINT t__apx_v_not_null TO t_v_not_null",
        f"ALTER INDEX public.t_v_idx RENAME TO {former}",
        f"ALTER INDEX public.{fresh} RENAME TO t_v_idx",
    )
    assert swap.args == {"keep": {f"public.t.{kept}": f"sql.{V}"}}
    assert drop.statements == (f"DROP INDEX CONCURRENTLY public.{former}",)


def test_a_swap_keeps_the_former_column_and_carries_rows_back() -> None:
    swap = planned(VECTORS, HALF)[5]
    assert (swap.rollback, kinds(swap)) == (RollbackClass.RETENTION, set())
    assert swap.inverse is not None and kinds(swap.inverse) == {HazardKind.BLOCKS_WRITES}
    kept = swap.statements[2].rpartition(" ")[2]
    assert swap.inverse.statements[:2] == (
        "LOCK TABLE public.t IN SHARE ROW EXCLUSIVE MODE",
        f"UPDATE public.t SET {kept} = v::vector(3) WHERE {kept}::halfvec(3) IS DISTINCT FROM v",  # noqa: S608  a test's own names
    )


def test_a_swap_says_what_is_kept_and_where_the_column_stands() -> None:
    swap = planned(VECTORS, HALF)[5]
    kept = swap.statements[2].rpartition(" ")[2]
    assert f"the former column is kept as {kept} until a purge" in swap.reason
    assert "comes last in the table" in swap.reason


@pytest.mark.parametrize(
    ("live", "desired", "reason"),
    [
        (column(), Column(type="bigint"), "the table has no rows"),
        (column(type="character varying(5)"), Column(type="text"), "the rows stay as they are"),
    ],
)
def test_a_type_that_is_set_at_once_says_why_it_may_be(live: Column, desired: Column, reason: str) -> None:
    (step,) = planned({**T, A: live}, {**T, A: desired}, size=EMPTY)
    assert step.reason == reason


@pytest.mark.parametrize(
    ("live", "desired", "reason"),
    [
        ({}, {"type": "numeric"}, "t.t_pkey cannot change over to another column"),
        ({"identity": Identity()}, {"type": "smallint"}, "a column that PostgreSQL fills itself cannot"),
        ({}, {"collation": "C"}, "a collation changes only together with the indexes"),
    ],
    ids=["key", "identity", "collation"],
)
def test_a_type_that_blocks_says_what_keeps_it_from_a_shadow(
    live: dict[str, object], desired: dict[str, object], reason: str
) -> None:
    at = "column.public.t.id"
    (step,) = planned(
        {**T, at: column(type="bigint", null=False, **live)}, {**T, at: Column.model_validate(desired)}
    )
    assert step.reason.startswith(reason)


def test_the_shadow_covers_the_change_of_its_index() -> None:
    covered = {a for step in planned(VECTORS, HALF) for a in step.covers}
    assert address("index.public.t_v_idx") in covered


def test_nothing_of_a_shadow_is_left_on_the_way_back() -> None:
    first = planned(VECTORS, HALF)[0]
    assert back([first])[-1] == "ALTER TABLE public.t DROP COLUMN _apx_v"
