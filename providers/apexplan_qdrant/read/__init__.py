"""A target → live specs. Two requests for the names, one for each collection, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan.model.spec import Spec
from apexplan.provider import Live, Scope
from apexplan_qdrant.names import index_address, reached_by
from apexplan_qdrant.read.marks import marks_of
from apexplan_qdrant.read.served import Served, served
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex, Retained
from apexplan_qdrant.specs.collection import Health
from apexplan_qdrant.target import Target
from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.payload_index import index_values

_HEALTH: dict[str, Health] = {"grey": "grey", "red": "red"}
_DIRECTIVES = {"on_replace": None, "over": None, "copying": None}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read: the live specs, and what they were made of."""

    live: Live
    served: Served
    infos: Mapping[str, Mapping[str, Any]]
    """By physical name."""
    aliases: Mapping[str, str]
    unreached: frozenset[str] = frozenset()
    """Physical names of collections that an alias hides and nothing else leads to: their names alone are
    known."""

    def knowing(self, addresses: AbstractSet[Address]) -> Seen:
        """Returns the same, with collections known by the names that `addresses` use for them."""
        return replace(self, served=_served(self.aliases, self.infos, addresses))


def read(target: Target, scope: Scope) -> Seen:
    """Returns what the target holds. All of it is read: collections are few, and a plan must know the
    names that are taken."""
    aliases = target.aliases()
    physicals = target.collections()
    infos = _infos(target, physicals, aliases)
    unreached = frozenset(p for p in physicals if aliases.get(p, p) != p) - infos.keys()
    who = _served(aliases, infos, scope.addresses)
    live = Live(
        objects=dict(_objects(scope.store, infos, who)),
        details=_details(target, aliases, infos) | {"unreached": sorted(unreached)},
        notes=tuple(_notes(scope.store, infos, who, who.hidden | unreached)),
    )
    return Seen(live, who, infos, aliases, unreached)


def _served(
    aliases: Mapping[str, str], infos: Mapping[str, Mapping[str, Any]], addresses: AbstractSet[Address]
) -> Served:
    marks = {name: marks_of(info) for name, info in infos.items()}
    said = {address.name for address in addresses if address.kind == Collection.kind}
    return served(aliases, marks, said)


def _infos(
    target: Target, physicals: Sequence[str], aliases: Mapping[str, str]
) -> Mapping[str, Mapping[str, Any]]:
    """Returns what the target tells of each collection that can be reached, by physical name."""
    doors = {physical: reached_by(physical, aliases, embedded=target.embedded) for physical in physicals}
    found = target.infos([door for door in doors.values() if door is not None])
    return {physical: found[door] for physical, door in doors.items() if door is not None and door in found}


def _objects(
    store: str, infos: Mapping[str, Mapping[str, Any]], who: Served
) -> Iterator[tuple[Address, Spec]]:
    for physical, info in infos.items():
        retired = marks_of(info).retired
        if retired is not None:
            yield (
                Address(store, Retained.kind, physical),
                Retained(former=retired.name, since=retired.since),
            )
        elif physical not in who.hidden:
            yield from _collection(store, who.names[physical], physical, info)
    for alias, physical in who.aliases.items():
        known = who.names.get(physical, physical)
        yield Address(store, Alias.kind, alias), Alias(collection=known, over=None)


def _collection(
    store: str, name: str, physical: str, info: Mapping[str, Any]
) -> Iterator[tuple[Address, Spec]]:
    values = collection_values(info) | _DIRECTIVES
    health = _HEALTH.get(info.get("status", "green"), "ok")
    yield (
        Address(store, Collection.kind, name),
        Collection.model_validate(values | {"physical": physical, "health": health}),
    )
    for field, entry in info.get("payload_schema", {}).items():
        yield index_address(store, name, field), PayloadIndex.model_validate(index_values(entry))


def _details(
    target: Target, aliases: Mapping[str, str], infos: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "version": ".".join(map(str, target.version)),
        "embedded": target.embedded,
        "aliases": dict(aliases),
        "configs": {name: info["config"] for name, info in infos.items()},
    }


def _notes(
    store: str, infos: Mapping[str, Mapping[str, Any]], who: Served, hidden: frozenset[str]
) -> Iterator[Note]:
    for name in sorted(hidden):
        text = (
            f"a collection {name} is there too, but an alias of that name leads elsewhere: nobody reads it, "
            "and DELETE takes it, not what the name shows"
        )
        yield Note(text=text, address=Address(store, Collection.kind, name))
    for physical, info in infos.items():
        if physical in who.names and info.get("status") == "yellow":
            text = "the server is rebuilding segments of it"
            yield Note(text=text, address=Address(store, Collection.kind, who.names[physical]))
