"""Points in and out.

A body ends at 32 MiB (400, measured on 1.16.3), so points go in several where they have to; each is written
whole or not at all. Vectors are written as floats even where somebody made them of whole numbers: two rows of
those are read as a sparse vector, `indices` and `values` (measured on 1.16.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from apexplan.model.errors import Unsupported
from apexplan_qdrant.server.client import Client, at, encoded
from apexplan_qdrant.server.versions import INSERT_ONLY, shown
from apexplan_qdrant.target import Hit, Page, Point, PointId, Version

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of the points in one body: half of what the server takes."""
_SPARSE: Final = {"indices", "values"}
_NO_POINT_MATCHES: Final = b',"update_filter":{"must":[{"has_id":[]}]}'
"""A point that is there is replaced if it matches, one that is not there is inserted either way. From 1.17 on
`update_mode` says the same, but it is dropped on 1.16, which then overwrites."""
_WAIT: Final = "wait=true"


def count(client: Client, name: str) -> int:
    """Returns the exact number of points."""
    found: int = client.ask(at("collections", name, "points", "count"), {"exact": True})["count"]
    return found


def page(client: Client, name: str, start: PointId | None, limit: int, *, vectors: bool) -> Page:
    """As `Target.page`."""
    body: dict[str, Any] = {"limit": limit, "with_payload": vectors, "with_vector": vectors}
    if start is not None:
        body["offset"] = start
    told = client.ask(at("collections", name, "points", "scroll"), body)
    points = [Point(one["id"], one.get("vector") or {}, one.get("payload") or {}) for one in told["points"]]
    return Page(points, told.get("next_page_offset"))


def insert(client: Client, name: str, points: Sequence[Point], version: Version) -> None:
    """As `Target.insert`. Raises Unsupported where the server would overwrite."""
    if version < INSERT_ONLY:
        text = (
            f"Qdrant {shown(version)} cannot insert without overwriting what an application wrote meanwhile"
        )
        mend = f"use Qdrant {shown(INSERT_ONLY)} or later"
        raise Unsupported(text, store=client.origin.store, mend=mend)
    _write(client, name, points, _NO_POINT_MATCHES)


def upsert(client: Client, name: str, points: Sequence[Point]) -> None:
    """As `Target.upsert`."""
    _write(client, name, points, b"")


def _write(client: Client, name: str, points: Sequence[Point], condition: bytes) -> None:
    where = at("collections", name, "points", query=_WAIT)
    for part in parts(map(_point, points), MOST_BYTES):
        client.change("PUT", where, b'{"points":[' + part + b"]" + condition + b"}")


def parts(items: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Gives items with commas between, as many at a time as fit into `most` bytes, one at least."""
    held: list[bytes] = []
    size = 0
    for item in items:
        if held and size + len(item) + 1 > most:
            yield b",".join(held)
            held, size = [], 0
        held.append(item)
        size += len(item) + 1
    if held:
        yield b",".join(held)


def _point(point: Point) -> bytes:
    return encoded({"id": point.id, "vector": floats(point.vector), "payload": point.payload})


def floats(vector: Any) -> Any:
    """Returns a vector of any form whose numbers are floats, all but the indices of a sparse one."""
    if isinstance(vector, Mapping):
        if vector.keys() == _SPARSE:
            return {"indices": vector["indices"], "values": floats(vector["values"])}
        return {name: floats(part) for name, part in vector.items()}
    if vector and isinstance(vector[0], (list, tuple)):
        return [floats(row) for row in vector]
    return list(map(float, vector))


def remove(client: Client, name: str, ids: Sequence[PointId]) -> None:
    """As `Target.remove`."""
    if ids:
        where = at("collections", name, "points", "delete", query=_WAIT)
        client.change("POST", where, encoded({"points": list(ids)}))


def nearest(client: Client, name: str, vector: Any, using: str, limit: int, *, exact: bool) -> Sequence[Hit]:
    """As `Target.nearest`."""
    body = {
        "query": floats(vector),
        "limit": limit,
        "params": {"exact": exact, **({"quantization": {"ignore": True}} if exact else {})},
        "with_payload": False,
        **({"using": using} if using else {}),
    }
    told = client.ask(at("collections", name, "points", "query"), body)
    return [Hit(one["id"], one["score"]) for one in told["points"]]
