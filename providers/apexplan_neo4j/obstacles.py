"""What would make an apply of these changes fail, seen before: places and names that are taken, data
that violates a new constraint, what this edition lacks, scripts that the server does not understand.

Looks at the data are bounded by the store's scan_timeout_s; what was not looked at is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from apexplan.migrations.spec import Migration
from apexplan.migrations.status import migrations
from apexplan.migrations.status import obstacles as of_migrations
from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Note
from apexplan.model.spec import Spec
from apexplan_neo4j.connection import Graph
from apexplan_neo4j.cypher.schema import Dropped, Made, schema_of
from apexplan_neo4j.names import at, name_of
from apexplan_neo4j.read import Seen
from apexplan_neo4j.read.ownership import GRAPHITI_PLACES, Owner, owner
from apexplan_neo4j.scripts import misunderstood
from apexplan_neo4j.specs import Constraint, Index
from apexplan_neo4j.violations import violations

_MAKING: Final = frozenset({Action.CREATE, Action.REPLACE, Action.RENAME, Action.UPDATE})
_LEAVING: Final = frozenset({Action.DELETE, Action.REPLACE, Action.RENAME, Action.UPDATE})
_ENTERPRISE: Final = frozenset({"exists", "key", "typed"})


def obstacles(graph: Graph, changes: Sequence[Change], seen: Seen) -> list[Note]:
    """Returns a note for each thing in the way, and remarks on what others will miss. Reads."""
    schema = [c for c in changes if not isinstance(c.spec, Migration)]
    scripts = [c for c in changes if isinstance(c.spec, Migration)]
    making = [c for c in schema if c.action in _MAKING]
    going = {c.origin or c.address for c in schema if c.action in _LEAVING}
    holders = _holders(graph.store, seen, going)
    notes = [
        *_read_only(graph),
        *_enterprise(making, seen.live.details),
        *_clashes(holders, schema, making, seen),
    ]
    hindered = {note.address for note in notes if note.blocks}
    notes += [
        note
        for change in making
        if isinstance(change.desired, (Index, Constraint))
        for note in _missed_by_graphiti(change.address, change.address.name, change.desired, seen)
    ]
    pending = any(c.action is Action.CREATE for c in scripts)
    looked = [c for c in making if c.address not in hindered]
    notes += [_unless(note, pending) for note in violations(graph, looked)]
    notes += of_migrations(scripts, migrations(seen.live.objects))
    notes += misunderstood(graph, scripts)
    notes += _clashes_of_scripts(scripts, holders, seen)
    return notes


def _read_only(graph: Graph) -> Iterator[Note]:
    """Yields why nothing can be written at all: of a database's copies none here takes writes."""
    name = graph.settings.database
    copies = graph.rows("SHOW DATABASES YIELD * WHERE name = $name RETURN *", {"name": name})
    if copies and not any(c["access"] == "read-write" and c.get("writer") is not False for c in copies):
        yield Note(
            text=f"this server takes no writes for the database {name}: it is read-only, or a replica",
            blocks=True,
            mend="use a neo4j:// URI, which finds the leader, or make the database writable",
        )


def _unless(note: Note, pending: bool) -> Note:
    """A pending script of the same plan may correct the data: then nothing blocks it."""
    if not (note.blocks and pending):
        return note
    text = f"{note.text}; the plan fails there unless its migrations correct that before"
    return note.model_copy(update={"blocks": False, "text": text})


def _enterprise(making: Sequence[Change], details: Mapping[str, Any]) -> Iterator[Note]:
    if details.get("edition") != "community":
        return
    for change in making:
        spec = change.desired
        if isinstance(spec, Constraint) and spec.type in _ENTERPRISE:
            yield Note(
                address=change.address,
                blocks=True,
                text=f"a constraint of type {spec.type} needs Neo4j Enterprise, and this server is "
                f"{details['edition']} {details['version']}",
                mend="use Enterprise or Aura, or leave the constraint out",
            )


def _clashes(
    holders: Mapping[str, Address], changes: Sequence[Change], making: Sequence[Change], seen: Seen
) -> Iterator[Note]:
    """Yields what takes the name or the place of something that is to be made, or is someone else's."""
    for change in changes:
        whose = _owner(change, seen)
        if whose is Owner.GRAPHITI:
            yield _of_graphiti(change.address)
    for change in making:
        assert change.desired is not None
        mine = {change.address, change.origin}
        for claim in sorted(change.desired.claims(change.address)):
            holder = holders.get(claim)
            if holder is not None and holder not in mine:
                yield _taken(change.address, claim, holder, seen)
                break


