"""What others do meanwhile, and what an interrupted step leaves: told apart, finished or undone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import RunStatus
from apexplan.model.address import Address
from apexplan.model.errors import AccessDenied, StoreError, Transient
from apexplan.model.plan import Step
from apexplan.provider import Mark, Outcome
from apexplan.testing.memory import Bomb, Crash
from apexplan_postgres.provider import PostgresSession, PostgresSettings
from apexplan_postgres.run import progress
from apexplan_postgres.specs import Column, Index, IndexKey, Schema, Table

from .bench import Bench
from .samples import address, execute
from .test_apply_crash import to_halfvec

pytestmark = pytest.mark.live

TABLE = """
CREATE TABLE t (id bigint PRIMARY KEY, a int);
INSERT INTO t SELECT n, n FROM generate_series(1, 5000) n;
"""
BY_A = Index(table="public.t", using="btree", keys=(IndexKey(column="a"),))
T_A_IDX = address("index.public.t_a_idx")


class Quiet:
    """A watch that keeps what it hears, and asks to stop once `stop_after` calls were made."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.heard: list[tuple[float, float | None, str, str]] = []
        self._stop_after = stop_after

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.heard.append((done, total, unit, phase))

    def stopping(self) -> bool:
        return self._stop_after is not None and len(self.heard) >= self._stop_after


@pytest.fixture
def bench(database: str) -> Bench:
    bench = Bench(database)
    bench.run_sql(TABLE)
    return bench


def one_step(bench: Bench, at: Address, spec: Index | Column | Table) -> Step:
    return next(bench.plan(dict(bench.own()) | {at: spec}).steps)


