"""What a placeholder may stand for.

A type is a choice of ways, and a way is a row of runs: so many bytes out of a set. That says a little less
than a regular expression can, and is enough: from it come the expression, the automaton, the length and the
samples, which so cannot contradict each other.

Only `any` may hold a `:`, the customary separator: the other types never reach over a segment's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from random import Random
from typing import Final, NamedTuple, TypeAlias

from apexplan_redis.patterns.bytesets import EVERY, ByteSet, glob, of, readable, regex, single

LONGEST_HEX: Final = 128  # digits of SHA-512, the longest that is in use
_SAMPLE_SPREAD: Final = 7  # bytes by which a sample may be longer than it must be


class Run(NamedTuple):
    """`least` to `most` bytes out of a set; `most` None: as many as there are."""

    byteset: ByteSet
    least: int = 1
    most: int | None = 1


Way: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Type:
    """A type as patterns spell it, what it means in words, and its ways."""

    name: str
    means: str
    ways: tuple[Way, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def length(self) -> int | None:
        """How many bytes each value has, None where they differ."""
        lengths = {run.least if run.least == run.most else None for way in self.ways for run in way}
        if None in lengths:
            return None
        totals = {sum(run.least for run in way) for way in self.ways}
        return totals.pop() if len(totals) == 1 else None

    @property
    def is_one_run(self) -> bool:
        """True for `str`, `any` and `hex`: a stretch of bytes of one set."""
        return len(self.ways) == 1 and len(self.ways[0]) == 1

    @property
    def tail(self) -> ByteSet:
        """The bytes that occur in values behind the first one: any other byte ends a value."""
        runs = (run for way in self.ways for place, run in enumerate(way) if place or run.most != 1)
        return reduce(or_, (run.byteset for run in runs), 0)

    def regex(self) -> bytes:
        """Returns a regular expression of the values, for `re.DOTALL`, as one item."""
        ways = [b"".join(map(_run_regex, way)) for way in self.ways]
        return ways[0] if self.is_one_run else b"(?:%b)" % b"|".join(ways)

    def glob(self) -> bytes:
        """Returns a Redis glob that all values match: lengths are kept, and bytes that never change."""
        if self.length is None:
            return b"*"
        places = zip(*map(_places, self.ways), strict=True)
        return b"".join(glob(reduce(or_, alternatives)) for alternatives in places)

    def sample(self, random: Random) -> bytes:
        """Returns a value, readable where the type lets it be."""
        return b"".join(_run_sample(run, random) for run in random.choice(self.ways))


def _places(way: Way) -> list[ByteSet]:
    return [run.byteset for run in way for _ in range(run.least)]


def _run_regex(run: Run) -> bytes:
    one = regex(run.byteset)
    if run.most is None:
        return one + (b"+" if run.least == 1 else b"*" if run.least == 0 else b"{%d,}" % run.least)
    if run.least == run.most:
        return one if run.least == 1 else b"%b{%d}" % (one, run.least)
    return b"%b{%d,%d}" % (one, run.least, run.most)


def _run_sample(run: Run, random: Random) -> bytes:
    most = run.least + _SAMPLE_SPREAD if run.most is None else run.most
    return bytes(random.choices(readable(run.byteset), k=random.randint(run.least, most)))


def literal_way(data: bytes) -> Way:
    """Returns the way of exactly these bytes."""
    return tuple(Run(single(byte)) for byte in data)


def enum_type(values: Sequence[str]) -> Type:
    """Returns the type of exactly these values, which are sorted: their order means nothing."""
    ordered = sorted(values)
    ways = tuple(literal_way(value.encode()) for value in ordered)
    return Type(f"enum({'|'.join(ordered)})", "one of " + ", ".join(ordered), ways)


def hex_type(digits: int) -> Type:
    """Returns the type of exactly so many hexadecimal digits."""
    return Type(f"hex{digits}", f"{digits} lower-case hexadecimal digits", ((Run(_HEX, digits, digits),),))


_DIGIT: Final = of(b"0-9")
_HEX: Final = of(b"0-9a-f")
_SLUG_END: Final = of(b"a-z0-9")
_SLUG: Final = of(b"a-z0-9_-")
_CROCKFORD: Final = of(b"0-9A-HJKMNP-TV-Z")
_DASH: Final = Run(of(b"-"))


def _uuid(name: str, means: str, version: bytes, variant: bytes) -> Type:
    def group(digits: int) -> Run:
        return Run(_HEX, digits, digits)

    middle = (Run(of(version)), group(3), _DASH, Run(of(variant)), group(3))
    return Type(name, means, ((group(8), _DASH, group(4), _DASH, *middle, _DASH, group(12)),))


STR: Final = Type("str", "one or more bytes, none of them a colon", ((Run(EVERY ^ of(b":"), 1, None),),))
ANY: Final = Type("any", "one or more bytes of any kind, colons too", ((Run(EVERY, 1, None),),))

_ALL: Final = (
    STR,
    ANY,
    Type(
        "int",
        "a whole number without leading zeros",
        ((Run(of(b"-"), 0, 1), Run(of(b"1-9")), Run(_DIGIT, 0, None)), (Run(of(b"0")),)),
    ),
    Type(
        "slug",
        "lower-case letters and digits, with - and _ between them",
        ((Run(_SLUG_END), Run(_SLUG, 0, None), Run(_SLUG_END)), (Run(_SLUG_END),)),
    ),
    Type("hex", "lower-case hexadecimal digits", ((Run(_HEX, 1, None),),)),
    _uuid("uuid", "a UUID in lower case", b"0-9a-f", b"0-9a-f"),
    _uuid("uuid4", "a random UUID (version 4) in lower case", b"4", b"89ab"),
    _uuid("uuid7", "a UUID by time (version 7) in lower case", b"7", b"89ab"),
    Type("ulid", "a ULID in upper case", ((Run(of(b"0-7")), Run(_CROCKFORD, 25, 25)),)),
    Type(
        "date",
        "a date as YYYY-MM-DD, looked at by its shape alone",
        ((Run(_DIGIT, 4, 4), _DASH, Run(of(b"01")), Run(_DIGIT), _DASH, Run(of(b"0-3")), Run(_DIGIT)),),
    ),
)

# By name. Beside these there are `hexN`, see `hex_type`, and `enum(a|b)`, see `enum_type`.
TYPES: Final = {one.name: one for one in _ALL}
