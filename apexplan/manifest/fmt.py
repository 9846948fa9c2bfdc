"""One way to indent and space a manifest. Comments, the order of keys and line breaks stay.

Two spaces a level, lists one level inside their key, no white space at the
end of a line, at most one blank line in a row. What stands on one line is left
as it is: people line things up on purpose. Quotes are left too.

The tokens of the scanner tell which column each line begins at and how deep
it is. Lines that go on with something (a text over several lines, a list in
brackets) are moved together with the line where it began. The result is
loaded and compared with the original: it means the same, or it is an error.
"""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from apexplan.manifest.load import LOADER, load_text
from apexplan.manifest.nodes import plain
from apexplan.model.errors import ApexplanError, ManifestError

_STEP: Final = 2
_FLOW_STARTS = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_FLOW_ENDS = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_BLOCK_STARTS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_ENTRIES = (yaml.KeyToken, yaml.ValueToken, yaml.BlockEntryToken)
_INDENT_GIVEN = re.compile(r"[|>][+-]?[1-9]")


def format_text(text: str, file: str = "manifest") -> str:
    """Returns the text in the one form. Formatting the result again changes nothing.

    Raises ManifestError if it is no manifest, ApexplanError if it cannot be formatted without
    changing what it means.
    """
    meaning = _meaning(text, file)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    layout = _Layout("\n".join(lines))
    formatted = "\n".join(_spaced(lines, layout)) + "\n"
    try:
        same = _meaning(formatted, file) == meaning
    except ManifestError:
        same = False
    if not same:
        raise ApexplanError(
            f"{file}: cannot be formatted without changing what it means",
            mend="write its multi-line texts in a simpler way: with `|`, and a line break at the end",
        )
    return formatted


def _meaning(text: str, file: str) -> str:
    loaded = load_text(text, file)
    if loaded.node is None or loaded.diagnostics:
        raise ManifestError(loaded.diagnostics)
    return json.dumps(plain(loaded.node))


@dataclass(frozen=True, slots=True)
class _Block:
    """An open block collection: its column as it stands and as it is to be."""

    old: int
    wanted: int
    mapping: bool


@dataclass(slots=True)
class _Line:
    """Where the parts of one line stand and are to stand, from left to right; and the blocks it is in."""

    parts: list[tuple[int, int]] = field(default_factory=list)
    blocks: tuple[_Block, ...] = ()

    def shift_at(self, column: int) -> int:
        """How far the text at `column` moves."""
        moved = [wanted - old for old, wanted in self.parts if old <= column]
        return moved[-1] if moved else 0


