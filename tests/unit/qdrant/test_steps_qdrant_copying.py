"""A collection that must be made anew → steps: copied behind an alias, or dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fake_qdrant import FakeQdrant, info
from steps_qdrant_kit import EMPTY, back, kinds, planned, requests, verbs

from apexplan.model.address import Address
from apexplan.model.plan import HazardKind, RollbackClass, Step

SMALLER = "vectors: {size: 4, distance: Cosine, datatype: float16}"
LONGER = "vectors: {size: 8, distance: Cosine}"
BARE = FakeQdrant({"d": info()})
INDEXED = {"d_v1": info(indexes={"k": "keyword", "t": "text"}, marks={"name": "d"})}
SERVED = FakeQdrant(INDEXED, {"d": "d_v1"})
FOLLOWED = FakeQdrant(INDEXED, {"d": "d_v1", "also": "d_v1", "strange": "d_v1"})
STRANGE = ["alias.strange"]


def copied(text: str = "", **there: Any) -> list[Step]:
    """Returns the steps of `d_v1`, served as `d`, whose numbers are to be stored smaller."""
    more = f", {text}" if text else ""
    return planned(SERVED, f"collections: {{d: {{{SMALLER}, on_replace: copy{more}}}}}", **there)


def step(steps: list[Step], verb: str) -> Step:
    (found,) = (one for one in steps if one.verb == verb)
    return found


def body(one: Step, number: int = 0) -> dict[str, Any]:
    """Returns the JSON of a statement."""
    text = one.statements[number]
    found: dict[str, Any] = json.loads(text[text.index("{") :])
    return found


# ------------------------------------------------------------------ copied


def test_a_copy_is_made_aside_loaded_indexed_compared_switched_to_and_the_former_kept() -> None:
    assert verbs(copied()) == ["create", "copy", "settle", "verify", "switch", "retire"]


def test_the_new_collection_has_what_is_declared_and_keeps_the_rest_of_the_old() -> None:
    made = body(copied("hnsw: {m: 8}")[0])
    assert made["vectors"] == {"datatype": "float16", "distance": "Cosine", "on_disk": False, "size": 4}
    assert (made["hnsw_config"]["m"], made["hnsw_config"]["ef_construct"]) == (8, 100)
    assert made["optimizers_config"]["vacuum_min_vector_number"] == 1000


def test_a_vector_keeps_settings_of_its_own_in_the_copy() -> None:
    there = FakeQdrant(
        {"d_v1": info({"size": 4, "distance": "Cosine", "hnsw_config": {"m": 8}})}, {"d": "d_v1"}
    )
    steps = planned(there, f"collections: {{d: {{{SMALLER}, on_replace: copy, hnsw: {{m: 32}}}}}}")
    made = body(steps[0])
    assert (made["hnsw_config"]["m"], made["vectors"]["hnsw_config"]["m"]) == (32, 8)


def test_settings_of_a_vector_that_goes_away_go_with_it() -> None:
    gone = {"size": 4, "distance": "Dot", "on_disk": True, "hnsw_config": {"m": 8}}
    there = FakeQdrant({"d_v1": info({"a": {"size": 4, "distance": "Dot"}, "b": gone})}, {"d": "d_v1"})
    text = "collections: {d: {vectors: {a: {size: 4, distance: Dot}}, on_replace: copy}}"
    assert list(body(planned(there, text)[0])["vectors"]) == ["a"]


def test_the_new_collection_is_made_with_its_indexes_as_they_shall_be() -> None:
    create = copied("payload_indexes: {k: {type: keyword, is_tenant: true}, n: integer}")[0]
    assert create.title == "create the collection d_v2 with 2 payload indexes"
    assert create.statements[1:] == (
        'PUT /collections/d_v2/index?wait=true {"field_name": "k", "field_schema": {"enable_hnsw": true, '
        '"is_tenant": true, "on_disk": false, "type": "keyword"}}',
        'PUT /collections/d_v2/index?wait=true {"field_name": "n", "field_schema": {"type": "integer"}}',
    )


def test_an_index_that_nobody_owns_is_made_in_the_copy_too() -> None:
    create = copied("payload_indexes: {k: keyword}", unmanaged=["payload_index.d.t"])[0]
    assert list(create.args["indexes"]) == ["k", "t"]


def test_every_step_covers_the_indexes_so_that_half_of_it_is_never_recorded() -> None:
    index = Address.parse("vectors.payload_index.d.k")
    steps = copied("payload_indexes: {k: integer}")
    assert all(index in one.covers for one in steps)
    assert all(index in one.inverse.covers for one in steps if one.inverse)


def test_the_copy_costs_space_until_a_purge() -> None:
    create = copied()[0]
    assert kinds(create) == [HazardKind.COSTS_MEMORY]
    assert create.hazards[0].text == "the collection is there twice until d_v1 is purged"


def test_points_are_read_by_pages_and_inserted_only_where_they_are_not() -> None:
    copy = step(copied(), "copy")
    assert list(copy.statements) == [
        'POST /collections/d_v1/points/scroll {"with_payload": true, "with_vector": true}',
        'PUT /collections/d_v2/points?wait=true {"points": "…", "update_filter": {"must": [{"has_id": []}]}}',
    ]
    assert copy.title == "copy 5,000 points from d_v1 to d_v2"
    assert kinds(copy) == [HazardKind.SCANS_DATA]


def test_how_points_are_copied_goes_with_the_steps_that_need_it() -> None:
    steps = copied("copy: {batch: 64, recall: 0.9}")
    told = {one.verb: one.args["options"] for one in steps if "options" in one.args}
    assert told == {verb: {"batch": 64, "recall": 0.9} for verb in ("copy", "verify", "switch")}


def test_the_wait_asks_for_the_collection_and_what_is_optimized() -> None:
    assert step(copied(), "settle").statements == (
        "GET /collections/d_v2",
        "GET /collections/d_v2/optimizations",
    )


def test_both_collections_are_compared_and_counted() -> None:
    assert list(step(copied(), "verify").statements) == [
        'POST /collections/d_v1/points/scroll {"with_payload": true, "with_vector": true}',
        'POST /collections/d_v2/points/scroll {"with_payload": true, "with_vector": true}',
        'POST /collections/d_v2/points/count {"exact": true}',
    ]


def test_readers_are_switched_by_one_create_alias_without_a_hazard() -> None:
    switch = step(copied(), "switch")
    assert switch.statements == (
        'POST /collections/aliases {"actions": [{"create_alias": {"alias_name": "d", '
        '"collection_name": "d_v2"}}]}',
    )
    assert kinds(switch) == []


def test_what_a_switch_cannot_bring_over_is_told() -> None:
    assert "a point that is deleted in that time comes back" in step(copied(), "switch").reason


def test_the_old_collection_is_kept() -> None:
    retire = step(copied(), "retire")
    assert retire.args["physical"] == "d_v1"
    assert (retire.rollback, retire.removes) == (RollbackClass.RETENTION, False)


def test_a_copy_as_a_whole_needs_no_consent() -> None:
    needed = {HazardKind.DELETES_DATA, HazardKind.DOWNTIME, HazardKind.IRREVERSIBLE}
    assert not needed & {kind for one in copied() for kind in kinds(one)}


def test_the_way_back_takes_the_old_one_into_use_switches_and_deletes_the_new_one() -> None:
    assert back(copied()) == [
        'PATCH /collections/d_v1 {"metadata": {"apexplan": {"retired": null}}}',
        'POST /collections/aliases {"actions": [{"create_alias": {"alias_name": "d", '
        '"collection_name": "d_v1"}}]}',
        "DELETE /collections/d_v2",
    ]


def test_undone_the_new_collection_is_deleted_only_if_the_old_one_has_all_of_it() -> None:
    create = copied("copy: {batch: 64}")[0]
    assert create.inverse is not None
    assert create.inverse.title == "delete d_v2, or keep it aside where it has points that d_v1 lacks"
    wanted = {"source": "d_v1", "target": "d_v2", "options": {"batch": 64}}
    assert create.inverse.args["unless_lacking"] == wanted


def test_what_goes_with_the_new_collection_has_nothing_to_undo() -> None:
    for one in copied():
        if one.verb in ("copy", "settle", "verify"):
            assert one.inverse is not None
            assert (one.inverse.verb, one.inverse.statements) == ("nothing", ())


def test_a_declared_physical_name_is_that_of_the_copy() -> None:
    assert copied("physical: other")[0].args["physical"] == "other"


def test_the_copy_gets_the_first_free_version() -> None:
    there = FakeQdrant(
        {**INDEXED, "d_v2": info(marks={"retired": {"name": "d", "since": "x"}})}, {"d": "d_v1"}
    )
    steps = planned(there, f"collections: {{d: {{{SMALLER}, on_replace: copy}}}}")
    assert steps[0].args["physical"] == "d_v3"


# ------------------------------------------------------------------ names and aliases


def test_an_alias_that_is_managed_follows_in_the_same_request() -> None:
    text = f"collections: {{d: {{{SMALLER}, on_replace: copy}}}}\naliases: {{also: d}}"
    switch = step(planned(FOLLOWED, text, unmanaged=STRANGE), "switch")
    assert switch.args["after"] == {"d": "d_v2", "also": "d_v2"}


def test_an_alias_that_nobody_manages_stays_with_the_old_collection() -> None:
    text = f"collections: {{d: {{{SMALLER}, on_replace: copy}}}}\naliases: {{also: d}}"
    steps = planned(FOLLOWED, text, unmanaged=STRANGE)
    assert not any("strange" in request for request in requests(steps))


def test_an_alias_that_comes_with_the_copy_leads_to_it() -> None:
    text = f"collections: {{d: {{{SMALLER}, on_replace: copy}}}}\naliases: {{new: d}}"
    assert step(planned(SERVED, text), "alias").args["after"] == {"new": "d_v2"}


@pytest.mark.parametrize("aliases", ["", "aliases: {also: e}"], ids=["dropped", "led elsewhere"])
def test_an_alias_that_does_not_stay_is_not_switched(aliases: str) -> None:
    there = FakeQdrant({**INDEXED, "e": info()}, {"d": "d_v1", "also": "d_v1"})
    text = (
        f"collections: {{d: {{{SMALLER}, on_replace: copy}}, e: {{vectors: {{size: 4, distance: Cosine}}}}}}"
    )
    switch = step(planned(there, f"{text}\n{aliases}"), "switch")
    assert switch.args["after"] == {"d": "d_v2"}


def test_an_index_that_changes_with_a_copy_under_another_name_is_made_in_the_copy_alone() -> None:
    changed = "payload_indexes: {k: integer}, lifecycle: {renamed_from: d}"
    steps = planned(SERVED, f"collections: {{e: {{{SMALLER}, on_replace: copy, {changed}}}}}")
    assert [request for request in requests(steps) if "/index?" in request] == [
        'PUT /collections/d_v2/index?wait=true {"field_name": "k", "field_schema": {"type": "integer"}}'
    ]


def test_a_renamed_collection_is_switched_under_the_new_name_and_loses_the_former() -> None:
    text = f"collections: {{e: {{{SMALLER}, on_replace: copy, lifecycle: {{renamed_from: d}}}}}}"
    switch = step(planned(SERVED, text), "switch")
    assert switch.args["after"] == {"e": "d_v2", "d": None}
    assert switch.args["before"] == {"e": None, "d": "d_v1"}


def test_an_alias_may_hide_the_collection_whose_name_it_takes() -> None:
    steps = planned(BARE, f"collections: {{d: {{{SMALLER}, on_replace: copy, over: shadow}}}}")
    switch = step(steps, "switch")
    assert switch.args["after"] == {"d__kept": "d", "d": "d_v1"}
    assert kinds(switch) == [HazardKind.COSTS_MEMORY]
    assert '"rename_alias": {"new_alias_name": "d", "old_alias_name": "d__apexplan"}' in switch.statements[0]


def test_with_a_gap_the_old_collection_goes_and_so_does_the_way_back() -> None:
    steps = planned(BARE, f"collections: {{d: {{{SMALLER}, on_replace: copy, over: gap}}}}")
    assert verbs(steps) == ["create", "copy", "settle", "verify", "take over"]
    assert kinds(steps[-1]) == [HazardKind.DOWNTIME, HazardKind.DELETES_DATA, HazardKind.IRREVERSIBLE]
    assert (steps[-1].rollback, steps[-1].online) == (RollbackClass.IMPOSSIBLE, False)


def test_with_a_gap_the_aliases_that_go_with_the_old_collection_lead_to_the_copy() -> None:
    there = FakeQdrant({"d": info()}, {"also": "d"})
    text = f"collections: {{d: {{{SMALLER}, on_replace: copy, over: gap}}}}\naliases: {{also: d}}"
    actions = body(planned(there, text)[-1], 1)["actions"]
    assert actions == [
        {"create_alias": {"alias_name": name, "collection_name": "d_v1"}} for name in ("also", "d")
    ]


@pytest.mark.parametrize("way", ["copy", "drop"])
def test_what_is_made_anew_has_the_ledger_of_the_former_both_ways(way: str) -> None:
    ledger = {"apexplan:p": {"vectors.alias.also": {}}}
    old = info()
    old["config"]["metadata"] = {**ledger, "apexplan": {"name": "d"}, "owner": "us"}
    steps = planned(FakeQdrant({"d": old}), f"collections: {{d: {{{SMALLER}, on_replace: {way}}}}}")
    made = [one for step in steps for one in (step, step.inverse) if one is not None and one.verb == "create"]
    assert [one.args["ledger"] for one in made] == [ledger] * (1 if way == "copy" else 2)


# ------------------------------------------------------------------ dropped


def dropped(there: FakeQdrant = FOLLOWED, **given: Any) -> list[Step]:
    text = f"collections: {{d: {{{LONGER}, on_replace: drop, payload_indexes: {{k: integer}}}}}}\n"
    return planned(there, text + "aliases: {also: d}", unmanaged=STRANGE, **given)


def test_aliases_and_indexes_go_one_by_one_before_the_collection_is_made_anew() -> None:
    assert verbs(dropped()) == ["alias", "drop index", "drop index", "delete", "create", "alias"]


def test_all_aliases_lead_to_the_new_collection_again() -> None:
    first, *_, last = dropped()
    assert first.args["after"] == {"also": None, "d": None, "strange": None}
    assert last.args["after"] == {"also": "d_v1", "d": "d_v1", "strange": "d_v1"}


def test_an_alias_that_a_new_collection_takes_is_left_to_it() -> None:
    there = FakeQdrant({"d_v1": info()}, {"a": "d_v1", "d": "d_v1"})
    text = f"collections: {{a: {{{LONGER}, on_replace: drop}}, d: {{{LONGER}, physical: x}}}}"
    turns = [one.args["after"] for one in planned(there, text, unmanaged=["alias.d"]) if one.verb == "alias"]
    assert [after for after in turns if "d" in after] == [{"d": "x"}]


def test_dropping_points_is_a_loss_that_needs_consent() -> None:
    delete = step(dropped(), "delete")
    assert kinds(delete) == [HazardKind.DELETES_DATA, HazardKind.DOWNTIME]
    assert (delete.rollback, delete.online) == (RollbackClass.LOSSY, False)
    text = "5,000 points are deleted, and readers of d find nothing until it is filled again"
    assert delete.hazards[0].text == text


def test_dropping_no_points_is_no_loss() -> None:
    delete = step(dropped(size=EMPTY), "delete")
    assert (kinds(delete), delete.rollback, delete.online) == ([], RollbackClass.LOSSLESS, True)


def test_the_new_collection_has_the_same_name_and_the_indexes_that_are_declared() -> None:
    create = step(dropped(), "create")
    assert create.args["physical"] == "d_v1"
    assert body(create)["vectors"]["size"] == 8
    assert list(create.statements[1:]) == [
        'PUT /collections/d_v1/index?wait=true {"field_name": "k", "field_schema": {"type": "integer"}}'
    ]


def test_with_another_physical_name_it_is_made_anew_under_that() -> None:
    steps = planned(BARE, f"collections: {{d: {{{LONGER}, on_replace: drop, physical: x}}}}")
    assert (step(steps, "delete").args["physical"], step(steps, "create").args["physical"]) == ("d", "x")
    assert step(steps, "alias").args["after"] == {"d": "x"}


def test_a_new_alias_leads_to_what_is_made_anew_under_another_physical_name() -> None:
    text = f"collections: {{d: {{{LONGER}, on_replace: drop, physical: x}}}}\naliases: {{new: d}}"
    assert planned(BARE, text)[-1].args["after"] == {"new": "x"}


def test_under_another_name_it_is_made_anew_with_that_and_without_the_former() -> None:
    steps = planned(
        SERVED, f"collections: {{e: {{{LONGER}, on_replace: drop, lifecycle: {{renamed_from: d}}}}}}"
    )
    assert steps[-1].args["after"] == {"e": "d_v1"}


def test_the_way_back_makes_the_former_collection_its_indexes_and_its_aliases() -> None:
    steps = dropped()
    made = step(steps, "delete").inverse
    assert made is not None and body(made)["vectors"]["size"] == 4
    undone = [one.inverse.verb for one in reversed(steps) if one.inverse]
    assert undone == ["alias", "delete", "create", "index", "index", "alias"]


@pytest.mark.parametrize("way", ["copy", "drop"])
def test_the_same_change_gives_the_same_steps(way: str) -> None:
    text = f"collections: {{d: {{{SMALLER}, on_replace: {way}, payload_indexes: {{k: integer}}}}}}"
    one, other = ([step.model_dump_json() for step in planned(SERVED, text)] for _ in range(2))
    assert one == other
