"""What segments are built with, as 1.16.3 tells it; anything else gives none."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import httpx
import pytest
from answering_qdrant import Answering, always, connected, result

from apexplan_qdrant.server.telemetry import parsed
from apexplan_qdrant.target import Segment

HNSW = {
    "m": 16,
    "ef_construct": 100,
    "full_scan_threshold": 10000,
    "max_indexing_threads": 0,
    "on_disk": False,
}
INT8 = {"scalar": {"type": "int8", "always_ram": True}}
PLAIN: dict[str, Any] = {
    "info": {"num_points": 0, "is_appendable": True, "index_schema": {}},
    "config": {
        "vector_data": {
            "": {"size": 16, "index": {"type": "plain", "options": {}}, "quantization_config": None}
        }
    },
}
BUILT: dict[str, Any] = {
    "info": {
        "num_points": 1530,
        "is_appendable": False,
        "index_schema": {
            "k": {"data_type": "keyword", "points": 1530},
            "n": {"data_type": "integer", "params": {"type": "integer", "range": True}, "points": 1530},
        },
    },
    "config": {
        "vector_data": {
            "": {"size": 16, "index": {"type": "hnsw", "options": HNSW}, "quantization_config": INT8}
        }
    },
}


def telemetry(*segments: Any) -> dict[str, Any]:
    shard = {"id": 0, "local": {"status": "green", "segments": list(segments)}, "remote": []}
    collections = [{"id": "other", "shards": []}, {"id": "c", "shards": [shard]}]
    return deepcopy({"collections": {"number_of_collections": 2, "collections": collections}})


def test_segments_tell_their_graph_quantization_and_indexes() -> None:
    assert parsed(telemetry(PLAIN, BUILT), "c") == (
        Segment(0, True, {"": {}}, {"": None}, {}),
        Segment(
            1530,
            False,
            {"": HNSW},
            {"": INT8},
            {"k": "keyword", "n": {"type": "integer", "range": True}},
        ),
    )


def test_a_collection_that_is_not_told_has_no_segments() -> None:
    assert parsed(telemetry(BUILT), "elsewhere") == ()


def test_a_shard_on_another_node_hides_all_segments() -> None:
    told = telemetry(BUILT)
    told["collections"]["collections"][1]["shards"].append({"id": 1, "local": None, "remote": [{}]})
    assert parsed(told, "c") == ()


UNEXPECTED: list[Any] = [
    None,
    [],
    "text",
    {},
    {"collections": None},
    {"collections": {"number_of_collections": 1}},
    {"collections": {"collections": [{"id": "c"}]}},
    {"collections": {"collections": [{"id": "c", "shards": None}]}},
    telemetry({}),
    telemetry({**BUILT, "info": {}}),
    telemetry({**BUILT, "info": {**BUILT["info"], "num_points": "many"}}),
    telemetry({**BUILT, "config": {"vector_data": []}}),
    telemetry({**BUILT, "config": {"vector_data": {"": {"index": {"type": "of tomorrow", "options": {}}}}}}),
]


@pytest.mark.parametrize("told", UNEXPECTED)
def test_whatever_is_unexpected_gives_no_segments(told: Any) -> None:
    assert parsed(told, "c") == ()


@pytest.mark.parametrize("status", [403, 404])
def test_telemetry_that_may_not_be_read_gives_no_segments(status: int) -> None:
    assert connected(Answering(always(httpx.Response(status)))).segments("c") == ()


def test_segments_are_asked_for_at_the_level_that_tells_them() -> None:
    answering = Answering(always(result(telemetry(BUILT))))
    assert len(connected(answering).segments("c")) == 1
    assert answering.seen[0].url.raw_path == b"/telemetry?details_level=4"
