"""What a killed CREATE CONSTRAINT leaves is seen, told, and removed by whoever makes the constraint."""

from __future__ import annotations

import pytest

from apexplan.model.address import Address
from apexplan.model.errors import StoreError
from apexplan.provider import Outcome
from apexplan_neo4j.specs import Index
from tests.live.neo4j.bench import Bench, applied, objects
from tests.live.neo4j.leaks import filled, leak, making

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

UNIQUE = objects("constraints: {uuid_unique: {unique: uuid, label: Document}}")
OTHER_NAME = objects("constraints: {document_uuid: {unique: uuid, label: Document}}")
LEAKED = Address("graph", "index", "uuid_unique")


@pytest.fixture
def full(bench: Bench) -> Bench:
    """A bench with nodes enough for a constraint to take a while."""
    filled(bench)
    return bench


@pytest.fixture
def leaked(full: Bench) -> Bench:
    """A bench with the leak of a constraint `uuid_unique` on Document.uuid."""
    leak(full)
    return full


def test_a_leak_is_an_index_of_health_orphaned(leaked: Bench) -> None:
    spec = leaked.live().objects[LEAKED]
    assert isinstance(spec, Index) and spec.health == "orphaned"


def test_a_leak_is_told_with_the_statement_that_removes_it(leaked: Bench) -> None:
    (note,) = leaked.live().notes
    assert (note.address, note.blocks) == (LEAKED, False)
    assert note.mend.endswith("DROP INDEX uuid_unique")


def test_a_leak_is_told_by_doctor(leaked: Bench) -> None:
    with leaked.session() as session:
        told = {check.name: (check.value, check.ok, check.mend) for check in session.examine()}
    assert told["left by killed constraints"] == ("uuid_unique", False, "DROP INDEX uuid_unique")


def test_a_leak_blocks_no_plan_that_makes_the_constraint(leaked: Bench) -> None:
    assert [note.text for note in leaked.notes(UNIQUE) if note.blocks] == []


def test_making_the_constraint_removes_its_leak(leaked: Bench) -> None:
    applied(leaked.apply(UNIQUE))
    assert (leaked.constraints(), leaked.indexes()) == (["uuid_unique"], {"uuid_unique": "ONLINE"})


def test_making_the_constraint_under_another_name_removes_the_leak_on_its_place(leaked: Bench) -> None:
    applied(leaked.apply(OTHER_NAME))
    assert (leaked.constraints(), leaked.indexes()) == (["document_uuid"], {"document_uuid": "ONLINE"})


def test_after_that_there_is_nothing_left_to_plan(leaked: Bench) -> None:
    applied(leaked.apply(UNIQUE))
    assert leaked.plan(UNIQUE).empty


def test_a_leak_makes_its_unit_partial(leaked: Bench) -> None:
    unit = leaked.plan(UNIQUE).units[0]
    with leaked.session() as session:
        assert session.probe_group("run/unit", unit.steps) is Outcome.PARTIAL


def test_a_leak_of_what_nobody_declares_is_listed_and_left(leaked: Bench) -> None:
    desired = objects("indexes: {size_idx: {label: Document, on: size}}")
    plan = leaked.plan(desired)
    applied(leaked.start(plan))
    assert plan.unmanaged == (LEAKED,)
    assert leaked.indexes()["uuid_unique"] == "POPULATING"


def test_the_index_of_a_constraint_in_the_making_is_no_leak(full: Bench) -> None:
    with making(full) as process:
        seen = full.live().objects.get(LEAKED)
        assert not isinstance(seen, Index) or seen.health != "orphaned"
        process.wait()
    assert full.constraints() == ["uuid_unique"]


def test_a_constraint_in_the_making_by_another_is_not_disturbed(full: Bench) -> None:
    plan = full.plan(UNIQUE)
    with making(full) as process:
        applied(full.start(plan))
        assert process.wait() == 0, process.communicate()[1]
    assert full.constraints() == ["uuid_unique"]


def test_duplicates_written_over_a_leak_are_a_clear_error_with_the_statement_that_mends(
    leaked: Bench,
) -> None:
    leaked.does("UNWIND range(1, 5) AS i CREATE (:Document {uuid: 'same'})")
    with pytest.raises(StoreError) as caught:
        leaked.live()
    assert "DROP INDEX" in caught.value.mend