def rows(bench: Bench, query: str) -> list[Any]:
    with psycopg.connect(bench.url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


@contextmanager
def open_transaction(url: str, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """Another session in the middle of a transaction."""
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


# ------------------------------------------------------------------ indexes


def test_duplicates_make_a_unique_index_fail_and_leave_nothing(bench: Bench) -> None:
    bench.run_sql("UPDATE t SET a = 1 WHERE id = 2")
    live = bench.own()
    result = bench.apply(live | {T_A_IDX: BY_A.model_copy(update={"unique": True})})
    assert (result.status, bench.live()) == (RunStatus.UNDONE, live)


def test_a_half_built_index_of_this_definition_is_partial(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A.model_copy(update={"unique": True}))
    bench.run_sql("UPDATE t SET a = 1 WHERE id = 2")
    with pytest.raises(StoreError):
        session.run(step, Quiet())
    assert session.probe(step) is Outcome.PARTIAL


def test_a_half_built_index_is_built_again(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A.model_copy(update={"unique": True}))
    bench.run_sql("UPDATE t SET a = 1 WHERE id = 2")
    with pytest.raises(StoreError):
        session.run(step, Quiet())
    bench.run_sql("UPDATE t SET a = 2 WHERE id = 2")
    session.run(step, Quiet())
    assert session.probe(step) is Outcome.DONE


def test_another_index_of_that_name_is_unknown(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A)
    bench.run_sql("CREATE INDEX t_a_idx ON t (id)")
    assert session.probe(step) is Outcome.UNKNOWN


def test_a_table_of_that_name_is_unknown(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A)
    bench.run_sql("CREATE TABLE t_a_idx ()")
    assert session.probe(step) is Outcome.UNKNOWN


def test_an_index_of_another_name_is_never_touched(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A)
    bench.run_sql("CREATE INDEX t_a_idx ON t (id)")
    with pytest.raises(StoreError, match="something else has this name"):
        session.run(step, Quiet())
    assert rows(bench, "SELECT pg_get_indexdef('t_a_idx'::regclass)")[0][0].endswith("(id)")


def test_running_a_finished_build_again_keeps_the_index(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A)
    session.run(step, Quiet())
    before = rows(bench, "SELECT 't_a_idx'::regclass::oid")
    session.run(step, Quiet())
    assert rows(bench, "SELECT 't_a_idx'::regclass::oid") == before


def test_an_invalid_index_is_repaired(bench: Bench) -> None:
    bench.run_sql("UPDATE t SET a = 1 WHERE id = 2")
    with pytest.raises(psycopg.errors.UniqueViolation):
        bench.run_sql("CREATE UNIQUE INDEX CONCURRENTLY t_a_idx ON t (a)")
    bench.run_sql("UPDATE t SET a = 2 WHERE id = 2")
    live = bench.own()
    result = bench.apply(live | {T_A_IDX: Index(valid=True)})
    assert result.status is RunStatus.APPLIED
    assert bench.live()[T_A_IDX].model_dump()["valid"] is True


def test_what_an_interrupted_reindex_left_is_removed(bench: Bench) -> None:
    bench.run_sql("CREATE INDEX t_a_idx ON t USING brin (a) WITH (pages_per_range = 16)")
    bench.run_sql("CREATE INDEX t_a_idx_ccnew ON t USING brin (a)")
    bench.run_sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a_idx_ccnew'::regclass")
    live = {a: s for a, s in bench.own().items() if a.name != "public.t_a_idx_ccnew"}
    bench.state = type(bench.state)()
    bench.apply(live | {T_A_IDX: Index(pages_per_range=32)})
    assert rows(bench, "SELECT to_regclass('t_a_idx_ccnew')") == [(None,)]


def test_an_index_that_somebody_is_building_is_waited_for(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A)
    with psycopg.connect(bench.url, autocommit=True) as builder:
        build = threading.Thread(target=builder.execute, args=("CREATE INDEX CONCURRENTLY t_a_idx ON t (a)",))
        with open_transaction(bench.url, "UPDATE t SET a = a WHERE id = 1"):
            build.start()
            until(bench, "SELECT to_regclass('t_a_idx') IS NOT NULL")
            with pytest.raises(Transient, match="another session"):
                session.probe(step)
        build.join()
    assert session.probe(step) is Outcome.DONE


def until(bench: Bench, query: str) -> None:
    """Asks until the answer is true; a time-out of the test run is the bound."""
    with psycopg.connect(bench.url, autocommit=True) as connection:
        while connection.execute(query.encode()).fetchone() != (True,):
            pass


def test_a_build_tells_how_far_it_is(
    bench: Bench, session: PostgresSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVERY_S", 0.001)
    step = one_step(bench, T_A_IDX, BY_A)
    watch = Quiet()
    with open_transaction(bench.url, "UPDATE t SET a = a WHERE id = 1") as blocker:

        def let_go() -> None:
            heard(watch)
            blocker.rollback()

        thread = threading.Thread(target=let_go)
        thread.start()
        session.run(step, watch)
        thread.join()
    assert "waiting for writers before build" in {phase for *_, phase in watch.heard}


def heard(watch: Quiet) -> None:
    while not watch.heard:
        pass


def test_a_build_is_cancelled_when_asked_to_stop(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_EVERY_S", 0.001)
    live = bench.own()
    bench.on_failure = OnFailure.STOP
    bench.stop.wished = False
    plan = bench.plan(live | {T_A_IDX: BY_A})
    with open_transaction(bench.url, "UPDATE t SET a = a WHERE id = 1"):

        def wish() -> None:
            until(bench, "SELECT to_regclass('t_a_idx') IS NOT NULL")
            bench.stop.wished = True

        thread = threading.Thread(target=wish)
        thread.start()
        result = bench.start(plan)
        thread.join()
    bench.stop.wished = False
    assert (result.status, result.interrupted) == (RunStatus.STOPPED, True)
    assert bench.undo().status is RunStatus.UNDONE
    assert bench.live() == live


def test_a_rebuild_that_is_stopped_leaves_the_index_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVERY_S", 0.001)
    bench.run_sql("CREATE INDEX t_a_idx ON t USING brin (a) WITH (pages_per_range = 16)")
    live = bench.own()
    plan = bench.plan(live | {T_A_IDX: Index(pages_per_range=32)})
    with open_transaction(bench.url, "LOCK TABLE t IN ROW EXCLUSIVE MODE") as others:

        def wish() -> None:
            until(bench, "SELECT to_regclass('t_a_idx_ccnew') IS NOT NULL")
            bench.stop.wished = True
            until(bench, "SELECT count(*) = 0 FROM pg_stat_progress_create_index")
            others.rollback()

        thread = threading.Thread(target=wish)
        thread.start()
        result = bench.start(plan)
        thread.join()
    assert (result.status, len(result.untouched), bench.live()) == (RunStatus.STOPPED, 1, live)


CHILD = """
import sys
sys.path.insert(0, sys.argv[3])
from tests.live.postgres.test_apply_interrupted import Quiet, PostgresSession, settings
from apexplan.model.plan import Step
session = PostgresSession("sql", settings(sys.argv[1]))
session.run(Step.model_validate_json(sys.argv[2]), Quiet())
"""


def settings(url: str) -> PostgresSettings:
    return PostgresSettings(url=SecretStr(url))


def test_a_build_whose_client_was_killed_is_taken_up_again(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, T_A_IDX, BY_A)
    root = str(Path(__file__).parents[3])
    with open_transaction(bench.url, "UPDATE t SET a = a WHERE id = 1"):
        arguments = [sys.executable, "-c", CHILD, bench.url, step.model_dump_json(), root]
        child = subprocess.Popen(arguments)
        until(bench, "SELECT to_regclass('t_a_idx') IS NOT NULL")
        child.kill()
        child.wait()
        until(bench, "SELECT count(*) = 0 FROM pg_stat_progress_create_index")
        assert session.probe(step) is Outcome.PARTIAL
    session.run(step, Quiet())
    assert session.probe(step) is Outcome.DONE


# ------------------------------------------------------------------ transactions


def test_a_reader_in_front_makes_a_group_give_up_at_once(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, address("column.public.t.n"), Column(type="text"))
    with open_transaction(bench.url, "SELECT FROM t"), pytest.raises(Transient):
        session.run_group("u", [step], Quiet())
    assert session.probe_group("u", [step]) is Outcome.NOT_DONE


def test_a_group_is_all_or_nothing(bench: Bench, session: PostgresSession) -> None:
    good = one_step(bench, address("column.public.t.n"), Column(type="text"))
    bad = good.model_copy(update={"statements": ("ALTER TABLE t ADD COLUMN id int",)})
    with pytest.raises(StoreError):
        session.run_group("u", [good, bad], Quiet())
    assert address("column.public.t.n") not in bench.live()


def test_a_group_runs_once(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, address("column.public.t.n"), Column(type="text"))
    session.run_group("u", [step], Quiet())
    session.run_group("u", [step], Quiet())
    assert session.probe_group("u", [step]) is Outcome.DONE


def test_a_text_cannot_smuggle_a_second_statement_in(bench: Bench, session: PostgresSession) -> None:
    step = one_step(bench, address("column.public.t.n"), Column(type="text"))
    bad = step.model_copy(update={"statements": ("SELECT 1; DROP TABLE t",)})
    with pytest.raises(StoreError):
        session.run_group("u", [bad], Quiet())
    assert address("table.public.t") in bench.live()


# ------------------------------------------------------------------ filling


def test_a_stopped_backfill_goes_on_where_it_was(bench: Bench, session: PostgresSession) -> None:
    live = bench.own()
    bench.on_failure = OnFailure.STOP
    wish = Column(type="uuid", default="gen_random_uuid()", null=False)
    plan = bench.plan(live | {address("column.public.t.u"): wish})
    bench.stop.wished = False
    reporter = bench.reporter

    def stop_at_first(step: Step, done: float, total: float | None, unit: str, phase: str) -> None:
        bench.stop.wished = True

    reporter.step_progress = stop_at_first  # type: ignore[method-assign]  # a stop in mid-step
    assert bench.start(plan).status is RunStatus.STOPPED
    filled = dict(rows(bench, "SELECT id, u FROM t WHERE u IS NOT NULL"))
    assert 0 < len(filled) < 5000
    bench.stop.wished = False
    del reporter.step_progress
    assert bench.resume().status is RunStatus.APPLIED
    after = dict(rows(bench, "SELECT id, u FROM t"))
    assert {key: after[key] for key in filled} == filled
    assert len(set(after.values())) == 5000


def test_a_column_is_closed_with_the_values_that_it_lacked(bench: Bench) -> None:
    bench.run_sql("UPDATE t SET a = NULL WHERE id <= 100")
    live = bench.own()
    result = bench.apply(live | {address("column.public.t.a"): Column(null=False, backfill="id * 2")})
    assert result.status is RunStatus.APPLIED
    assert rows(bench, "SELECT count(*) FROM t WHERE a = id * 2") == [(100,)]


def test_a_null_that_cannot_be_closed_is_undone(bench: Bench) -> None:
    bench.run_sql("UPDATE t SET a = NULL WHERE id = 1")
    live = bench.own()
    result = bench.apply(live | {address("column.public.t.a"): Column(null=False)})
    assert (result.status, bench.live()) == (RunStatus.UNDONE, live)


# ------------------------------------------------------------------ the shadow column

VECTORS = """
CREATE EXTENSION vector;
CREATE TABLE d (id bigint PRIMARY KEY, v vector(3) NOT NULL, a int);
INSERT INTO d SELECT n, ARRAY[n, n % 7, 1]::vector(3), n FROM generate_series(1, 50) n;
CREATE INDEX d_v_idx ON d USING hnsw (v vector_cosine_ops);
CREATE INDEX d_a_idx ON d (a) WITH (fillfactor = 80);
"""
WRITES = """
INSERT INTO d (id, v, a) VALUES (1000, '[1,2,3]', 1);
UPDATE d SET v = '[7,8,9]' WHERE id = 5;
DELETE FROM d WHERE id = 6;
"""


def vectors(bench: Bench) -> dict[int, str]:
    return dict(rows(bench, "SELECT id, v::text FROM d"))


@pytest.mark.parametrize("write", range(2, 9))
def test_rows_written_while_a_column_is_swapped_are_kept(bench: Bench, write: int) -> None:
    bench.run_sql(VECTORS)
    before, live = vectors(bench), bench.own()
    plan = bench.plan(to_halfvec(live))
    bench.state.bomb = Bomb(write)
    with pytest.raises(Crash):
        bench.start(plan)
    bench.state.revive()
    bench.state.bomb = Bomb()
    bench.run_sql(WRITES)
    expected = {**before, 1000: "[1,2,3]", 5: "[7,8,9]"}
    del expected[6]
    assert bench.resume().status is RunStatus.APPLIED
    assert vectors(bench) == expected
    assert bench.roll_back().status is RunStatus.APPLIED
    assert (vectors(bench), bench.live()) == (expected, live)


def test_rows_written_after_the_swap_are_carried_back(bench: Bench) -> None:
    bench.run_sql(VECTORS)
    live = bench.own()
    assert bench.apply(to_halfvec(live)).status is RunStatus.APPLIED
    bench.run_sql(WRITES)
    expected = vectors(bench)
    assert bench.roll_back().status is RunStatus.APPLIED
    assert (vectors(bench), bench.live()) == (expected, live)


# ------------------------------------------------------------------ keeping aside


def test_a_dropped_table_keeps_its_rows_for_the_way_back(bench: Bench) -> None:
    bench.own()
    before = rows(bench, "SELECT * FROM t ORDER BY id")
    assert bench.apply({}).status is RunStatus.APPLIED
    assert rows(bench, "SELECT to_regclass('public.t')") == [(None,)]
    assert bench.roll_back().status is RunStatus.APPLIED
    assert rows(bench, "SELECT * FROM t ORDER BY id") == before


def test_a_table_can_be_dropped_twice_under_one_name(bench: Bench) -> None:
    bench.own()
    assert bench.apply({}).status is RunStatus.APPLIED
    bench.run_sql(TABLE)
    bench.own()
    assert bench.apply({}).status is RunStatus.APPLIED
    assert len(rows(bench, "SELECT FROM apexplan.retained")) == 2


def test_writers_who_no_longer_know_a_dropped_column_go_on(bench: Bench) -> None:
    bench.run_sql("ALTER TABLE t ALTER a SET NOT NULL")
    live = bench.own()
    del live[address("column.public.t.a")]
    assert bench.apply(live).status is RunStatus.APPLIED
    bench.run_sql("INSERT INTO t (id) VALUES (100000)")


def test_what_is_kept_in_a_schema_and_table_that_are_renamed_is_found_again(bench: Bench) -> None:
    bench.run_sql("CREATE SCHEMA app; CREATE TABLE app.t (a int, b int)")
    live = bench.own()
    del live[address("column.app.t.b")]
    assert bench.apply(live).status is RunStatus.APPLIED
    (kept,) = (a for a in bench.live() if a.kind == "retained")
    mine = {a: s for a, s in live.items() if "app" not in a.name}
    bench.renames = {address("schema.lib"): "app", address("table.lib.u"): "lib.t"}
    wish = {"schema.lib": Schema(), "table.lib.u": Table(), "column.lib.u.a": Column()}
    assert bench.apply(mine | {address(a): s for a, s in wish.items()}).status is RunStatus.APPLIED
    assert address(f"retained.{kept.name.replace('app.t', 'lib.u')}") in bench.live()
    assert bench.roll_back().status is RunStatus.APPLIED
    assert kept in bench.live()


# ------------------------------------------------------------------ the ledger


def test_there_are_no_marks_before_the_first_write(session: PostgresSession) -> None:
    assert session.marks("test") == {}


def test_marks_come_back_as_they_were_written(session: PostgresSession) -> None:
    mark = Mark(T_A_IDX, {"keys": [{"column": "a"}], "where": None}, True, "run-1")
    session.record("test", {T_A_IDX: mark})
    assert session.marks("test") == {T_A_IDX: mark}


def test_a_mark_that_is_none_goes(session: PostgresSession) -> None:
    session.record("test", {T_A_IDX: Mark(T_A_IDX, {})})
    session.record("test", {T_A_IDX: None})
    assert session.marks("test") == {}


def test_two_projects_mark_the_same_object_apart(session: PostgresSession) -> None:
    """Each may own a part of a table; what one forgets stays with the other."""
    mark = Mark(T_A_IDX, {"unique": True})
    session.record("one", {T_A_IDX: mark})
    session.record("two", {T_A_IDX: Mark(T_A_IDX, {})})
    session.record("two", {T_A_IDX: None})
    assert session.marks("one") == {T_A_IDX: mark}
    assert session.marks("two") == {}


def test_an_apply_leaves_marks_of_what_it_made(bench: Bench, session: PostgresSession) -> None:
    bench.apply(bench.own() | {T_A_IDX: BY_A})
    assert T_A_IDX in session.marks("test")


def test_a_role_that_may_not_make_the_ledger_is_told_how(bench: Bench) -> None:
    role = bench.url.partition("?")[0].rpartition("/")[2].replace("test", "role")
    execute(bench.url, f"CREATE ROLE {role} LOGIN")
    try:
        url = bench.url.replace("postgres@", f"{role}@", 1)
        session = PostgresSession("sql", settings(url))
        with pytest.raises(AccessDenied, match="ledger") as raised:
            session.record("test", {})
        session.close()
        assert "CREATE SCHEMA apexplan" in raised.value.mend
    finally:
        execute(bench.url, f"DROP ROLE {role}")
