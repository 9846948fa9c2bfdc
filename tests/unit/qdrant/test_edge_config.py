"""Configurations on Edge are made and changed as Qdrant 1.16.3 did, and said in Edge's words."""

from __future__ import annotations

from typing import Any

import pytest
from qdrant_wire_kit import lines

from apexplan_qdrant.edge.config import WrongInput, created, edge_config, updated

OTHERWISE = {
    "patch/optimizers/14": "a spelling that apexplan does not send",
    "patch/optimizers/15": "a spelling that apexplan does not send",
    "patch/immutable/11": "fields of newer servers, which Edge has",
    "strict_mode/patch/11": "an unknown limit, which is kept here",
    "quantization/scalar/03": "a number that HTTP shows shorter",
    "quantization/scalar/10": "an unknown key, which is kept here",
    "quantization/binary/15": "two kinds at once, which Edge refuses",
    "quantization/binary/17": "a spelling that apexplan does not send",
    "create/key-aliases/01": "spellings that apexplan does not send",
    "create/key-aliases-optimizers/01": "spellings that apexplan does not send",
    "create/unknown-nested-keys/01": "unknown keys, some of which are kept here",
    "create/newer-fields/01": "fields of newer servers, which Edge has",
}
TOPICS = ("patch", "metadata", "strict_mode", "quantization", "create", "vectors")


def recorded(method: str) -> list[str]:
    """Returns the ids of requests of that method that were answered 200."""
    return [
        name
        for name, line in lines().items()
        if name not in OTHERWISE
        and line["topic"] in TOPICS
        and (line["request"] or {}).get("method") == method
        and line["request"]["path"].partition("?")[0].count("/") == 2
        and line["response"]["status"] == 200
        and isinstance(line["request"]["body"], dict)
        and line["after"]
        and (method == "PUT" or line["before"])
    ]


def one(**body: Any) -> dict[str, Any]:
    return created({"vectors": {"size": 4, "distance": "Dot"}, **body})


@pytest.mark.parametrize("name", recorded("PATCH"))
def test_a_change_leaves_the_recorded_configuration(name: str) -> None:
    line = lines()[name]
    assert updated(line["before"]["config"], line["request"]["body"]) == line["after"]["config"]


@pytest.mark.parametrize("name", recorded("PUT"))
def test_create_makes_the_recorded_configuration(name: str) -> None:
    line = lines()[name]
    assert created(line["request"]["body"]) == line["after"]["config"]


@pytest.mark.parametrize("name", ["patch/not-atomic/02", "patch/named/05", "patch/sparse/11"])
def test_an_unknown_vector_is_refused(name: str) -> None:
    line = lines()[name]
    with pytest.raises(WrongInput, match="there is no vector"):
        updated(line["before"]["config"], line["request"]["body"])


def test_a_change_leaves_the_former_configuration_untouched() -> None:
    live = one(metadata={"a": {"b": 1}})
    updated(live, {"hnsw_config": {"m": 8}, "metadata": {"a": {"c": 2}}})
    assert live == one(metadata={"a": {"b": 1}})


def test_metadata_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(WrongInput, match="mapping"):
        updated(one(), {"metadata": [1]})


def test_one_name_for_a_dense_and_a_sparse_vector_is_refused() -> None:
    with pytest.raises(WrongInput, match="'a'"):
        created({"vectors": {"a": {"size": 4, "distance": "Dot"}}, "sparse_vectors": {"a": {}}})


def test_a_vectors_own_graph_settings_are_completed_by_the_collections() -> None:
    live = created({"vectors": {"a": {"size": 4, "distance": "Dot", "hnsw_config": {"m": 8}}}})
    said = edge_config(live)["vectors"]["a"]["hnsw_config"]
    assert said == {**live["hnsw_config"], "m": 8}


def test_a_compression_that_was_disabled_is_not_said_to_edge() -> None:
    live = one(quantization_config={"scalar": {"type": "int8"}})
    assert "quantization_config" not in edge_config(updated(live, {"quantization_config": "Disabled"}))


def test_the_modifier_none_is_not_said_to_edge() -> None:
    live = created({"sparse_vectors": {"s": {"modifier": "none", "index": {"on_disk": True}}}})
    assert edge_config(live)["sparse_vectors"] == {"s": {"on_disk": True}}


def test_where_payloads_lie_is_said_to_edge() -> None:
    assert edge_config(one(payload={"memory": "cached"}))["payload_memory"] == "cached"


def test_settings_that_edge_has_not_are_not_said_to_it() -> None:
    said = edge_config(one(optimizers_config={"memmap_threshold": 5, "flush_interval_sec": 1}))
    assert {"memmap_threshold", "flush_interval_sec", "max_optimization_threads"} & said[
        "optimizers"
    ].keys() == set()


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"a": 1}},
        {"strict_mode_config": {"enabled": True}},
        {"wal_config": {"wal_capacity_mb": 8}},
    ],
)
def test_what_edge_does_not_know_asks_for_no_rebuild(body: dict[str, Any]) -> None:
    assert edge_config(updated(one(), body)) == edge_config(one())
