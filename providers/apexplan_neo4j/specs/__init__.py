"""The specs of a Neo4j database. Live specs set every field.

Nothing of an index or a constraint can be altered: Neo4j has no ALTER for them and no rename
(manual: indexes, constraints, 5.26). So every field is REPLACE but for the health of an index.
"""

from __future__ import annotations

from typing import Final

from apexplan.migrations.spec import Migration
from apexplan.model.spec import Spec
from apexplan_neo4j.specs.constraint import Constraint
from apexplan_neo4j.specs.index import Index

ALL: Final[tuple[type[Spec], ...]] = (Constraint, Index, Migration)

__all__ = ["ALL", "Constraint", "Index", "Migration"]
