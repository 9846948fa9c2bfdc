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
from apexplan_qdrant.wire.places import OWN

_PREFIX: Final = f"{OWN}:"


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
    """Writes the marks, each to the collection that its object is of now: when a collection is copied, what
    was said of it is written to the copy too. A collection that is kept aside keeps what it says, for the day
    when it is taken into use again, but for what is owned no more. `seen` must know all addresses of the
    ledger."""
    if target.version < METADATA:
        return
    entries = {text: entry for info in _in_use_last(seen) for text, entry in _entries(info, project).items()}
    for address, mark in changed.items():
        entries.pop(str(address), None)
        if mark is not None:
            entries[str(address)] = {"values": dict(mark.values), "protect": mark.protect, "run": mark.run}
    wanted: dict[str, dict[str, Any]] = {}
    for text, entry in entries.items():
        wanted.setdefault(_home(Address.parse(text), seen) or "", {})[text] = entry
    gone = {str(address) for address, mark in changed.items() if mark is None}
    for physical, info in seen.infos.items():
        before = _entries(info, project)
        kept = {text: entry for text, entry in before.items() if text not in gone}
        after = kept if marks_of(info).retired is not None else wanted.get(physical, {})
        if after != before:
            name = reach(target, physical)
            target.update(name, {"metadata": {_PREFIX + project: after or None}})


def _in_use_last(seen: Seen) -> list[Mapping[str, Any]]:
    """Returns the collections, those out of use first: what the others say goes over it."""
    return sorted(seen.infos.values(), key=lambda info: marks_of(info).retired is None)


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
