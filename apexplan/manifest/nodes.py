"""A manifest as a tree of frozen nodes that know their places.

The tree is what `load` makes of the text and what everything after it walks:
`plain` gives the Python data, `key_place` and `value_place` turn a path in
that data back into file, line and column. Trees are shallow (`load` refuses
more than 40 levels), so recursion is safe here. Scalars and entries are named
tuples: a large project has 100,000 of them, and a frozen dataclass takes twice
as long to make.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from apexplan.model.diagnostics import Location

ScalarValue: TypeAlias = str | int | float | bool | None
Path: TypeAlias = Sequence[str | int]


class ScalarNode(NamedTuple):
    """One scalar. `text` is what stands in the file, without quotes; `plain`: it has no quotes.

    Where the file has a variable, `value` is what came out of it. Messages show `text`
    (`${NAME}`), never `value`.
    """

    value: ScalarValue
    where: Location
    text: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list of nodes."""

    items: tuple[Node, ...]
    where: Location


class Entry(NamedTuple):
    """One value of a mapping and the place of its key."""

    key_where: Location
    value: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Entries by key, in the order of the file."""

    entries: Mapping[str, Entry]
    where: Location

    def get(self, key: str) -> Node | None:
        """Returns the value at `key`, or None."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


def plain(node: Node) -> Any:
    """Returns the node as Python data: dict, list, str, int, float, bool, None."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    return {key: plain(entry.value) for key, entry in node.entries.items()}


def scalars(node: Node) -> Iterator[ScalarNode]:
    """Returns all scalars in and under `node`, in the order of the file."""
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from scalars(item)
    else:
        for entry in node.entries.values():
            yield from scalars(entry.value)


def find(node: Node, path: Path) -> Node | None:
    """Returns the node at `path`, or None where there is none."""
    found: Node | None = node
    for part in path:
        step = _step(found, part) if found else None
        found = step[1] if step else None
    return found


def key_place(node: Node, path: Path) -> Location:
    """Returns the place of the key (or list item) that `path` leads to, as deep as the path exists."""
    place = node.where
    for part in path:
        step = _step(node, part)
        if step is None:
            break
        place, node = step
    return place


def value_place(node: Node, path: Path) -> Location:
    """Returns the place of the value at `path`; where there is none, the place of the key above it."""
    found = find(node, path)
    return found.where if found else key_place(node, path)


def existing(node: Node, path: Path) -> tuple[str | int, ...]:
    """Returns those parts of `path` that lead through the tree; others are skipped.

    pydantic puts names of union branches between the keys: they are in no file.
    """
    kept: list[str | int] = []
    for part in path:
        step = _step(node, part)
        if step is not None:
            kept.append(part)
            node = step[1]
    return tuple(kept)


def merged(base: MappingNode, over: MappingNode) -> MappingNode:
    """Returns `base` with the entries of `over` in it; mappings that both have are merged in turn."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = base.get(key)
        if isinstance(below, MappingNode) and isinstance(entry.value, MappingNode):
            entry = entry._replace(value=merged(below, entry.value))
        entries[key] = entry
    return MappingNode(entries, base.where)


def without(node: MappingNode, key: str) -> MappingNode:
    """Returns the mapping without one of its keys."""
    return MappingNode({k: entry for k, entry in node.entries.items() if k != key}, node.where)


def _step(node: Node, part: str | int) -> tuple[Location, Node] | None:
    if isinstance(node, MappingNode):
        entry = node.entries.get(part) if isinstance(part, str) else None
        return (entry.key_where, entry.value) if entry else None
    if isinstance(node, SequenceNode) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part].where, node.items[part]
    return None
