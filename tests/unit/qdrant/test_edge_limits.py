"""What Edge cannot do is refused by name; what has no effect there is told."""

from __future__ import annotations

from typing import Any

import pytest

from apexplan_qdrant.edge.config import created
from apexplan_qdrant.edge.limits import lacks, why_refused
from apexplan_qdrant.specs import Collection, PayloadIndex


@pytest.mark.parametrize(
    ("field", "value"), [("shard_number", 2), ("sharding_method", "custom"), ("replication_factor", 3)]
)
def test_what_edge_cannot_do_is_refused(field: str, value: Any) -> None:
    assert {name: lack.refused for name, lack in lacks(Collection(**{field: value})).items()} == {field: True}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("write_consistency_factor", 2),
        ("read_fan_out_factor", 1),
        ("memmap_threshold", 20000),
        ("flush_interval_sec", 1),
        ("max_optimization_threads", 0),
        ("wal_capacity_mb", 64),
        ("wal_segments_ahead", 2),
        ("wal_retain_closed", 3),
        ("strict_mode", {"enabled": True}),
        ("vector_memory", {"": "pinned"}),
        ("payload_memory", "pinned"),
    ],
)
def test_what_has_no_effect_is_told(field: str, value: Any) -> None:
    assert {name: lack.refused for name, lack in lacks(Collection(**{field: value})).items()} == {
        field: False
    }


def test_what_edge_does_anyway_is_not_told() -> None:
    spec = Collection(
        shard_number=1,
        sharding_method="auto",
        replication_factor=1,
        wal_capacity_mb=32,
        memmap_threshold=0,
        strict_mode={"enabled": False},
        vector_memory={"": "cached"},
    )
    assert lacks(spec) == {}


def test_fields_that_are_not_managed_are_not_told() -> None:
    assert lacks(Collection(size={"": 4}, hnsw_memory="pinned", prevent_unoptimized=True)) == {}


def test_a_payload_index_lacks_nothing() -> None:
    assert lacks(PayloadIndex(type="keyword", enable_hnsw=False, memory="cold")) == {}


def test_a_configuration_of_many_shards_is_refused() -> None:
    body = {"vectors": {"size": 4, "distance": "Dot"}, "shard_number": 2}
    assert why_refused(created(body)).startswith("shard_number 2")


def test_a_plain_configuration_is_not_refused() -> None:
    assert why_refused(created({"vectors": {"size": 4, "distance": "Dot"}})) == ""
