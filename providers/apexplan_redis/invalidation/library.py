"""The text of a Redis function library: a table of the contract on top of the constant part. Pure.

The same contract gives the same bytes, so that a library that is loaded can be compared with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from apexplan_redis.invalidation.mistakes import refuse_mistakes
from apexplan_redis.invalidation.model import Entry, Event, Invalidation, Placeholder

FUNCTIONS: Final = ("begin", "get", "invalidate", "populate", "sweep")
"""Each is registered as LIBRARY_NAME, since functions of all libraries share one space of names."""

_MICROS: Final = 1_000_000
_CALL: Final = re.compile(r"redis\.p?call\('(\w+)'")
_NEEDS_ESCAPE: Final = re.compile(rb"[^ !#-\[\]-~]")


def library(invalidation: Invalidation) -> str:
    """Returns the library for FUNCTION LOAD. Raises ValueError if the contract has mistakes."""
    refuse_mistakes(invalidation)
    return "\n".join([f"#!lua name={invalidation.library}", *_contract(invalidation), "", _runtime()])


def commands() -> tuple[str, ...]:
    """Returns what the functions call. A user of theirs needs these beside FCALL: functions run in the name
    of whoever calls them (measured on 7.0.15)."""
    return tuple(sorted(set(_CALL.findall(_runtime()))))


def lua_string(text: str) -> str:
    """Returns `text` as a Lua literal in ASCII that stands for its bytes in UTF-8."""
    raw = text.encode("utf-8", "surrogateescape")
    return '"' + _NEEDS_ESCAPE.sub(lambda byte: rb"\%03d" % byte[0][0], raw).decode("ascii") + '"'


def _runtime() -> str:
    return files("apexplan_redis.invalidation").joinpath("runtime.lua").read_text(encoding="utf-8")


def _contract(invalidation: Invalidation) -> list[str]:
    longest_s = max(entry.ttl_s for entry in invalidation.entries)
    return [
        "-- Made by apexplan from the contract of this store; do not edit.",
        f"-- Contract {invalidation.digest()}",
        "local CONTRACT = {",
        f"  library = {lua_string(invalidation.library)},",
        f"  prefix = {lua_string(invalidation.prefix)},",
        f"  populate_within_us = {invalidation.populate_within_s * _MICROS},",
        f"  keep_us = {(longest_s + invalidation.populate_within_s) * _MICROS},",
        f"  chunk = {invalidation.chunk},",
        f"  count_reads = {str(invalidation.count_reads).lower()},",
        f"  outbox_maxlen = {invalidation.outbox_maxlen},",
        "  entries = {",
        *(line for entry in invalidation.entries for line in _entry(entry)),
        "  },",
        "  events = {",
        *(_event(event) for event in invalidation.events),
        "  },",
        "}",
    ]


def _entry(entry: Entry) -> list[str]:
    subjects = ", ".join(f"{_key(subject)} = true" for subject in entry.subjects)
    return [
        f"    -- {lua_string(entry.pattern)}",
        f"    {_key(entry.name)} = {{",
        f"      shape = {lua_string(entry.shape)},",
        f"      ttl_ms = {entry.ttl_s * 1000},",
        f"      own = {_strings(entry.own)},",
        f"      subjects = {{{subjects}}},",
        f"      direct = {{{', '.join(_direct(entry))}}},",
        "    },",
    ]


def _direct(entry: Entry) -> Iterable[str]:
    """Gives subject → the literals around its id, where the id alone makes the key."""
    if len(entry.placeholders) != 1:
        return
    at = next(i for i, part in enumerate(entry.parts) if isinstance(part, Placeholder))
    before, after = "".join(map(str, entry.parts[:at])), "".join(map(str, entry.parts[at + 1 :]))
    crosses = str(entry.placeholders[0].type == "any").lower()
    for subject in entry.own:
        around = f"before = {lua_string(before)}, after = {lua_string(after)}"
        yield f"{_key(subject)} = {{{around}, crosses = {crosses}}}"


def _event(event: Event) -> str:
    stale = _strings(event.stale)
    return f"    {_key(event.name)} = {{subject = {lua_string(event.subject)}, stale = {stale}}},"


def _key(name: str) -> str:
    """Returns the key of a table constructor; in brackets, since a name may be a word of Lua."""
    return f"[{lua_string(name)}]"


def _strings(texts: Iterable[str]) -> str:
    return "{" + ", ".join(map(lua_string, texts)) + "}"
