"""A document → YAML as a person would write it.

Names of objects stand one below the other; the settings of a small object
stand on one line; texts of several lines are literal blocks. Loading the
result gives the same data back. Text that YAML 1.1 or 1.2 would read as
something else is quoted, for other tools read manifests too. Keys are text
for us in any case, so `on` and `null` need no quotes as keys.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from apexplan.manifest.scalars import resolve

WIDTH = 100
_INDENT = "  "
_SAFE = re.compile(r"[A-Za-z0-9_/.(+-](?:[\w ./()+*=<>@%^-]|:(?=[\w/]))*\Z")
_SAFE_IN_FLOW = re.compile(r"[A-Za-z0-9_/.(+-][\w ./()+*=<>@%^-]*\Z")
_WORDS_OF_1_1 = frozenset(("y", "n"))  # the rest is in PyYAML's own resolver
_KEYS_READ_AS_TEXT = frozenset(("on", "off", "yes", "no", "y", "n", "null"))
_UNPRINTABLE = re.compile("[\x7f-\x9f\xa0\u2028\u2029\ufeff\ufffe\uffff]")


def render(document: Mapping[str, Any]) -> str:
    """Returns the text of a document of JSON values.

    Raises ValueError for what `load` refuses: infinity, not-a-number, and U+0000 in a text. Keys
    may have up to 1,000 characters as written, which is about YAML's own limit.
    """
    if not document:
        return "{}\n"
    return "\n".join(_mapping(document, "")) + "\n"


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, below in value.items():
        yield from _after(f"{indent}{_key(key)}:", below, indent)


def _sequence(value: Sequence[Any], indent: str) -> Iterator[str]:
    for item in value:
        lines = list(_after(f"{indent}-", item, indent))
        if lines[0] == f"{indent}-":  # what stands below the dash begins beside it
            lines[:2] = [f"{indent}- {lines[1][len(indent + _INDENT) :]}"]
        yield from lines


def _after(head: str, value: Any, indent: str) -> Iterator[str]:
    """The lines of `head` and the value that follows it: on the same line, or below it."""
    inside = indent + _INDENT
    if isinstance(value, str) and _is_literal(value):
        yield head + (" |" if value.endswith("\n") else " |-")
        escaped = value.removesuffix("\n").replace("${", "$${")
        yield from (inside + line if line else "" for line in escaped.split("\n"))
    elif not isinstance(value, Mapping | list | tuple):
        yield f"{head} {_scalar(value, _SAFE)}"
    elif not value or (_is_leaf(value) and len(head) + 1 + len(_flow(value)) <= WIDTH):
        yield f"{head} {_flow(value)}"
    else:
        yield head
        yield from _mapping(value, inside) if isinstance(value, Mapping) else _sequence(value, inside)


def _is_leaf(value: Any) -> bool:
    """True for what reads well on one line: settings, not names of objects with settings below them."""
    if isinstance(value, str):
        return "\n" not in value
    if isinstance(value, Mapping):
        below = list(value.values())
        named_objects = bool(below) and all(isinstance(one, Mapping) for one in below)
        return not named_objects and all(map(_is_leaf, below))
    if isinstance(value, list | tuple):
        return all(map(_is_leaf_item, value))
    return True


def _is_leaf_item(value: Any) -> bool:
    return not isinstance(value, list | tuple) and _is_leaf(value)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_flow(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value, _SAFE_IN_FLOW)


def _key(key: str) -> str:
    if key in _KEYS_READ_AS_TEXT or (_SAFE_IN_FLOW.match(key) and not _misread(key)):
        return key
    return _quoted(key)


def _scalar(value: Any, safe: re.Pattern[str]) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} cannot be written")
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    return text if safe.match(text) and not _misread(text) else _quoted(text.replace("${", "$${"))


def _misread(text: str) -> bool:
    """True if a scalar without quotes would not be this text, by our rules or by those of YAML 1.1."""
    if text != text.strip() or text.startswith(("- ", "---", "...")) or text == "-":
        return True
    try:
        other = resolve(text) != text
    except ValueError:
        return True
    forms = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    return other or text.lower() in _WORDS_OF_1_1 or any(form.match(text) for _, form in forms)


def _quoted(text: str) -> str:
    """Double quotes with the escapes of JSON, which YAML shares, and those of what YAML cannot print."""
    if "\0" in text:
        raise ValueError("a text with U+0000 cannot be written")
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m.group()):04x}", json.dumps(text, ensure_ascii=False))


def _is_literal(text: str) -> bool:
    """True for text of several lines that a literal block gives back exactly."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and not lines[0].startswith((" ", "\t"))
        and bool(lines[0] and lines[-1])
        and all(line.isprintable() for line in (one.replace("\t", "") for one in lines))
        and not any(line and not line.strip() for line in lines)
    )
