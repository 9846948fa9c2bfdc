"""Functions as manifests name them, `score(int, text)`, and as the catalogue does.

The catalogue spells argument types in one way and without their modifiers: `int` is `integer`,
`varchar(20)` is `character varying`. Addresses do the same, or one function would have two. Names
of types that are not built in stay as they are, in lower case unless quoted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from apexplan_postgres.fragments import (
    split_at_commas,
    why_not_a_type,
    why_not_an_expression,
    why_not_balanced,
)

_CALL: Final = re.compile(r"([^()]*)\((.*)\)\Z", re.DOTALL)
_MODIFIERS: Final = re.compile(r"\s*\([^()]*\)")
_BRACKETS: Final = re.compile(r"\s*\[\d*\]")
_MODE: Final = re.compile(r"(in\s*out|inout|in|out|variadic)\s+", re.IGNORECASE)
_DEFAULT: Final = re.compile(r"\s+default\b|\s*:?=", re.IGNORECASE)
_NAMED: Final = re.compile(r'(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"]|"")+")\s+(.+)\Z', re.DOTALL)

# Manual, table 8.1, column "Aliases"; `float` and `national` from 8.1.3 and 8.3.
_ALIASES: Final = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "char": "character",
    "nchar": "character",
    "national char": "character",
    "national character": "character",
    "bpchar": "character",
    "varchar": "character varying",
    "char varying": "character varying",
    "national char varying": "character varying",
    "national character varying": "character varying",
    "varbit": "bit varying",
    "dec": "numeric",
    "decimal": "numeric",
    "float": "double precision",
    "float4": "real",
    "float8": "double precision",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
}


class Signature(NamedTuple):
    """A function's name as written, and its argument types in the catalogue's spelling."""

    name: str
    types: str


def signature(text: str) -> Signature | None:
    """Returns what `name(type, type)` says, or None where the text has another form."""
    match = _CALL.match(text.strip())
    if match is None or why_not_balanced(match[2], statements=False):
        return None
    types = split_at_commas(match[2])
    if any(map(why_not_a_type, types)):
        return None
    return Signature(match[1].strip(), ", ".join(map(canonical_type, types)))


@lru_cache(maxsize=8192)
def canonical_type(text: str) -> str:
    """Returns the name of a type without modifiers, as `oidvectortypes` prints it."""
    if '"' in text:
        return text
    bare = " ".join(_BRACKETS.sub("", _MODIFIERS.sub("", text)).lower().split())
    if bare.startswith("interval "):
        bare = "interval"
    return _ALIASES.get(bare, bare) + ("[]" if "[" in text else "")


def why_not_arguments(text: str, types: str) -> str:
    """Returns what is wrong with `arguments` of a function whose key has these types, or ""."""
    wrong = why_not_balanced(text, statements=False)
    if wrong:
        return wrong
    found = []
    for argument in split_at_commas(text):
        mode = _MODE.match(argument)
        declaration, default = _without_default(argument[mode.end() :] if mode else argument)
        wrong = why_not_an_expression(default, enclosed=False) if default is not None else ""
        if wrong:
            return wrong
        if mode is None or mode[1].lower() != "out":
            found.append(declaration)
    wanted = split_at_commas(types)
    if len(found) != len(wanted) or not all(map(_is_of_type, found, wanted)):
        return f"its types are not those of the key, ({types})"
    return ""


def why_not_a_result(text: str) -> str:
    """Returns what is wrong with `text` after RETURNS, or "" if nothing is."""
    plain = " ".join(text.split())
    if not (plain.lower().startswith("table") and plain.endswith(")")):
        return why_not_a_type(re.sub(r"\Asetof ", "", plain, flags=re.IGNORECASE))
    columns = split_at_commas(plain[len("table") :].strip()[1:-1])
    named = (_NAMED.match(column) for column in columns)
    return next(filter(None, (why_not_a_type(match[1] if match else "") for match in named)), "")


def _without_default(argument: str) -> tuple[str, str | None]:
    match = _DEFAULT.search(argument)
    return (argument[: match.start()], argument[match.end() :].strip()) if match else (argument, None)


def _is_of_type(declaration: str, wanted: str) -> bool:
    """Says whether `[name] type` is of the type. `double precision` is no name and type."""
    text = declaration.strip()
    named = _NAMED.match(text)
    candidates = [text, named[1]] if named else [text]
    return any(not why_not_a_type(c) and canonical_type(c) == wanted for c in candidates)
