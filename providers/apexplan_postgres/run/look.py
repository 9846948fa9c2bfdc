"""One index as the store has it now, read by the same code as the whole schema.

Only the tables' names of its schema and the columns and indexes of its own table are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.address import Address
from apexplan.model.errors import Transient
from apexplan.model.spec import Spec
from apexplan_postgres.names import MAX_NAME_BYTES, last, schema_of
from apexplan_postgres.normalize import normalize
from apexplan_postgres.read import moment
from apexplan_postgres.read.catalog import load
from apexplan_postgres.read.columns import columns
from apexplan_postgres.read.details import details
from apexplan_postgres.read.indexes import in_progress, indexes
from apexplan_postgres.read.tables import tables
from apexplan_postgres.specs import Index

if TYPE_CHECKING:
    from psycopg import Connection

_RELATION: Final = """
SELECT n.oid AS schema, i.indrelid, i.indexrelid, pg_relation_filenode(c.oid) AS file
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE n.nspname = %s AND c.relname = %s
"""

_LEFTOVER: Final = re.compile(r"(?P<stem>.*)_cc(new|old)\d*\Z", re.DOTALL)
_NOT_DEFINITION: Final = frozenset({"valid", "comment"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What bears the name: nothing, an index with its table's other objects, or something else."""

    index: Index | None = None
    taken: bool = False
    """Something that is no index of its own has the name."""
    file: int | None = None
    """The index's file: every build writes a new one."""
    objects: Mapping[Address, Spec] = field(default_factory=dict)

    @property
    def absent(self) -> bool:
        return self.index is None and not self.taken


def look(connection: Connection[Any], address: Address) -> Seen:
    """Returns what stands at `address`. Raises Transient while another session is building or
    dropping it: its backend may outlive the client that asked for it."""
    with moment(connection):
        building = in_progress(connection)
        found = connection.execute(_RELATION, [schema_of(address), last(address)]).fetchone()
        if found is None:
            return Seen()
        schema, table, index, file = found
        if index in building:
            text = "another session is building or dropping it"
            raise Transient(text, store=address.store, address=address, mend="wait until it has ended")
        version = connection.info.server_version
        catalog = load(connection, address.store, version, {schema: schema_of(address)})
        catalog.tables = {oid: name for oid, name in catalog.tables.items() if oid == table}
        objects: dict[Address, Spec] = dict(tables(catalog))
        objects.update(columns(catalog))
        objects.update(indexes(catalog, building))
    spec = objects.get(address)
    return Seen(spec, False, file, objects) if isinstance(spec, Index) else Seen(taken=True)


def is_as(connection: Connection[Any], address: Address, expected: Index, seen: Seen) -> bool:
    """Says whether the index has the expected definition; validity and comment aside. The server
    is asked where a text differs: it may be another spelling."""
    assert seen.index is not None
    if _equal(expected, seen.index):
        return True
    normal = normalize(connection, address.store, {address: expected}, seen.objects, details(connection))
    spec = normal.specs[address]
    return isinstance(spec, Index) and _equal(spec, seen.index)


def _equal(expected: Index, live: Index) -> bool:
    names = expected.managed - _NOT_DEFINITION
    return all(getattr(expected, name) == getattr(live, name) for name in names)


def leftovers(address: Address, seen: Seen) -> list[Address]:
    """The invalid `…_ccnew` and `…_ccold` that an interrupted REINDEX CONCURRENTLY of this index left."""
    return [
        other
        for other, spec in seen.objects.items()
        if isinstance(spec, Index) and not spec.valid and _is_left_by(last(address), last(other))
    ]


def _is_left_by(name: str, other: str) -> bool:
    """True if the server made `other` from `name`, which it cuts to leave room for the suffix."""
    found = _LEFTOVER.match(other)
    if found is None:
        return False
    was_cut = len(other.encode()) == MAX_NAME_BYTES and name.startswith(found["stem"])
    return found["stem"] == name or was_cut
