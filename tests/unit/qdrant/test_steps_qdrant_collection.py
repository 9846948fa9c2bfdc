"""Collections → steps: created, changed by one PATCH, taken out of use, purged; renamed."""

from __future__ import annotations

import pytest
from fake_qdrant import FakeQdrant, info
from steps_qdrant_kit import EMPTY, FULL, LATER, back, kinds, planned, requests, verbs

from apexplan.model.address import Address
from apexplan.model.plan import HazardKind, RollbackClass
from apexplan.model.spec import canonical

ONE = "vectors: {size: 4, distance: Cosine}"
NOTHING = FakeQdrant()
THERE = FakeQdrant({"d": info()})
SERVED = FakeQdrant({"d_v1": info(indexes={"k": "keyword"})}, {"d": "d_v1"})
KEPT = FakeQdrant({"d": info(marks={"retired": {"name": "old", "since": "2026-01-01T00:00:00Z"}})})


def d(text: str = "") -> str:
    """Returns the manifest of the collection `d` with one vector and these fields."""
    return f"collections: {{d: {{{ONE}{', ' + text if text else ''}}}}}"


# ------------------------------------------------------------------ created


def test_a_collection_is_created_with_what_is_declared_and_no_more() -> None:
    assert requests(planned(NOTHING, d("hnsw: {m: 32}"))) == [
        'PUT /collections/d {"hnsw_config": {"m": 32}, "vectors": {"distance": "Cosine", "size": 4}}'
    ]


def test_the_way_back_from_a_creation_deletes_the_collection_and_says_so() -> None:
    (step,) = planned(NOTHING, d())
    assert step.inverse is not None
    assert step.inverse.statements == ("DELETE /collections/d",)
    assert kinds(step.inverse) == [HazardKind.DELETES_DATA]


def test_the_way_back_deletes_only_the_collection_that_the_step_made() -> None:
    (step,) = planned(NOTHING, d())
    assert step.inverse is not None and step.args["made"]
    assert step.inverse.args["made"] == step.args["made"]


def test_a_creation_of_other_settings_has_another_mark() -> None:
    (one,), (other,) = planned(NOTHING, d()), planned(NOTHING, d("hnsw: {m: 32}"))
    assert one.args["made"] != other.args["made"]


def test_a_collection_that_will_be_copied_is_versioned_and_read_through_an_alias() -> None:
    assert requests(planned(NOTHING, d("on_replace: copy"))) == [
        'PUT /collections/d_v1 {"vectors": {"distance": "Cosine", "size": 4}}',
        'POST /collections/aliases {"actions": [{"create_alias": {"alias_name": "d", '
        '"collection_name": "d_v1"}}]}',
    ]


OTHERS = FakeQdrant({"d": info()}, {"e": "d"})
NEW = f"collections: {{e: {{{ONE}}}, d: {{{ONE}, physical: x, over: OVER}}}}"


def test_the_alias_of_a_new_collection_leaves_what_it_hides_within_reach() -> None:
    *_, alias = planned(OTHERS, NEW.replace("OVER", "shadow"))
    assert alias.args["after"] == {"d__kept": "d", "d": "x"}


def test_the_alias_of_a_new_collection_takes_its_name_with_a_gap_where_that_is_declared() -> None:
    assert verbs(planned(OTHERS, NEW.replace("OVER", "gap"))) == ["create", "take over"]


def test_a_declared_physical_name_is_taken() -> None:
    create, alias = planned(NOTHING, d("physical: other"))
    assert create.args["physical"] == "other"
    assert alias.args["after"] == {"d": "other"}


def test_undoing_a_versioned_creation_takes_the_alias_before_the_collection() -> None:
    assert back(planned(NOTHING, d("on_replace: copy"))) == [
        'POST /collections/aliases {"actions": [{"delete_alias": {"alias_name": "d"}}]}',
        "DELETE /collections/d_v1",
    ]


def test_a_name_is_quoted_in_the_path() -> None:
    (step,) = planned(NOTHING, f"collections: {{ä b: {{{ONE}}}}}")
    assert step.statements[0].startswith("PUT /collections/%C3%A4%20b ")


# ------------------------------------------------------------------ changed


def test_all_changes_of_a_collection_are_one_patch() -> None:
    assert requests(
        planned(THERE, d("hnsw: {m: 32, ef_construct: 200}, optimizers: {deleted_threshold: 0.3}"))
    ) == [
        'PATCH /collections/d {"hnsw_config": {"ef_construct": 200, "m": 32}, '
        '"optimizers_config": {"deleted_threshold": 0.3}}'
    ]


