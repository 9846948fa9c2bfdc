"""Paths into a payload, as payload indexes are named: `a.b`, `tags[]`, `list[0].b`, and odd keys in quotes.

    path = step { "." step }
    step = key { "[" [ number ] "]" }
    key  = letters, digits, _ and -  |  '"' anything but '"' '"'

`"k"` and `k` are one path; the server shows the second (measured on 1.16.3).
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = re.compile(r"[\w-]+")
_STEP: Final = re.compile(r'(?:([\w-]+)|"([^"]*)")((?:\[\d*\])*)')


def canonical_path(text: str) -> str:
    """Returns the path as the server shows it; raises ValueError with the reason where there is none."""
    steps, at = [], 0
    while True:
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError(_why(text, at))
        steps.append(_key(step[1] or step[2]) + _indexes(step[3]))
        at = step.end()
        if at == len(text):
            return ".".join(steps)
        if text[at] != ".":
            raise ValueError(_why(text, at))
        at += 1


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else f'"{name}"'


def _indexes(brackets: str) -> str:
    return re.sub(r"\d+", lambda number: str(int(number[0])), brackets)


def _why(text: str, at: int) -> str:
    if at == len(text):
        return "a key is missing at its end" if text else "it is empty"
    if text[at] == "[":
        return "a bracket holds a number, or nothing for every element, and is closed"
    if text[at] == '"':
        return "a quote is not closed, or stands inside of a key"
    return f"{text[at]!r} cannot stand there; a key that is not of letters, digits, _ and - stands in quotes"
