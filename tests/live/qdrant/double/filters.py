"""Filters as far as they are recorded: `must` with has_id, match value and range.

Any other filter is refused as beyond the double: taken as "matches all" it would hide a mistake.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .faults import beyond_the_double
from .ids import as_id
from .json_paths import values

Filter = Mapping[str, Any]
Matches = Callable[[Any, Mapping[str, Any]], bool]
"""Of the id and the payload of a point."""

_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_INDEX_FOR = ((bool, "bool"), (str, "keyword"), (int, "integer"))


def problems(condition: Filter | None, place: str) -> list[str]:
    """The range errors of a filter that stands at `place`."""
    return [
        f"{place}.must[{number}].__all__: Validation error: "
        "At least one field condition must be specified [{}]"
        for number, part in enumerate((condition or {}).get("must", ()))
        if set(part) == {"key"}
    ]


def compiled(condition: Filter) -> Matches:
    """A function that tells whether a point matches."""
    if set(condition) - {"must"}:
        raise beyond_the_double(f"the filter parts {sorted(set(condition) - {'must'})}")
    parts = [_condition(part) for part in condition.get("must", ())]
    return lambda point_id, payload: all(part(point_id, payload) for part in parts)


def fields(condition: Filter | None) -> Iterator[tuple[str, str]]:
    """Each key that is filtered by, with the kind of index which serves it."""
    for part in (condition or {}).get("must", ()):
        if "match" in part:
            value = part["match"].get("value")
            yield part["key"], next(kind for of, kind in _INDEX_FOR if isinstance(value, of))


def _condition(part: Mapping[str, Any]) -> Matches:
    if "has_id" in part:
        ids = {as_id(point_id) for point_id in part["has_id"]}
        return lambda point_id, payload: point_id in ids
    if set(part) == {"key", "match"} and set(part["match"]) == {"value"}:
        return lambda point_id, payload: part["match"]["value"] in values(payload, part["key"])
    if set(part) == {"key", "range"}:
        return lambda point_id, payload: any(
            _in_range(value, part["range"]) for value in values(payload, part["key"])
        )
    raise beyond_the_double(f"the condition {dict(part)}")


def _in_range(value: Any, bounds: Mapping[str, Any]) -> bool:
    return type(value) in (int, float) and all(_BOUNDS[name](value, bound) for name, bound in bounds.items())