def test_the_way_back_from_a_patch_brings_the_former_values() -> None:
    assert back(planned(THERE, d("hnsw: {m: 32}, metadata: {a: 1}"))) == [
        'PATCH /collections/d {"hnsw_config": {"m": 16}, "metadata": {"a": null}}'
    ]


def test_a_compression_is_taken_back_by_a_word() -> None:
    assert back(planned(THERE, d("quantization: {scalar: {type: int8}}"))) == [
        'PATCH /collections/d {"quantization_config": "Disabled"}'
    ]


def test_a_patch_that_rebuilds_says_what_of_how_many() -> None:
    (step,) = planned(THERE, d("hnsw: {m: 32}, optimizers: {deleted_threshold: 0.3}"))
    assert [hazard.text for hazard in step.hazards] == [
        "every segment of 5,000 points is rebuilt in the background, because of hnsw_m",
        "while it is rebuilt, a segment is there twice",
    ]
    assert kinds(step) == [HazardKind.REBUILDS, HazardKind.COSTS_MEMORY]


def test_the_way_back_rebuilds_as_well() -> None:
    (step,) = planned(THERE, d("hnsw: {m: 32}"))
    assert step.inverse is not None and kinds(step.inverse) == kinds(step)


def test_a_patch_that_is_taken_up_at_once_is_no_hazard() -> None:
    (step,) = planned(THERE, d("optimizers: {deleted_threshold: 0.3}, metadata: {a: 1}"))
    assert kinds(step) == []


def test_a_patch_of_a_collection_without_points_is_no_hazard() -> None:
    (step,) = planned(THERE, d("hnsw: {m: 32}"), size=EMPTY)
    assert kinds(step) == []


def test_a_patch_of_nobody_knows_how_many_points_is_one() -> None:
    (step,) = planned(THERE, d("hnsw: {m: 32}"), size=None)
    assert step.hazards[0].text.startswith("every segment of the points is rebuilt")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ("optimizers: {max_segment_size: 5000}", "max_segment_size"),
        ("read_fan_out_factor: 2", "read_fan_out_factor"),
        ("strict_mode: {max_query_limit: 10}", "strict_mode"),
    ],
)
def test_what_cannot_be_unset_again_makes_a_patch_lossy_and_is_named(fields: str, named: str) -> None:
    (step,) = planned(THERE, d(fields))
    assert step.rollback is RollbackClass.LOSSY
    assert step.reason == f"Qdrant cannot unset {named} again: a rollback leaves it"


def test_the_way_back_from_a_lossy_patch_brings_back_the_rest() -> None:
    assert back(planned(THERE, d("optimizers: {max_segment_size: 5000, deleted_threshold: 0.3}"))) == [
        'PATCH /collections/d {"optimizers_config": {"deleted_threshold": 0.2}}'
    ]


def test_a_patch_without_such_fields_is_lossless() -> None:
    (step,) = planned(THERE, d("hnsw: {m: 32}"))
    assert (step.rollback, step.reason) == (RollbackClass.LOSSLESS, "")


def test_a_vector_keeps_its_own_graph_while_the_collections_changes() -> None:
    own = {"a": {"size": 4, "distance": "Dot"}, "b": {"size": 4, "distance": "Dot", "hnsw_config": {"m": 8}}}
    there = FakeQdrant({"d": info(own)})
    body = (
        "collections: {d: {hnsw: {m: 32}, "
        "vectors: {a: {size: 4, distance: Dot}, b: {size: 4, distance: Dot, hnsw: {m: 8}}}}}"
    )
    assert requests(planned(there, body)) == [
        'PATCH /collections/d {"hnsw_config": {"m": 32}, "vectors": {"b": {"hnsw_config": {"m": 8}}}}'
    ]


def test_payload_m_stays_as_it_is_declared_while_m_which_it_followed_changes() -> None:
    there = FakeQdrant({"d": info(hnsw_config={"m": 0, "ef_construct": 100})})
    assert requests(planned(there, d("hnsw: {m: 16, payload_m: 0}"))) == [
        'PATCH /collections/d {"hnsw_config": {"m": 16, "payload_m": 0}}'
    ]


def test_a_vector_keeps_its_own_compression_while_the_collections_changes() -> None:
    own = {"binary": {"always_ram": True}}
    there = FakeQdrant({"d": info({"a": {"size": 4, "distance": "Dot", "quantization_config": own}})})
    body = (
        "collections: {d: {quantization: {scalar: {type: int8}}, "
        "vectors: {a: {size: 4, distance: Dot, quantization: {binary: {always_ram: true}}}}}}"
    )
    assert requests(planned(there, body)) == [
        'PATCH /collections/d {"quantization_config": {"scalar": {"type": "int8"}}, '
        '"vectors": {"a": {"quantization_config": {"binary": {"always_ram": true}}}}}'
    ]


