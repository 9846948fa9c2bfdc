"""Scripts on a real database: what runs in one piece, where a run goes on, what the ledger says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import RunStatus
from apexplan.migrations.spec import Migration
from apexplan.model.address import Address
from apexplan.model.errors import PlanError
from apexplan.model.plan import Step
from apexplan.provider import Outcome
from apexplan.testing.memory import Crash
from apexplan_neo4j.connection import Graph, Row, Tx
from tests.live.neo4j.bench import Bench, Heard, Objects, applied, failure, scripts

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

SCHEMA = """
CREATE INDEX topic_name FOR (t:Topic) ON (t.name);
CREATE TEXT INDEX topic_text FOR (t:Topic) ON (t.text);
CREATE CONSTRAINT topic_unique FOR (t:Topic) REQUIRE t.uuid IS UNIQUE;
CREATE INDEX topic_size FOR (t:Topic) ON (t.size)
"""
DATA = """
MERGE (c:Counter) SET c.first = coalesce(c.first, 0) + 1;
MATCH (c:Counter) SET c.second = coalesce(c.second, 0) + 1;
MATCH (c:Counter) CALL (c) { SET c.batched = coalesce(c.batched, 0) + 1 } IN TRANSACTIONS;
MATCH (c:Counter) SET c.last = coalesce(c.last, 0) + 1
"""
BOTH = scripts(
    v1_schema=SCHEMA,
    v1_schema__rollback="DROP INDEX topic_size; DROP CONSTRAINT topic_unique; DROP INDEX topic_text; "
    "DROP INDEX topic_name",
    v2_data=DATA,
    v2_data__rollback="MATCH (c:Counter) DELETE c",
)
DUPLICATES = "UNWIND [1, 1] AS i CREATE (:Topic {uuid: i})"
SCHEMA_NAMES = {"topic_name", "topic_text", "topic_unique", "topic_size"}
ONCE = {"first": 1, "second": 1, "last": 1}
LEDGER = "MATCH (v:SchemaVersion) RETURN properties(v) AS kept ORDER BY v.version"
COUNTED = "MATCH (c:Counter) RETURN properties(c) AS counted"
WRITES_OF_BOTH = 14
"""How often the two scripts together commit: tested below."""


def counted(bench: Bench) -> dict[str, int]:
    rows = bench.does(COUNTED)
    return rows[0]["counted"] if rows else {}


def ledger(bench: Bench) -> list[dict[str, object]]:
    return [row["kept"] for row in bench.does(LEDGER)]


def chain(*versions: int) -> Objects:
    """Scripts that make a node each."""
    files = {f"v{v}_made": f"CREATE (:Made {{by: {v}}})" for v in versions}
    back = {f"v{v}_made__rollback": f"MATCH (n:Made {{by: {v}}}) DELETE n" for v in versions}
    return scripts(**files, **back)


def nodes(bench: Bench) -> list[int]:
    return [row["by"] for row in bench.does("MATCH (n:Made) RETURN n.by AS by ORDER BY by")]


def step_of(bench: Bench, desired: Objects) -> Step:
    return bench.plan(desired).units[0].steps[0]


# ----------------------------------------------------------------------------------- up and back


def test_every_statement_of_a_script_runs_once(bench: Bench) -> None:
    applied(bench.apply(BOTH))
    assert counted(bench) == ONCE | {"batched": 1}
    assert set(bench.indexes()) == SCHEMA_NAMES


def test_all_indexes_of_a_script_are_online_when_it_is_applied(bench: Bench) -> None:
    applied(bench.apply(BOTH))
    assert set(bench.indexes().values()) == {"ONLINE"}


def test_it_goes_back_to_nothing_and_up_again(bench: Bench) -> None:
    applied(bench.apply(BOTH))
    applied(bench.roll_back())
    assert (bench.indexes(), counted(bench), ledger(bench)) == ({}, {}, [])
    applied(bench.apply(BOTH))
    assert counted(bench) == ONCE | {"batched": 1}


def test_several_scripts_run_in_the_order_of_their_versions_as_numbers(bench: Bench) -> None:
    files = {f"v{v}_a": f"MERGE (o:Order) SET o.seen = coalesce(o.seen, []) + {v}" for v in (10, 2, 9)}
    back = {f"v{v}_a__rollback": "MATCH (o:Order) DELETE o" for v in (10, 2, 9)}
    applied(bench.apply(scripts(**files, **back)))
    assert bench.does("MATCH (o:Order) RETURN o.seen AS seen") == [{"seen": [2, 9, 10]}]


def test_a_second_plan_is_empty(bench: Bench) -> None:
    applied(bench.apply(BOTH))
    assert bench.plan(BOTH).empty


def test_a_script_is_taken_back_on_request(bench: Bench) -> None:
    desired = chain(1)
    applied(bench.apply(desired))
    ((address, item),) = desired.items()
    assert isinstance(item.spec, Migration)
    back = {address: replace(item, spec=item.spec.model_copy(update={"applied": False}))}
    applied(bench.apply(back))
    assert (nodes(bench), ledger(bench)) == ([], [])


# ------------------------------------------------------------------------------------ the ledger


def test_the_ledger_node_has_these_properties_and_no_other(bench: Bench) -> None:
    applied(bench.apply(chain(1)))
    (kept,) = ledger(bench)
    assert set(kept) == {
        *("version", "name", "checksum", "rollback_checksum", "applied_at", "duration_ms"),
        *("by", "run", "state", "statements_done"),
    }


def test_the_ledger_says_who_ran_it_and_in_which_run(bench: Bench) -> None:
    result = applied(bench.apply(chain(1)))
    (kept,) = ledger(bench)
    assert (kept["by"], kept["run"], kept["state"]) == ("tester", result.run, "applied")


def test_the_time_in_the_ledger_is_utc(bench: Bench) -> None:
    applied(bench.apply(chain(1)))
    assert bench.does("MATCH (v:SchemaVersion) RETURN v.applied_at.timezone AS zone") == [{"zone": "Z"}]


def test_nodes_of_other_tools_with_the_label_are_no_migrations(bench: Bench) -> None:
    bench.does("CREATE (:SchemaVersion {version: '1', name: 'made'}), (:SchemaVersion {id: 7})")
    applied(bench.apply(chain(1)))
    applied(bench.roll_back())
    assert bench.does("MATCH (v:SchemaVersion) RETURN count(v) AS n") == [{"n": 2}]


def test_a_node_of_another_tool_with_the_same_version_and_name_is_not_written(bench: Bench) -> None:
    bench.does("CREATE (:SchemaVersion {version: '1', name: 'made', tool: 'other'})")
    applied(bench.apply(chain(1)))
    rows = bench.does("MATCH (v:SchemaVersion {tool: 'other'}) RETURN properties(v) AS kept")
    assert rows == [{"kept": {"version": "1", "name": "made", "tool": "other"}}]


def test_a_baseline_writes_the_ledger_and_runs_nothing(bench: Bench) -> None:
    desired = {a: replace(d, spec=d.spec.model_copy(update={"baseline": True})) for a, d in chain(1).items()}
    applied(bench.apply(desired))
    (kept,) = ledger(bench)
    assert (nodes(bench), kept["state"], kept["baseline"]) == ([], "applied", True)


def test_a_baseline_is_rolled_back_to_no_entry(bench: Bench) -> None:
    desired = {a: replace(d, spec=d.spec.model_copy(update={"baseline": True})) for a, d in chain(1).items()}
    applied(bench.apply(desired))
    applied(bench.roll_back())
    assert ledger(bench) == []


def test_an_edited_file_is_refused(bench: Bench) -> None:
    applied(bench.apply(chain(1)))
    edited = scripts(v1_made="CREATE (:Made {by: 99})", v1_made__rollback="MATCH (n:Made) DELETE n")
    with pytest.raises(PlanError, match="its file was changed after it was applied"):
        bench.plan(edited)


def test_a_script_of_the_same_version_that_another_ran_meanwhile_is_refused(bench: Bench) -> None:
    step = step_of(bench, chain(1))
    theirs = scripts(v1_made="CREATE (:Made {by: 99})", v1_made__rollback="MATCH (n:Made) DELETE n")
    applied(Bench(bench.uri).apply(theirs))
    with bench.session() as session:
        assert session.probe(step) is Outcome.UNKNOWN


# ------------------------------------------------------------------------------ in one piece


def test_an_error_among_data_statements_takes_the_whole_piece_back(bench: Bench) -> None:
    bad = scripts(
        v1_bad="CREATE (:Made {by: 1});\nCREATE (:Made {by: 2});\nRETURN 1/0", v1_bad__rollback="RETURN 1"
    )
    assert bench.apply(bad).status is RunStatus.UNDONE
    assert (nodes(bench), ledger(bench)) == ([], [])


def test_an_error_names_the_statement_and_its_line(bench: Bench) -> None:
    bad = scripts(v1_bad="CREATE (:Made {by: 1});\n\nRETURN 1/0", v1_bad__rollback="RETURN 1")
    assert "statement 2 at line 3" in failure(bench.apply(bad))


def test_an_error_among_schema_statements_names_the_one_and_its_line(bench: Bench) -> None:
    bench.does(DUPLICATES)
    assert "statement 3 at line 4" in failure(bench.apply(BOTH))


def test_taking_back_a_script_passes_over_what_it_never_made(bench: Bench) -> None:
    """The constraint fails; its rollback script drops that and an index which come later, too."""
    bench.does(DUPLICATES)
    assert bench.apply(BOTH).status is RunStatus.UNDONE
    assert (bench.indexes(), bench.constraints(), ledger(bench)) == ({}, [], [])


def test_a_drop_that_finds_nothing_is_an_error_where_the_script_ran_to_its_end(bench: Bench) -> None:
    desired = scripts(v1_a="CREATE INDEX a FOR (t:Topic) ON (t.a)", v1_a__rollback="DROP INDEX a")
    applied(bench.apply(desired))
    bench.does("DROP INDEX a")
    result = bench.roll_back()
    assert result.status is not RunStatus.APPLIED
    assert "statement 1 at line 1" in failure(result)


def test_if_not_exists_that_finds_something_else_is_an_error_that_names_it(bench: Bench) -> None:
    bench.does("CREATE INDEX theirs FOR (t:Topic) ON (t.name)")
    desired = scripts(
        v1_a="CREATE INDEX mine IF NOT EXISTS FOR (t:Topic) ON (t.name)",
        v1_a__rollback="DROP INDEX mine IF EXISTS",
    )
    told = failure(bench.apply(desired))
    assert "IF NOT EXISTS made nothing: in its place there is" in told
    assert "theirs" in told


def test_if_not_exists_that_finds_what_it_asks_for_passes(bench: Bench) -> None:
    bench.does("CREATE INDEX mine FOR (t:Topic) ON (t.name)")
    desired = scripts(
        v1_a="CREATE INDEX mine IF NOT EXISTS FOR (t:Topic) ON (t.name)",
        v1_a__rollback="DROP INDEX mine IF EXISTS",
    )
    applied(bench.apply(desired))


def test_a_constraint_if_not_exists_that_finds_another_of_its_name_is_an_error(bench: Bench) -> None:
    bench.does("CREATE CONSTRAINT mine FOR (t:Topic) REQUIRE t.other IS UNIQUE")
    desired = scripts(
        v1_a="CREATE CONSTRAINT mine IF NOT EXISTS FOR (t:Topic) REQUIRE t.name IS UNIQUE",
        v1_a__rollback="RETURN 1",
    )
    assert "mine" in failure(bench.apply(desired))


def test_a_broken_index_of_somebody_else_does_not_hold_a_script_up(bench: Bench) -> None:
    bench.does(
        "CREATE (:Other {text: reduce(s = '', i IN range(1, 9000) | s + 'x')})",
        "CREATE INDEX broken FOR (o:Other) ON (o.text)",
    )
    applied(bench.apply(scripts(v1_a="CREATE INDEX a FOR (t:Topic) ON (t.a)", v1_a__rollback="DROP INDEX a")))


# --------------------------------------------------------------------------- a crash at each commit


class Mishap:
    """The process is gone at the commit number `at`, right before or after it."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.at, self.after, self.count = at, after, 0

    def install(self, patch: pytest.MonkeyPatch) -> Mishap:
        commit, rows = Tx.commit, Graph.rows

        def commits(tx: Tx) -> None:
            with self._around():
                commit(tx)

        def runs(graph: Graph, text: str, *rest: object, **named: object) -> list[Row]:
            if "IN TRANSACTIONS" not in text or text.startswith("EXPLAIN"):
                return rows(graph, text, *rest, **named)  # type: ignore[arg-type]  # passed on as they came
            with self._around():
                return rows(graph, text, *rest, **named)  # type: ignore[arg-type]  # passed on as they came

        patch.setattr(Tx, "commit", commits)
        patch.setattr(Graph, "rows", runs)
        return self

    @contextmanager
    def _around(self) -> Iterator[None]:
        self.count += 1
        if self.count == self.at and not self.after:
            raise Crash
        yield
        if self.count == self.at and self.after:
            raise Crash