def _holders(store: str, seen: Seen, going: set[Address]) -> dict[str, Address]:
    """Returns who holds each name and place once everything that goes has gone. What a CREATE
    CONSTRAINT left that never ended holds nothing: it is removed before."""
    things: dict[Address, Spec] = {
        at(store, "index", name): index
        for name, index in seen.indexes.items()
        if name not in seen.owned_by_constraints and index.health != "orphaned"
    }
    things.update({a: s for a, s in seen.live.objects.items() if isinstance(s, Constraint)})
    found: dict[str, Address] = {}
    for address, spec in things.items():
        if address not in going:
            found.update(dict.fromkeys(spec.claims(address), address))
    return found


def _owner(change: Change, seen: Seen) -> Owner | None:
    if change.action in (Action.DELETE, Action.FORGET) or not isinstance(change.desired, Index):
        return None
    there = seen.indexes.get(name_of(change.address))
    return owner(name_of(change.address), there) if there is not None else None


def _clashes_of_scripts(
    scripts: Sequence[Change], holders: Mapping[str, Address], seen: Seen
) -> Iterator[Note]:
    """Yields what takes the name or the place of something that a pending script makes, statement by
    statement: what an earlier one drops is free, what it makes is taken."""
    taken = dict(holders)
    for change in scripts:
        spec = change.desired
        if change.action is not Action.CREATE or not isinstance(spec, Migration) or spec.baseline:
            continue
        for number, statement in enumerate(spec.script, 1):
            found = schema_of(statement.text)
            if isinstance(found, Dropped):
                taken = {claim: a for claim, a in taken.items() if name_of(a) != found.name}
            elif found is not None:
                about = f"statement {number} at line {statement.line}"
                yield from _clash_of_statement(change.address, about, found, taken, seen)


def _clash_of_statement(
    script: Address, about: str, made: Made, taken: dict[str, Address], seen: Seen
) -> Iterator[Note]:
    address = at(script.store, made.spec.kind, made.name)
    claims = sorted(made.spec.claims(address))
    if not made.lenient and all(taken.get(claim) == address for claim in claims):
        mend = "where the script was run by hand: `apexplan migrate baseline`; else drop what is there"
        yield Note(address=script, blocks=True, text=f"{about} fails: {made.name} is there", mend=mend)
        return
    for claim in claims:
        holder = taken.setdefault(claim, address)
        if holder != address:
            note = _taken(address, claim, holder, seen)
            how = "makes nothing, in silence" if made.lenient and address.kind == "index" else "fails"
            mend = "leave the statement out, or drop first what is there"
            yield note.model_copy(
                update={"address": script, "text": f"{about} {how}: {made.name}: {note.text}", "mend": mend}
            )
            return
    yield from _missed_by_graphiti(script, made.name, made.spec, seen)


def _of_graphiti(address: Address) -> Note:
    return Note(
        address=address,
        blocks=True,
        text="Graphiti makes this index by itself and needs it; owned here, it would go with the manifest",
        mend="leave it out of the manifest",
    )


def _taken(address: Address, claim: str, holder: Address, seen: Seen) -> Note:
    index = seen.indexes.get(name_of(holder)) if holder.kind == "index" else None
    whose = owner(name_of(holder), index) if index is not None else None
    by = f"{holder}" + (f", which belongs to {whose}" if whose else "")
    if claim.startswith("name "):
        mend = "choose another name: indexes and constraints share one space of names"
        return Note(address=address, blocks=True, text=f"the name is taken by {by}", mend=mend)
    mend = (
        "leave it out of the manifest: what is there serves the same queries"
        if whose and address.kind == "index"
        else f"give it the name of what is there to adopt it, or drop that first: {_drop(holder)}"
    )
    if whose is Owner.GRAPHITI and address.kind == "constraint":
        mend = (
            f"leave it out; or stop Graphiti from making its own indexes, drop {holder.name}, and apply again"
        )
    return Note(
        address=address, blocks=True, text=f"its place is taken by {by}: there can be one {claim}", mend=mend
    )


def _drop(holder: Address) -> str:
    return f"DROP {holder.kind.upper()} {holder.name}"


def _missed_by_graphiti(address: Address, name: str, spec: Index | Constraint, seen: Seen) -> Iterator[Note]:
    """Yields which index Graphiti would silently not make because of one of ours."""
    missed = GRAPHITI_PLACES.get(spec.place())
    if missed is not None and missed not in seen.indexes and missed != name:
        yield Note(
            address=address,
            text=f"if Graphiti uses this database, it will silently not make its own index {missed} because "
            f"of {name}, and after a rollback queries of Graphiti have none",
            mend="leave it out where Graphiti runs; else ignore this",
        )
