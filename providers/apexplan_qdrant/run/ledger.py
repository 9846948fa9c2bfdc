"""Marks of ownership: in the metadata of each collection, under `apexplan:PROJECT`, what a project owns of
it, its indexes and the aliases that lead to it. Enough to rebuild a lost state.

A key a project, so that two projects never write over each other. Before 1.16 there is no metadata, and so no
ledger: `state recover` finds nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.provider import Mark
from apexplan_qdrant.names import index_parts
from apexplan_qdrant.read import Seen
from apexplan_qdrant.read.marks import METADATA, marks_of
from apexplan_qdrant.run.looking import reach
from apexplan_qdrant.specs import Alias, PayloadIndex
from apexplan_qdrant.target import Target

_PREFIX: Final = "apexplan:"


def marks(seen: Seen, project: str) -> dict[Address, Mark]:
    """Returns what `project` owns, as the collections say that are in use."""
    found: dict[Address, Mark] = {}
    for info in seen.infos.values():
        if marks_of(info).retired is None:
            for text, entry in _entries(info, project).items():
                address = Address.parse(text)
                found[address] = Mark(address, entry["values"], entry["protect"], entry["run"])
    return found


def record(target: Target, seen: Seen, project: str, changed: Mapping[Address, Mark | None]) -> None:
    """Writes the marks to the collections that their objects are of now, and takes them from all others."""
    if target.version < METADATA:
        return
    wanted: dict[str, dict[str, Any]] = {}
    for address, mark in changed.items():
        physical = _home(address, seen)
        if mark is not None and physical is not None:
            entry = {"values": dict(mark.values), "protect": mark.protect, "run": mark.run}
            wanted.setdefault(physical, {})[str(address)] = entry
    touched = {str(address) for address in changed}
    for physical, info in seen.infos.items():
        before = _entries(info, project)
        kept = {text: entry for text, entry in before.items() if text not in touched}
        after = kept | wanted.get(physical, {})
        if after != before:
            target.update(reach(target, physical), {"metadata": {_PREFIX + project: after or None}})


def _home(address: Address, seen: Seen) -> str | None:
    """Returns the physical name of the collection that an object is of."""
    if address.kind == Alias.kind:
        return seen.aliases.get(address.name)
    if address.kind == PayloadIndex.kind:
        return seen.served.physical(index_parts(address)[0])
    return seen.served.physical(address.name)


def _entries(info: Mapping[str, Any], project: str) -> dict[str, Any]:
    found = (info["config"].get("metadata") or {}).get(_PREFIX + project)
    return dict(found) if isinstance(found, Mapping) else {}
