"""What people do wrong with a Neo4j: told with the object and the mend, exit 1, and nothing half done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.live.neo4j.graph_places import GraphPlace, told
from tests.live.neo4j.large import ended

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.xdist_group("neo4j")]

SECRET = "pl4nted-s3cret"
HEAD = "kind: Neo4jSchema\nstore: graph\n"
UNIQUE = HEAD + "constraints: {uuid_unique: {unique: uuid, label: Document}}\n"
INDEX = HEAD + "indexes: {title_idx: {label: Document, on: title}}\n"
BOTH = UNIQUE + "indexes: {title_idx: {label: Document, on: title}}\n"
TWICE = f"UNWIND [1, 1] AS i CREATE (:Document {{uuid: '{SECRET}', title: 'title'}})"
COMMANDS = pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]], ids=["plan", "apply"])
ALL = pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["inspect"], ["doctor"]])


@pytest.fixture
def place(graph: str, tmp_path: Path) -> GraphPlace:
    here = GraphPlace(tmp_path / "project", graph)
    here.write(INDEX)
    return here


def refused(place: GraphPlace, command: list[str], *words: str, code: int = 1) -> str:
    """Asserts a clean refusal that says all of `words`, a mend, and no secret, and leaves no run open."""
    said = told(place.command(*command), code)
    for word in (*words, "mend"):
        assert word in said, said
    assert SECRET not in said
    assert not place.waits()
    return said


def up_to(lines: Iterable[str], words: str) -> Iterator[str]:
    """Yields lines up to the first that has `words`."""
    for line in lines:
        yield line
        if words in line:
            return


# ------------------------------------------------------------------------------------------ data


@COMMANDS
def test_duplicates_under_a_unique_constraint(place: GraphPlace, command: list[str]) -> None:
    place.write(UNIQUE)
    place.does(TWICE)
    refused(place, command, "constraint", "uuid_unique", "Document")
    assert place.schema() == []


def test_duplicates_that_come_after_the_plan_refuse_its_apply(place: GraphPlace) -> None:
    place.write(BOTH)
    place.does("CREATE (:Document {uuid: 'first'})")
    told(place.command("plan", "-o", str(place.home / "plan.json")))
    place.does(TWICE)
    refused(place, ["apply", "--yes", str(place.home / "plan.json")], "uuid_unique")
    assert place.schema() == []


def test_duplicates_that_come_while_it_waits_for_the_lock_undo_the_run(place: GraphPlace) -> None:
    place.write(BOTH)
    with place.bench.session() as other:
        other.claim("run-7", "somebody")
        apply = place.started("apply", "--yes")
        assert apply.stdout is not None
        said = "".join(up_to(apply.stdout, "again in"))
        place.does(TWICE)
    said += ended(apply, 3)
    assert "uuid_unique" in said and "correct the data" in said
    assert SECRET not in said
    assert not place.waits()
    assert place.schema() == []


# ----------------------------------------------------------------------------------------- names


@COMMANDS
@pytest.mark.parametrize(
    ("there", "word"),
    [
        ("CREATE CONSTRAINT title_idx FOR (d:Document) REQUIRE d.uuid IS UNIQUE", "title_idx"),
        ("CREATE INDEX other_idx FOR (d:Document) ON (d.title)", "other_idx"),
    ],
    ids=["the-name-of-a-constraint", "the-place-of-an-index"],
)
def test_a_name_or_a_place_that_is_taken(
    place: GraphPlace, command: list[str], there: str, word: str
) -> None:
    place.does(there)
    before = place.schema()
    refused(place, command, "graph.index.title_idx", word, "taken")
    assert place.schema() == before


@pytest.mark.parametrize("label", ["Doc`ument", "Doc\\u0060ument", "Doc ument"])
def test_a_label_that_would_leave_its_place_in_the_statement(place: GraphPlace, label: str) -> None:
    place.write(HEAD + f"indexes: {{title_idx: {{label: '{label}', on: title}}}}\n")
    refused(place, ["apply", "--yes"], "schema.yaml:3:", "letters, digits")
    assert place.schema() == []


@COMMANDS
def test_a_constraint_that_needs_enterprise(place: GraphPlace, command: list[str]) -> None:
    place.write(HEAD + "constraints: {title_exists: {exists: title, label: Document}}\n")
    refused(place, command, "title_exists", "Enterprise", "leave the constraint out")
    assert place.schema() == []


# --------------------------------------------------------------------------------------- scripts

GOOD = {
    "1_topics.cypher": "CREATE INDEX topic_idx FOR (t:Topic) ON (t.name);\n",
    "1_topics.rollback.cypher": "DROP INDEX topic_idx;\n",
}
WRONG = {
    "2_wrong.cypher": "CREATE (:Topic);\nMATCH (t:Topic) SET t.n = 1;\nMATCH (t:Topic SET t.n = 2;\n",
    "2_wrong.rollback.cypher": "MATCH (t:Topic) DELETE t;\n",
}


@COMMANDS
def test_a_syntax_error_in_the_third_statement_of_a_script(place: GraphPlace, command: list[str]) -> None:
    place.write_scripts(GOOD | WRONG, INDEX)
    refused(place, command, "graph.migration.2_wrong", "statement 3 at line 3", "correct the script")
    assert place.schema() == [] and place.contents() == []


FAILING = {
    "2_wrong.cypher": "CREATE (:Topic);\nMATCH (t:Topic) SET t.n = 1;\nMATCH (t:Topic) SET t.n = 1 / 0;\n",
    "2_wrong.rollback.cypher": "MATCH (t:Topic) DELETE t;\n",
}


def test_an_error_when_a_script_runs_undoes_the_run(place: GraphPlace) -> None:
    place.write_scripts(GOOD | FAILING, INDEX)
    said = told(place.command("apply", "--yes"), 3)
    assert "2_wrong" in said and "statement 3 at line 3" in said
    assert not place.waits()
    assert place.schema() == [] and place.contents() == []


@COMMANDS
def test_a_script_that_was_edited_after_it_was_applied(place: GraphPlace, command: list[str]) -> None:
    place.write_scripts(GOOD, INDEX)
    told(place.command("apply", "--yes"))
    place.write_scripts({"1_topics.cypher": GOOD["1_topics.cypher"] + "// edited\n"}, INDEX)
    refused(place, command, "graph.migration.1_topics", "changed")


def test_a_script_without_its_way_back_is_found_without_a_store(place: GraphPlace) -> None:
    place.write_scripts({"1_topics.cypher": GOOD["1_topics.cypher"]}, INDEX)
    nowhere = GraphPlace(place.home, "bolt://127.0.0.1:1")
    refused(nowhere, ["validate"], "1_topics.rollback.cypher", "migrations/1_topics.cypher:1:1")


# ------------------------------------------------------------------------------------ the server


def elsewhere(place: GraphPlace, url: str, block: str = "") -> GraphPlace:
    """The same project with another URL, and more in the store's block."""
    here = GraphPlace(place.home, url)
    here.write(INDEX, here.head.replace('"}', f'"{block}}}'))
    return here