class _Layout:
    """What the tokens tell: the lines where something begins, and the moves of the lines that go on."""

    def __init__(self, text: str) -> None:
        self.lines: dict[int, _Line] = {}
        self.moved: dict[int, int] = {}
        self.verbatim: set[int] = set()
        self._source = text.split("\n")
        self._blocks: list[_Block] = []
        self._flow: list[Any] = []
        for token in yaml.scan(text, Loader=LOADER):
            self._take(token)
        self._numbers = sorted(self.lines)

    def around(self, number: int) -> tuple[_Line | None, _Line | None]:
        """Returns the nearest lines above and below `number` where something begins."""
        at = bisect(self._numbers, number)
        above = self.lines[self._numbers[at - 1]] if at else None
        below = self.lines[self._numbers[at]] if at < len(self._numbers) else None
        return above, below

    def _take(self, token: Any) -> None:
        if isinstance(token, _BLOCK_STARTS):
            self._open(token.start_mark.column, isinstance(token, yaml.BlockMappingStartToken))
        elif isinstance(token, yaml.BlockEndToken):
            self._close_unindented_list()
            self._blocks.pop()
        elif isinstance(token, _FLOW_STARTS):
            self._begin(token)
            self._flow.append(token.start_mark)
        elif isinstance(token, _FLOW_ENDS):
            start = self._flow.pop()
            if not self._flow:
                self._go_on(start, token.end_mark.line)
        elif isinstance(token, yaml.ScalarToken):
            self._scalar(token)
        elif isinstance(token, _ENTRIES) and not self._flow:
            self._entry(token)

    def _open(self, column: int, mapping: bool) -> None:
        wanted = self._blocks[-1].wanted + _STEP if self._blocks else 0
        self._blocks.append(_Block(column, wanted, mapping))

    def _close_unindented_list(self) -> None:
        """Ends a list whose dashes stand under the key itself: the scanner marks neither end of it."""
        if (
            len(self._blocks) > 1
            and not self._blocks[-1].mapping
            and self._blocks[-2].old == self._blocks[-1].old
        ):
            self._blocks.pop()

    def _entry(self, token: Any) -> None:
        column = token.start_mark.column
        if isinstance(token, yaml.BlockEntryToken):
            if self._blocks[-1].mapping:
                self._open(column, mapping=False)
        else:
            self._close_unindented_list()
        if not isinstance(token, yaml.ValueToken) or token.start_mark.line not in self.lines:
            self._place(token.start_mark, self._blocks[-1].wanted)

    def _begin(self, token: Any) -> None:
        """Places a value that stands on a line of its own, below its key."""
        number = token.start_mark.line
        if not (self._flow or number in self.lines or number in self.moved):
            self._place(token.start_mark, self._blocks[-1].wanted + _STEP if self._blocks else 0)

    def _place(self, mark: Any, wanted: int) -> None:
        line = self.lines.setdefault(mark.line, _Line())
        line.parts.append((mark.column, wanted))
        line.blocks = tuple(self._blocks)

    def _scalar(self, token: Any) -> None:
        self._begin(token)
        start, end = token.start_mark, token.end_mark
        last = end.line
        if token.style in ("|", ">"):
            last = end.line if end.column else end.line - 1
            self._literal(start, last)
        elif not self._flow:
            self._go_on(start, last)
        self.verbatim.update(range(start.line + 1, last + 1))
        if last > start.line and token.style in ("'", '"'):
            self.verbatim.add(start.line)

    def _go_on(self, start: Any, last: int) -> None:
        line = self.lines.get(start.line)
        shift = line.shift_at(start.column) if line else 0
        self.moved.update(dict.fromkeys(range(start.line + 1, last + 1), shift))

    def _literal(self, start: Any, last: int) -> None:
        numbers = range(start.line + 1, last + 1)
        widths = [_width(self._source[n]) for n in numbers if self._source[n].strip()]
        parent = self._blocks[-1] if self._blocks else _Block(0, 0, True)
        given = _INDENT_GIVEN.match(self._source[start.line], start.column)
        if given or not widths:
            shift = parent.wanted - parent.old
        else:
            shift = parent.wanted + _STEP - min(widths)
        self.moved.update(dict.fromkeys(numbers, shift))


def _spaced(lines: list[str], layout: _Layout) -> Iterator[str]:
    """The lines, each where it is to be, with no blank line too many."""
    blank = True
    last = max((number for number, line in enumerate(lines) if line.strip()), default=0)
    for number, line in enumerate(lines):
        if number in layout.moved:
            text = _moved(line, layout.moved[number])
        elif number in layout.lines:
            text = _laid_out(line, layout.lines[number].parts)
        else:
            text = _comment(number, lines, layout)
        if number not in layout.verbatim:
            text = text.rstrip()
        if text or number in layout.verbatim or not (blank or number > last):
            yield text
        blank = not text and number not in layout.verbatim


def _moved(line: str, shift: int) -> str:
    if shift < 0:
        return line[min(-shift, _width(line)) :]
    return " " * shift + line if line.strip() else line


def _laid_out(line: str, parts: list[tuple[int, int]]) -> str:
    out = ""
    for (old, wanted), (end, _) in zip(parts, [*parts[1:], (len(line), 0)], strict=True):
        out = out.rstrip().ljust(wanted) + line[old:end]
    return out


def _comment(number: int, lines: list[str], layout: _Layout) -> str:
    """A comment goes where the line below it goes, unless it stands in a block that ends above it."""
    text = lines[number].strip()
    column = _width(lines[number])
    above, below = layout.around(number)
    columns = {block.old: block.wanted for block in reversed(above.blocks if above else ())}
    if below and (below.parts[0][0] == column or column not in columns):
        wanted = below.parts[0][1]
    else:
        wanted = columns.get(column, 0)
    return " " * wanted + text if text else ""


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
