"""Mistakes and statements get their line and column here. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple

from apexplan.migrations.script import Mistake

_LINE_END: Final = re.compile(r"\r\n?|\n")
_LONGEST_QUOTE: Final = 40


class Refusal(NamedTuple):
    """A mistake without its place. `{}` in `what` stands for the words of the script."""

    code: str
    summary: str
    what: str
    why: str
    mend: str


class Places:
    """Finds lines and columns of one script."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def of(self, offset: int) -> tuple[int, int]:
        """Returns line and column of a character, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def next_line(self, offset: int) -> int:
        """Returns where the line after that of a character begins, or the end of the script."""
        line = bisect_right(self._starts, offset)
        return self._starts[line] if line < len(self._starts) else len(self._text)

    def mistake(self, refusal: Refusal, start: int, end: int) -> Mistake:
        """Returns the refusal of a part of the script, with its first words."""
        cut = min(end, start + _LONGEST_QUOTE)
        words = _printable(self._text[start:cut]) + "…" * (cut < end)
        what = refusal.what.replace("{}", f"`{words}`")
        return Mistake(refusal.code, *self.of(start), refusal.summary, what, refusal.why, refusal.mend)


def _printable(words: str) -> str:
    shown = (c if c.isprintable() else f"U+{ord(c):04X}" for c in " ".join(words.split()) or words)
    return "".join(shown)
