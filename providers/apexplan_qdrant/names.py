"""Names: what a collection's name may be, how the address of a payload index is written, and which name
the next version of a collection gets.

A name means what the server answers under it: an alias first, a collection of that name otherwise. So the
address `vectors.collection.documents` is the collection that readers of `documents` see, be it of that name
or behind an alias; its own name is the *physical* one. Collections that are copied are versioned:
`documents_v1`, `documents_v2`, each behind the alias `documents` in its turn.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from apexplan.model.address import Address

MOST_CHARACTERS: Final = 255
_FORBIDDEN: Final = '<>:"/\\|?*\0\x1f'
_PLAIN: Final = re.compile(r"[^.\"]+")
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"\.(.*)', re.DOTALL)
_VERSION: Final = re.compile(r"(.*)_v(\d+)")


def side_door(name: str) -> str:
    """Returns the alias by which a collection is reached that an alias of its own name hides. Over REST every
    name means an alias first, so that without it nobody could read or mark the collection any more."""
    return f"{name}__kept"


def reached_by(physical: str, aliases: Mapping[str, str], *, embedded: bool) -> str | None:
    """Returns the name under which requests reach the collection `physical`, or None where it is hidden by
    an alias of its name and has no side door. Edge (`embedded`) is asked by physical names."""
    if embedded or aliases.get(physical, physical) == physical:
        return physical
    return side_door(physical) if aliases.get(side_door(physical)) == physical else None


def why_not_a_name(name: str) -> str:
    """Returns why `name` can be neither collection nor alias, or "". Measured on 1.16.3, whose messages
    name the characters."""
    if not name:
        return "a name has at least one character"
    if len(name) > MOST_CHARACTERS:
        return f"a name has at most {MOST_CHARACTERS} characters, and this one has {len(name)}"
    bad = next((c for c in name if c in _FORBIDDEN), None)
    return f"a name cannot contain {bad!r}" if bad else ""


def index_address(store: str, collection: str, field: str) -> Address:
    """Returns the address of the payload index on `field`, a JSON path as the server has it."""
    name = collection if _PLAIN.fullmatch(collection) else '"' + collection.replace('"', '""') + '"'
    return Address(store, "payload_index", f"{name}.{field}")


def index_parts(address: Address) -> tuple[str, str]:
    """Returns the collection and the JSON path of a payload index's address."""
    quoted = _QUOTED.fullmatch(address.name)
    if quoted:
        return quoted[1].replace('""', '"'), quoted[2]
    collection, _, field = address.name.partition(".")
    return collection, field


def next_version(name: str, physical: str | None, taken: Collection[str]) -> str:
    """Returns the name of the collection that comes after `physical` under `name`: the first free one."""
    version = _VERSION.fullmatch(physical or "")
    stem, number = (version[1], int(version[2]) + 1) if version else (name, 1)
    while f"{stem}_v{number}" in taken:
        number += 1
    return f"{stem}_v{number}"


def is_version_of(name: str, physical: str) -> bool:
    """True if `physical` is a name that `next_version` gives under `name`."""
    version = _VERSION.fullmatch(physical)
    return version is not None and version[1] == name
