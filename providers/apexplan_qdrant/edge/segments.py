"""What the segments of a closed shard are built with, read from its files.

Files of an open one lag behind; so they are read after a close. Points that were deleted are counted until
the segment is optimized.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from apexplan_qdrant.target import Segment

_VERSION_BYTES: Final = 8
"""Of one point, in the file of versions."""
_VERSIONS: Final = ("id_tracker.versions", "mutable_id_tracker.versions")


def read_segments(shard: Path) -> Sequence[Segment]:
    """Returns the segments in the order of their names, () where the files are going just now."""
    try:
        return tuple(_segment(path.parent) for path in sorted(shard.glob("segments/*/segment.json")))
    except (OSError, ValueError, KeyError):
        return ()


def _segment(directory: Path) -> Segment:
    config = json.loads((directory / "segment.json").read_text())["config"]
    vectors = config.get("vector_data", {})
    indexes = json.loads((directory / "payload_index" / "config.json").read_text())["indexed_fields"]
    return Segment(
        points=sum(_size(directory / name) for name in _VERSIONS) // _VERSION_BYTES,
        appendable=_appendable(config),
        index={name: vector["index"].get("options", {}) for name, vector in vectors.items()},
        quantization={name: vector["quantization_config"] for name, vector in vectors.items()},
        indexes=indexes,
    )


def _appendable(config: Mapping[str, Any]) -> bool:
    """True of a segment that takes points: dense vectors lie in chunks there, sparse ones in memory."""
    dense, sparse = config.get("vector_data", {}), config.get("sparse_vector_data", {})
    chunked = all("Chunked" in vector["storage_type"] for vector in dense.values())
    return chunked and all(vector["index"]["index_type"] == "MutableRam" for vector in sparse.values())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
