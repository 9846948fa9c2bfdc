"""The revision marker: an index that nobody uses, which proves a commit and fences off everybody else.

A schema transaction cannot write a node, but it can make an index (measured on 5.26.12). So each of
our transactions drops the marker of revision N and makes the one of N + 1, on a label that nobody
has; its name ends with a digest of the unit. (A property for each unit would do as well, but a database
never forgets a property's name.)

    CREATE INDEX __apexplan_revision_8_4be0643f1d98573b FOR (x:__apexplan_revision) ON (x.unit)

Marker and schema commit together or not at all, so the marker says what became of a unit; and of
two that take N for the newest, one commits and the other finds N gone. `run.move` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from apexplan.model.spec import digest
from apexplan_neo4j.connection import Graph, Row
from apexplan_neo4j.names import RESERVED_PREFIX

LABEL: Final = f"{RESERVED_PREFIX}_revision"
PROPERTY: Final = "unit"
_NAME: Final = re.compile(rf"{LABEL}_([0-9]+)_([0-9a-f]{{16}})\Z", re.ASCII)
_SHOW: Final = "SHOW INDEXES YIELD name WHERE name STARTS WITH $prefix RETURN name"


@dataclass(frozen=True, slots=True)
class Marker:
    """The newest marker of a database; revision 0 where there is none yet."""

    revision: int = 0
    unit: str = ""

    @property
    def name(self) -> str:
        return f"{LABEL}_{self.revision}_{self.unit}"

    def proves(self, unit: str) -> bool:
        """True if the transaction of `unit` was the last of ours to be committed."""
        return self.revision > 0 and self.unit == digest(unit)


def current(graph: Graph) -> Marker:
    """Returns the marker of the database. Reads."""
    return of_rows(graph.rows(_SHOW, {"prefix": f"{LABEL}_"}))


def of_rows(rows: Iterable[Row]) -> Marker:
    """Returns the marker among rows of SHOW INDEXES. A name that only resembles it is none of ours."""
    found = [Marker(int(match[1]), match[2]) for row in rows if (match := _NAME.match(row["name"]))]
    return max(found, key=lambda marker: marker.revision, default=Marker())
