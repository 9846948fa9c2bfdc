"""From SHOW INDEXES and SHOW CONSTRAINTS to live specs: one read a kind.

Left out are our own marker (see `marker`), the indexes that constraints own, and what belongs
to Graphiti or to Neo4j itself (`ownership`), unless someone declares or recorded it. Types
that no manifest can describe are told in a note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan.model.spec import Spec
from apexplan.provider import Live, Scope
from apexplan_neo4j.connection import Graph, Row
from apexplan_neo4j.names import RESERVED_PREFIX, at
from apexplan_neo4j.read import constraints, indexes
from apexplan_neo4j.read.ledger import ledger_details, migrations
from apexplan_neo4j.read.marker import of_rows
from apexplan_neo4j.read.ownership import Owner, owner
from apexplan_neo4j.specs import Index


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read beside the live objects: every index by name, whoever owns it, and whether a
    constraint does; the revision of our marker."""

    live: Live
    indexes: Mapping[str, Index]
    owned_by_constraints: frozenset[str]
    revision: int


def read(graph: Graph, scope: Scope, facts: Mapping[str, Any]) -> Seen:
    """Returns what the database holds. Never writes."""
    shown, orphans = indexes.settled(indexes.index_rows(graph), graph)
    rows = [row for row in shown if not row["name"].startswith(RESERVED_PREFIX)]
    found: dict[Address, Spec] = {}
    notes: list[Note] = []
    for row in constraints.constraint_rows(graph):
        address = at(scope.store, "constraint", row["name"])
        if row["type"] in constraints.TYPES:
            found[address] = constraints.constraint_of(row)
        else:
            notes.append(_unknown(address, row))
    everything = {
        row["name"]: indexes.index_of(row, orphaned=row["name"] in orphans)
        for row in rows
        if indexes.kind_of(row) is not None
    }
    owners: Counter[Owner] = Counter()
    for row in rows:
        address, name = at(scope.store, "index", row["name"]), row["name"]
        if name not in everything:
            notes.append(_unknown(address, row))
        elif row.get("owningConstraint") is None:
            whose = owner(name, everything[name])
            if whose is None or address in scope.addresses:
                found[address] = everything[name]
            else:
                owners[whose] += 1
    applied = migrations(graph)
    found.update(applied.specs)
    notes += [*applied.notes, *_owned(owners), *_orphaned(scope.store, found)]
    return Seen(
        Live(found, {**facts, **ledger_details(applied)}, tuple(notes)),
        everything,
        frozenset(row["name"] for row in rows if row.get("owningConstraint") is not None),
        of_rows(shown).revision,
    )


def _unknown(address: Address, row: Row) -> Note:
    return Note(address=address, text=f"of type {row['type']}, which no manifest can describe: left alone")


def _owned(owners: Counter[Owner]) -> Iterator[Note]:
    if graphiti := owners[Owner.GRAPHITI]:
        yield Note(text=f"{graphiti} index{'es' * (graphiti != 1)} of Graphiti's own: left alone")


def _orphaned(store: str, found: Mapping[Address, Spec]) -> Iterator[Note]:
    for address, spec in found.items():
        if isinstance(spec, Index) and spec.health == "orphaned":
            yield Note(
                address=address,
                text="left by a CREATE CONSTRAINT that never ended: it never comes ONLINE, holds the place "
                "of the constraint, and makes db.awaitIndexes time out for everybody",
                mend=f"a plan that makes the constraint removes it first; else: DROP INDEX {address.name}",
            )
