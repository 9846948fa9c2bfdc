"""Random patterns, random keys near them, and Redis' glob in the words of `stringmatchlen` in
util.c of Redis 7.0."""

from __future__ import annotations

import re

from hypothesis import settings
from hypothesis import strategies as st

from apexplan_redis.patterns import Pattern, PatternError, parse

# A busy machine proves nothing about patterns.
UNTIMED = settings(deadline=None)

TYPES = ["", ":any", ":int", ":slug", ":hex", ":hex2", ":uuid", ":uuid7", ":ulid", ":date", ":enum(a|ab|é)"]
LITERALS = st.text("ab1:-é?[]^!", min_size=1, max_size=4) | st.sampled_from(["{{", "}}", r"\*", r"\\", "\n"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Texts of patterns, and some that are none: too many neighbours, too much that is open."""
    kinds = draw(st.lists(st.booleans(), min_size=1, max_size=6))
    return "".join(
        draw(_placeholder(place) if is_placeholder else LITERALS)
        for place, is_placeholder in enumerate(kinds)
    )


def _placeholder(place: int) -> st.SearchStrategy[str]:
    return st.just("*") | st.sampled_from([f"{{p{place}{kind}}}" for kind in TYPES])


def parsed(text: str) -> Pattern | None:
    """Returns the pattern, None where the text is none."""
    try:
        return parse(text)
    except PatternError:
        return None


PATTERNS: st.SearchStrategy[Pattern] = texts().map(parsed).filter(lambda pattern: pattern is not None)  # type: ignore[assignment]


def keys_near(pattern: Pattern) -> st.SearchStrategy[bytes]:
    """Keys of the pattern, some of them with a byte changed, and any others."""
    own = st.randoms(use_true_random=False).map(lambda random: pattern.samples(random, 1)[0].encode())
    changed = st.tuples(own, st.integers(0, 99), st.binary(max_size=2)).map(
        lambda drawn: (
            drawn[0][: drawn[1] % len(drawn[0])] + drawn[2] + drawn[0][drawn[1] % len(drawn[0]) + 1 :]
        )
    )
    return own | changed | st.binary(max_size=12)


def naive(pattern: Pattern, key: bytes) -> bool:
    """True where the expression that is made for reading matches."""
    return re.fullmatch(pattern.regex, key) is not None


def glob_matches(glob: bytes, key: bytes) -> bool:
    """True where Redis says that `key` matches: bytes, `*` over everything, `?`, classes, escapes."""
    if not glob:
        return not key
    if glob[:1] == b"*":
        return any(glob_matches(glob[1:], key[start:]) for start in range(len(key) + 1))
    if not key:
        return False
    if glob[:1] == b"[":
        is_in, rest = _class(glob[1:], key[0])
        return is_in and glob_matches(rest, key[1:])
    if glob[:1] == b"\\" and len(glob) > 1:
        glob = glob[1:]
    elif glob[:1] == b"?":
        return glob_matches(glob[1:], key[1:])
    return glob[0] == key[0] and glob_matches(glob[1:], key[1:])


def _class(inside: bytes, byte: int) -> tuple[bool, bytes]:
    """Returns whether the class that begins with `inside` has `byte`, and what follows on the class. One that
    is never closed ends with the glob."""
    negated = inside[:1] == b"^"
    inside = inside[negated:]
    found = False
    while inside and inside[:1] != b"]":
        if inside[:1] == b"\\" and len(inside) > 1:
            found |= inside[1] == byte
            inside = inside[2:]
        elif len(inside) > 2 and inside[1:2] == b"-":
            first, last = sorted((inside[0], inside[2]))
            found |= first <= byte <= last
            inside = inside[3:]
        else:
            found |= inside[0] == byte
            inside = inside[1:]
    return found != negated, inside[1:]
