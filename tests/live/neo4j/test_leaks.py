"""What a CREATE CONSTRAINT left that never ended is seen, told, and removed by whoever makes it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apexplan.engine.apply import Retry
from apexplan.engine.ports import RunStatus
from apexplan.model.address import Address
from apexplan.model.errors import StoreError
from apexplan.model.plan import Note
from apexplan.provider import Outcome
from apexplan_neo4j.specs import Index
from tests.live.neo4j.bench import Bench, Objects, applied, failure, objects, scripts
from tests.live.neo4j.leaks import crashed, filled, making

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

LABELS = [f"Leak{number}" for number in range(9)]
UNIQUE = objects("constraints: {uuid_unique: {unique: uuid, label: Document}}")
MADE = Address("graph", "index", "uuid_unique")


def constraint(label: str, name: str | None = None) -> Objects:
    return objects(f"constraints: {{{name or f'{label}_unique'}: {{unique: uuid, label: {label}}}}}")


def leaked(label: str) -> Address:
    return Address("graph", "index", f"{label}_unique")


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a server with one leak on each of LABELS."""
    server = crashed(str(tmp_path_factory.mktemp("crashed")), LABELS)
    yield server.url
    server.stop()


@pytest.fixture
def crash(uri: str) -> Bench:
    """A bench on that server; each test uses a label of its own."""
    return Bench(uri)


@pytest.fixture
def full(bench: Bench) -> Bench:
    """A bench with nodes enough for a constraint to take a while."""
    filled(bench)
    return bench


def note_of(crash: Bench, label: str) -> Note:
    (note,) = [note for note in crash.live().notes if note.address == leaked(label)]
    return note


def test_a_leak_is_an_index_of_health_orphaned(crash: Bench) -> None:
    spec = crash.live().objects[leaked(LABELS[0])]
    assert isinstance(spec, Index) and spec.health == "orphaned"


def test_a_leak_is_told_with_the_statement_that_removes_it(crash: Bench) -> None:
    assert note_of(crash, LABELS[0]).mend.endswith("DROP INDEX Leak0_unique")


def test_a_leak_blocks_nothing_by_itself(crash: Bench) -> None:
    assert not note_of(crash, LABELS[0]).blocks


def test_doctor_tells_a_leak(crash: Bench) -> None:
    with crash.session() as session:
        (check,) = [check for check in session.examine() if "Leak0_unique" in check.value]
    assert (check.ok, "DROP INDEX Leak0_unique" in check.mend) == (False, True)


def test_a_plan_that_makes_the_constraint_is_not_blocked_by_its_leak(crash: Bench) -> None:
    assert [note.text for note in crash.notes(constraint(LABELS[0])) if note.blocks] == []


def test_a_leak_makes_the_unit_of_its_constraint_partial(crash: Bench) -> None:
    unit = crash.plan(constraint(LABELS[0])).units[0]
    with crash.session() as session:
        assert session.probe_group("run/unit", unit.steps) is Outcome.PARTIAL


def test_making_the_constraint_removes_its_leak(crash: Bench) -> None:
    applied(crash.apply(constraint(LABELS[1])))
    assert "Leak1_unique" in crash.constraints()
    assert crash.indexes()["Leak1_unique"] == "ONLINE"


def test_making_it_under_another_name_removes_the_leak_in_its_place(crash: Bench) -> None:
    applied(crash.apply(constraint(LABELS[2], "other_name")))
    assert "Leak2_unique" not in crash.indexes()
    assert crash.indexes()["other_name"] == "ONLINE"


def test_making_another_constraint_of_the_name_removes_the_leak_of_that_name(crash: Bench) -> None:
    applied(crash.apply(constraint("Other", "Leak3_unique")))
    assert crash.indexes()["Leak3_unique"] == "ONLINE"


def test_after_that_nothing_is_left_to_plan(crash: Bench) -> None:
    desired = constraint(LABELS[4])
    applied(crash.apply(desired))
    assert crash.plan(desired).empty


def test_a_constraint_over_a_leak_can_be_rolled_back(crash: Bench) -> None:
    applied(crash.apply(constraint(LABELS[5])))
    applied(crash.roll_back())
    assert "Leak5_unique" not in crash.indexes()


def test_a_leak_of_what_nobody_declares_is_unmanaged_and_left(crash: Bench) -> None:
    plan = crash.plan(objects("indexes: {size_idx: {label: Leak6, on: size}}"))
    applied(crash.start(plan))
    assert leaked(LABELS[6]) in plan.unmanaged
    assert crash.indexes()["Leak6_unique"] == "POPULATING"


def test_a_script_that_makes_the_constraint_removes_its_leak(crash: Bench) -> None:
    create = "CREATE CONSTRAINT Leak7_unique FOR (x:Leak7) REQUIRE x.uuid IS UNIQUE"
    applied(crash.apply(scripts(v1_c=create, v1_c__rollback="DROP CONSTRAINT Leak7_unique")))
    assert crash.indexes()["Leak7_unique"] == "ONLINE"


def test_a_value_twice_over_a_leak_is_a_clear_error_with_the_statement_that_mends(crash: Bench) -> None:
    """SHOW INDEXES fails then, for everybody."""
    crash.does("UNWIND [1, 2] AS i CREATE (:Leak8 {uuid: 'same'})")
    try:
        with pytest.raises(StoreError, match="cannot show its indexes: `Leak8_unique`") as caught:
            crash.live()
    finally:
        crash.does("DROP INDEX Leak8_unique")
    assert caught.value.mend == "remove it: DROP INDEX `Leak8_unique`"


def test_the_index_of_a_constraint_in_the_making_is_no_leak(full: Bench) -> None:
    with making(full) as process:
        seen = full.live().objects.get(MADE)
        assert not (isinstance(seen, Index) and seen.health == "orphaned")
        process.wait()
    assert full.constraints() == ["uuid_unique"]


def test_a_constraint_that_another_makes_now_is_not_made_beside_it(full: Bench) -> None:
    """Two CREATE CONSTRAINT at once are a deadlock, which one of them loses: here the other never does,
    and ours comes late or is refused, whichever ends first."""
    full.retry = Retry(attempts=1)
    plan = full.plan(UNIQUE)
    with making(full) as process:
        result = full.start(plan)
        assert process.wait() == 0
    assert full.constraints() == ["uuid_unique"]
    if result.status is not RunStatus.APPLIED:
        assert result.status is RunStatus.UNDONE
        assert "somebody else makes a constraint" in failure(result)


def test_a_constraint_that_another_made_meanwhile_is_taken_as_made(full: Bench) -> None:
    plan = full.plan(UNIQUE)
    with making(full) as process:

        def until_it_is_made(seconds: float) -> None:
            process.wait()

        full.retry = Retry(attempts=2, sleep=until_it_is_made)
        applied(full.start(plan))
    assert full.constraints() == ["uuid_unique"]
