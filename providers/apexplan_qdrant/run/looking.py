"""What every step looks at: a collection as it is, or None; its marks; writing marks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apexplan_qdrant.errors import NotThere
from apexplan_qdrant.names import reached_by
from apexplan_qdrant.read.marks import METADATA, Marks, marks_of
from apexplan_qdrant.target import Target


def reach(target: Target, physical: str) -> str:
    """Returns the name under which requests reach a collection: an alias that hides it would answer in its
    place. Raises NotThere where nothing reaches it."""
    name = reached_by(physical, target.aliases(), embedded=target.embedded)
    if name is None:
        raise NotThere(f"an alias hides the collection {physical}, and nothing else leads to it")
    return name


def look(target: Target, physical: str) -> Mapping[str, Any] | None:
    """Returns the collection of that physical name as the target tells it, or None."""
    if physical not in target.collections():
        return None
    try:
        return target.info(reach(target, physical))
    except NotThere:
        return None


def marks(target: Target, physical: str) -> Marks:
    """Returns the marks of a collection, empty ones where it has none or is not there."""
    found = look(target, physical)
    return marks_of(found) if found is not None else Marks()


def write(target: Target, physical: str, wanted: Marks) -> None:
    """Writes the marks of a collection, where the target has metadata. A rebuild that runs goes on."""
    if target.version >= METADATA:
        target.update(reach(target, physical), {"metadata": wanted.written()})


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
