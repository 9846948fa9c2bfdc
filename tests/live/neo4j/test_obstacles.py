"""What would fail is told by the plan: data, names, places, Graphiti's indexes, scripts."""

from __future__ import annotations

import pytest

from apexplan.model.plan import Note
from apexplan.provider import Scope
from apexplan_neo4j import ddl
from apexplan_neo4j.read.ownership import GRAPHITI
from tests.live.neo4j.bench import Bench, Objects, applied, objects, scripts

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

SECRET = "hunter2"
UNIQUE = objects("constraints: {uuid_unique: {unique: uuid, label: Document}}")
PAIR = objects("constraints: {pair_unique: {unique: [a, b], label: Document}}")
RELATION = objects("constraints: {fact_unique: {unique: uuid, relationship: FACT}}")
INDEX = objects("indexes: {title_idx: {label: Document, on: title}}")


def blocking(bench: Bench, desired: Objects) -> Note:
    """Returns the one note that blocks a plan."""
    (note,) = [note for note in bench.notes(desired) if note.blocks]
    return note


def remarks(bench: Bench, desired: Objects) -> list[str]:
    return [note.text for note in bench.notes(desired) if not note.blocks]


def twice(bench: Bench) -> list[str]:
    """Two values on five nodes, and one without; returns the ids of the nodes."""
    rows = bench.does(
        f"UNWIND ['{SECRET}', '{SECRET}', '{SECRET}', 'x', 'x', null] AS v CREATE (d:Document {{uuid: v}}) "
        "RETURN elementId(d) AS id"
    )
    return [row["id"] for row in rows]


# ---------------------------------------------------------------------------------- the data


def test_duplicates_are_counted_by_value_and_by_node(bench: Bench) -> None:
    twice(bench)
    told = blocking(bench, UNIQUE).text
    assert told.startswith("values of uuid that occur more than once: 2, on 5 nodes of Document, such as ")


def test_duplicates_are_shown_by_ids_that_elementid_knows(bench: Bench) -> None:
    ids = twice(bench)
    shown = blocking(bench, UNIQUE).text.partition("such as ")[2].split(", ")
    assert len(shown) in (2, 3)
    assert set(shown) <= set(ids[:3]) or set(shown) <= set(ids[3:5])


def test_no_value_of_a_duplicate_is_told(bench: Bench) -> None:
    twice(bench)
    assert SECRET not in bench.plan(UNIQUE).model_dump_json()


def test_duplicates_of_two_properties_together_are_counted(bench: Bench) -> None:
    bench.does(
        "UNWIND [[1, 1], [1, 1], [1, 2], [2, 1], [1, null]] AS p CREATE (:Document {a: p[0], b: p[1]})"
    )
    assert blocking(bench, PAIR).text.startswith("values of a, b that occur more than once: 1, on 2 nodes")


def test_duplicates_of_relationships_are_counted_once_each(bench: Bench) -> None:
    bench.does("UNWIND [1, 1, 2] AS v CREATE (:Document)-[:FACT {uuid: v}]->(:Document)")
    told = blocking(bench, RELATION).text
    assert told.startswith("values of uuid that occur more than once: 1, on 2 relationships of FACT")


def test_nodes_without_the_property_are_no_duplicates(bench: Bench) -> None:
    bench.does("UNWIND [1, 2] AS i CREATE (:Document)")
    applied(bench.apply(UNIQUE))


def test_a_pending_script_may_correct_the_data(bench: Bench) -> None:
    twice(bench)
    mend = "MATCH (d:Document) WITH d.uuid AS v, collect(d) AS same FOREACH (x IN tail(same) | DELETE x)"
    mends = scripts(v1_mend=mend, v1_mend__rollback="RETURN 1")
    assert [note for note in bench.notes(UNIQUE | mends) if note.blocks] == []


def test_it_is_told_that_a_pending_script_has_to_correct_the_data(bench: Bench) -> None:
    twice(bench)
    remark = scripts(v1_mend="RETURN 1", v1_mend__rollback="RETURN 1")
    assert any(
        "unless its migrations correct that before" in text for text in remarks(bench, UNIQUE | remark)
    )


