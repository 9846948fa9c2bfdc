"""What is wrong with a contract's events, found without a server. Pure.

Names become those of functions, methods and parameters, so they are plain. Whether the patterns overlap, and
whether they and the prefix lie in one slot of a cluster, is a matter of the whole contract and not seen here.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from apexplan.model.diagnostics import Problem
from apexplan_redis.invalidation.model import Entry, Event, Invalidation
from apexplan_redis.names import OWN_LIBRARIES

MOST_CHUNK: Final = 5000
"""One call of UNLINK gets so many keys; Lua passes fewer than 8,000 arguments."""

TAKEN: Final = frozenset({"counters", "hit_rate", "stale_events", "sweep"})
"""Methods of the client that every contract has."""

TAKEN_PARAMETERS: Final = frozenset({"self", "str", "tags", "token", "ttl_s", "value"})

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")


def mistakes(invalidation: Invalidation) -> tuple[Problem, ...]:
    """Returns everything that is wrong, with paths such as `("entries", "doc", "ttl_s")`."""
    return (
        *_settings(invalidation),
        *_names(invalidation),
        *(problem for entry in invalidation.entries for problem in _entry(entry)),
        *_identities(invalidation),
        *(problem for event in invalidation.events for problem in _event(event, invalidation)),
    )


def refuse_mistakes(invalidation: Invalidation) -> None:
    """Raises ValueError with all mistakes, if there are any."""
    found = mistakes(invalidation)
    if found:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.path))}: {p.summary}: {p.what}" for p in found))


def _settings(invalidation: Invalidation) -> Iterator[Problem]:
    bounds = {
        "populate_within_s": (invalidation.populate_within_s, 1, 86_400),
        "chunk": (invalidation.chunk, 1, MOST_CHUNK),
        "outbox_maxlen": (invalidation.outbox_maxlen, 1, 2**31),
    }
    for field, (value, least, most) in bounds.items():
        if not least <= value <= most:
            yield _problem((field,), "number out of range", str(value), f"take {least} to {most}")
    if invalidation.library.startswith(OWN_LIBRARIES):
        yield _problem(("library",), "name is kept for apexplan", invalidation.library, "take another name")
    if not invalidation.prefix or not invalidation.prefix.isprintable():
        mend = "take printable characters, such as `apex:`"
        yield _problem(("prefix",), "unusable prefix of keys", repr(invalidation.prefix), mend)
    if not invalidation.entries:
        yield _problem(("entries",), "no entries", "there is nothing to make stale", "declare an entry")


def _names(invalidation: Invalidation) -> Iterator[Problem]:
    entries = [entry.name for entry in invalidation.entries]
    events = [event.name for event in invalidation.events]
    named: list[tuple[tuple[str, ...], str]] = [(("library",), invalidation.library)]
    named += [(("entries", name), name) for name in entries] + [(("events", name), name) for name in events]
    named += [(("events", event.name, "subject"), event.subject) for event in invalidation.events]
    for path, name in named:
        yield from _name(path, name)
    for name, times in Counter([*entries, *events]).items():
        if times > 1 or name in TAKEN or hasattr(builtins, name) or name.startswith("async_"):
            yield _problem(("entries", name), "name is taken", name, "give each entry and event its own name")


def _name(path: tuple[str, ...], name: str) -> Iterator[Problem]:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        mend = "take lower-case words joined by `_`, and no keyword of Python"
        yield _problem(path, "not a plain name", repr(name), mend)


def _entry(entry: Entry) -> Iterator[Problem]:
    path = ("entries", entry.name)
    if entry.ttl_s < 1:
        mend = "give its TTL a maximum of at least one second"
        yield _problem((*path, "ttl_s"), "entry without a longest life", f"{entry.ttl_s} s", mend)
    parameters = [placeholder.name for placeholder in entry.placeholders]
    for name in (*parameters, *entry.subjects):
        yield from _name(path, name)
    for name in (*entry.tags, *parameters):
        if name in TAKEN_PARAMETERS or (name in entry.tags and hasattr(builtins, name)):
            yield _problem(path, "name is taken", name, "take another: the client has it for itself")
    if max(Counter(parameters).values(), default=0) > 1:
        yield _problem(path, "placeholder named twice", entry.pattern, "give each placeholder its own name")
    for subject, times in Counter(entry.subjects).items():
        if times > 1:
            mend = "leave it in `own` if the key tells the id, in `tags` otherwise"
            yield _problem(path, "subject named twice", subject, mend)
    for subject, name in entry.own.items():
        if name not in parameters:
            mend = f"take one of {', '.join(parameters) or 'its placeholders: it has none'}"
            yield _problem((*path, "own", subject), "no such placeholder", name, mend)


def _identities(invalidation: Invalidation) -> Iterator[Problem]:
    """Finds subjects whose ids look different in two keys: one text could not be an id of both."""
    for entry in invalidation.entries:
        for subject in entry.own:
            here, first = entry.id_of(subject), invalidation.id_of(subject)
            if here and first and (here.type, here.regex) != (first.type, first.regex):
                path = ("entries", entry.name, "own", subject)
                what = f"{subject} is {here.type} here and {first.type} elsewhere"
                yield _problem(path, "subject with two types of id", what, "give both placeholders one type")


def _event(event: Event, invalidation: Invalidation) -> Iterator[Problem]:
    path = ("events", event.name, "stale")
    entries = {entry.name: entry for entry in invalidation.entries}
    if not event.stale:
        yield _problem(path, "event that nothing handles", event.name, "name the entries that it makes stale")
    for name, times in Counter(event.stale).items():
        if name not in entries:
            yield _problem(path, "no such entry", name, f"take one of {', '.join(entries)}")
        elif event.subject not in entries[name].subjects:
            mend = f"name {event.subject} in `own` or `tags` of {name}"
            what = f"{name} says nothing of {event.subject}"
            yield _problem(path, "entry that the event cannot reach", what, mend)
        if times > 1:
            yield _problem(path, "entry named twice", name, "name it once")


def _problem(path: Iterable[str], summary: str, what: str, mend: str) -> Problem:
    return Problem("invalidation-" + summary.replace(" ", "-"), tuple(path), summary, what, mend=mend)
