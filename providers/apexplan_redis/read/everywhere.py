"""The same question to several servers, and their answers as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from apexplan_redis.document.values import DIFFERS

if TYPE_CHECKING:
    from apexplan_redis.server import Node


T = TypeVar("T")

ALL: Final = "*"
"""Stands for all servers, where they agree."""

Spread = dict[str, T | None]
"""A value by the server that has it, or by `*` where all have the same. None: it has none."""


def asked(nodes: Sequence[Node], question: Callable[[Node], Mapping[str, T]]) -> dict[str, Spread[T]]:
    """Returns what the servers answered, by the names of things."""
    answers = {node.name: question(node) for node in nodes}
    names = dict.fromkeys(name for answer in answers.values() for name in answer)
    return {name: spread({node: answer.get(name) for node, answer in answers.items()}) for name in names}


def spread(values: Mapping[str, T | None]) -> Spread[T]:
    """Returns the value of all servers under `*` where they agree."""
    found = list(values.values())
    return {ALL: found[0]} if all(one == found[0] for one in found) else dict(values)


def differing(values: Spread[str]) -> str:
    """Returns a text that tells how the servers differ: equal to no value that a server has."""
    parts = (f"{node}: {'missing' if value is None else value}" for node, value in sorted(values.items()))
    return DIFFERS + "; ".join(parts)


def text_of(value: bytes) -> str:
    """Returns what a server told as text that can be kept and shown. Bytes that are no text are spelled as
    `\\xNN`: a manifest cannot declare them, and an undo brings back the spelling."""
    return value.decode(errors="backslashreplace")


def value_for(values: Mapping[str, T | None], node: str) -> T | None:
    """Returns the value that is meant for one server."""
    return values[node] if node in values else values.get(ALL)