BEFORE = [(at, False) for at in range(1, WRITES_OF_BOTH + 1)]
AFTER = [(at, True) for at in range(1, WRITES_OF_BOTH + 1)]
"""Every commit. What a crash right after one leaves is what one right before the next leaves: AFTER with the
first BEFORE is all that there is, and so is BEFORE with the last AFTER."""


def crashed(bench: Bench, at: int, after: bool) -> None:
    plan = bench.plan(BOTH)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Crash):
        Mishap(at, after=after).install(patch)
        bench.start(plan)


def test_the_scripts_have_so_many_commits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = bench.plan(BOTH)
    mishap = Mishap(0, after=False).install(monkeypatch)
    with bench.session() as session:
        session.claim("run", "tester")
        for step in plan.steps:
            session.run(step, Heard())
    assert mishap.count == WRITES_OF_BOTH


@pytest.mark.parametrize(("at", "after"), [BEFORE[0], *AFTER])
def test_after_a_crash_at_any_commit_no_statement_runs_twice_but_the_one_that_commits_itself(
    bench: Bench, at: int, after: bool
) -> None:
    crashed(bench, at, after)
    applied(bench.resume())
    seen = counted(bench)
    assert seen.pop("batched") in (1, 2)
    assert seen == ONCE
    assert set(bench.indexes()) == SCHEMA_NAMES


