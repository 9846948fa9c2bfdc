"""What GET shows → values: effective, canonical, and never an error for what is not known."""

from __future__ import annotations

from typing import Any

import pytest
from qdrant_wire_kit import after, before, lines, states, values

from apexplan_qdrant.specs import Collection
from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.places import kept_by_apexplan
from apexplan_qdrant.wire.quantization import single

NOT_READ = {"physical", "health", "on_replace", "over", "copying"}
SAME_MEANING = {
    "patch/hnsw/12": "payload_m equal to m",
    "quantization/scalar/06": "always_ram false, absent before",
    "quantization/binary/04": "encoding one_bit, absent before",
    "rebuild/hnsw/09": "payload_m equal to m",
    "rebuild/hnsw/10": "inline_storage false, absent before",
    "rebuild/hnsw/13": "an override equal to the collection's value",
    "rebuild/params/08": "on_disk of a vector from null to false",
    "rebuild/quantization/04": "always_ram false, absent before",
    "rebuild/quantization/10": "encoding one_bit, absent before",
    "rebuild/vectors/05": "an override equal to the collection's value",
    "rebuild/sparse/05": "on_disk of a sparse index from null to false",
    "metadata/create/02": "a key that was null is removed",
    "metadata/create/04": "apexplan's own key is added",
    "vectors/read-back-forms/03": "an override equal to the collection's value",
    "vectors/read-back-forms/04": "an override equal to the collection's value",
}
"""Recorded requests that changed the configuration and not its meaning."""
CHANGING = [
    name
    for name, line in lines().items()
    if line.get("before") and line.get("after") and line["before"]["config"] != line["after"]["config"]
]


@pytest.mark.parametrize("name", SAME_MEANING)
def test_two_spellings_of_one_meaning_are_equal(name: str) -> None:
    assert before(name) == after(name)


@pytest.mark.parametrize("name", [name for name in CHANGING if name not in SAME_MEANING])
def test_every_other_recorded_change_is_seen(name: str) -> None:
    assert before(name) != after(name)


def test_defaults_written_out_mean_the_same_as_defaults_left_out() -> None:
    assert after("create/explicit-defaults/01") == after("create/minimal/01")


def test_a_modifier_none_means_the_same_as_none_at_all() -> None:
    assert after("patch/sparse/04") == after("patch/sparse/01")


def test_every_recorded_state_makes_a_spec_of_all_fields_that_are_read() -> None:
    for _, state in states():
        spec = Collection.model_validate(collection_values(state))
        assert spec.managed == Collection.rules.keys() - NOT_READ


# ------------------------------------------------------------------ vectors


def test_the_unnamed_vector_is_called_by_the_empty_name() -> None:
    found = values()
    assert (found["vectors"], found["size"], found["distance"]) == ([""], {"": 4}, {"": "Dot"})


def test_the_map_form_of_the_unnamed_vector_is_the_same() -> None:
    assert values(params={"vectors": {"": {"size": 4, "distance": "Dot"}}}) == values()


def test_a_vector_named_size_is_no_unnamed_vector() -> None:
    found = values(params={"vectors": {"size": {"size": 4, "distance": "Dot"}}})
    assert (found["vectors"], found["size"]) == (["size"], {"size": 4})


def test_names_of_vectors_are_sorted() -> None:
    vector = {"size": 4, "distance": "Dot"}
    found = values(params={"vectors": {"b": vector, "a": vector}, "sparse_vectors": {"d": {}, "c": {}}})
    assert (found["vectors"], found["sparse_vectors"]) == (["a", "b"], ["c", "d"])


def test_a_vector_has_the_graph_of_the_collection_where_it_has_none_of_its_own() -> None:
    own = {"size": 4, "distance": "Dot", "hnsw_config": {"m": 32, "on_disk": None}}
    found = values(params={"vectors": own}, hnsw_config={"m": 16, "ef_construct": 64, "on_disk": True})
    assert found["vector_hnsw"] == {
        ".m": 32,
        ".ef_construct": 64,
        ".full_scan_threshold": None,
        ".max_indexing_threads": None,
        ".payload_m": 32,
        ".on_disk": True,
        ".inline_storage": False,
    }


