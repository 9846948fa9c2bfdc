"""Which collection is found under which name. Pure.

A name means what the server answers under it. A collection behind an alias is known by the alias where
somebody said so: a manifest or the state, its own mark, or a name of the form `ALIAS_v1`. Every other alias
is an object of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from apexplan_qdrant.names import is_version_of, side_door
from apexplan_qdrant.read.marks import Marks


@dataclass(frozen=True, slots=True)
class Served:
    """`names`: physical name → the name that it is known by. `aliases`: the further ones → physical name.
    `hidden`: collections that an alias of the same name covers, so that nobody reads them."""

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    hidden: frozenset[str]

    def physical(self, name: str) -> str | None:
        return next((physical for physical, known in self.names.items() if known == name), None)


def served(aliases: Mapping[str, str], marks: Mapping[str, Marks], said: Collection[str]) -> Served:
    """Returns who is known by which name. `marks`: of every collection, by physical name; `said`: names that
    manifests or the state use for collections."""
    names: dict[str, str] = {}
    for physical, mark in marks.items():
        mine = [alias for alias, target in aliases.items() if target == physical]
        names[physical] = _known_by(physical, mine, mark, said)
    hidden = frozenset(p for p, known in names.items() if known == p and aliases.get(p, p) != p)
    known = {physical: name for physical, name in names.items() if physical not in hidden}
    doors = {side_door(physical) for physical in hidden}
    further = {
        alias: physical
        for alias, physical in aliases.items()
        if known.get(physical) != alias and physical in marks and alias not in doors
    }
    return Served(known, further, hidden)


def _known_by(physical: str, aliases: list[str], mark: Marks, said: Collection[str]) -> str:
    for alias in sorted(aliases):
        if alias in said:
            return alias
    if physical in said:
        return physical
    for alias in sorted(aliases):
        if alias == mark.name or is_version_of(alias, physical):
            return alias
    return physical