def test_a_look_that_takes_too_long_is_told_and_blocks_nothing(
    graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(graph, {"scan_timeout_s": 1})
    endless = (
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b "
        "RETURN count(*) AS violations, [] AS samples"
    )
    monkeypatch.setattr("apexplan_neo4j.violations._queries", lambda spec: [(endless, "")])
    assert any("no time (1 s)" in text for text in remarks(bench, UNIQUE))


# ------------------------------------------------------------------------------ names and places


@pytest.mark.parametrize(
    ("constraint", "type_"),
    [
        ("{exists: uuid, label: Document}", "exists"),
        ("{key: uuid, label: Document}", "key"),
        ("{typed: uuid, as: STRING, label: Document}", "typed"),
    ],
)
def test_a_constraint_of_enterprise_is_told_on_community(bench: Bench, constraint: str, type_: str) -> None:
    told = blocking(bench, objects(f"constraints: {{c: {constraint}}}")).text
    assert told.startswith(
        f"a constraint of type {type_} needs Neo4j Enterprise, and this server is community"
    )


def test_a_name_that_somebodys_index_has_is_told(bench: Bench) -> None:
    bench.does("CREATE INDEX uuid_unique FOR (o:Other) ON (o.title)")
    note = blocking(bench, UNIQUE)
    assert note.text == "the name is taken by graph.index.uuid_unique"
    assert note.mend.startswith("choose another name")


def test_a_name_that_somebodys_constraint_has_is_told(bench: Bench) -> None:
    bench.does("CREATE CONSTRAINT title_idx FOR (o:Other) REQUIRE o.title IS UNIQUE")
    assert blocking(bench, INDEX).text == "the name is taken by graph.constraint.title_idx"


def test_a_place_that_somebodys_index_has_is_told_with_the_way_to_adopt_it(bench: Bench) -> None:
    bench.does("CREATE INDEX theirs FOR (d:Document) ON (d.title)")
    note = blocking(bench, INDEX)
    assert "its place is taken by graph.index.theirs" in note.text
    assert note.mend == "give it the name of what is there to adopt it, or drop that first: DROP INDEX theirs"


def test_a_place_that_somebodys_constraint_has_is_told(bench: Bench) -> None:
    bench.does("CREATE CONSTRAINT theirs FOR (d:Document) REQUIRE d.title IS UNIQUE")
    assert "its place is taken by graph.constraint.theirs" in blocking(bench, INDEX).text


def test_a_place_that_becomes_free_in_the_same_plan_is_free(bench: Bench) -> None:
    applied(bench.apply(INDEX))
    applied(bench.apply(objects("constraints: {title_unique: {unique: title, label: Document}}")))
    assert bench.constraints() == ["title_unique"]


def test_the_lookup_indexes_of_a_database_are_left_alone(bench: Bench) -> None:
    applied(bench.apply(INDEX))
    applied(bench.roll_back())
    rows = bench.does("SHOW INDEXES YIELD type WHERE type = 'LOOKUP' RETURN count(*) AS n")
    assert rows == [{"n": 2}]


def test_the_lookup_indexes_are_neither_unmanaged_nor_told(bench: Bench) -> None:
    plan = bench.plan(INDEX)
    assert (plan.unmanaged, plan.notes) == ((), ())


# ---------------------------------------------------------------------------------- Graphiti


@pytest.fixture
def graphiti(bench: Bench) -> Bench:
    """A database in which Graphiti made its indexes."""
    bench.does(*(ddl.create_index(name, index) for name, index in GRAPHITI.items()))
    return bench


def test_graphiti_has_27_range_and_4_fulltext_indexes(graphiti: Bench) -> None:
    assert len(graphiti.indexes()) == 31


def test_indexes_of_graphiti_are_left_alone_and_counted(graphiti: Bench) -> None:
    plan = graphiti.plan(INDEX)
    assert (plan.unmanaged, [n.text for n in plan.notes]) == (
        (),
        ["31 indexes of Graphiti's own: left alone"],
    )


def test_indexes_of_graphiti_are_not_inspected(graphiti: Bench) -> None:
    with graphiti.session() as session:
        assert session.read(Scope("graph", everything=True)).objects == {}


def test_a_constraint_in_the_place_of_graphitis_index_is_explained(graphiti: Bench) -> None:
    desired = objects("constraints: {entity_uuid_unique: {unique: uuid, label: Entity}}")
    note = blocking(graphiti, desired)
    assert "its place is taken by graph.index.entity_uuid, which belongs to Graphiti" in note.text
    assert note.mend.startswith(
        "leave it out; or stop Graphiti from making its own indexes, drop entity_uuid"
    )


def test_an_index_in_the_place_of_graphitis_is_explained(graphiti: Bench) -> None:
    desired = objects("indexes: {entity_name_idx: {label: Entity, on: name}}")
    note = blocking(graphiti, desired)
    assert "graph.index.name_entity_index, which belongs to Graphiti" in note.text
    assert note.mend == "leave it out of the manifest: what is there serves the same queries"


def test_graphitis_own_index_may_not_be_declared(graphiti: Bench) -> None:
    desired = objects("indexes: {name_entity_index: {label: Entity, on: name}}")
    assert blocking(graphiti, desired).text.startswith("Graphiti makes this index by itself")


def test_what_graphiti_will_miss_is_told_before_it_came(bench: Bench) -> None:
    desired = objects("""
constraints: {entity_uuid_unique: {unique: uuid, label: Entity}}
indexes: {entity_name_idx: {label: Entity, on: name}}
""")
    told = [text for text in remarks(bench, desired) if "silently not make its own index" in text]
    assert sorted(text.partition("own index ")[2].split()[0] for text in told) == [
        "entity_uuid",
        "name_entity_index",
    ]


def test_an_index_of_graphitis_name_and_another_definition_is_somebodys(bench: Bench) -> None:
    bench.does("CREATE INDEX entity_uuid FOR (o:Other) ON (o.uuid)")
    assert [a.name for a in bench.plan(INDEX).unmanaged] == ["entity_uuid"]


# ----------------------------------------------------------------------------------- scripts


def test_a_statement_that_the_server_does_not_understand_is_told_with_its_line(bench: Bench) -> None:
    bad = scripts(
        v1_bad="CREATE (:Made);\nCREATE (:Made);\n\nMATCH (m:Made)\nSETT m.x = 1", v1_bad__rollback="RETURN 1"
    )
    assert blocking(bench, bad).text.startswith("statement 3 at line 5 is not understood by the server: ")


def test_a_statement_of_a_rollback_script_is_checked_too(bench: Bench) -> None:
    bad = scripts(v1_bad="CREATE (:Made)", v1_bad__rollback="\nMATCH (m:Made) DELET m")
    assert blocking(bench, bad).text.startswith("rollback statement 1 at line 2 is not understood")


def test_checking_a_script_runs_nothing(bench: Bench) -> None:
    bench.plan(scripts(v1_made="CREATE (:Made)", v1_made__rollback="MATCH (m:Made) DELETE m"))
    assert bench.does("MATCH (m:Made) RETURN count(m) AS n") == [{"n": 0}]


def test_a_script_in_transactions_is_understood(bench: Bench) -> None:
    fine = scripts(
        v1_fine="MATCH (d) CALL (d) { SET d.x = 1 } IN TRANSACTIONS OF 10 ROWS", v1_fine__rollback="RETURN 1"
    )
    assert [note for note in bench.notes(fine) if note.blocks] == []


def _script(*statements: str) -> dict[str, str]:
    return {"v0001_a": ";\n".join(statements), "v0001_a__rollback": "// irreversible: a test"}


def test_a_script_whose_constraint_meets_an_index_of_graphitis_is_told_before(bench: Bench) -> None:
    bench.does("CREATE INDEX entity_uuid FOR (n:Entity) ON (n.uuid)")
    made = scripts(**_script("CREATE CONSTRAINT mine FOR (n:Entity) REQUIRE n.uuid IS UNIQUE"))
    (note,) = [note for note in bench.notes(made) if note.blocks]
    assert "statement 1 at line 1 fails: mine" in note.text
    assert "Graphiti" in note.text


def test_a_script_whose_index_would_silently_not_be_made_is_told_before(bench: Bench) -> None:
    bench.does("CREATE INDEX name_entity_index FOR (n:Entity) ON (n.name)")
    made = scripts(**_script("CREATE INDEX mine IF NOT EXISTS FOR (n:Entity) ON (n.name)"))
    (note,) = [note for note in bench.notes(made) if note.blocks]
    assert "makes nothing, in silence: mine" in note.text


def test_a_script_that_frees_the_place_itself_is_not_in_the_way(bench: Bench) -> None:
    bench.does("CREATE INDEX old FOR (n:A) ON (n.p)")
    made = scripts(**_script("DROP INDEX old", "CREATE INDEX new FOR (n:A) ON (n.p)"))
    assert [note for note in bench.notes(made) if note.blocks] == []


def test_a_script_that_was_run_by_hand_is_told_of_baseline(bench: Bench) -> None:
    bench.does("CREATE INDEX mine FOR (n:A) ON (n.p)")
    (note,) = [n for n in bench.notes(scripts(**_script("CREATE INDEX mine FOR (n:A) ON (n.p)"))) if n.blocks]
    assert "mine is there" in note.text
    assert "migrate baseline" in note.mend


def test_a_script_that_graphiti_would_suffer_from_is_remarked(bench: Bench) -> None:
    notes = bench.notes(scripts(**_script("CREATE INDEX mine FOR (n:Entity) ON (n.name)")))
    assert any("name_entity_index" in note.text and not note.blocks for note in notes)
