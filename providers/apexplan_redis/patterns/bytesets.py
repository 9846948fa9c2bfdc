"""Sets of bytes as integers: bit n is set where byte n is in. To intersect two is one `&`."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from typing import Final, TypeAlias

ByteSet: TypeAlias = int

EVERY: Final[ByteSet] = (1 << 256) - 1
# Keys that people are shown are made of the first bytes of this order that are allowed.
_READABLE: Final = b"abcdefghijklmnopqrstuvwxyz0123456789"
_REST: Final = bytes(
    byte for byte in (*range(32, 127), *range(32), *range(127, 256)) if byte not in _READABLE
)


def of(text: bytes) -> ByteSet:
    """Returns the set of the bytes of `text`; `a-z` in it is a span, and a `-` at its end is a `-`."""
    found = 0
    for first, last in re.findall(rb"(.)(?:-(.))?", text, re.DOTALL):
        found |= sum(1 << byte for byte in range(first[0], (last or first)[0] + 1))
    return found


def single(byte: int) -> ByteSet:
    """Returns the set of that one byte."""
    return 1 << byte


def has(byteset: ByteSet, byte: int) -> bool:
    """True where `byte` is in the set."""
    return bool(byteset >> byte & 1)


@lru_cache(maxsize=1024)
def members(byteset: ByteSet) -> bytes:
    """Returns the bytes of the set, those that read best first."""
    return bytes(byte for byte in _READABLE + _REST if has(byteset, byte))


@lru_cache(maxsize=1024)
def readable(byteset: ByteSet) -> bytes:
    """Returns the letters and digits of the set, or all of it where it has none."""
    return bytes(byte for byte in _READABLE if has(byteset, byte)) or members(byteset)


@lru_cache(maxsize=1024)
def regex(byteset: ByteSet) -> bytes:
    """Returns a regular expression of one byte out of the set, for `re.DOTALL`."""
    if byteset == EVERY:
        return b"."
    if byteset.bit_count() == 1:
        return re.escape(members(byteset))
    if byteset.bit_count() > 128:
        return b"[^%b]" % _spans(EVERY ^ byteset)
    return b"[%b]" % _spans(byteset)


def glob(byteset: ByteSet) -> bytes:
    """Returns a Redis glob of one byte that has all of the set. Outside of a class only four bytes mean
    something else than themselves (`stringmatchlen` in util.c of Redis 7.0)."""
    if byteset.bit_count() > 1:
        return b"?"
    byte = members(byteset)
    return b"\\" + byte if byte in b"*?[\\" else byte


def _spans(byteset: ByteSet) -> bytes:
    """Returns the inside of a character class; runs of bytes have one difference to their place."""
    spans = []
    for _, run in groupby(enumerate(sorted(members(byteset))), key=lambda pair: pair[1] - pair[0]):
        ends = [byte for _, byte in run]
        first, last = re.escape(bytes(ends[:1])), re.escape(bytes(ends[-1:]))
        spans.append(first if first == last else b"%b-%b" % (first, last))
    return b"".join(spans)
