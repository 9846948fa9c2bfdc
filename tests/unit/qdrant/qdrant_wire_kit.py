"""Recorded states of collections, and the values that are read from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.payload_index import index_values

Json = dict[str, Any]
_FOLDER = Path(__file__).parents[2] / "cases" / "qdrant_recordings"


@cache
def lines() -> dict[str, Json]:
    """Returns every recorded exchange by its id, in the order of the files."""
    texts = (
        text for file in sorted(_FOLDER.glob("*.jsonl")) for text in file.read_text("utf-8").splitlines()
    )
    return {line["id"]: line for line in map(json.loads, texts)}


def states() -> Iterator[tuple[str, Json]]:
    """Gives every recorded answer of GET /collections/NAME, with the line that has it."""
    for name, line in lines().items():
        for side in ("before", "after"):
            if line.get(side):
                yield f"{name} {side}", line[side]


def after(name: str) -> Json:
    """Returns the values of the collection after a recorded exchange."""
    return collection_values(lines()[name]["after"])


def before(name: str) -> Json:
    return collection_values(lines()[name]["before"])


def index_after(name: str, field: str) -> Json:
    """Returns the values of a payload index after a recorded exchange."""
    return index_values(lines()[name]["after"]["payload_schema"][field])


def info(**config: Any) -> Json:
    """Returns an answer of GET with one unnamed vector, and the given parts of `config`."""
    params = {"vectors": {"size": 4, "distance": "Dot"}, **config.pop("params", {})}
    return {"config": {"params": params, "hnsw_config": {"m": 16, "ef_construct": 100}, **config}}


def values(**config: Any) -> Json:
    return collection_values(info(**config))
