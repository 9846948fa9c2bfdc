"""What segments are really built with, against what the collection says. A collection can be green while its
segments have the former graph: the configuration is what is declared, telemetry is what was done.

Only segments with a graph are compared; smaller ones have neither graph nor compression. Where the target
does not tell, nothing is known, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from apexplan_qdrant.target import Segment, Target
from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.places import by_vector
from apexplan_qdrant.wire.quantization import quantization_values

_GRAPH: Final = ("m", "ef_construct", "on_disk")


def unlike(target: Target, physical: str) -> list[str]:
    """Returns in words in what the segments are not built as the collection says, [] where they are or where
    nobody knows."""
    segments = target.segments(physical)
    if not segments:
        return []
    values = collection_values(target.info(physical))
    graphs, compressed = by_vector(values["vector_hnsw"]), by_vector(values["vector_quantization"])
    return sorted({text for one in segments for text in _differing(one, graphs, compressed)})


def _differing(
    segment: Segment, graphs: Mapping[str, Mapping[str, Any]], compressed: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for name, index in segment.index.items():
        if not index or name not in graphs:
            continue
        for setting in _GRAPH:
            built = index.get(setting, False if setting == "on_disk" else None)
            if built != graphs[name][setting]:
                yield f"{name + ': ' if name else ''}{setting} is {built}, not {graphs[name][setting]}"
        built = quantization_values(segment.quantization.get(name))
        if built != compressed[name]:
            wanted = compressed[name]["kind"]
            yield f"{name + ': ' if name else ''}quantization is {built['kind']}, not {wanted}"
