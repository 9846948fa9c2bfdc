"""From changes to steps: which are made, in which transactions, with which hazards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from apexplan.engine import graph
from apexplan.engine.diff import Sides, diff
from apexplan.engine.rename import renamed
from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle, Recorded
from apexplan.model.plan import HazardKind, Size, Step, Unit
from apexplan.model.spec import Spec
from apexplan.provider import Facts, Normal
from apexplan_neo4j.provider import PROVIDER
from apexplan_neo4j.specs import Constraint, Index
from apexplan_neo4j.steps import BATCH

Specs = Mapping[Address, Spec]


def index(*properties: str, **fields: object) -> Index:
    given = {"type": "range", "entity": "node", "labels": ("L",), "properties": properties, "health": "ok"}
    return Index.model_validate({**given, **fields})


def unique(*properties: str) -> Constraint:
    return Constraint(type="unique", entity="node", label="L", properties=properties, property_type=None)


def at(kind: str, name: str) -> Address:
    return Address("graph", kind, name)


def units(
    live: Specs, desired: Specs, *, former: Mapping[Address, str] | None = None, nodes: int | None = None
) -> tuple[Unit, ...]:
    """Plans from `live`, all of it owned, to `desired`. `former`: names before; `nodes`: of the label L."""
    declared = {
        a: Declared(a, s, lifecycle=Lifecycle(renamed_from=(former or {}).get(a))) for a, s in desired.items()
    }
    recorded = {a: Recorded(a, s.values()) for a, s in live.items()}
    sides = Sides(renamed(live, declared, PROVIDER), declared, Normal(desired), recorded)
    found = diff(sides)
    sizes = {at("label", "L"): Size(count=nodes, unit="nodes", exact=True)} if nodes is not None else {}
    steps = PROVIDER.steps(found.changes, Facts(found.live, desired, sizes=sizes))
    return graph.units(graph.ordered(steps, {c.address: c for c in found.changes}))


def ids(made: tuple[Unit, ...]) -> list[list[str]]:
    return [[step.id for step in unit.steps] for unit in made]


def hazards(made: tuple[Unit, ...]) -> list[HazardKind]:
    return [hazard.kind for unit in made for step in unit.steps for hazard in step.hazards]


A, B = at("index", "a"), at("index", "b")
C = at("constraint", "c")


def test_indexes_share_a_transaction_and_a_constraint_has_its_own() -> None:
    assert ids(units({}, {A: index("p"), C: unique("id"), B: index("q")})) == [
        ["make index a", "make index b"],
        ["make constraint c"],
    ]


def test_a_transaction_is_short() -> None:
    many = {at("index", f"i{n:03}"): index(f"p{n}") for n in range(2 * BATCH + 1)}
    assert [len(unit.steps) for unit in units({}, many)] == [BATCH, BATCH, 1]


def test_each_constraint_is_dropped_in_a_transaction_of_its_own() -> None:
    two = {C: unique("p"), at("constraint", "d"): unique("q")}
    assert ids(units(two, {})) == [["drop constraint c"], ["drop constraint d"]]


def test_the_undo_of_drops_makes_one_constraint_a_transaction() -> None:
    two = {C: unique("p"), at("constraint", "d"): unique("q"), A: index("r")}
    undone = [unit.undone() for unit in units(two, {})]
    assert all(
        len(unit.steps) == 1 for unit in undone if unit is not None and unit.steps[0].id.endswith(("c", "d"))
    )


def test_what_only_goes_goes_last() -> None:
    assert ids(units({A: index("p")}, {B: index("q")})) == [["make index b"], ["drop index a"]]


def test_an_index_goes_before_the_constraint_that_takes_its_place() -> None:
    assert ids(units({A: index("p")}, {C: unique("p")})) == [["drop index a"], ["make constraint c"]]


def test_a_constraint_goes_before_the_index_that_takes_its_place() -> None:
    assert ids(units({C: unique("p")}, {A: index("p")})) == [["drop constraint c"], ["make index a"]]


def test_a_name_is_freed_before_it_is_taken() -> None:
    assert ids(units({at("index", "x"): index("p")}, {at("constraint", "x"): unique("q")})) == [
        ["drop index x"],
        ["make constraint x"],
    ]


def test_an_index_is_made_anew_in_one_transaction_with_a_gap() -> None:
    made = units({A: index("p")}, {A: index("p", "q")}, nodes=5)
    assert ids(made) == [["drop index a", "make index a"]]
    assert HazardKind.INDEX_GAP in hazards(made)


def test_a_constraint_is_made_anew_in_two_transactions() -> None:
    made = units({C: unique("p")}, {C: unique("p", "q")}, nodes=5)
    assert ids(made) == [["drop constraint c"], ["make constraint c"]]
    assert hazards(made) == [HazardKind.INDEX_GAP, HazardKind.SCANS_DATA]


def test_under_another_name_the_new_index_is_built_before_the_old_one_goes() -> None:
    made = units({A: index("p")}, {B: index("p", "q")}, former={B: "a"}, nodes=5)
    assert ids(made) == [["make index b"], ["drop index a"]]
    assert HazardKind.INDEX_GAP not in hazards(made)


def test_under_another_name_another_type_is_built_beside() -> None:
    made = units({A: index("p")}, {B: index("p", type="text")}, former={B: "a"}, nodes=5)
    assert ids(made) == [["make index b"], ["drop index a"]]


def test_a_mere_rename_has_a_gap_since_the_database_allows_only_one_of_the_two() -> None:
    made = units({A: index("p")}, {B: index("p")}, former={B: "a"}, nodes=5)
    assert ids(made) == [["drop index a", "make index b"]]
    assert HazardKind.INDEX_GAP in hazards(made)


def test_a_name_that_a_rename_gives_up_is_taken_after_the_drop() -> None:
    made = units({A: index("p")}, {B: index("p", "q"), A: index("r")}, former={B: "a"}, nodes=5)
    assert ids(made)[0][0] != "make index a"


def test_a_failed_index_is_made_anew() -> None:
    made = units({A: index("p", health="failed")}, {A: index("p")})
    assert ids(made) == [["drop index a", "make index a"]]


def test_nothing_is_read_where_there_are_no_nodes() -> None:
    assert hazards(units({}, {A: index("p"), C: unique("q")}, nodes=0)) == []


def test_a_vector_index_costs_memory() -> None:
    made = units({}, {A: index("v", type="vector", dimensions=3)}, nodes=7)
    assert HazardKind.COSTS_MEMORY in hazards(made)


def test_options_that_nobody_manages_stay_when_an_index_is_made_anew() -> None:
    live = index("p", type="fulltext", analyzer="german", eventually_consistent=True)
    wish = index("p", "q", type="fulltext")
    (unit,) = units({A: live}, {A: wish})
    assert "german" in unit.steps[1].statements[0]


def test_every_step_has_an_inverse_that_makes_or_drops_the_same() -> None:
    made = units({A: index("p"), C: unique("x")}, {B: index("q"), C: unique("x", "y")})
    for step in (s for unit in made for s in unit.steps):
        assert step.inverse is not None
        assert {step.verb, step.inverse.verb} == {"make", "drop"}
        assert step.inverse.args == step.args


def test_a_store_of_another_name_plans_the_same() -> None:
    here = units({}, {A: index("p")})
    there = units({}, {replace(A, store="other"): index("p")})
    assert [_statements(u.steps[0]) for u in here] == [_statements(u.steps[0]) for u in there]


def _statements(step: Step) -> tuple[str, ...]:
    return step.statements


def test_the_way_back_has_the_gap_too() -> None:
    (unit,) = units({A: index("p")}, {A: index("p", "q")}, nodes=5)
    back = unit.undone()
    assert back is not None
    assert [s.id for s in back.steps] == ["drop index a", "make index a"]
    assert HazardKind.INDEX_GAP in [h.kind for h in back.steps[0].hazards]


def test_there_is_no_gap_where_there_are_no_nodes() -> None:
    assert hazards(units({A: index("p")}, {A: index("p", "q")}, nodes=0)) == []
