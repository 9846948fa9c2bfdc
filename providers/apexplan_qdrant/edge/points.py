"""Points: as a scroll of the server has them ↔ Edge's types.

A list of numbers goes through untouched both ways: a copy is mostly these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import qdrant_edge as edge

from apexplan_qdrant.target import Point, PointId


def edge_point(point: Point) -> edge.Point:
    """Returns the point in Edge's type. Raises ValueError and TypeError for what cannot be one."""
    return edge.Point(point.id, edge_vector(point.vector), dict(point.payload) or None)


def edge_vector(vector: Any) -> Any:
    """Returns what Edge takes for all vectors of a point. A mapping is by name: a sparse vector has one."""
    if not isinstance(vector, Mapping):
        return vector
    return {name: edge_part(part) for name, part in vector.items()}


def edge_part(part: Any) -> Any:
    """Returns what Edge takes for one vector."""
    return edge.SparseVector(part["indices"], part["values"]) if isinstance(part, Mapping) else part


def point_of(record: edge.Record) -> Point:
    """Returns the point with its vectors and payload."""
    return Point(plain_id(record.id), _plain_vector(record.vector), record.payload or {})


def plain_id(found: int | str | UUID) -> PointId:
    """Returns an id as the server writes it."""
    return found if isinstance(found, int) else str(found)


def _plain_vector(vector: Any) -> Any:
    if vector is None:
        return {}
    if not isinstance(vector, dict):
        return vector
    return {name: _plain_part(part) for name, part in vector.items()}


def _plain_part(part: Any) -> Any:
    if isinstance(part, edge.SparseVector):
        return {"indices": part.indices, "values": part.values}
    return part
