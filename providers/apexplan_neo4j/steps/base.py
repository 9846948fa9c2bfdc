"""The two steps that there are, make and drop, each the other's inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Hazard, HazardKind, Size, Step
from apexplan.provider import Facts
from apexplan_neo4j import ddl
from apexplan_neo4j.names import name_of
from apexplan_neo4j.specs import Constraint, Index

MAKE: Final = "make"
DROP: Final = "drop"

_GAP: Final = (
    "from the drop until the new one is ONLINE queries do without it; declared under another name with "
    "renamed_from, the new one is built before the old one goes where the database allows both"
)
_UNGUARDED: Final = "from the drop until the new one is made nothing enforces it"


@dataclass(frozen=True, slots=True)
class Thing:
    """One index or constraint, by the name that it has in the database, and how much it is on."""

    address: Address
    """Of the change that it belongs to."""
    name: str
    spec: Index | Constraint
    size: Size | None = None

    @classmethod
    def desired(cls, change: Change, facts: Facts) -> Thing:
        """What shall be. Of a replaced object, fields that nobody manages stay as they are."""
        spec = change.desired
        assert isinstance(spec, (Index, Constraint))
        return cls(change.address, name_of(change.address), _filled(spec, change), _size(change, facts))

    @classmethod
    def live(cls, change: Change, facts: Facts) -> Thing:
        """What is there, under the name that it has today."""
        spec = change.live
        assert isinstance(spec, (Index, Constraint))
        return cls(change.address, name_of(change.origin or change.address), spec, _size(change, facts))

    @property
    def is_constraint(self) -> bool:
        return isinstance(self.spec, Constraint)

    @property
    def is_on_nothing(self) -> bool:
        """True where the database is sure that no node has the label."""
        return self.size is not None and self.size.empty

    def allows(self, other: Thing) -> bool:
        """True if the database can hold both at once."""
        return not self.spec.claims(self.address) - _own_name(self) & other.spec.claims(other.address)

    def args(self) -> dict[str, Any]:
        return {"kind": self.spec.kind, "name": self.name, "spec": self.spec.values()}


def make(thing: Thing, group: str, *, gap: bool = False) -> Step:
    """Returns the step that makes `thing`, and waits until it is ONLINE. `gap`: in place of what was
    dropped before, so that the way back has a gap too."""
    return _made(thing, group).model_copy(update={"inverse": _dropped(thing, group, gap)})


def drop(thing: Thing, group: str, *, gap: bool = False) -> Step:
    """Returns the step that drops `thing`. `gap`: it is made anew after that."""
    return _dropped(thing, group, gap).model_copy(update={"inverse": _made(thing, group)})


def _made(thing: Thing, group: str) -> Step:
    spec, name = thing.spec, thing.name
    if isinstance(spec, Constraint):
        statement, hazards = ddl.create_constraint(name, spec), _checks(spec)
    else:
        statement, hazards = ddl.create_index(name, spec), _builds(spec)
    return Step(
        id=f"{MAKE} {spec.kind} {name}",
        address=thing.address,
        covers=(thing.address,),
        verb=MAKE,
        title=f"create {spec.kind} {name}",
        statements=(statement,),
        args=thing.args(),
        hazards=() if thing.is_on_nothing else hazards,
        size=thing.size,
        group=group,
    )


def _dropped(thing: Thing, group: str, gap: bool) -> Step:
    spec, name = thing.spec, thing.name
    return Step(
        id=f"{DROP} {spec.kind} {name}",
        address=thing.address,
        covers=(thing.address,),
        verb=DROP,
        title=f"drop {spec.kind} {name}",
        statements=(ddl.drop_constraint(name) if thing.is_constraint else ddl.drop_index(name),),
        args=thing.args(),
        hazards=(_gap(thing),) if gap and not thing.is_on_nothing else (),
        size=thing.size,
        group=group,
        removes=True,
    )


def _filled(spec: Index | Constraint, change: Change) -> Index | Constraint:
    live = change.live
    if live is None or type(live) is not type(spec):
        return spec
    if isinstance(spec, Index) and isinstance(live, Index) and spec.type != live.type:
        return spec  # another type has other options
    return type(spec).model_validate(live.values() | spec.values())


def _size(change: Change, facts: Facts) -> Size | None:
    extent = change.spec.parent(change.address)
    return facts.sizes.get(extent) if extent is not None else None


def _own_name(thing: Thing) -> frozenset[str]:
    return frozenset({f"name {thing.address.name}"})


def _gap(thing: Thing) -> Hazard:
    text = _UNGUARDED if thing.is_constraint else _GAP
    return Hazard(kind=HazardKind.INDEX_GAP, text=text)


def _checks(spec: Constraint) -> tuple[Hazard, ...]:
    what = "relationship" if spec.entity == "relationship" else "node"
    text = (
        f"every {what} of {spec.label} is read and checked; writers go on meanwhile, and one duplicate or "
        "violation undoes it"
    )
    return (Hazard(kind=HazardKind.SCANS_DATA, text=text),)


def _builds(spec: Index) -> tuple[Hazard, ...]:
    built = Hazard(kind=HazardKind.SCANS_DATA, text="built in the background; readers and writers go on")
    if spec.type != "vector":
        return (built,)
    text = "the graph of a vector index lies in the page cache and on disk beside the vectors"
    return built, Hazard(kind=HazardKind.COSTS_MEMORY, text=text)
