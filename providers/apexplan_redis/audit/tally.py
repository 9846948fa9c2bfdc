"""What was counted: of each pattern, of a batch, of a server, of a whole audit. All of one form, which adds
up and goes into JSON and back.

Keys are texts here already, cut to what a report shows. Those of personal data are not kept at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

MOST_SAMPLES: Final = 5
_LONGEST_SAMPLE: Final = 200
_UNSEEN: Final = re.compile(r"\A | \Z|(?<= ) ")
"""Blanks that a reader would not see."""


@dataclass(slots=True)
class Found:
    """How many keys depart in one way, and some of them."""

    count: int = 0
    samples: list[str] = field(default_factory=list)

    def add(self, count: int, samples: Iterable[str]) -> None:
        self.count += count
        self.samples += islice(samples, max(0, MOST_SAMPLES - len(self.samples)))


@dataclass(slots=True)
class Seen:
    """What was seen of one pattern. `found`: by kind. `sampled`: how many were looked at for a kind for which
    not all are. `unread`: values too long to be read. `reason`: why the first value was refused."""

    looked: int = 0
    found: dict[str, Found] = field(default_factory=dict)
    sampled: dict[str, int] = field(default_factory=dict)
    unread: int = 0
    reason: str = ""

    def depart(self, kind: str, keys: Sequence[bytes], *, private: bool) -> None:
        """Counts keys that depart in a way."""
        if keys:
            samples = () if private else map(readable, keys[:MOST_SAMPLES])
            self.found.setdefault(kind, Found()).add(len(keys), samples)

    def sample(self, kind: str, count: int) -> None:
        self.sampled[kind] = self.sampled.get(kind, 0) + count

    def add(self, other: Seen) -> None:
        self.looked += other.looked
        self.unread += other.unread
        self.reason = self.reason or other.reason
        for kind, found in other.found.items():
            self.found.setdefault(kind, Found()).add(found.count, found.samples)
        for kind, count in other.sampled.items():
            self.sample(kind, count)


@dataclass(slots=True)
class Tally:
    """What was seen of all patterns, by their number. `looked`: keys, declared or not. `sized`: for how many
    undeclared keys the memory is known, and `sized_bytes` how much these take. `moved`: keys that were on
    their way to another server."""

    looked: int = 0
    seen: dict[int, Seen] = field(default_factory=dict)
    sized: int = 0
    sized_bytes: int = 0
    moved: int = 0

    def of(self, rule: int) -> Seen:
        return self.seen.setdefault(rule, Seen())

    def add(self, other: Tally) -> None:
        self.looked += other.looked
        self.sized += other.sized
        self.sized_bytes += other.sized_bytes
        self.moved += other.moved
        for rule, seen in other.seen.items():
            self.of(rule).add(seen)

    def dumped(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        return {
            "looked": self.looked,
            "sized": [self.sized, self.sized_bytes],
            "moved": self.moved,
            "seen": {str(rule): _dumped(seen) for rule, seen in self.seen.items()},
        }

    @classmethod
    def loaded(cls, told: Mapping[str, Any]) -> Tally:
        seen = {int(rule): _loaded(one) for rule, one in told["seen"].items()}
        sized, sized_bytes = told["sized"]
        return cls(told["looked"], seen, sized, sized_bytes, told["moved"])


def readable(key: bytes) -> str:
    """Returns a key as a text that can be printed, cut to what a report shows."""
    text = _UNSEEN.sub(r"\\x20", printable(key[: _LONGEST_SAMPLE + 1].decode(errors="backslashreplace")))
    return text if len(text) <= _LONGEST_SAMPLE else text[: _LONGEST_SAMPLE - 1] + "…"


def printable(text: str) -> str:
    """Returns a text with escapes for what would steer a terminal."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _dumped(seen: Seen) -> dict[str, Any]:
    found = {kind: [one.count, one.samples] for kind, one in seen.found.items()}
    rest = {"sampled": seen.sampled, "unread": seen.unread, "reason": seen.reason}
    return {"looked": seen.looked, "found": found, **rest}


def _loaded(told: Mapping[str, Any]) -> Seen:
    found = {kind: Found(count, list(samples)) for kind, (count, samples) in told["found"].items()}
    return Seen(told["looked"], found, dict(told["sampled"]), told["unread"], told["reason"])
