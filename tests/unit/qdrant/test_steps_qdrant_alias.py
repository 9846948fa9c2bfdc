"""Further aliases → steps."""

from __future__ import annotations

from fake_qdrant import FakeQdrant, info
from steps_qdrant_kit import back, kinds, planned, requests

from apexplan.model.plan import HazardKind, RollbackClass

TWO = {"a": info(), "b": info()}
ONE = "vectors: {size: 4, distance: Cosine}"
BOTH = f"collections: {{a: {{{ONE}}}, b: {{{ONE}}}}}\n"


def actions(*parts: str) -> list[str]:
    return [f'POST /collections/aliases {{"actions": [{", ".join(parts)}]}}']


def create(alias: str, physical: str) -> str:
    return f'{{"create_alias": {{"alias_name": "{alias}", "collection_name": "{physical}"}}}}'


def delete(alias: str) -> str:
    return f'{{"delete_alias": {{"alias_name": "{alias}"}}}}'


def rename(former: str, alias: str) -> str:
    return f'{{"rename_alias": {{"new_alias_name": "{alias}", "old_alias_name": "{former}"}}}}'


def test_an_alias_is_made() -> None:
    steps = planned(FakeQdrant(TWO), BOTH + "aliases: {x: a}")
    assert (requests(steps), back(steps)) == (actions(create("x", "a")), actions(delete("x")))


def test_an_alias_leads_to_the_physical_collection() -> None:
    there = FakeQdrant({"a_v4": info()}, {"a": "a_v4"})
    assert requests(planned(there, f"collections: {{a: {{{ONE}}}}}\naliases: {{x: a}}")) == actions(
        create("x", "a_v4")
    )


def test_an_alias_of_a_collection_that_the_plan_makes_leads_to_its_physical_name() -> None:
    body = f"collections: {{a: {{{ONE}, on_replace: copy}}}}\naliases: {{x: a}}"
    assert requests(planned(FakeQdrant(), body))[-1:] == actions(create("x", "a_v1"))


def test_an_alias_is_repointed_by_one_create_without_a_hazard() -> None:
    steps = planned(FakeQdrant(TWO, {"x": "a"}), BOTH + "aliases: {x: b}")
    assert (requests(steps), back(steps)) == (actions(create("x", "b")), actions(create("x", "a")))
    assert kinds(steps[0]) == []


def test_an_alias_that_nothing_declares_is_dropped() -> None:
    steps = planned(FakeQdrant(TWO, {"x": "a"}), BOTH)
    assert (requests(steps), back(steps)) == (actions(delete("x")), actions(create("x", "a")))
    assert steps[0].removes


def test_an_alias_that_nobody_owns_is_left_alone() -> None:
    assert planned(FakeQdrant(TWO, {"x": "a"}), BOTH, unmanaged=["alias.x"]) == []


SHADOWED = f"collections: {{a: {{{ONE}}}}}\naliases: {{b: {{collection: a, over: shadow}}}}"
TAKEN = SHADOWED.replace("shadow", "gap")


def test_an_alias_hides_a_collection_by_way_of_another_name_and_leaves_a_side_door() -> None:
    assert requests(planned(FakeQdrant(TWO), SHADOWED, unmanaged=["collection.b"])) == actions(
        create("b__kept", "b"), create("b__apexplan", "a"), rename("b__apexplan", "b")
    )


def test_hiding_a_collection_rests_on_what_nobody_promises_and_says_so() -> None:
    (step,) = planned(FakeQdrant(TWO), SHADOWED, unmanaged=["collection.b"])
    assert kinds(step) == [HazardKind.COSTS_MEMORY]
    assert "Qdrant promises nowhere" in step.hazards[0].text


def test_the_way_back_from_hiding_shows_the_collection_again() -> None:
    assert back(planned(FakeQdrant(TWO), SHADOWED, unmanaged=["collection.b"])) == actions(
        delete("b__kept"), delete("b")
    )


def test_with_a_gap_the_collection_is_deleted_and_its_name_taken() -> None:
    (step,) = planned(FakeQdrant(TWO), TAKEN, unmanaged=["collection.b"])
    assert list(step.statements) == ["DELETE /collections/b", *actions(create("b", "a"))]
    assert kinds(step) == [HazardKind.DOWNTIME, HazardKind.DELETES_DATA, HazardKind.IRREVERSIBLE]


def test_a_taken_name_has_no_way_back() -> None:
    (step,) = planned(FakeQdrant(TWO), TAKEN, unmanaged=["collection.b"])
    assert (step.rollback, step.inverse, step.online) == (RollbackClass.IMPOSSIBLE, None, False)
    assert step.no_inverse.startswith("the collection b is gone")


def test_an_alias_that_hides_a_collection_already_is_repointed_by_another_rename() -> None:
    there = FakeQdrant({**TWO, "c": info()}, {"c": "a", "c__kept": "c"})
    body = BOTH + "aliases: {c: {collection: b, over: shadow}}"
    assert requests(planned(there, body, unmanaged=["collection.c"])) == actions(
        create("c__apexplan", "b"), rename("c__apexplan", "c")
    )
