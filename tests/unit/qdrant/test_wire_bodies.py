"""Values → the bodies of create and PATCH: what is asked for, where the server looks for it, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from qdrant_wire_kit import info, lines

from apexplan_qdrant.specs import Collection
from apexplan_qdrant.wire.bodies import CHANGEABLE, after_create, create_body, patch_body, unsettable
from apexplan_qdrant.wire.collection import collection_values

Json = dict[str, Any]
ONE: Json = {"vectors": ("",), "size": {"": 4}, "distance": {"": "Dot"}}


def created(**fields: Any) -> Json:
    return create_body(Collection.model_validate({**ONE, **fields}))


def patched(changed: Json, **config: Any) -> Json:
    return patch_body(info(**config)["config"], changed)


# ------------------------------------------------------------------ create


def test_one_unnamed_vector_has_the_short_form() -> None:
    assert created() == {"vectors": {"size": 4, "distance": "Dot"}}


def test_named_vectors_are_a_map() -> None:
    two = Collection(vectors=("a", "b"), size={"a": 4, "b": 8}, distance={"a": "Dot", "b": "Cosine"})
    assert create_body(two) == {
        "vectors": {"a": {"size": 4, "distance": "Dot"}, "b": {"size": 8, "distance": "Cosine"}}
    }


def test_sparse_vectors_alone_need_no_dense_ones() -> None:
    spec = Collection(vectors=(), sparse_vectors=("s", "t"), sparse_on_disk={"s": True})
    assert create_body(spec) == {"sparse_vectors": {"s": {"index": {"on_disk": True}}, "t": {}}}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"hnsw_m": 32}, {"hnsw_config": {"m": 32}}),
        ({"indexing_threshold": 0}, {"optimizers_config": {"indexing_threshold": 0}}),
        ({"max_optimization_threads": "auto"}, {"optimizers_config": {"max_optimization_threads": "auto"}}),
        ({"on_disk_payload": False}, {"on_disk_payload": False}),
        ({"payload_memory": "cold"}, {"payload": {"memory": "cold"}}),
        ({"shard_number": 2, "sharding_method": "custom"}, {"shard_number": 2, "sharding_method": "custom"}),
        ({"wal_capacity_mb": 8}, {"wal_config": {"wal_capacity_mb": 8}}),
        ({"strict_mode": {"enabled": True}}, {"strict_mode_config": {"enabled": True}}),
        ({"metadata": {"owner": "a"}}, {"metadata": {"owner": "a"}}),
        (
            {"quantization": {"kind": "scalar", "type": "int8", "quantile": None}},
            {"quantization_config": {"scalar": {"type": "int8"}}},
        ),
    ],
)
def test_a_field_stands_where_create_looks_for_it(fields: Json, body: Json) -> None:
    assert created(**fields) == created() | body


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"datatype": {"": "uint8"}}, {"datatype": "uint8"}),
        ({"multivector": {"": "max_sim"}}, {"multivector_config": {"comparator": "max_sim"}}),
        ({"vector_on_disk": {"": False}}, {"on_disk": False}),
        ({"vector_hnsw": {".m": 8, ".payload_m": None}}, {"hnsw_config": {"m": 8}}),
        ({"vector_quantization": {".kind": "binary"}}, {"quantization_config": {"binary": {}}}),
    ],
)
def test_a_setting_of_a_vector_stands_at_the_vector(fields: Json, part: Json) -> None:
    assert created(**fields)["vectors"] == {"size": 4, "distance": "Dot"} | part


@pytest.mark.parametrize(
    "fields",
    [
        {"multivector": {"": "none"}},
        {"quantization": {"kind": "none"}},
        {"vector_quantization": {".kind": "none"}},
        {"read_fan_out_factor": 2},
        {"max_segment_size": None},
        {"physical": "c_v1", "health": "ok", "on_replace": "copy", "over": "gap", "copying": {"batch": 5}},
    ],
)
def test_what_create_has_no_word_for_is_left_out(fields: Json) -> None:
    assert created(**fields) == created()


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"read_fan_out_factor": 2}, {"params": {"read_fan_out_factor": 2}}),
        ({"quantization": {"kind": "none"}}, {"quantization_config": "Disabled"}),
    ],
)
def test_what_create_cannot_take_is_sent_after_it(fields: Json, body: Json) -> None:
    config = info(quantization_config={"binary": {}})["config"]
    assert after_create(Collection.model_validate(ONE | fields), config) == body


def test_nothing_is_sent_after_create_where_all_is_as_wanted() -> None:
    spec = Collection.model_validate(ONE | {"quantization": {"kind": "none"}, "hnsw_m": 16})
    assert after_create(spec, info()["config"]) == {}


# ------------------------------------------------------------------ PATCH


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"hnsw_m": 32}, {"hnsw_config": {"m": 32}}),
        ({"memmap_threshold": 0}, {"optimizers_config": {"memmap_threshold": 0}}),
        ({"on_disk_payload": False}, {"params": {"on_disk_payload": False}}),
        ({"payload_memory": "cold"}, {"params": {"payload": {"memory": "cold"}}}),
        ({"read_fan_out_factor": 1}, {"params": {"read_fan_out_factor": 1}}),
        ({"vector_on_disk": {"": True}}, {"vectors": {"": {"on_disk": True}}}),
        ({"vector_hnsw": {"a.b.m": 8}}, {"vectors": {"a.b": {"hnsw_config": {"m": 8}}}}),
        ({"sparse_modifier": {"s": "none"}}, {"sparse_vectors": {"s": {"modifier": "none"}}}),
        ({"sparse_on_disk": {"s": True}}, {"sparse_vectors": {"s": {"index": {"on_disk": True}}}}),
        ({"metadata": {"gone": None}}, {"metadata": {"gone": None}}),
        ({"strict_mode": {"max_query_limit": 5}}, {"strict_mode_config": {"max_query_limit": 5}}),
        ({}, {}),
    ],
)
def test_a_field_stands_where_patch_looks_for_it(changed: Json, body: Json) -> None:
    assert patched(changed) == body


def test_settings_of_the_quantization_that_nobody_manages_are_sent_again() -> None:
    live = {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True, "newer": 1}}
    found = patched({"quantization": {"kind": "scalar", "quantile": 0.95}}, quantization_config=live)
    kept = {"type": "int8", "quantile": 0.95, "always_ram": True, "newer": 1}
    assert found == {"quantization_config": {"scalar": kept}}


def test_null_takes_a_setting_of_the_quantization_away() -> None:
    live = {"scalar": {"type": "int8", "quantile": 0.99}}
    found = patched({"quantization": {"quantile": None}}, quantization_config=live)
    assert found == {"quantization_config": {"scalar": {"type": "int8"}}}


def test_another_kind_of_quantization_takes_nothing_along() -> None:
    live = {"scalar": {"type": "int8", "always_ram": True}}
    found = patched({"quantization": {"kind": "binary"}}, quantization_config=live)
    assert found == {"quantization_config": {"binary": {}}}


def test_no_quantization_is_a_word() -> None:
    found = patched({"quantization": {"kind": "none"}}, quantization_config={"binary": {}})
    assert found == {"quantization_config": "Disabled"}


def test_a_vector_that_changes_a_setting_takes_the_rest_from_the_collection() -> None:
    live = {"scalar": {"type": "int8", "always_ram": True}}
    found = patched({"vector_quantization": {".quantile": 0.9}}, quantization_config=live)
    own = {"scalar": {"type": "int8", "always_ram": True, "quantile": 0.9}}
    assert found == {"vectors": {"": {"quantization_config": own}}}


@pytest.mark.parametrize("field", ["size", "shard_number", "wal_capacity_mb", "sparse_datatype", "health"])
def test_a_field_that_patch_would_drop_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        patched({field: 1})


def test_every_field_that_a_rule_calls_changeable_is_changeable_here() -> None:
    apart = {"health"}
    in_place = {field for field, rule in Collection.rules.items() if rule.how == "in place"}
    assert in_place - apart == CHANGEABLE


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("max_segment_size", None, True),
        ("read_fan_out_factor", None, True),
        ("sparse_full_scan_threshold", {"s": None}, True),
        ("strict_mode", {"enabled": False, "max_query_limit": None}, True),
        ("max_segment_size", 100, False),
        ("max_optimization_threads", "auto", False),
        ("on_disk_payload", False, False),
        ("metadata", {"gone": None}, False),
        ("quantization", {"kind": "scalar", "quantile": None}, False),
        ("vector_quantization", {"a.kind": "scalar", "a.quantile": None}, False),
        ("strict_mode", {"enabled": False}, False),
    ],
)
def test_what_patch_cannot_bring_back_is_told(field: str, value: Any, expected: bool) -> None:
    assert unsettable(field, value) is expected


def test_the_richest_recorded_collection_asks_for_what_it_was_made_with() -> None:
    line = lines()["create/full-single/01"]
    body = create_body(Collection.model_validate(collection_values(line["after"])))
    assert body.keys() == line["request"]["body"].keys()
