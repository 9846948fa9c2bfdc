"""What reading refuses and why: the limits of a text, the limits of the project, and the messages."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from apexplan.manifest.nodes import ScalarNode
from apexplan.model.diagnostics import Diagnostic, Location

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 40
MAX_NODES: Final = 100_000


def unreadable(where: Location, error: OSError) -> Diagnostic:
    return Diagnostic(
        "unreadable",
        "a file or directory cannot be read",
        error.strerror or type(error).__name__,
        mend="check that it exists and may be read",
        where=where,
    )


def outside(path: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "outside-project",
        "a path leads out of the project",
        f"`{path}`",
        "plans are made of strangers' changes too: no path and no symlink may reach other files",
        "copy the file into the project and name it by a relative path",
        where,
    )


def too_large(where: Location) -> Diagnostic:
    return Diagnostic(
        "too-large",
        "a manifest is too large",
        f"the file has more than {MAX_BYTES:,} bytes",
        "a limit keeps a hostile file from filling the memory",
        "split it into several manifests of the same kind and store",
        where,
    )


def not_utf8(raw: bytes, error: UnicodeDecodeError, file: str) -> Diagnostic:
    before = raw[: error.start].decode("utf-8")
    return Diagnostic(
        "not-utf8",
        "a file is not UTF-8",
        f"byte 0x{raw[error.start]:02x} begins no character",
        mend="save the file as UTF-8",
        where=_position(before, len(before), file),
    )


def control_character(text: str, bad: re.Match[str], file: str) -> Diagnostic:
    return Diagnostic(
        "control-character",
        "a manifest holds a character that YAML does not allow",
        f"U+{ord(bad.group()):04X}",
        "control characters are invisible, and stores cut names at them",
        r'remove it, or write it as an escape in double quotes, such as "\u0007"',
        _position(text, bad.start(), file),
    )


def unstorable(where: Location, bad: re.Match[str]) -> Diagnostic:
    return Diagnostic(
        "control-character",
        "a manifest holds a character that no store can keep",
        f"U+{ord(bad.group()):04X}",
        "stores cut texts at it or refuse them",
        "remove the escape",
        where,
    )


_PARSERS_DEPTH = "maximum nesting depth"
"""What PyYAML says from 6.0.4 on of a thousand brackets, which it reads ahead of its events."""


def syntax(error: yaml.YAMLError, text: str, file: str) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    where = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file, 1, 1)
    lines = text.splitlines()
    line = lines[where.line - 1] if where.line <= len(lines) else ""
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    if problem and _PARSERS_DEPTH in problem:
        return too_deep(where)
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


def empty(file: str) -> Diagnostic:
    return Diagnostic(
        "empty-file",
        "a manifest is empty",
        "the file holds no document",
        mend="give it a kind and a store, or remove it",
        where=Location(file, 1, 1),
    )


def several_documents(where: Location) -> Diagnostic:
    return Diagnostic(
        "several-documents",
        "a file holds several documents",
        "a second document begins here",
        "one file is one manifest, so that a path names it",
        "move it into a file of its own",
        where,
    )


def directive(where: Location) -> Diagnostic:
    return Diagnostic(
        "directive",
        "a manifest holds a YAML directive",
        "the document begins with a `%` line",
        "every manifest is read as YAML 1.2",
        "remove the line",
        where,
    )


def too_deep(where: Location) -> Diagnostic:
    return Diagnostic(
        "too-deep",
        "a manifest is nested too deeply",
        f"more than {MAX_DEPTH} levels",
        "no store nests its objects so deeply; a limit keeps a hostile file harmless",
        "look for a bracket that is never closed",
        where,
    )


def too_many(where: Location) -> Diagnostic:
    return Diagnostic(
        "too-many-nodes",
        "a manifest has too many values",
        f"more than {MAX_NODES:,} keys, values, lists and mappings",
        "a limit keeps a hostile file from filling the memory",
        "split it into several manifests of the same kind and store",
        where,
    )


def anchor(event: Any, where: Location) -> Diagnostic:
    alias = isinstance(event, yaml.AliasEvent)
    return Diagnostic(
        "alias" if alias else "anchor",
        "a manifest uses an alias" if alias else "a manifest uses an anchor",
        f"`*{event.anchor}`" if alias else f"`&{event.anchor}`",
        "what an object is must be readable where it stands, and aliases can grow without bound",
        "write the value out",
        where,
    )


def tag(tag: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "tag",
        "a manifest uses a tag",
        f"`{tag.replace('tag:yaml.org,2002:', '!!')}`",
        "a manifest is data: a tag asks the reader to make something else of it",
        "remove the tag; put text that looks like a number in quotes",
        where,
    )


def merge_key(where: Location) -> Diagnostic:
    return Diagnostic(
        "merge-key",
        "a manifest uses a merge key",
        "`<<`",
        "what an object is must be readable where it stands",
        "write the fields out",
        where,
    )


def key_not_text(where: Location, what: str, mend: str) -> Diagnostic:
    return Diagnostic(
        "key-not-text", "a key is not text", what, "keys are names of fields and objects", mend, where
    )


def duplicate(key: ScalarNode, first: Location) -> Diagnostic:
    return Diagnostic(
        "duplicate-key",
        "a key stands twice in one mapping",
        f"`{key.text}` stands at line {first.line} already",
        "one of the two would silently win",
        "remove or rename one of them",
        key.where,
    )


def bad_number(where: Location, text: str, reason: str) -> Diagnostic:
    shown = text if len(text) <= 40 else text[:40] + "…"
    return Diagnostic(
        "bad-number",
        "a number cannot be held",
        f"`{shown}`: {reason}",
        mend="write another number, or quote it",
        where=where,
    )


def _position(text: str, index: int, file: str) -> Location:
    before = text[:index]
    return Location(file, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)
