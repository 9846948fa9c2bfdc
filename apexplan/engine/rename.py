"""The live objects as they will be called once every rename has happened. Pure.

Renames nest: a table is renamed, and in the table, as it is called by then, a column. So they are
made round by round, until a round finds nothing more. What follows (normalizing, comparing) then
meets every object under its new name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.spec import Spec
from apexplan.provider import Provider


@dataclass(frozen=True, slots=True)
class Renamed:
    """`live` under the new names. `former`: for what moved, its name just before its own rename;
    `origin`: its name in the store and in the record today."""

    live: Mapping[Address, Spec]
    former: Mapping[Address, Address] = field(default_factory=dict)
    origin: Mapping[Address, Address] = field(default_factory=dict)


def renamed(live: Mapping[Address, Spec], desired: Mapping[Address, Declared], provider: Provider) -> Renamed:
    """Returns `live` as it is after every `renamed_from` whose former object is there."""
    objects = dict(live)
    former: dict[Address, Address] = {}
    origin: dict[Address, Address] = {}
    while renames := dict(_renames(objects, desired)):
        for before, (address, spec) in provider.renamed(objects, renames).items():
            objects.pop(before, None)
            objects[address] = spec
            if before != address:
                former[address] = before
                origin[address] = origin.pop(before, before)
                former.pop(before, None)
    return Renamed(objects, former, origin)


def _renames(
    live: Mapping[Address, Spec], desired: Mapping[Address, Declared]
) -> Iterator[tuple[Address, Address]]:
    for address, declared in desired.items():
        if declared.lifecycle.renamed_from is None or address in live:
            continue
        former = Address(address.store, address.kind, declared.lifecycle.renamed_from)
        if former in live and former not in desired:
            yield former, address
