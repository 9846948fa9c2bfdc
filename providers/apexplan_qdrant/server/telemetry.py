"""What segments are really built with, from `GET /telemetry?details_level=4`.

Its form is no promise: whatever looks different from 1.16.3 gives no segments, never wrong ones. It tells of
all collections, and of the shards of this node alone; a collection with shards elsewhere gives none either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apexplan.model.errors import AccessDenied, Unsupported
from apexplan_qdrant.server.client import Client
from apexplan_qdrant.target import Segment

_SEGMENTS: Final = "/telemetry?details_level=4"


def segments(client: Client, name: str) -> tuple[Segment, ...]:
    """Returns the segments of a collection, () where they are not told."""
    try:
        return parsed(client.read(_SEGMENTS), name)
    except (AccessDenied, Unsupported):
        return ()


def parsed(told: Any, name: str) -> tuple[Segment, ...]:
    """Returns the segments of a collection in the `result` of telemetry. Pure."""
    try:
        collection = next(one for one in told["collections"]["collections"] if one["id"] == name)
        shards = [shard["local"] for shard in collection["shards"]]
        return tuple(_segment(one) for shard in shards for one in shard["segments"])
    except (StopIteration, KeyError, TypeError, AttributeError, ValueError):
        return ()


def _segment(told: Mapping[str, Any]) -> Segment:
    info, vectors = told["info"], told["config"]["vector_data"]
    return Segment(
        points=int(info["num_points"]),
        appendable=bool(info["is_appendable"]),
        index={name: _index(vector["index"]) for name, vector in vectors.items()},
        quantization={name: vector.get("quantization_config") for name, vector in vectors.items()},
        indexes={field: _schema(one) for field, one in info["index_schema"].items()},
    )


def _index(told: Mapping[str, Any]) -> dict[str, Any]:
    if told["type"] == "plain":
        return {}
    if told["type"] != "hnsw":
        raise ValueError(told["type"])
    return dict(told["options"])


def _schema(told: Mapping[str, Any]) -> Any:
    """The schema as a request has it: with its options, or the bare kind."""
    return told.get("params") or told["data_type"]