@ALL
def test_a_wrong_password(place: GraphPlace, command: list[str]) -> None:
    host = place.url.rpartition("@")[2]
    here = elsewhere(place, f"bolt://neo4j:{SECRET}@{host}")
    refused(here, command, "wrong user or password", f"user neo4j on {host}")


@ALL
def test_a_database_that_is_not_there(place: GraphPlace, command: list[str]) -> None:
    refused(elsewhere(place, place.url, ", database: ghost"), command, "no such database", "database ghost")


@ALL
def test_nobody_listens(place: GraphPlace, command: list[str]) -> None:
    here = elsewhere(place, f"bolt://neo4j:{SECRET}@127.0.0.1:1")
    refused(here, command, "nobody answers", "127.0.0.1:1", "that the server runs")


# --------------------------------------------------------------------------------- two at one time


@pytest.fixture
def rival(place: GraphPlace) -> GraphPlace:
    """Another project with a state of its own on the same database."""
    here = GraphPlace(place.home.with_name("rival"), place.url)
    here.write(HEAD + "indexes: {body_idx: {label: Document, on: body}}\n")
    return here


def test_of_two_that_race_each_one_ends_as_it_says(place: GraphPlace, rival: GraphPlace) -> None:
    both = (place, rival)
    running = [here.started("apply", "--yes") for here in both]
    said = [process.communicate(timeout=60)[0] for process in running]
    codes = [process.returncode for process in running]
    assert 0 in codes, said
    for here, code, text in zip(both, codes, said, strict=True):
        assert code == 0 or "another apply changed this database" in text or "held by" in text, text
        assert "Traceback" not in text
        assert not here.waits()
        told(here.command("apply", "--yes"))
    assert sorted(place.bench.indexes()) == ["body_idx", "title_idx"]


def test_one_that_meets_the_lock_of_another_says_who_has_it(place: GraphPlace) -> None:
    with place.bench.session() as other:
        other.claim("run-7", "somebody")
        said = told(place.command("apply", "--yes"), 3)
    assert "lock of run run-7 by somebody" in said and "when that run has ended" in said
    assert not place.waits()
    assert place.schema() == []
