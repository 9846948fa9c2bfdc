"""The specs of a PostgreSQL store, one module an aspect; see `names` for what addresses look like.

Texts (types, defaults, expressions, conditions) are SQL in the store's own spelling once
`Session.normalize` has seen them. Live specs set every field.
"""

from __future__ import annotations

from typing import Final

from apexplan.migrations.spec import Migration
from apexplan.model.spec import Spec
from apexplan_postgres.specs.column import Column, Generated, Identity
from apexplan_postgres.specs.constraint import Check, Exclude, ForeignKey, PrimaryKey, Unique
from apexplan_postgres.specs.index import ExcludeKey, Index, IndexKey
from apexplan_postgres.specs.routine import Function, Trigger
from apexplan_postgres.specs.table import Extension, Retained, Schema, Table

ALL: Final[tuple[type[Spec], ...]] = (
    Extension,
    Schema,
    Table,
    Column,
    PrimaryKey,
    Unique,
    Check,
    ForeignKey,
    Exclude,
    Index,
    Function,
    Trigger,
    Retained,
    Migration,
)

__all__ = [
    "ALL",
    "Check",
    "Column",
    "Exclude",
    "ExcludeKey",
    "Extension",
    "ForeignKey",
    "Function",
    "Generated",
    "Identity",
    "Index",
    "IndexKey",
    "Migration",
    "PrimaryKey",
    "Retained",
    "Schema",
    "Table",
    "Trigger",
    "Unique",
]
