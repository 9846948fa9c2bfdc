"""Points of one collection: upsert (whole or insert-only), scroll, count, retrieve, delete."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from . import filters, vectors
from .config import Config
from .faults import bad_request, beyond_the_double, invalid, not_found
from .ids import PointId, as_id, from_path, rank

Body = Mapping[str, Any]


@dataclass
class Point:
    payload: dict[str, Any]
    vectors: vectors.Stored


class Points:
    """Kept by id; read in the order of ids: whole numbers first, then UUIDs."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._points: dict[PointId, Point] = {}

    def __len__(self) -> int:
        return len(self._points)

    def payloads(self) -> Iterator[dict[str, Any]]:
        return (point.payload for point in self._points.values())

    def count_vectors(self, names: Container[str]) -> int:
        """How many vectors of these names there are."""
        return sum(name in names for point in self._points.values() for name in point.vectors)

    def upsert(self, sent: list[Body], update_filter: Body | None) -> None:
        """Writes point by point: a wrong one stops it, and those before it stay.

        With `update_filter` a point that exists is replaced only if it matches; one that does not exist is
        always inserted. A filter that nothing matches makes it insert-only.
        """
        may_replace = filters.compiled(update_filter) if update_filter is not None else None
        for item in sent:
            point_id = as_id(item["id"])
            live = self._points.get(point_id)
            if live and may_replace and not may_replace(point_id, live.payload):
                continue
            kept = vectors.stored(self._config, item.get("vector"))
            self._points[point_id] = Point(deepcopy(item.get("payload") or {}), kept)

    def update_vectors(self, sent: list[Body]) -> None:
        for item in sent:
            self._existing(as_id(item["id"])).vectors.update(vectors.stored(self._config, item["vector"]))

    def change_payload(self, ids: Iterable[Any], change: Body, *, keep: bool) -> None:
        """Sets keys; without `keep` the others go."""
        for point_id in map(as_id, ids):
            point = self._existing(point_id)
            point.payload = {**(point.payload if keep else {}), **deepcopy(dict(change))}

    def delete(self, body: Body) -> None:
        """Deletes by `points` or by `filter`; a missing id is no error."""
        if "filter" in body:
            gone = [point_id for point_id, _ in self._matching(body["filter"])]
        else:
            gone = [as_id(point_id) for point_id in body["points"]]
        for point_id in gone:
            self._points.pop(point_id, None)

    def count(self, condition: Body | None) -> int:
        return sum(1 for _ in self._matching(condition))

    def scroll(self, body: Body) -> dict[str, Any]:
        """One page and the id of the first point of the next; an offset that is gone goes on behind it."""
        if "order_by" in body:
            raise beyond_the_double("order_by")
        matching = [point_id for point_id, _ in self._matching(body.get("filter"))]
        if body.get("offset") is not None:
            first = rank(as_id(body["offset"]))
            matching = [point_id for point_id in matching if rank(point_id) >= first]
        limit = body.get("limit", 10)
        page, rest = matching[:limit], matching[limit:]
        with_payload = body.get("with_payload", True)
        shown = [self._shown(point_id, with_payload, body.get("with_vector", False)) for point_id in page]
        return {"points": shown, "next_page_offset": rest[0] if rest else None}

    def retrieve(self, body: Body) -> list[dict[str, Any]]:
        """The points of `ids` that exist; the payload only if it is asked for."""
        with_payload, with_vector = body.get("with_payload", False), body.get("with_vector", False)
        ids = [as_id(point_id) for point_id in body["ids"]]
        return [
            self._shown(point_id, with_payload, with_vector) for point_id in ids if point_id in self._points
        ]

    def one(self, text: str) -> dict[str, Any]:
        """The point of a path."""
        point_id = from_path(text)
        if point_id not in self._points:
            raise not_found(f"Point with id {text} does not exists!")
        return self._shown(point_id, True, True)

    def _existing(self, point_id: PointId) -> Point:
        if point_id not in self._points:
            raise not_found(f"No point with id {point_id} found")
        return self._points[point_id]

    def _matching(self, condition: Body | None) -> Iterator[tuple[PointId, Point]]:
        matches = filters.compiled(condition or {})
        for point_id in sorted(self._points, key=rank):
            point = self._points[point_id]
            if matches(point_id, point.payload):
                yield point_id, point

    def _shown(self, point_id: PointId, with_payload: Any, with_vector: Any) -> dict[str, Any]:
        if not (isinstance(with_payload, bool) and isinstance(with_vector, bool)):
            raise beyond_the_double("a choice of payload keys or vectors")
        point = self._points[point_id]
        shown: dict[str, Any] = {"id": point_id}
        if with_payload:
            shown["payload"] = point.payload
        if with_vector:
            shown["vector"] = vectors.read_back(point.vectors)
        return shown


def from_body(body: Body) -> list[Body]:
    """The points of an upsert, from either of its two forms, checked before anything is written."""
    sent = list(_from_batch(body["batch"])) if "batch" in body else body["points"]
    for item in sent:
        as_id(item["id"])
    found = filters.problems(body.get("update_filter"), "update_filter")
    for number, item in enumerate(sent):
        found += vectors.check_sparse(item.get("vector"), f"points[{number}]")
    if found:
        raise invalid(found)
    if not sent:
        raise bad_request("Empty update request")
    return list(sent)


def _from_batch(batch: Body) -> Iterator[Body]:
    """Columns to points."""
    for number, point_id in enumerate(batch["ids"]):
        columns = batch["vectors"]
        named = isinstance(columns, Mapping)
        vector = {name: rows[number] for name, rows in columns.items()} if named else columns[number]
        payloads = batch.get("payloads")
        yield {"id": point_id, "vector": vector, "payload": payloads[number] if payloads else None}