def test_a_vector_has_the_quantization_of_the_collection_where_it_has_none_of_its_own() -> None:
    vectors = {
        "a": {"size": 4, "distance": "Dot"},
        "b": {"size": 4, "distance": "Dot", "quantization_config": {"product": {"compression": "x4"}}},
    }
    found = values(params={"vectors": vectors}, quantization_config={"binary": {}})["vector_quantization"]
    assert (found["a.kind"], found["a.encoding"]) == ("binary", "one_bit")
    assert (found["b.kind"], found["b.compression"]) == ("product", "x4")


def test_payload_m_zero_is_not_that_it_is_left_out() -> None:
    assert values(hnsw_config={"m": 16, "payload_m": 0})["hnsw_payload_m"] == 0


# ------------------------------------------------------------------ the rest


def test_a_quantile_is_the_shortest_number_of_32_bits() -> None:
    shown = {"scalar": {"type": "int8", "quantile": 0.9900000095367432}}
    assert values(quantization_config=shown)["quantization"]["quantile"] == 0.99


@pytest.mark.parametrize("value", [0.5, 0.95, 0.99, 0.999999, 1.0])
def test_a_short_quantile_stays_as_it_is(value: float) -> None:
    assert single(value) == value


def test_a_number_that_32_bits_cannot_hold_is_rounded() -> None:
    assert single(0.98765432109876) == 0.9876543


def test_no_quantization_is_a_kind() -> None:
    assert values(quantization_config=None)["quantization"] == {"kind": "none"}


def test_a_kind_of_a_newer_server_is_read() -> None:
    found = values(quantization_config={"spiral": {"turns": 3}})["quantization"]
    assert found == {"kind": "spiral", "turns": 3}


@pytest.mark.parametrize("shown", [None, {}, {"enabled": False}, {"enabled": None}])
def test_strict_mode_that_is_off_is_one_value(shown: Any) -> None:
    assert values(strict_mode_config=shown)["strict_mode"] == {"enabled": False}


def test_limits_of_strict_mode_are_read() -> None:
    found = values(strict_mode_config={"enabled": True, "max_query_limit": 5, "max_timeout": None})
    assert found["strict_mode"] == {"enabled": True, "max_query_limit": 5}


def test_null_threads_are_auto() -> None:
    found = values(optimizer_config={"max_optimization_threads": None})
    assert found["max_optimization_threads"] == "auto"


def test_metadata_is_without_null_and_without_what_apexplan_keeps() -> None:
    shown = {"owner": "a", "gone": None, "apexplan": {"x": 1}, "apexplan:made": "y", "apexplanned": 1}
    assert values(metadata=shown)["metadata"] == {"owner": "a", "apexplanned": 1}


@pytest.mark.parametrize(("key", "own"), [("apexplan", True), ("apexplan:x", True), ("apexplanet", False)])
def test_own_keys_of_the_metadata_are_known_by_their_form(key: str, own: bool) -> None:
    assert kept_by_apexplan(key) is own


def test_memory_of_a_newer_server_is_read() -> None:
    found = values(
        params={"vectors": {"size": 4, "distance": "Dot", "memory": "cold"}, "payload": {"memory": "cached"}},
        hnsw_config={"m": 16, "memory": "pinned"},
    )
    memory = found["vector_memory"], found["payload_memory"], found["hnsw_memory"]
    assert memory == ({"": "cold"}, "cached", "pinned")


def test_keys_of_a_newer_server_are_passed_over() -> None:
    shown = values(
        params={"vectors": {"size": 4, "distance": "Dot", "shape": "round"}, "weather": {}},
        hnsw_config={"m": 16, "ef_construct": 100, "spirals": 2},
        optimizer_config={"mood": "good"},
        cosmos={},
    )
    assert shown == values()
