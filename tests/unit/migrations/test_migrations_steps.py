"""From changes of migrations to steps."""

from __future__ import annotations

import json

import pytest
from migrations_kit import address, created, edited, statement, taken_back, without_file

from apexplan.engine import graph
from apexplan.migrations.deletions import deleting
from apexplan.migrations.script import Topic, Way
from apexplan.migrations.steps import migration_steps
from apexplan.model.change import Change
from apexplan.model.errors import PlanError
from apexplan.model.plan import Step

SCHEMA = statement("CREATE INDEX i", 3, Topic.SCHEMA, Way.AUTO)
DATA = statement("SET n.x = 1", 5)
BACK = statement("DROP INDEX i", 1, Topic.SCHEMA)


def only(change: Change) -> Step:
    (step,) = migration_steps([change])
    return step


def test_a_pending_script_is_one_step_with_all_its_statements() -> None:
    step = only(created("0001_a", script=(SCHEMA, DATA), rollback=(BACK,)))
    assert (step.verb, step.group) == ("migrate", None)
    assert step.title == "run 0001_a: 2 schema and data statements"
    assert step.statements == ("CREATE INDEX i", "SET n.x = 1")


def test_the_arguments_are_what_the_ledger_and_the_session_need_as_plain_json() -> None:
    step = only(created("0001_a", rollback_checksum="r", script=(SCHEMA, DATA), rollback=(BACK,)))
    assert json.loads(json.dumps(step.args)) == step.args
    assert step.args == {
        "version": "0001",
        "name": "a",
        "checksum": f"{'0001':c<64}",
        "rollback_checksum": "r",
        "statements": [[3, 1, "auto-commit", "schema"], [5, 1, "shared", "data"]],
    }


def test_the_inverse_has_the_rollback_script_and_all_it_needs() -> None:
    step = only(created("0001_a", script=(SCHEMA,), rollback=(BACK,)))
    assert step.inverse is not None
    assert (step.inverse.verb, step.inverse.statements) == ("migrate back", ("DROP INDEX i",))
    assert step.inverse.args == {**step.args, "statements": [[1, 1, "shared", "schema"]]}


def test_a_step_survives_the_journal() -> None:
    step = only(created("0001_a", script=(SCHEMA, DATA), rollback=(BACK,)))
    assert Step.model_validate_json(step.model_dump_json()) == step


@pytest.mark.parametrize(
    ("script", "rollback"),
    [
        ((SCHEMA,), "lossless"),
        ((SCHEMA, DATA), "lossy"),
        ((statement("DROP TABLE t", 1, Topic.SCHEMA),), "lossy"),
    ],
)
def test_data_and_deletions_make_a_rollback_lossy(script: tuple[object, ...], rollback: str) -> None:
    assert only(created("1_a", script=script, rollback=(BACK,))).rollback == rollback


def test_an_irreversible_script_says_so_and_must_be_allowed() -> None:
    step = only(created("1_a", script=(DATA,), irreversible="the texts are gone"))
    assert (step.rollback, step.inverse, step.no_inverse) == ("impossible", None, "the texts are gone")
    assert [h.kind for h in step.hazards] == ["IRREVERSIBLE"]


def test_a_script_that_deletes_names_the_lines() -> None:
    step = only(created("1_a", script=(DATA, statement("MATCH (n) DETACH DELETE n", 7)), rollback=(BACK,)))
    (hazard,) = step.hazards
    assert (hazard.kind, hazard.text) == ("DELETES_DATA", "by its words, the script deletes at line 7")


def test_a_rollback_that_deletes_says_so_too() -> None:
    step = only(created("1_a", script=(SCHEMA,), rollback=(statement("DROP TABLE t", 1, Topic.SCHEMA),)))
    assert step.inverse is not None
    assert ([h.kind for h in step.hazards], [h.kind for h in step.inverse.hazards]) == ([], ["DELETES_DATA"])


def test_scripts_run_in_ascending_order() -> None:
    changes = [
        created("10_c", script=(DATA,), rollback=(BACK,), previous="9_b"),
        created("9_b", script=(DATA,)),
    ]
    order = graph.ordered(migration_steps(changes), {c.address: c for c in changes})
    assert [step.address.name for step in order] == ["9_b", "10_c"]


def test_scripts_are_taken_back_in_descending_order() -> None:
    changes = [
        taken_back("1_a", rollback=(BACK,)),
        taken_back("2_b", rollback=(BACK,), previous="1_a"),
        taken_back("3_c", rollback=(BACK,), previous="2_b"),
    ]
    order = graph.ordered(migration_steps(changes), {c.address: c for c in changes})
    assert [(step.verb, step.address.name) for step in order] == [
        ("migrate back", "3_c"),
        ("migrate back", "2_b"),
        ("migrate back", "1_a"),
    ]


def test_what_is_taken_back_is_undone_by_running_it_again() -> None:
    step = only(taken_back("1_a", script=(DATA,), rollback=(BACK,)))
    assert (step.title, step.statements) == ("take back 1_a: 1 schema statement", ("DROP INDEX i",))
    assert step.inverse is not None
    assert (step.inverse.verb, step.inverse.statements) == ("migrate", ("SET n.x = 1",))


def test_a_baseline_marks_and_runs_nothing() -> None:
    step = only(created("1_a", baseline=True, script=(DATA,), rollback=(BACK,)))
    assert (step.verb, step.statements, step.rollback) == ("mark", (), "lossless")
    assert step.inverse is not None
    assert (step.inverse.verb, step.inverse.statements) == ("unmark", ())


def test_all_that_cannot_be_carried_out_is_refused_at_once() -> None:
    with pytest.raises(PlanError) as caught:
        migration_steps([edited("1_a"), without_file("2_b"), created("3_c", script=(DATA,))])
    assert str(address("1_a")) in str(caught.value) and str(address("2_b")) in str(caught.value)
    assert "`apexplan forget s.migration.2_b`" in caught.value.mend


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM t",
        "match (n) detach delete n",
        "MATCH (a) -- (b) DELETE a",
        "MATCH (n) REMOVE n.x",
        "TRUNCATE t",
        "ALTER TABLE t DROP COLUMN c",
        "ALTER TABLE t\n  DROP c",
        "DROP TYPE mood CASCADE",
        "DROP SCHEMA s CASCADE",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT 1",
        "-- all of them\nDELETE FROM t",
    ],
)
def test_words_that_delete_are_seen(text: str) -> None:
    assert deleting([statement(text)]) != []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'DELETE'",
        'SELECT "delete" FROM t',
        "MATCH (n:`DELETE`) RETURN n",
        "SELECT 1 -- then DELETE",
        "RETURN 1 // DELETE",
        "SELECT /* TRUNCATE\n */ 1",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES b ON DELETE CASCADE",
        "CREATE TRIGGER x BEFORE INSERT OR DELETE ON t EXECUTE FUNCTION f()",
        "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM t $$",
        "GRANT DELETE ON t TO bob",
        "DROP INDEX i",
        "ALTER TABLE t DROP CONSTRAINT c, ALTER COLUMN a DROP NOT NULL, ALTER b DROP DEFAULT",
        "UPDATE t SET deleted = true",
    ],
)
def test_words_that_delete_nothing_now_are_not(text: str) -> None:
    assert deleting([statement(text)]) == []


def test_going_back_over_data_is_lossy_however_plain_the_rollback_script_is() -> None:
    assert only(taken_back("1_a", script=(SCHEMA,), rollback=(BACK,))).rollback == "lossless"
    assert only(taken_back("1_a", script=(DATA,), rollback=(BACK,))).rollback == "lossy"