@pytest.mark.parametrize(("at", "after"), [*BEFORE, AFTER[-1]])
def test_after_a_crash_at_any_commit_the_script_can_be_taken_back(bench: Bench, at: int, after: bool) -> None:
    crashed(bench, at, after)
    assert bench.undo().status is RunStatus.UNDONE
    assert (bench.indexes(), counted(bench), ledger(bench)) == ({}, {}, [])


def test_a_script_that_stopped_in_its_middle_is_partial(bench: Bench) -> None:
    step = step_of(bench, BOTH)
    crashed(bench, 3, True)
    with bench.session() as session:
        assert session.probe(step) is Outcome.PARTIAL


def test_a_script_that_stopped_is_told_by_the_next_read(bench: Bench) -> None:
    crashed(bench, 3, True)
    assert [note.address for note in bench.live().notes] == [Address("graph", "migration", "1_schema")]


def test_a_stop_between_two_pieces_is_resumed_from_there(bench: Bench) -> None:
    bench.on_failure = OnFailure.STOP
    plan = bench.plan(BOTH)

    class Stops(list[str]):
        def append(self, line: str) -> None:
            bench.stop.wished = bench.stop.wished or line.startswith("progress")

    bench.reporter.heard = Stops()
    assert bench.start(plan).status is RunStatus.STOPPED
    bench.stop.wished, bench.reporter.heard = False, []
    applied(bench.resume())
    assert counted(bench) == ONCE | {"batched": 1}
