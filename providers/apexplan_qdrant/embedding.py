"""New vectors for points that are copied: where size, distance or model changes, no copy can bring them, and
a function of yours does.

    # in your package, say acme/embed.py
    def openai_large(points: Sequence[Point]) -> Sequence[Any]:
        return embed_texts([point.payload["text"] for point in points])

    # in its pyproject.toml
    [project.entry-points."apexplan.embedders"]
    openai-large = "acme.embed:openai_large"

    # in the manifest
    copy: {embed: openai-large}

A manifest is data and runs nothing: it names a function of an installed package. The function gets up to
`copy.batch` points as they are in the old collection, and returns one vector for each, in their order, in
the form of `apexplan_qdrant.target.Point.vector`: a list of numbers, or a mapping of them by name. It may be
called again for points that it has seen: after a crash, and where points changed meanwhile. What it raises
ends the copy, which is then undone; the old collection serves on.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any, Final, Protocol

from apexplan.model.errors import StoreError
from apexplan_qdrant.target import Point

GROUP: Final = "apexplan.embedders"


class Embedder(Protocol):
    """What an entry point of the group `apexplan.embedders` is."""

    def __call__(self, points: Sequence[Point], /) -> Sequence[Any]:
        """Returns one vector for each of `points`, in their order."""
        ...


def known() -> list[str]:
    """Returns the names of the embedders that are installed."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def embedder(name: str) -> Embedder:
    """Returns the function of that name. Raises StoreError where no package offers it."""
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            found: Embedder = entry.load()
            return found
    raise StoreError(
        f"no installed package offers an embedder {name}; there are: {', '.join(known()) or 'none'}",
        mend=f"install the package whose entry point in the group {GROUP} has this name",
    )


def embedded(function: Embedder, points: Sequence[Point]) -> Sequence[Point]:
    """Returns the points with the vectors that `function` gives. Raises StoreError where it raises, without
    its words, which may hold a key of the model's; and where it gives too few."""
    try:
        vectors = function(points)
    except Exception as error:  # whatever a function of somebody else's raises ends the copy
        name = getattr(function, "__qualname__", type(function).__name__)
        raise StoreError(
            f"the embedder {name} raised {type(error).__name__}",
            mend="call it with some points by hand to see why",
        ) from error
    if len(vectors) != len(points):
        raise StoreError(f"the embedder returned {len(vectors)} vectors for {len(points)} points")
    return [point._replace(vector=vector) for point, vector in zip(points, vectors, strict=True)]
