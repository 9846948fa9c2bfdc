r"""An undeclared key → the pattern that it seems to follow, so that a million of them are a few lines.

A key is split at its colons. A segment that looks like a number, an id, a hash or a date becomes a
placeholder of that type; a word stays as it is; anything else is `{s}`. A guess always has the key among its
own, and is bounded: `MOST_SEGMENTS` segments, the rest is `*`.

Here a guess is a tuple of *shapes*, one a segment: a word, or a placeholder without a name (`{:int}`), which
`spelled` names. So guesses can be compared and widened (`groups`) before anyone reads them.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

MOST_SEGMENTS: Final = 8
Shapes: TypeAlias = tuple[str, ...]

SOME: Final = "{:}"
REST: Final = "*"
_LONGEST_WORD: Final = 24
# Lengths of the usual hashes and of ids made of them; other lengths are `hex`.
_HEX_LENGTHS: Final = frozenset({8, 12, 16, 24, 32, 40, 48, 56, 64, 96, 128})

_SEGMENT: Final = re.compile(
    rb"""(?: (?P<word> [A-Za-z]+ (?:[._-][A-Za-z]+)* | v[0-9]{1,2} | )
           | (?P<int> 0 | -?[1-9][0-9]{0,18} )
           | (?P<date> [0-9]{4}-[01][0-9]-[0-3][0-9] )
           | (?P<uuid4> [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} )
           | (?P<uuid7> [0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} )
           | (?P<uuid> [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} )
           | (?P<ulid> [0-7][0-9A-HJKMNP-TV-Z]{25} )
           | (?P<hex> (?=[a-f]*[0-9]) [0-9a-f]{8,} )
           | (?P<tag> \{ [^{}]+ \} )
       )\Z""",
    re.VERBOSE,
)
_NAMES: Final = {
    "": "s",
    "int": "n",
    "date": "d",
    "uuid": "id",
    "uuid4": "id",
    "uuid7": "id",
    "ulid": "id",
    "hex": "h",
}
_NAMELESS: Final = re.compile(r"\{:(([a-z]*)[0-9]*)\}")


def guess(key: bytes) -> str:
    """Returns the text of a pattern that `key` seems to follow, "" for the empty key, which none can have."""
    return spelled(shapes(key))


def shapes(key: bytes) -> Shapes:
    """Returns the shapes of the segments of `key`."""
    segments = key.split(b":", MOST_SEGMENTS)
    if len(segments) <= MOST_SEGMENTS:
        return tuple(map(_shape, segments))
    rest = segments.pop()
    return (*map(_shape, segments), REST if rest else "")


def spelled(shapes: Shapes) -> str:
    """Returns the text of the pattern, with a name for each placeholder."""
    used: dict[str, int] = {}

    def named(placeholder: re.Match[str]) -> str:
        kind = placeholder[1]
        name = _NAMES.get(kind) or _NAMES[placeholder[2]]
        used[name] = used.get(name, 0) + 1
        number = "" if used[name] == 1 else str(used[name])
        return f"{{{name}{number}{':' if kind else ''}{kind}}}"

    return _NAMELESS.sub(named, ":".join(shapes))


def is_word(shape: str) -> bool:
    """True where the shape is a text of the key itself, a hash tag of a word among them."""
    return shape not in ("", REST) and "{:" not in shape


def _shape(segment: bytes) -> str:
    found = _SEGMENT.match(segment)
    if found is None:
        return SOME
    kind = found.lastgroup
    if kind == "word":
        return segment.decode() if len(segment) <= _LONGEST_WORD else SOME
    if kind == "tag":
        return _tag(segment)
    if kind == "hex":
        return f"{{:hex{len(segment)}}}" if len(segment) in _HEX_LENGTHS else "{:hex}"
    return f"{{:{kind}}}"


def _tag(segment: bytes) -> str:
    inside = _shape(segment[1:-1])
    # A `{s}` inside could hold the closing brace itself, and says no more than one for all of it.
    return SOME if inside == SOME else f"{{{{{inside}}}}}"
