"""JSON text with the place of each value, because the server's errors name the column.

Limits: the whole text is parsed before types are looked at. The server does both at once, so in a body with
a wrong type *and* broken JSON behind it the two name different errors. Columns count characters, the server's
count bytes; a line break is not counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from typing import Any

from .faults import malformed

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SPACE = re.compile(r"[ \t\n\r]*")
_STRINGS = JSONDecoder()
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Entry:
    """One key of an object."""

    key: str
    key_end: int
    node: Node


@dataclass
class Node:
    """A value and where it stands.

    `value` holds Entry objects for an object, Nodes for an array, else the scalar. `after` is where the
    reader of the surrounding container stands once it has closed, if this is its last value.
    """

    value: Any
    start: int
    end: int
    is_object: bool = False
    after: int = 0

    def plain(self) -> Any:
        """The value without places."""
        if self.is_object:
            return {entry.key: entry.node.plain() for entry in self.value}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def parse(text: str) -> Node:
    """The tree of a body, or the server's error about broken JSON."""
    reader = _Reader(text)
    node = reader.value(reader.skip(0))
    node.after = node.end
    if reader.skip(node.end) != len(text):
        raise _broken("trailing characters", reader.skip(node.end) + 1)
    return node


def _broken(text: str, column: int) -> Exception:
    return malformed(f"{text} at line 1 column {column}")


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def skip(self, at: int) -> int:
        space = _SPACE.match(self._text, at)
        return space.end() if space else at

    def value(self, at: int) -> Node:
        if at >= len(self._text):
            raise _broken("EOF while parsing a value", len(self._text))
        first = self._text[at]
        if first == "{":
            return self._container(at, "}")
        if first == "[":
            return self._container(at, "]")
        return self._scalar(at, first)

    def _scalar(self, at: int, first: str) -> Node:
        if first == '"':
            return Node(*self._string(at))
        number = _NUMBER.match(self._text, at)
        if number:
            digits = number.group()
            whole = digits.lstrip("-").isdigit()
            return Node(int(digits) if whole else float(digits), at, number.end())
        for word, value in _WORDS.items():
            if self._text.startswith(word, at):
                return Node(value, at, at + len(word))
        raise _broken("expected value", at + 1)

    def _string(self, at: int) -> tuple[str, int, int]:
        try:
            value, end = _STRINGS.raw_decode(self._text, at)
        except JSONDecodeError:
            raise _broken("EOF while parsing a string", len(self._text)) from None
        return value, at, end

    def _container(self, start: int, close: str) -> Node:
        items: list[Any] = []
        at = self.skip(start + 1)
        while self._peek(at) != close:
            if items:
                at = self.skip(self._expect(at, ","))
            at = self._item(items, at, close)
        return Node(items, start, at + 1, is_object=close == "}")

    def _item(self, items: list[Any], at: int, close: str) -> int:
        """Reads one element or entry; returns where the next sign stands."""
        if close == "]":
            node = self.value(at)
            items.append(node)
        else:
            if self._peek(at) != '"':
                raise _broken("key must be a string", at + 1)
            key, _, key_end = self._string(at)
            node = self.value(self.skip(self._expect(self.skip(key_end), ":")))
            items.append(Entry(key, key_end, node))
        following = self.skip(node.end)
        node.after = following + (self._text[following : following + 1] in ("}", "]"))
        return following

    def _peek(self, at: int) -> str:
        if at >= len(self._text):
            raise _broken("EOF while parsing an object or a list", len(self._text))
        return self._text[at]

    def _expect(self, at: int, sign: str) -> int:
        if self._peek(at) != sign:
            raise _broken(f"expected `{sign}`", at + 1)
        return at + 1
