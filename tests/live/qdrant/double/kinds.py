"""Types of request bodies, as values: each decodes a node as the server's own decoder does.

The behaviours that matter are here once for all bodies: unknown keys are dropped without a word, null is
the same as absent, a key may have a second spelling, ranges are checked only after every type was right.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .faults import invalid, malformed
from .reading import Entry, Node, parse


class Mismatch(Exception):
    """A value of the wrong type. `column` is None until a container that is read in order knows it."""

    def __init__(self, text: str, column: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.column = column


@dataclass(frozen=True)
class Place:
    """Where a value stands, and the list in which its range errors go."""

    path: str = ""
    problems: list[str] = field(default_factory=list)

    def below(self, key: str) -> Place:
        return Place(f"{self.path}.{key}" if self.path else key, self.problems)


class Kind(Protocol):
    def decode(self, node: Node, place: Place) -> Any:
        """The value in the server's own spelling; raises Mismatch; adds range errors to the place."""


def read(kind: Kind, text: str) -> Any:
    """The decoded body, or the server's 400 (a type) or 422 (a range)."""
    node, place = parse(text), Place()
    try:
        value = kind.decode(node, place)
    except Mismatch as error:
        column = node.end if error.column is None else error.column
        raise malformed(f"{error.text} at line 1 column {column}") from None
    if place.problems:
        raise invalid(place.problems)
    return value


def wrong_type(node: Node, expected: str) -> Mismatch:
    """A container is refused at its first sign, a scalar after its last."""
    column = node.start if isinstance(node.value, list) else node.end
    return Mismatch(f"invalid type: {_seen(node)}, expected {expected}", column)


def _seen(node: Node) -> str:
    value = node.value
    if isinstance(value, list):
        return "map" if node.is_object else "sequence"
    seen_as: dict[type, str] = {
        bool: f"boolean `{str(value).lower()}`",
        float: f"floating point `{value}`",
        int: f"integer `{value}`",
        str: f'string "{value}"',
    }
    return seen_as.get(type(value), "null")


@dataclass(frozen=True)
class Range:
    """Bounds that are checked after the types, with 422."""

    low: float
    high: float | None = None

    def check(self, value: float, place: Place) -> None:
        if value >= self.low and (self.high is None or value <= self.high):
            return
        bounds = f"{self.low} or larger" if self.high is None else f"from {self.low} to {self.high}"
        place.problems.append(f"{place.path}: value {value} invalid, must be {bounds}")


@dataclass(frozen=True)
class Whole:
    """A whole number from zero on."""

    range: Range | None = None
    name: str = "usize"
    nonzero: bool = False

    def decode(self, node: Node, place: Place) -> int:
        value, expected = node.value, f"a nonzero {self.name}" if self.nonzero else self.name
        if type(value) is not int:
            raise wrong_type(node, expected)
        if value < 0 or (self.nonzero and value == 0):
            raise Mismatch(f"invalid value: integer `{value}`, expected {expected}", node.end)
        if self.range:
            self.range.check(value, place)
        return value


@dataclass(frozen=True)
class Real:
    """A number; in single precision it is read back with as few digits as tell it apart."""

    range: Range | None = None
    single: bool = False

    def decode(self, node: Node, place: Place) -> float:
        if type(node.value) not in (int, float):
            raise wrong_type(node, "f32" if self.single else "f64")
        value = to_single(node.value) if self.single else float(node.value)
        if self.range:
            self.range.check(value, place)
        return shortest(value) if self.single else value


def to_single(value: float) -> float:
    """The nearest number of 32 bits."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def shortest(value: float) -> float:
    """The number with the fewest digits that is the same in 32 bits: what the server writes."""
    for digits in range(1, 10):
        candidate = float(f"{value:.{digits}g}")
        if to_single(candidate) == value:
            return candidate
    return value


@dataclass(frozen=True)
class Flag:
    def decode(self, node: Node, place: Place) -> bool:
        if not isinstance(node.value, bool):
            raise wrong_type(node, "a boolean")
        return node.value


@dataclass(frozen=True)
class Text:
    def decode(self, node: Node, place: Place) -> str:
        if not isinstance(node.value, str):
            raise wrong_type(node, "a string")
        return node.value


@dataclass(frozen=True)
class Word:
    """One of a few words, case-sensitive."""

    words: Sequence[str]

    def decode(self, node: Node, place: Place) -> str:
        if not isinstance(node.value, str):
            raise wrong_type(node, "a variant identifier")
        if node.value not in self.words:
            known = " or ".join(f"`{word}`" for word in self.words)
            raise Mismatch(f"unknown variant `{node.value}`, expected {known}", node.end)
        return node.value


@dataclass(frozen=True)
class Items:
    """A list."""

    of: Kind

    def decode(self, node: Node, place: Place) -> list[Any]:
        if node.is_object or not isinstance(node.value, list):
            raise wrong_type(node, "a sequence")
        return [_inside(item, self.of, place.below(str(i))) for i, item in enumerate(node.value)]


@dataclass(frozen=True)
class Named:
    """An object whose keys are names."""

    of: Kind

    def decode(self, node: Node, place: Place) -> dict[str, Any]:
        if not node.is_object:
            raise wrong_type(node, "a map")
        return {entry.key: _inside(entry.node, self.of, place.below(entry.key)) for entry in node.value}


@dataclass(frozen=True)
class Anything:
    """Any JSON; null is kept."""

    def decode(self, node: Node, place: Place) -> Any:
        return node.plain()


@dataclass(frozen=True)
class Struct:
    """An object with known keys."""

    name: str
    fields: Mapping[str, Kind]
    required: Sequence[str] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    """Second spelling → key."""
    check: Callable[[Mapping[str, Any]], Mapping[str, str]] = lambda value: {}
    """Errors across keys: key → text."""
    sequence_error: str = ""
    """What the server says to a list in place of the object, if it is not the usual text."""

    def decode(self, node: Node, place: Place) -> dict[str, Any]:
        if not node.is_object:
            if self.sequence_error and isinstance(node.value, list):
                raise Mismatch(self.sequence_error, node.end)
            raise wrong_type(node, f"struct {self.name}")
        value: dict[str, Any] = {}
        seen: set[str] = set()
        for entry in node.value:
            self._take(entry, value, seen, place)
        for key in self.required:
            if key not in value:
                raise Mismatch(f"missing field `{key}`", node.end)
        place.problems.extend(f"{place.below(key).path}: {text}" for key, text in self.check(value).items())
        return value

    def _take(self, entry: Entry, value: dict[str, Any], seen: set[str], place: Place) -> None:
        key = self.spellings.get(entry.key, entry.key)
        if key not in self.fields:
            return
        if key in seen:
            raise Mismatch(f"duplicate field `{key}`", entry.key_end)
        seen.add(key)
        if entry.node.value is not None:
            value[key] = _inside(entry.node, self.fields[key], place.below(key))


@dataclass(frozen=True)
class OneOf:
    """The first alternative that fits; if none does, the text names only the type."""

    name: str
    alternatives: Sequence[Kind]

    def decode(self, node: Node, place: Place) -> Any:
        for alternative in self.alternatives:
            attempt = Place(place.path)
            try:
                value = alternative.decode(node, attempt)
            except Mismatch:
                continue
            place.problems.extend(attempt.problems)
            return value
        raise Mismatch(f"data did not match any variant of untagged enum {self.name}")


def _inside(node: Node, kind: Kind, place: Place) -> Any:
    """Decodes a value of a container; an error without a column gets the reader's place after the value."""
    try:
        return kind.decode(node, place)
    except Mismatch as error:
        if error.column is None:
            error.column = node.after
        raise
