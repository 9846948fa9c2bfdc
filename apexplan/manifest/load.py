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

from apexplan.manifest.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from apexplan.manifest.scalars import resolve
from apexplan.model.diagnostics import Diagnostic, Location

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 40
MAX_NODES: Final = 100_000

# libyaml where it is built in: about ten times as fast, the same events.
LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_BAD_CHARACTER = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one text. `node` is None where no tree could be made; then there are diagnostics."""

    node: Node | None
    diagnostics: tuple[Diagnostic, ...] = ()


def load_file(path: Path, file: str) -> Loaded:
    """Reads one manifest. `file` is its name in messages. At most one byte over the limit is read."""
    start = Location(file, 1, 1)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _failed(_unreadable(start, reason))
    if len(raw) > MAX_BYTES:
        return _failed(_too_large(start))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _failed(_not_utf8(raw, error, file))
    return load_text(text, file)


def load_text(text: str, file: str) -> Loaded:
    """Turns one text into nodes. `file` is its name in messages."""
    text = text.removeprefix("\ufeff")
    bad = _BAD_CHARACTER.search(text)
    if bad:
        return _failed(_control_character(text, bad, file))
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except _Stop as stop:
        return Loaded(None, (*builder.diagnostics, stop.diagnostic))
    except yaml.YAMLError as error:
        return Loaded(None, (*builder.diagnostics, _syntax(error, text, file)))
    if builder.root is None:
        return Loaded(None, (*builder.diagnostics, _empty(file)))
    return Loaded(builder.root, tuple(builder.diagnostics))


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
            raise _Stop(_several_documents(where))
        if event.version or event.tags:
            self.diagnostics.append(_directive(where))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        where = self._counted(event)
        text: str = event.value
        is_plain = not event.style
        if not is_plain:
            self._add(ScalarNode(text, where, text))
            return
        try:
            value = resolve(text)
        except ValueError as error:
            self.diagnostics.append(_bad_number(where, text, str(error)))
            value = 0
        self._add(ScalarNode(value, where, text, plain=True))

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        where = self._counted(event)
        if len(self._open) >= MAX_DEPTH:
            raise _Stop(_too_deep(where))
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
            self.diagnostics.append(_duplicate(key, first.key_where))
            return
        entries[key.text] = Entry(key.where, value)

    def _counted(self, event: Any) -> Location:
        self._nodes += 1
        where = self._where(event)
        if self._nodes > MAX_NODES:
            raise _Stop(_too_many(where))
        if event.anchor:
            self.diagnostics.append(_anchor(event, where))
        if getattr(event, "tag", None):
            self.diagnostics.append(_tag(event.tag, where))
        return where

    def _where(self, event: yaml.Event) -> Location:
        mark = event.start_mark
        assert mark is not None  # the parser marks every event
        return Location(self._file, mark.line + 1, mark.column + 1)


def _key_problem(key: Node) -> Diagnostic | None:
    """A key is text. `null` without quotes is taken as the word, for it is the name of a field."""
    if not isinstance(key, ScalarNode):
        return _key_not_text(
            key.where, "a list or a mapping stands where a key belongs", "use a word as the key"
        )
    if key.plain and key.text == "<<":
        return _merge_key(key.where)
    if key.text.startswith("*") and key.value is None:
        return None  # an alias, which was reported already
    if not isinstance(key.value, str) and key.text != "null":
        shown = key.text or "nothing"
        return _key_not_text(key.where, f"`{shown}` is not text", f'put it in quotes: "{key.text}"')
    return None


def _failed(diagnostic: Diagnostic) -> Loaded:
    return Loaded(None, (diagnostic,))


def _position(text: str, index: int, file: str) -> Location:
    before = text[:index]
    return Location(file, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


# ── the messages ──────────────────────────────────────────────────────────────────────────────


def _unreadable(where: Location, reason: str) -> Diagnostic:
    return Diagnostic(
        "unreadable",
        "a file cannot be read",
        reason,
        mend="check that it exists and may be read",
        where=where,
    )


def _too_large(where: Location) -> Diagnostic:
    return Diagnostic(
        "too-large",
        "a manifest is too large",
        f"the file has more than {MAX_BYTES:,} bytes",
        "a limit keeps a hostile file from filling the memory",
        "split it into several manifests of the same kind and store",
        where,
    )


def _not_utf8(raw: bytes, error: UnicodeDecodeError, file: str) -> Diagnostic:
    before = raw[: error.start].decode("utf-8")
    return Diagnostic(
        "not-utf8",
        "a manifest is not UTF-8",
        f"byte 0x{raw[error.start]:02x} begins no character",
        mend="save the file as UTF-8",
        where=_position(before, len(before), file),
    )


def _control_character(text: str, bad: re.Match[str], file: str) -> Diagnostic:
    return Diagnostic(
        "control-character",
        "a manifest holds a character that YAML does not allow",
        f"U+{ord(bad.group()):04X}",
        "control characters are invisible, and stores cut names at them",
        r'remove it, or write it as an escape in double quotes, such as "\u0007"',
        _position(text, bad.start(), file),
    )


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    where = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file, 1, 1)
    lines = text.splitlines()
    line = lines[where.line - 1] if where.line <= len(lines) else ""
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    return Diagnostic(
        "yaml-syntax",
        "a manifest is not YAML",
        " ".join(part for part in (context, problem) if part) or type(error).__name__,
        mend=_syntax_mend(line),
        where=where,
    )


def _syntax_mend(line: str) -> str:
    if line[: len(line) - len(line.lstrip())].count("\t"):
        return "indent with spaces: YAML allows no tabs there"
    if "${" in line:
        return 'put quotes round the variable: "${NAME}"'
    return "look for a missing colon, quote, bracket or space on this line or the one before"


def _empty(file: str) -> Diagnostic:
    return Diagnostic(
        "empty-file",
        "a manifest is empty",
        "the file holds no document",
        mend="give it a kind and a store, or remove it",
        where=Location(file, 1, 1),
    )


def _several_documents(where: Location) -> Diagnostic:
    return Diagnostic(
        "several-documents",
        "a file holds several documents",
        "a second document begins here",
        "one file is one manifest, so that a path names it",
        "move it into a file of its own",
        where,
    )


def _directive(where: Location) -> Diagnostic:
    return Diagnostic(
        "directive",
        "a manifest holds a YAML directive",
        "the document begins with a `%` line",
        "every manifest is read as YAML 1.2",
        "remove the line",
        where,
    )


def _too_deep(where: Location) -> Diagnostic:
    return Diagnostic(
        "too-deep",
        "a manifest is nested too deeply",
        f"more than {MAX_DEPTH} levels",
        "no store nests its objects so deeply; a limit keeps a hostile file harmless",
        "look for a bracket that is never closed",
        where,
    )


def _too_many(where: Location) -> Diagnostic:
    return Diagnostic(
        "too-many-nodes",
        "a manifest has too many values",
        f"more than {MAX_NODES:,} keys, values, lists and mappings",
        "a limit keeps a hostile file from filling the memory",
        "split it into several manifests of the same kind and store",
        where,
    )


def _anchor(event: Any, where: Location) -> Diagnostic:
    alias = isinstance(event, yaml.AliasEvent)
    return Diagnostic(
        "alias" if alias else "anchor",
        "a manifest uses an alias" if alias else "a manifest uses an anchor",
        f"`*{event.anchor}`" if alias else f"`&{event.anchor}`",
        "what an object is must be readable where it stands, and aliases can grow without bound",
        "write the value out",
        where,
    )


def _tag(tag: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "tag",
        "a manifest uses a tag",
        f"`{tag.replace('tag:yaml.org,2002:', '!!')}`",
        "a manifest is data: a tag asks the reader to make something else of it",
        "remove the tag; put text that looks like a number in quotes",
        where,
    )


def _merge_key(where: Location) -> Diagnostic:
    return Diagnostic(
        "merge-key",
        "a manifest uses a merge key",
        "`<<`",
        "what an object is must be readable where it stands",
        "write the fields out",
        where,
    )


def _key_not_text(where: Location, what: str, mend: str) -> Diagnostic:
    return Diagnostic(
        "key-not-text", "a key is not text", what, "keys are names of fields and objects", mend, where
    )


def _duplicate(key: ScalarNode, first: Location) -> Diagnostic:
    return Diagnostic(
        "duplicate-key",
        "a key stands twice in one mapping",
        f"`{key.text}` stands at line {first.line} already",
        "one of the two would silently win",
        "remove or rename one of them",
        key.where,
    )


def _bad_number(where: Location, text: str, reason: str) -> Diagnostic:
    shown = text if len(text) <= 40 else text[:40] + "…"
    return Diagnostic(
        "bad-number",
        "a number cannot be held",
        f"`{shown}`: {reason}",
        mend="write another number, or quote it",
        where=where,
    )
