"""Indexes: concurrently, aside, in place."""

from __future__ import annotations

import pytest
from steps_kit import EMPTY, T, back, column, index, kinds, planned, sql

from apexplan.model.errors import PlanError
from apexplan.model.plan import HazardKind, Size
from apexplan_postgres.specs import Index, IndexKey

A_IDX = "index.public.t_a_idx"
HNSW = index(
    using="hnsw", keys=(IndexKey(column="v", opclass="vector_cosine_ops"),), m=16, ef_construction=64
)
VECTORS = {**T, "column.public.t.v": column(type="vector(3)", storage="external"), A_IDX: HNSW}


def test_an_index_is_built_concurrently_in_a_unit_of_its_own() -> None:
    (step,) = planned(T, {**T, A_IDX: index("a")})
    assert (step.statements, step.group) == (
        ("CREATE INDEX CONCURRENTLY t_a_idx ON public.t USING btree (a)",),
        None,
    )


def test_an_index_with_everything() -> None:
    keys = (
        IndexKey(expression="lower(b)", collation='pg_catalog."C"', opclass="text_pattern_ops", order="desc"),
        IndexKey(column="order", order="asc", nulls="first"),
        IndexKey(column="a", opclass="tsvector_ops", opclass_options=(("siglen", "256"),)),
    )
    more = {"keys": keys, "include": ("id",), "unique": True, "nulls_not_distinct": True, "where": "a > 0"}
    live = {**T, "column.public.t.order": column()}
    steps = planned(live, {**live, A_IDX: index(**more, fillfactor=70, fastupdate=False, comment="c")})
    assert sql(steps) == [
        "CREATE UNIQUE INDEX CONCURRENTLY t_a_idx ON public.t USING btree"
        ' ((lower(b)) COLLATE pg_catalog."C" text_pattern_ops DESC NULLS LAST,'
        " \"order\" NULLS FIRST, a tsvector_ops (siglen = '256'))"
        " INCLUDE (id) NULLS NOT DISTINCT WITH (fastupdate = 'off', fillfactor = '70') WHERE (a > 0)",
        "COMMENT ON INDEX public.t_a_idx IS 'c'",
    ]


def test_a_unique_index_warns_of_duplicates() -> None:
    (step,) = planned(T, {**T, A_IDX: index("a", unique=True)})
    assert [h.text for h in step.hazards] == ["5,000 rows are read; duplicates make the build fail"]


def test_parameters_of_an_operator_class_need_its_name() -> None:
    keys = (IndexKey(column="a", opclass_options=(("siglen", "256"),)),)
    with pytest.raises(PlanError, match="operator class that is not named"):
        planned(T, {**T, A_IDX: index(keys=keys)})


def test_a_dropped_index_is_built_again_on_the_way_back() -> None:
    steps = planned({**T, A_IDX: index("a", comment="c")}, T)
    assert sql(steps) == ["DROP INDEX CONCURRENTLY public.t_a_idx"]
    assert back(steps) == [
        "CREATE INDEX CONCURRENTLY t_a_idx ON public.t USING btree (a)",
        "COMMENT ON INDEX public.t_a_idx IS 'c'",
    ]


def test_an_index_that_changes_is_never_missing() -> None:
    steps = planned({**T, A_IDX: index("a")}, {**T, A_IDX: index("a", "b")})
    build, swap, drop = steps
    fresh = build.args["index"].removeprefix("sql.index.public.")
    former = drop.args["index"].removeprefix("sql.index.public.")
    assert sql(steps) == [
        f"CREATE INDEX CONCURRENTLY {fresh} ON public.t USING btree (a, b)",
        f"ALTER INDEX public.t_a_idx RENAME TO {former}",
        f"ALTER INDEX public.{fresh} RENAME TO t_a_idx",
        f"DROP INDEX CONCURRENTLY public.{former}",
    ]
    assert not any(HazardKind.INDEX_GAP in kinds(step) for step in steps)
    assert swap.inverse is not None and swap.inverse.statements == (
        f"ALTER INDEX public.t_a_idx RENAME TO {fresh}",
        f"ALTER INDEX public.{former} RENAME TO t_a_idx",
    )


def test_a_parameter_of_the_graph_is_set_and_the_index_rebuilt() -> None:
    steps = planned(VECTORS, {**VECTORS, A_IDX: Index(m=24)})
    memory = "SET maintenance_work_mem = '409600kB'"
    again = "REINDEX INDEX CONCURRENTLY public.t_a_idx"
    assert sql(steps) == ["ALTER INDEX public.t_a_idx SET (m = '24')", memory, again]
    assert back(steps) == ["ALTER INDEX public.t_a_idx SET (m = '16')", memory, again]
    assert kinds(steps[0]) == {HazardKind.REBUILDS, HazardKind.COSTS_MEMORY}


def test_a_parameter_that_is_none_is_reset() -> None:
    steps = planned(VECTORS, {**VECTORS, A_IDX: Index(m=None, ef_construction=None)})
    assert sql(steps)[0] == "ALTER INDEX public.t_a_idx RESET (ef_construction, m)"


def test_a_parameter_of_later_writes_is_set_alone() -> None:
    steps = planned({**T, A_IDX: index("a")}, {**T, A_IDX: Index(fillfactor=70, deduplicate_items=False)})
    assert sql(steps) == ["ALTER INDEX public.t_a_idx SET (deduplicate_items = 'off', fillfactor = '70')"]
    assert back(steps) == ["ALTER INDEX public.t_a_idx RESET (deduplicate_items, fillfactor)"]


@pytest.mark.parametrize(("m", "ef"), [(40, None), (None, 31), (33, 65)])
def test_a_graph_needs_twice_as_many_candidates_as_links(m: int | None, ef: int | None) -> None:
    with pytest.raises(PlanError, match="ef_construction ≥ 2·m"):
        planned(VECTORS, {**VECTORS, A_IDX: Index(m=m, ef_construction=ef)})


def test_memory_is_raised_to_the_size_of_the_data_but_never_lowered() -> None:
    less = Size(count=10, size_bytes=1024 * 1024)
    steps = planned(VECTORS, {**VECTORS, A_IDX: Index(m=24)}, size=less)
    assert not any("maintenance_work_mem" in s for s in sql(steps))


def test_memory_is_bounded() -> None:
    much = Size(count=10, size_bytes=10**12)
    steps = planned(VECTORS, {**VECTORS, A_IDX: Index(m=24)}, size=much)
    assert "SET maintenance_work_mem = '1048576kB'" in sql(steps)


def test_an_invalid_index_is_repaired() -> None:
    steps = planned({**T, A_IDX: index("a", valid=False)}, {**T, A_IDX: Index(valid=True)}, size=EMPTY)
    assert sql(steps) == ["REINDEX INDEX CONCURRENTLY public.t_a_idx"]
    assert back(steps) == []


def test_a_comment_is_put_back() -> None:
    steps = planned({**T, A_IDX: index("a", comment="x")}, {**T, A_IDX: Index(comment=None)})
    assert (sql(steps), back(steps)) == (
        ["COMMENT ON INDEX public.t_a_idx IS NULL"],
        ["COMMENT ON INDEX public.t_a_idx IS 'x'"],
    )
