"""Names of Neo4j objects in addresses and in Cypher: the one place that quotes.

An index's or a constraint's address name is its name in the database. Indexes and constraints
share one space of names. A manifest may use `[A-Za-z_][A-Za-z0-9_]*`; a live name outside of that
is put in backticks, so that every live object has an address.

Doubling backticks is not enough in Cypher: `\\u0060` is a backtick inside backticks too (measured
on 5.26.12). So each backslash is written as `\\u005c`, which is decoded to a backslash and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from apexplan.model.address import Address

PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
"""What a manifest may call an index, a constraint, a label, a relationship type or a property."""

RESERVED_PREFIX: Final = "__apexplan"
"""Begins the names of what we keep in a database for ourselves; nothing of it is ever an object."""


def why_not_a_name(name: str) -> str:
    """Returns what is wrong with `name` in a manifest, or "" if nothing is."""
    if name != name.strip():
        return "the server trims names after it has looked whether they are taken"
    if not PLAIN.match(name):
        return "only letters, digits and _ are allowed, and no digit in front"
    if name.startswith(RESERVED_PREFIX):
        return f"names that begin with {RESERVED_PREFIX} are apexplan's own"
    return ""


def quoted(name: str) -> str:
    """Returns `name` in backticks for Cypher, so that nothing in it can end them."""
    return "`" + name.replace("\\", "\\u005c").replace("`", "``") + "`"


def spelled(name: str) -> str:
    """Returns the name part of an address."""
    return name if PLAIN.match(name) else quoted(name)


def at(store: str, kind: str, name: str) -> Address:
    """Returns the address of an object by its name in the database."""
    return Address(store, kind, spelled(name))


def name_of(address: Address) -> str:
    """Returns the name in the database of what stands at `address`."""
    return bare(address.name)


def among(names: Iterable[str]) -> str:
    """Returns labels or types joined as in a pattern, for addresses and for people: `A|B`."""
    return "|".join(spelled(name) for name in names)


def apart(text: str) -> list[str]:
    """Returns the names that `among` joined."""
    return [bare(found) for found in re.findall(r"`(?:[^`]|``)*`|[^|]+", text)]


def bare(text: str) -> str:
    """Returns the name that `spelled` spelled so."""
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        return text[1:-1].replace("``", "`").replace("\\u005c", "\\")
    return text
