"""The text of a pattern → `Pattern`, or what is wrong with it and where.

Two placeholders may stand side by side only if at most one of them is of variable length. Then lengths say
where each ends; between two variable ones nothing would, and no key could be read back. Likewise at most
`MOST_OPEN` values of a pattern may hold the byte that ends them, as in `{a}-{b}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from apexplan_redis.patterns.pattern import Literal, Part, Pattern, Placeholder
from apexplan_redis.patterns.types import ANY, LONGEST_HEX, STR, TYPES, Type, enum_type, hex_type

# One more multiplies the time that a regular expression may take for a key that was made to be slow: with
# two, 7 ms for 256 bytes, with three 230 (measured on Python 3.11).
MOST_OPEN: Final = 2
_TOKEN: Final = re.compile(
    r"(?P<doubled>\{\{|\}\})|\{(?P<inside>[^{}]*)\}|(?P<star>\*)|\\(?P<escaped>[*\\])|(?P<plain>[^{}*\\])",
    re.DOTALL,
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEX: Final = re.compile(r"hex([1-9][0-9]{0,3})")
_ENUM: Final = re.compile(r"enum\((.*)\)", re.DOTALL)
_VALUE: Final = re.compile(r"[^|(){}:*\\]+")


class PatternError(ValueError):
    """A text that is no pattern. `summary` holds nothing of it; `position` counts its characters from 0."""

    def __init__(self, summary: str, what: str, mend: str, position: int) -> None:
        super().__init__(f"{what}; {mend}")
        self.summary = summary
        self.what = what
        self.mend = mend
        self.position = position


def parse(text: str) -> Pattern:
    """Returns the pattern that `text` spells. Raises PatternError."""
    if not text:
        raise PatternError("a pattern is empty", "no key is empty", "write a key pattern, as doc:{id}", 0)
    _check_text(text)
    placed = list(_merged(list(_parts(text))))
    _check_names(placed)
    _check_neighbours(placed)
    pattern = Pattern(tuple(part for _, part in placed))
    _check_open(pattern, placed)
    return pattern


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PatternError(
            "a pattern is no text",
            "half of a character stands here, which UTF-8 cannot spell",
            "write the whole character",
            error.start,
        ) from None


def _parts(text: str) -> Iterator[tuple[int, Part]]:
    """Yields parts with their places; a literal is one character."""
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise _not_a_token(text, position)
        if token["inside"] is not None:
            yield position, _placeholder(token["inside"], position)
        elif token["star"]:
            yield position, Placeholder("", ANY)
        else:
            yield position, Literal((token["doubled"] or token["escaped"] or token["plain"])[0])
        position = token.end()


def _not_a_token(text: str, position: int) -> PatternError:
    if text[position] == "\\":
        return PatternError(
            "a backslash escapes nothing",
            "a backslash stands only before a star or a backslash",
            r"write \\ for a backslash",
            position,
        )
    which, doubled = ("opening", "{{") if text[position] == "{" else ("closing", "}}")
    return PatternError(
        "a brace stands alone",
        f"this {which} brace has no partner",
        f"write {{name}} for a placeholder, or {doubled} for a brace of the key",
        position,
    )


def _merged(placed: Sequence[tuple[int, Part]]) -> Iterator[tuple[int, Part]]:
    """Yields the parts with literals that stand side by side as one."""
    start, text = 0, ""
    for position, part in placed:
        if isinstance(part, Literal):
            start = start if text else position
            text += part.text
            continue
        if text:
            yield start, Literal(text)
            text = ""
        yield position, part
    if text:
        yield start, Literal(text)


def _placeholder(inside: str, position: int) -> Placeholder:
    name, colon, wanted = inside.partition(":")
    if not _NAME.fullmatch(name):
        raise PatternError(
            "a placeholder has no proper name",
            f"{name!r} is no name" if name else "a placeholder has no name",
            "letters, digits and _ make a name, and it begins with no digit; {{ and }} are braces of the key",
            position,
        )
    return Placeholder(name, _type(wanted, position + 1 + len(name) + 1) if colon else STR)


def _type(wanted: str, position: int) -> Type:
    """Returns the type that is spelled so. Raises PatternError."""
    if wanted in TYPES:
        return TYPES[wanted]
    if (digits := _HEX.fullmatch(wanted)) and int(digits[1]) <= LONGEST_HEX:
        return hex_type(int(digits[1]))
    if values := _ENUM.fullmatch(wanted):
        return _enum(values[1], position)
    names = (*TYPES, f"hexN (N from 1 to {LONGEST_HEX})", "enum(a|b|c)")
    near = get_close_matches(wanted.lower(), (*TYPES, "hex16", "enum(a|b|c)"), 1, 0.5)
    raise PatternError(
        "a placeholder has an unknown type",
        f"there is no type {wanted!r}" if wanted else "the type is missing after the colon",
        (f"did you mean {near[0]}? " if near else "") + "the types are " + ", ".join(names),
        position,
    )


def _enum(values: str, position: int) -> Type:
    listed = values.split("|")
    if not all(map(_VALUE.fullmatch, listed)):
        raise PatternError(
            "an enum has a value that cannot be one",
            r"a value has at least one character, and none of | ( ) { } : * \ ",
            "correct the value, or use several patterns",
            position,
        )
    if len(set(listed)) < len(listed):
        raise PatternError(
            "an enum has a value twice", "each value stands once", "remove one of the two", position
        )
    return enum_type(listed)


def _check_names(placed: Sequence[tuple[int, Part]]) -> None:
    seen: set[str] = set()
    for position, part in placed:
        if not isinstance(part, Placeholder) or not part.name:
            continue
        if part.name in seen:
            raise PatternError(
                "a placeholder stands twice",
                f"{part.name} stands twice in one pattern, and its values could differ",
                "give the second one another name",
                position,
            )
        seen.add(part.name)


def _check_neighbours(placed: Sequence[tuple[int, Part]]) -> None:
    variable: Part | None = None
    for position, part in placed:
        if isinstance(part, Literal):
            variable = None
        elif part.type.length is None:
            if variable is not None:
                raise PatternError(
                    "two placeholders of variable length stand side by side",
                    f"nothing says where {variable} ends and {part} begins",
                    "put a literal between, such as a colon, or give one of them a type of fixed length",
                    position,
                )
            variable = part


def _check_open(pattern: Pattern, placed: Sequence[tuple[int, Part]]) -> None:
    is_open = [index for index in range(len(placed)) if pattern.is_open_at(index)]
    if len(is_open) > MOST_OPEN:
        raise PatternError(
            "too many placeholders end in a byte that they may hold",
            f"more than {MOST_OPEN} placeholders may hold the literal behind them, so that a key can be read "
            "in very many ways",
            "use a colon between them, types that do not hold the literal, or one placeholder for several",
            placed[is_open[MOST_OPEN]][0],
        )
