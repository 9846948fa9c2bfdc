"""Versioned scripts on a real server: up, back, up again; errors; what the ledger keeps."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import RunStatus
from apexplan.model.change import Action
from apexplan.model.errors import PlanError
from apexplan.model.plan import Plan
from apexplan.provider import Scope
from apexplan_postgres.provider import PostgresSession

from .bench import Bench, lives_through
from .scripts import MIXED, PAIRS, PEOPLE, PEOPLE_BACK, Pairs, declared, some

pytestmark = pytest.mark.live


@pytest.fixture
def bench(database: str) -> Bench:
    return Bench(database)


def rows(bench: Bench, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(bench.url, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def there(bench: Bench) -> list[str]:
    """The tables and indexes in `public`."""
    query = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')"
    )
    return sorted(row["relname"] for row in rows(bench, query))


def ledger(bench: Bench) -> list[tuple[str, str, int]]:
    found = rows(bench, "SELECT version, state, statements_done FROM apexplan.migration ORDER BY version")
    return [(row["version"], row["state"], row["statements_done"]) for row in found]


def up(bench: Bench, pairs: Pairs) -> None:
    result = bench.apply(declared(pairs))
    assert result.status is RunStatus.APPLIED, result.failure


# ── up and back ───────────────────────────────────────────────────────────────────────────────


def test_scripts_run_once_in_order(bench: Bench) -> None:
    up(bench, PAIRS)
    assert ledger(bench) == [("0001", "applied", 2), ("0002", "applied", 1), ("0003", "applied", 4)]
    assert rows(bench, "SELECT count(*), max(size) FROM people") == [{"count": 11, "max": 4}]
    assert bench.plan(declared(PAIRS)).empty


def test_a_run_of_scripts_is_rolled_back_to_where_it_began(bench: Bench) -> None:
    bench.run_sql("CREATE TABLE other (id int)")
    lives_through(bench, {**bench.own(), **declared(some("0001_people", "0002_rows"))})


def test_they_go_back_before_the_first_and_up_again(bench: Bench) -> None:
    up(bench, PAIRS)
    result = bench.apply(declared(PAIRS, applied=False))
    assert result.status is RunStatus.APPLIED, result.failure
    assert (there(bench), ledger(bench), bench.state.recorded()) == ([], [], {})
    up(bench, PAIRS)
    assert "people_size_idx" in there(bench)


def test_going_back_is_itself_rolled_back(bench: Bench) -> None:
    up(bench, some("0001_people", "0002_rows"))
    bench.apply(declared(some("0001_people", "0002_rows"), applied=False))
    assert bench.roll_back().status is RunStatus.APPLIED
    assert rows(bench, "SELECT count(*) FROM people") == [{"count": 10}]
    assert ledger(bench) == [("0001", "applied", 2), ("0002", "applied", 1)]


def test_reading_makes_no_ledger(bench: Bench) -> None:
    assert not bench.plan(declared(PAIRS)).empty
    assert rows(bench, "SELECT nspname FROM pg_namespace WHERE nspname = 'apexplan'") == []


def test_the_ledger_says_when_by_whom_and_in_which_run(bench: Bench, session: PostgresSession) -> None:
    up(bench, some("0001_people"))
    (run,) = bench.state.runs()
    live = session.read(Scope("sql", everything=True))
    told = live.details["migrations"]["0001_people"]
    assert (told["by"], told["run"], told["baseline"]) == ("test", run.id, False)
    assert told["applied_at"].endswith("Z") and told["duration_ms"] >= 0


def test_what_somebody_else_applied_is_listed_and_left_alone(bench: Bench) -> None:
    up(bench, some("0001_people"))
    plan = Bench(bench.url).plan({})
    assert (plan.empty, plan.unmanaged) == (True, ())
    bench.state._objects.clear()
    later = declared(PAIRS)
    first = next(iter(later))
    assert bench.plan({address: spec for address, spec in later.items() if address != first}).unmanaged == (
        first,
    )


def test_what_somebody_else_applied_is_adopted_by_who_declares_it(bench: Bench) -> None:
    up(bench, some("0001_people"))
    (change,) = Bench(bench.url).plan(declared(some("0001_people"))).changes
    assert change.action is Action.ADOPT


# ── what is refused ───────────────────────────────────────────────────────────────────────────


def test_a_script_that_was_changed_after_it_ran_is_refused(bench: Bench) -> None:
    up(bench, some("0001_people"))
    with pytest.raises(PlanError, match="its file was changed after it was applied"):
        bench.plan(declared({"0001_people": (PEOPLE + "SELECT 1;\n", PEOPLE_BACK)}))


def test_a_script_whose_file_is_gone_is_not_taken_back(bench: Bench) -> None:
    up(bench, some("0001_people"))
    with pytest.raises(PlanError, match="its file is gone"):
        bench.plan({})


def blocking(plan: Plan) -> list[str]:
    return [f"{note.address}: {note.text.split(':')[0]}" for note in plan.notes if note.blocks]


def test_a_script_below_an_applied_one_stands_in_the_way(bench: Bench) -> None:
    up(bench, {"0001_people": PAIRS["0001_people"], "0003_rows": PAIRS["0002_rows"]})
    late = {"0002_late": ("SELECT 1;\n", "SELECT 2;\n")}
    pairs = {"0001_people": PAIRS["0001_people"], **late, "0003_rows": PAIRS["0002_rows"]}
    assert blocking(bench.plan(declared(pairs))) == ["sql.migration.0002_late: out of order"]


def test_a_role_that_may_not_read_the_ledger_is_told_so(bench: Bench) -> None:
    up(bench, some("0001_people"))
    bench.run_sql("CREATE ROLE stranger LOGIN")
    try:
        stranger = Bench(psycopg.conninfo.make_conninfo(bench.url, user="stranger"))
        assert blocking(stranger.plan(declared(some("0001_people")))) == [
            "None: this role may not read which scripts are applied"
        ]
    finally:
        bench.run_sql("DROP ROLE stranger")


def test_a_run_is_not_rolled_back_from_under_a_script_of_another_state(bench: Bench) -> None:
    up(bench, some("0001_people"))
    up(Bench(bench.url), some("0001_people", "0002_rows"))
    result = bench.roll_back()
    assert result.status is RunStatus.UNDONE
    assert result.failure is not None and "0002_rows was applied already" in result.failure.error
    assert rows(bench, "SELECT count(*) FROM people") == [{"count": 10}]


def test_a_script_that_comes_too_late_since_the_plan_is_not_run(bench: Bench) -> None:
    plan = bench.plan(declared({"0001_a": ("SELECT 1;", "SELECT 2;")}))
    up(Bench(bench.url), {"0002_b": ("SELECT 1;", "SELECT 2;")})
    result = bench.start(plan)
    assert (result.status, [version for version, *_ in ledger(bench)]) == (RunStatus.UNDONE, ["0002"])


# ── errors ────────────────────────────────────────────────────────────────────────────────────


def test_an_error_in_the_third_statement_leaves_nothing_and_names_its_line(bench: Bench) -> None:
    script = "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\n\nSELECT 1,\n  FROM nowhere;\n"
    result = bench.apply(declared({"1_a": (script, "DROP TABLE a;")}))
    assert result.status is RunStatus.UNDONE
    assert result.failure is not None
    assert "statement 3 at line 5: syntax error" in result.failure.error
    assert result.failure.mend == "correct the script, then apply again"
    assert (there(bench), ledger(bench)) == ([], [])


def test_an_error_after_a_commit_is_undone_by_the_rollback_script(bench: Bench) -> None:
    up(bench, some("0001_people", "0002_rows"))
    broken = MIXED + "SELECT 1 / 0;\n"
    result = bench.apply(declared({**PAIRS, "0003_mixed": (broken, PAIRS["0003_mixed"][1])}))
    assert result.status is RunStatus.UNDONE, result.undo_failure
    assert result.failure is not None and "statement 5 at line 7" in result.failure.error
    assert there(bench) == ["people", "people_name_idx", "people_pkey"]
    assert [version for version, *_ in ledger(bench)] == ["0001", "0002"]


def test_a_first_statement_that_is_refused_outside_of_a_transaction_leaves_nothing(bench: Bench) -> None:
    script = "CREATE INDEX CONCURRENTLY i ON nowhere (x);\n"
    result = bench.apply(declared({"1_a": (script, "DROP INDEX CONCURRENTLY i;")}))
    assert (result.status, ledger(bench)) == (RunStatus.UNDONE, [])
    assert result.undo_failure is None


def test_a_stopped_script_says_how_far_it_came_and_is_resumed_from_there(bench: Bench) -> None:
    up(bench, some("0001_people", "0002_rows"))
    bench.on_failure = OnFailure.STOP
    broken = MIXED.replace("VALUES (100", "VALUES ((SELECT id FROM nowhere)")
    pairs = {**PAIRS, "0003_mixed": (broken, PAIRS["0003_mixed"][1])}
    assert bench.apply(declared(pairs)).status is RunStatus.STOPPED
    assert ledger(bench)[-1] == ("0003", "running", 3)
    (note,) = [note for note in bench.plan(declared(pairs)).notes if note.address]
    assert "stopped after 3 statements" in note.text
    bench.run_sql("CREATE TABLE nowhere AS SELECT 100 AS id")
    assert bench.resume().status is RunStatus.APPLIED
    assert ledger(bench)[-1] == ("0003", "applied", 4)


INVALID = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{}'::regclass"
BUILT = "SELECT indisvalid AS valid FROM pg_index WHERE indrelid = '{}'::regclass"


@pytest.mark.parametrize("table", ["public.plain", 'away."a table"'])
def test_half_an_index_is_dropped_before_it_is_built_again(bench: Bench, table: str) -> None:
    bench.run_sql(f'CREATE SCHEMA away; CREATE TABLE {table} (id int); CREATE INDEX "An idx" ON {table} (id)')
    schema = table.partition(".")[0]
    bench.run_sql(INVALID.format(f'{schema}."An idx"'))
    script = f'CREATE INDEX CONCURRENTLY IF NOT EXISTS "An idx" ON {table} (id);\n'
    up(bench, {"1_a": (script, f'DROP INDEX IF EXISTS {schema}."An idx";\n')})
    assert rows(bench, BUILT.format(table)) == [{"valid": True}]


def test_a_valid_index_is_left_as_it_is(bench: Bench) -> None:
    bench.run_sql("CREATE TABLE t (id int); CREATE INDEX i ON t (id); COMMENT ON INDEX i IS 'the first'")
    script = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (id);\n"
    up(bench, {"1_a": (script, "DROP INDEX IF EXISTS i;\n")})
    assert rows(bench, "SELECT obj_description('i'::regclass) AS text") == [{"text": "the first"}]


def test_what_runs_outside_of_a_transaction_waits_for_older_ones(bench: Bench) -> None:
    bench.run_sql("CREATE TABLE t (id int)")
    script = "CREATE INDEX CONCURRENTLY i ON t (id);\n"
    with psycopg.connect(bench.url) as other:
        other.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
        ending = threading.Timer(1.0, other.rollback)  # ten times as long as lock_timeout
        ending.start()
        up(bench, {"1_a": (script, "DROP INDEX IF EXISTS i;\n")})
        ending.join()
    assert rows(bench, BUILT.format("t")) == [{"valid": True}]


def test_a_role_s_statement_timeout_does_not_end_a_script(bench: Bench) -> None:
    bench.run_sql(
        f"ALTER DATABASE {psycopg.conninfo.conninfo_to_dict(bench.url)['dbname']} SET statement_timeout = 50"
    )
    up(bench, {"1_a": ("SELECT pg_sleep(0.2);", "SELECT 1;")})


def test_a_setting_in_a_script_does_not_outlive_it(bench: Bench) -> None:
    away = "CREATE SCHEMA away; SELECT set_config('search_path', 'away', false);"
    up(bench, {"1_a": (away, "DROP SCHEMA away;"), "2_b": PAIRS["0001_people"]})
    assert "people" in there(bench)


def test_only_one_session_runs_scripts(bench: Bench) -> None:
    with psycopg.connect(bench.url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(x'61706578'::bigint)")
        result = bench.apply(declared(some("0001_people")))
    assert result.status is RunStatus.UNDONE
    assert result.failure is not None and "another session is running scripts" in result.failure.error


# ── baseline ──────────────────────────────────────────────────────────────────────────────────


def test_a_baseline_marks_without_running(bench: Bench) -> None:
    bench.run_sql(PEOPLE)
    result = bench.apply(declared(some("0001_people"), baseline=True))
    assert result.status is RunStatus.APPLIED, result.failure
    assert ledger(bench) == [("0001", "marked", 0)]
    assert bench.plan(declared(some("0001_people"))).empty


def test_a_baseline_is_rolled_back_to_no_mark(bench: Bench) -> None:
    bench.run_sql(PEOPLE)
    bench.apply(declared(some("0001_people"), baseline=True))
    assert bench.roll_back().status is RunStatus.APPLIED
    assert (ledger(bench), "people" in there(bench)) == ([], True)


def test_a_marked_script_goes_back_by_its_rollback_script(bench: Bench) -> None:
    bench.run_sql(PEOPLE)
    bench.apply(declared(some("0001_people"), baseline=True))
    bench.apply(declared(some("0001_people"), applied=False))
    assert (there(bench), ledger(bench)) == ([], [])
