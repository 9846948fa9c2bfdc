"""Text of a manifest → a tree of nodes with their places, and everything that is wrong with the text.

Only the parser of PyYAML is used: its stream of events, one at a time. Nothing
is constructed, no tag is obeyed, no alias is followed. The events are turned
into nodes by a loop with its own stack, and the limits are checked at each
event before anything is built from it, so that neither an alias bomb nor deep
nesting costs time, memory or recursion.

Variables are not replaced here (see `interpolate`), and what the values mean
is not known here (see `check`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from apexplan.manifest import refusals
from apexplan.manifest.nodes import Entry, MappingNode, Node, ScalarNode, ScalarValue, SequenceNode
from apexplan.manifest.refusals import MAX_BYTES, MAX_DEPTH, MAX_NODES
from apexplan.manifest.scalars import resolve
from apexplan.model.diagnostics import Diagnostic, Location

# libyaml where it is built in: about ten times as fast, the same events.
LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_BAD_CHARACTER = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # what escapes in double quotes can still make


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one text. `node` is None where no tree could be made; then there are diagnostics.
    `variables`: a scalar holds `${`, so there is something to replace."""

    node: Node | None
    diagnostics: tuple[Diagnostic, ...] = ()
    variables: bool = False


def load_file(path: Path, file: str) -> Loaded:
    """Reads one manifest. `file` is its name in messages. At most one byte over the limit is read."""
    start = Location(file, 1, 1)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return _failed(refusals.unreadable(start, error))
    if len(raw) > MAX_BYTES:
        return _failed(refusals.too_large(start))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _failed(refusals.not_utf8(raw, error, file))
    return load_text(text, file)


def load_text(text: str, file: str) -> Loaded:
    """Turns one text into nodes. `file` is its name in messages."""
    text = text.removeprefix("\ufeff")
    bad = _BAD_CHARACTER.search(text)
    if bad:
        return _failed(refusals.control_character(text, bad, file))
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except _Stop as stop:
        return Loaded(None, (*builder.diagnostics, stop.diagnostic))
    except yaml.YAMLError as error:
        return Loaded(None, (*builder.diagnostics, refusals.syntax(error, text, file)))
    if builder.root is None:
        return Loaded(None, (*builder.diagnostics, refusals.empty(file)))
    return Loaded(builder.root, tuple(builder.diagnostics), builder.variables)


class _Stop(Exception):
    """Reading further would be pointless or dear."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.summary)
        self.diagnostic = diagnostic


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet. `key` waits for its value."""

    where: Location
    mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: Node | None = None


class _Builder:
    """Takes parser events one by one and builds the tree bottom up."""

    def __init__(self, file: str) -> None:
        self.root: Node | None = None
        self.diagnostics: list[Diagnostic] = []
        self.variables = False
        self._file = file
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0
        self._take: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, event: yaml.Event) -> None:
        """Takes the next event; raises _Stop where a limit is passed."""
        take = self._take.get(type(event))
        if take:
            take(event)

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        where = self._where(event)
        self._documents += 1
        if self._documents > 1:
            raise _Stop(refusals.several_documents(where))
        if event.version or event.tags:
            self.diagnostics.append(refusals.directive(where))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        where = self._counted(event)
        text: str = event.value
        unstorable = event.style == '"' and _UNSTORABLE.search(text)
        if unstorable:
            self.diagnostics.append(refusals.unstorable(where, unstorable))
        value: ScalarValue = text
        try:
            value = text if event.style else resolve(text)
        except ValueError as error:
            self.diagnostics.append(refusals.bad_number(where, text, str(error)))
        self.variables = self.variables or "${" in text
        self._add(ScalarNode(value, where, text, not event.style))

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        where = self._counted(event)
        if len(self._open) >= MAX_DEPTH:
            raise _Stop(refusals.too_deep(where))
        self._open.append(_Open(where, isinstance(event, yaml.MappingStartEvent)))

    def _end(self, event: yaml.Event) -> None:
        done = self._open.pop()
        if done.mapping:
            self._add(MappingNode(done.entries, done.where))
        else:
            self._add(SequenceNode(tuple(done.items), done.where))

    def _alias(self, event: yaml.AliasEvent) -> None:
        where = self._counted(event)
        self._add(ScalarNode(None, where, f"*{event.anchor}"))

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        above = self._open[-1]
        if not above.mapping:
            above.items.append(node)
        elif above.key is None:
            above.key = node
        else:
            key, above.key = above.key, None
            self._enter(above.entries, key, node)

    def _enter(self, entries: dict[str, Entry], key: Node, value: Node) -> None:
        problem = _key_problem(key)
        if problem:
            self.diagnostics.append(problem)
            return
        assert isinstance(key, ScalarNode)
        first = entries.get(key.text)
        if first:
            self.diagnostics.append(refusals.duplicate(key, first.key_where))
            return
        entries[key.text] = Entry(key.where, value)

    def _counted(self, event: Any) -> Location:
        self._nodes += 1
        where = self._where(event)
        if self._nodes > MAX_NODES:
            raise _Stop(refusals.too_many(where))
        if event.anchor:
            self.diagnostics.append(refusals.anchor(event, where))
        if getattr(event, "tag", None):
            self.diagnostics.append(refusals.tag(event.tag, where))
        return where

    def _where(self, event: yaml.Event) -> Location:
        mark = event.start_mark
        assert mark is not None  # the parser marks every event
        return Location(self._file, mark.line + 1, mark.column + 1)


def _key_problem(key: Node) -> Diagnostic | None:
    """A key is text. `null` without quotes is taken as the word, for it is the name of a field."""
    if not isinstance(key, ScalarNode):
        return refusals.key_not_text(
            key.where, "a list or a mapping stands where a key belongs", "use a word as the key"
        )
    if key.plain and key.text == "<<":
        return refusals.merge_key(key.where)
    if key.text.startswith("*") and key.value is None:
        return None  # an alias, which was reported already
    if not isinstance(key.value, str) and key.text != "null":
        shown = key.text or "nothing"
        return refusals.key_not_text(key.where, f"`{shown}` is not text", f'put it in quotes: "{key.text}"')
    return None


def _failed(diagnostic: Diagnostic) -> Loaded:
    return Loaded(None, (diagnostic,))
