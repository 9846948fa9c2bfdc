"""What a contract says about events, as values that the generators read.

A *subject* is something that values are made from and that events are about, such as `document`. An entry is
tied to subjects in two ways: `own`, where a placeholder of its key is the subject's id, or `tags`, where
whoever populates it names the ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A typed part of a key. `regex` says which bytes may stand there, with `re.DOTALL`, each byte written as
    the character of its number. `choices`: those of an enum."""

    name: str
    type: str
    regex: str
    choices: tuple[str, ...] = ()


Part: TypeAlias = str | Placeholder


@dataclass(frozen=True, slots=True)
class Entry:
    """A key pattern whose values are cached. `ttl_s`: the most and the default. `own`: subject → name of the
    placeholder that is its id. `tags`: subjects whose ids are named with each value."""

    name: str
    pattern: str
    parts: tuple[Part, ...]
    ttl_s: int
    own: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def subjects(self) -> tuple[str, ...]:
        return (*self.own, *self.tags)

    @property
    def shape(self) -> str:
        """A hash of its name and of how subjects are tied to it. Values of another shape have other tags."""
        ties = [self.name, sorted(self.own.items()), sorted(self.tags)]
        return hashlib.sha256(json.dumps(ties).encode()).hexdigest()[:8]

    def id_of(self, subject: str) -> Placeholder | None:
        """Returns the placeholder that is the id of an own subject."""
        return next((part for part in self.placeholders if part.name == self.own.get(subject)), None)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a subject, and the names of the entries that it makes stale."""

    name: str
    subject: str
    stale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invalidation:
    """All that one library is made from. `prefix`: of the keys of its own. `populate_within_s`: how long a
    reader may take. `chunk`: members that one call unlinks at most. `count_reads`: `get` counts hits and
    misses, which makes it a write; otherwise it also runs on replicas."""

    library: str
    entries: tuple[Entry, ...]
    events: tuple[Event, ...]
    prefix: str = "apex:"
    populate_within_s: int = 60
    chunk: int = 500
    count_reads: bool = True
    outbox_maxlen: int = 10_000
    outbox_group: str = "stale"

    def id_of(self, subject: str) -> Placeholder | None:
        """Returns what the ids of a subject look like, where a key says so."""
        ids = (entry.id_of(subject) for entry in self.entries)
        return next((found for found in ids if found), None)

    def digest(self) -> str:
        """Returns a hash of everything here: the same contract, the same digest."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A pattern of keys that a library writes for itself, with their type and whether they expire."""

    pattern: str
    type: str
    expires: bool
    what: str


def own_keys(invalidation: Invalidation) -> tuple[OwnKey, ...]:
    """Returns the patterns of all keys that the library writes beside its entries."""
    prefix = _literal(invalidation.prefix)
    return (
        OwnKey(f"{prefix}clock", "string", False, "the clock of events and readers"),
        OwnKey(f"{prefix}versions:{{bucket:hex2}}", "hash", False, "clocks of the last events"),
        OwnKey(f"{prefix}members:{{entry}}:{{subject}}:{{id:any}}", "zset", True, "entries of a tag"),
        OwnKey(f"{prefix}dead", "zset", True, "sets that wait for a sweep"),
        OwnKey(
            f"{prefix}dead:{{entry}}:{{clock:int}}:{{subject}}:{{id:any}}",
            "zset",
            True,
            "what is to be swept",
        ),
        OwnKey(f"{prefix}counters", "hash", False, "hits, misses and what events did"),
        OwnKey(f"{prefix}outbox", "stream", False, "events for their consumers"),
    )


def _literal(text: str) -> str:
    """Returns `text` as it is written in a pattern."""
    escaped = text.replace("\\", "\\\\").replace("*", "\\*")
    return escaped.replace("{", "{{").replace("}", "}}")