def test_work_that_waits_is_woken_by_an_empty_change() -> None:
    waiting = FakeQdrant({"d": info(status="grey")})
    assert requests(planned(waiting, d())) == ['PATCH /collections/d {"optimizers_config": {}}']


def test_a_patch_goes_to_the_collection_behind_the_alias() -> None:
    (step,) = planned(SERVED, d("hnsw: {m: 32}, payload_indexes: {k: keyword}"))
    assert step.statements == ('PATCH /collections/d_v1 {"hnsw_config": {"m": 32}}',)


def test_what_is_as_declared_needs_no_step() -> None:
    assert planned(THERE, d("hnsw: {m: 16, ef_construct: 100}, on_disk_payload: true")) == []


# ------------------------------------------------------------------ out of use


def test_a_collection_that_nothing_declares_is_marked_and_kept() -> None:
    (step,) = planned(THERE, "")
    assert step.statements == (
        'PATCH /collections/d {"metadata": {"apexplan": {"retired": {"name": "d", "since": "now"}}}}',
    )
    assert (step.rollback, kinds(step), step.removes) == (RollbackClass.RETENTION, [], True)


def test_the_alias_goes_before_the_collection_is_kept_aside() -> None:
    steps = planned(SERVED, "")
    assert verbs(steps) == ["alias", "retire"]
    assert steps[0].args["after"] == {"d": None}


def test_what_is_kept_aside_keeps_its_indexes_which_are_covered() -> None:
    index = Address.parse("vectors.payload_index.d.k")
    assert all(index in step.covers for step in planned(SERVED, ""))


def test_a_collection_comes_back_into_use_before_its_alias() -> None:
    assert back(planned(SERVED, "")) == [
        'PATCH /collections/d_v1 {"metadata": {"apexplan": {"retired": null}}}',
        'POST /collections/aliases {"actions": [{"create_alias": {"alias_name": "d", '
        '"collection_name": "d_v1"}}]}',
    ]


OLD = FakeQdrant({"d": info(indexes={"k": "keyword"})}, version=(1, 15, 0))


def test_before_1_16_nothing_can_be_kept_so_it_is_deleted() -> None:
    (step,) = planned(OLD, "")
    assert step.statements == ("DELETE /collections/d",)
    assert (step.rollback, kinds(step)) == (RollbackClass.LOSSY, [HazardKind.DELETES_DATA])
    assert step.hazards[0].text == "5,000 points are deleted: before 1.16 nothing can be kept"


def test_before_1_16_a_collection_without_points_goes_without_a_hazard() -> None:
    (step,) = planned(OLD, "", size=EMPTY)
    assert kinds(step) == []


def test_before_1_16_the_way_back_makes_the_collection_anew_with_its_indexes() -> None:
    made, index = back(planned(OLD, ""))
    assert made.startswith("PUT /collections/d {") and '"size": 4' in made
    assert index.startswith('PUT /collections/d/index?wait=true {"field_name": "k", ')


# ------------------------------------------------------------------ purged


def test_what_is_kept_is_purged_for_good() -> None:
    (step,) = planned(KEPT, "", purge_before=LATER)
    assert step.statements == ("DELETE /collections/d",)
    assert (step.rollback, step.inverse) == (RollbackClass.IMPOSSIBLE, None)
    assert step.no_inverse == "what is purged is gone; only a backup has it"
    assert kinds(step) == [HazardKind.DELETES_DATA, HazardKind.IRREVERSIBLE]
    assert (
        step.hazards[0].text == "5,000 points of old, kept since 2026-01-01T00:00:00Z, are deleted for good"
    )


def test_a_purge_names_the_aliases_that_go_with_the_collection() -> None:
    there = FakeQdrant(KEPT.there, {"y": "d", "x": "d"})
    (step,) = planned(there, "", purge_before=LATER, unmanaged=["alias.x", "alias.y"])
    assert step.hazards[-1].kind is HazardKind.DOWNTIME
    assert step.hazards[-1].text == "with the collection go the aliases that lead to it: x, y"


def test_a_side_door_is_no_alias_that_anybody_would_miss() -> None:
    there = FakeQdrant({**KEPT.there, "d_v1": info()}, {"d": "d_v1", "d__kept": "d"})
    (step,) = planned(there, "collections: {d: {vectors: {size: 4, distance: Cosine}}}", purge_before=LATER)
    assert kinds(step) == [HazardKind.DELETES_DATA, HazardKind.IRREVERSIBLE]


