"""Paths into a payload: `a.b`, `list[].b`, `list[0]`, and `"odd key"` in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .kinds import Mismatch, Place
from .reading import Node

_KEY = re.compile(r'(?P<plain>[\w-]+)|"(?P<quoted>[^"]*)"')
_INDEX = re.compile(r"\[(\d*)\]")
_PLAIN = re.compile(r"[\w-]+")
EACH = -1
"""The step `[]`: every element."""


class InvalidPath(Exception):
    pass


def steps(path: str) -> tuple[str | int, ...]:
    """The path in steps: a key, an index, or EACH."""
    found: list[str | int] = []
    at = 0
    while True:
        key = _KEY.match(path, at)
        if not key:
            raise InvalidPath(path)
        found.append(key.group("plain") or key.group("quoted") or "")
        at = key.end()
        while index := _INDEX.match(path, at):
            found.append(int(index.group(1)) if index.group(1) else EACH)
            at = index.end()
        if at == len(path):
            return tuple(found)
        if path[at] != ".":
            raise InvalidPath(path)
        at += 1


def canonical(path: str) -> str:
    """The path with quotes only where they are needed, as the server reads it back."""
    text = ""
    for step in steps(path):
        if isinstance(step, int):
            text += "[]" if step == EACH else f"[{step}]"
        else:
            text += ("." if text else "") + (step if _PLAIN.fullmatch(step) else f'"{step}"')
    return text


def values(payload: Any, path: str) -> Iterator[Any]:
    """The values under the path; a list at its end counts as its elements."""
    for value in _follow(payload, steps(path)):
        yield from value if isinstance(value, list) else [value]


def _follow(value: Any, rest: tuple[str | int, ...]) -> Iterator[Any]:
    if not rest:
        yield value
    elif isinstance(rest[0], str):
        if isinstance(value, dict) and rest[0] in value:
            yield from _follow(value[rest[0]], rest[1:])
    elif isinstance(value, list):
        chosen = value if rest[0] == EACH else value[rest[0] : rest[0] + 1]
        for element in chosen:
            yield from _follow(element, rest[1:])


@dataclass(frozen=True)
class JsonPath:
    """The path in a request body."""

    def decode(self, node: Node, place: Place) -> str:
        try:
            return canonical(str(node.value))
        except InvalidPath:
            raise Mismatch(f"Invalid json path: '{node.value}'", node.end) from None
