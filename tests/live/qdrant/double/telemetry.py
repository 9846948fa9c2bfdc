"""What telemetry tells: from level 4 on the settings that segments were really built with.

Sizes, times and counters of the real answer are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .config import Config
from .segments import Segment, indexed_vectors
from .settings import Settings

_SEGMENTS_FROM_LEVEL = 4


class Told(NamedTuple):
    """A collection as telemetry shows it: what is declared and what was built."""

    name: str
    declared: Config
    segment: Segment
    points: int
    indexes: dict[str, Any]


def report(settings: Settings, collections: Iterable[Told], level: int) -> dict[str, Any]:
    """The result of `GET /telemetry`."""
    shown = [_collection(told) for told in collections]
    return {
        "id": "00000000-0000-0000-0000-000000000000",
        "app": {"name": "qdrant", "version": settings.version, "startup": "1970-01-01T00:00:00Z"},
        "collections": {
            "number_of_collections": len(shown),
            **({"collections": shown} if level >= _SEGMENTS_FROM_LEVEL else {}),
        },
        "cluster": {"enabled": False},
    }


def _collection(told: Told) -> dict[str, Any]:
    info = {
        "num_points": told.points,
        "is_appendable": not indexed_vectors(told.segment),
        "index_schema": told.indexes,
    }
    local = {"variant_name": "local shard", "segments": [{"info": info, "config": told.segment}]}
    shard: dict[str, Any] = {"id": 0, "key": None, "local": local, "remote": []}
    return {"id": told.name, "config": told.declared, "shards": [shard]}
