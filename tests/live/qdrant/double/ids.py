"""Ids of points: a whole number, or a UUID in any of three spellings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from .faults import malformed, wrong_input

PointId = int | str


def as_id(value: Any) -> PointId:
    """The id in the one spelling in which it is kept."""
    if type(value) is int and value >= 0:
        return value
    uuid = _uuid(value) if isinstance(value, str) else None
    if uuid is None:
        kinds = "valid values are either an unsigned integer or a UUID"
        raise malformed(f"value {value} is not a valid point ID, {kinds}")
    return uuid


def from_path(text: str) -> PointId:
    """The id in the path of a request."""
    if text.isdigit():
        return int(text)
    uuid = _uuid(text)
    if uuid is None:
        raise wrong_input(f'Can not recognize "{text}" as point id')
    return uuid


_UUID_FORMS: tuple[Callable[[str], object], ...] = (
    re.compile(r"(?i)(urn:uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch,
    re.compile(r"(?i)[0-9a-f]{32}").fullmatch,
)


def _uuid(text: str) -> str | None:
    return str(UUID(text)) if any(form(text) for form in _UUID_FORMS) else None


def rank(point_id: PointId) -> tuple[bool, PointId]:
    """The order in which points are read: whole numbers first, then UUIDs."""
    return isinstance(point_id, str), point_id