def test_what_is_kept_stays_until_a_purge() -> None:
    assert planned(KEPT, "") == []


# ------------------------------------------------------------------ renamed


def test_a_renamed_collection_is_read_through_an_alias_of_the_new_name() -> None:
    body = f"collections: {{e: {{{ONE}, lifecycle: {{renamed_from: d}}}}}}"
    assert requests(planned(THERE, body)) == [
        'POST /collections/aliases {"actions": [{"create_alias": {"alias_name": "e", '
        '"collection_name": "d"}}]}'
    ]


RENAMED = f"collections: {{e: {{{ONE}, payload_indexes: {{k: keyword}}, lifecycle: {{renamed_from: d}}}}}}"


def test_a_collection_behind_an_alias_loses_the_former_one_in_the_same_request() -> None:
    assert requests(planned(SERVED, RENAMED)) == [
        'POST /collections/aliases {"actions": [{"create_alias": {"alias_name": "e", '
        '"collection_name": "d_v1"}}, {"delete_alias": {"alias_name": "d"}}]}'
    ]


def test_the_way_back_from_a_rename_turns_both_aliases_back() -> None:
    assert back(planned(SERVED, RENAMED)) == [
        'POST /collections/aliases {"actions": [{"delete_alias": {"alias_name": "e"}}, '
        '{"create_alias": {"alias_name": "d", "collection_name": "d_v1"}}]}'
    ]


def test_a_rename_writes_down_the_name_that_the_collection_serves_and_back() -> None:
    (step,) = planned(SERVED, RENAMED)
    assert step.inverse is not None
    assert (step.args["known"], step.inverse.args["known"]) == ({"d_v1": "e"}, {"d_v1": "d"})


def test_a_collection_that_has_the_new_name_itself_only_loses_its_alias() -> None:
    there = FakeQdrant({"e": info()}, {"d": "e"})
    body = f"collections: {{e: {{{ONE}, lifecycle: {{renamed_from: d}}}}}}"
    (step,) = planned(there, body, recorded=["collection.d"])
    assert step.statements == (
        'POST /collections/aliases {"actions": [{"delete_alias": {"alias_name": "d"}}]}',
    )
    assert step.args["known"] == {"e": "e"}


def test_a_rename_leaves_what_its_alias_hides_within_reach() -> None:
    there = FakeQdrant({"d": info(), "e": info()}, {"f": "e"})
    body = f"collections: {{e: {{{ONE}, over: shadow, lifecycle: {{renamed_from: d}}}}, f: {{{ONE}}}}}"
    (step,) = planned(there, body)
    assert step.args["after"] == {"e__kept": "e", "e": "d"}


def test_an_index_follows_a_renamed_collection() -> None:
    (step,) = planned(SERVED, RENAMED)
    assert Address.parse("vectors.payload_index.e.k") in step.covers


def test_an_index_that_comes_or_goes_with_a_rename_has_its_step() -> None:
    steps = planned(SERVED, RENAMED.replace("k: keyword", "new: keyword"))
    assert verbs(steps)[0] == "alias"
    assert sorted(requests(steps)[1:]) == [
        "DELETE /collections/d_v1/index/k?wait=true",
        'PUT /collections/d_v1/index?wait=true {"field_name": "new", "field_schema": {"type": "keyword"}}',
    ]


def test_a_renamed_collection_is_patched_after_the_rename() -> None:
    body = f"collections: {{e: {{{ONE}, hnsw: {{m: 8}}, lifecycle: {{renamed_from: d}}}}}}"
    assert verbs(planned(THERE, body)) == ["alias", "patch"]


def test_an_index_that_changes_with_the_rename_is_put_after_it() -> None:
    body = RENAMED.replace("k: keyword", "k: integer")
    assert verbs(planned(SERVED, body)) == ["alias", "index"]


# ------------------------------------------------------------------ always


@pytest.mark.parametrize("there", [NOTHING, THERE, SERVED, KEPT], ids=["nothing", "bare", "served", "kept"])
@pytest.mark.parametrize("body", ["", d("on_replace: copy, hnsw: {m: 32}, payload_indexes: {n: integer}")])
def test_the_same_inputs_give_the_same_bytes(there: FakeQdrant, body: str) -> None:
    one, other = (
        canonical([step.model_dump(mode="json") for step in planned(there, body, purge_before=LATER)])
        for _ in range(2)
    )
    assert one == other


def test_a_step_tells_how_many_points_are_at_stake() -> None:
    (step,) = planned(THERE, d("hnsw: {m: 32}"))
    assert step.size == FULL
