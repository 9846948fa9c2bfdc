"""Constraints of a table: primary key, unique, check, foreign key, exclude. One kind each."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from apexplan.model.address import Address
from apexplan.model.spec import IN_PLACE, REPLACE, OnChange, Spec
from apexplan_postgres.names import in_table, parts, spelled, table_of
from apexplan_postgres.specs.index import ExcludeKey

Deferrable = Literal["no", "immediate", "deferred"]
"""NOT DEFERRABLE, DEFERRABLE INITIALLY IMMEDIATE, DEFERRABLE INITIALLY DEFERRED."""
ReferentialAction = Literal["no action", "restrict", "cascade", "set null", "set default"]

_ANEW = "PostgreSQL cannot alter this of a constraint: it is dropped and made anew"
_INDEXED = "a unique index is built concurrently first, then the constraint takes it over"
_VALIDATE = "VALIDATE CONSTRAINT scans the table under SHARE UPDATE EXCLUSIVE; readers and writers go on"


class _Constraint(Spec):
    """What all constraints have in common. Its address is schema.table.name."""

    comment: Annotated[str | None, OnChange(IN_PLACE)] = None

    def parent(self, address: Address) -> Address | None:
        return table_of(address)

    def columns_used(self) -> tuple[str, ...]:
        """The columns that the constraint names, as far as its fields tell."""
        return ()

    def requires(self, address: Address) -> frozenset[Address]:
        table = table_of(address)
        used = {in_table(address.store, "column", table.name, name) for name in self.columns_used()}
        return frozenset(used | {table})

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"constraint {address.name}"})


class _Indexed(_Constraint):
    """A constraint that owns an index of its name: the name is taken among relations too."""

    def claims(self, address: Address) -> frozenset[str]:
        schema, _, name = parts(address.name)
        return frozenset({f"constraint {address.name}", f"relation {spelled(schema, name)}"})


class PrimaryKey(_Indexed):
    """PRIMARY KEY."""

    kind: ClassVar[str] = "primary_key"

    columns: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _INDEXED)] = None
    include: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _INDEXED)] = None
    deferrable: Annotated[Deferrable | None, OnChange(REPLACE, _ANEW)] = None

    def summary(self) -> str:
        return _listed(self.columns)

    def columns_used(self) -> tuple[str, ...]:
        return (*(self.columns or ()), *(self.include or ()))

    def claims(self, address: Address) -> frozenset[str]:
        return super().claims(address) | {f"primary key of {table_of(address).name}"}


class Unique(_Indexed):
    """UNIQUE."""

    kind: ClassVar[str] = "unique"

    columns: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _INDEXED)] = None
    include: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _INDEXED)] = None
    nulls_not_distinct: Annotated[bool | None, OnChange(REPLACE, _INDEXED)] = None
    deferrable: Annotated[Deferrable | None, OnChange(REPLACE, _ANEW)] = None

    def summary(self) -> str:
        return _listed(self.columns)

    def columns_used(self) -> tuple[str, ...]:
        return (*(self.columns or ()), *(self.include or ()))


class Check(_Constraint):
    """CHECK."""

    kind: ClassVar[str] = "check"

    expression: Annotated[str | None, OnChange(REPLACE, _ANEW)] = None
    no_inherit: Annotated[bool | None, OnChange(REPLACE, _ANEW)] = None
    validated: Annotated[bool | None, OnChange(IN_PLACE, _VALIDATE)] = None

    def summary(self) -> str:
        return f"({self.expression})" + ("" if self.validated in (None, True) else " not valid")


class ForeignKey(_Constraint):
    """FOREIGN KEY. `references` is `schema.table` as in an address."""

    kind: ClassVar[str] = "foreign_key"

    columns: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _ANEW)] = None
    references: Annotated[str | None, OnChange(REPLACE, _ANEW)] = None
    referenced_columns: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _ANEW)] = None
    on_delete: Annotated[ReferentialAction | None, OnChange(REPLACE, _ANEW)] = None
    on_delete_columns: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _ANEW)] = None
    """The columns that SET NULL or SET DEFAULT touch; empty: all."""
    on_update: Annotated[ReferentialAction | None, OnChange(REPLACE, _ANEW)] = None
    match: Annotated[Literal["simple", "full"] | None, OnChange(REPLACE, _ANEW)] = None
    deferrable: Annotated[
        Deferrable | None, OnChange(IN_PLACE, source="manual: ALTER TABLE ALTER CONSTRAINT")
    ] = None
    validated: Annotated[bool | None, OnChange(IN_PLACE, _VALIDATE)] = None

    def summary(self) -> str:
        there = _listed(self.referenced_columns) if self.referenced_columns else ""
        text = f"{_listed(self.columns)} references {self.references}{there}"
        if self.on_delete not in (None, "no action"):
            text += f" on delete {self.on_delete}"
        if self.on_update not in (None, "no action"):
            text += f" on update {self.on_update}"
        return text + ("" if self.validated in (None, True) else " not valid")

    def columns_used(self) -> tuple[str, ...]:
        return self.columns or ()

    def requires(self, address: Address) -> frozenset[Address]:
        needed = set(super().requires(address))
        if self.references:
            needed.add(Address(address.store, "table", self.references))
            for name in self.referenced_columns or ():
                needed.add(in_table(address.store, "column", self.references, name))
        return frozenset(needed)


class Exclude(_Indexed):
    """EXCLUDE."""

    kind: ClassVar[str] = "exclude"

    using: Annotated[str | None, OnChange(REPLACE, _ANEW)] = None
    keys: Annotated[tuple[ExcludeKey, ...] | None, OnChange(REPLACE, _ANEW)] = None
    where: Annotated[str | None, OnChange(REPLACE, _ANEW)] = None
    deferrable: Annotated[Deferrable | None, OnChange(REPLACE, _ANEW)] = None

    def summary(self) -> str:
        text = f"{self.using or ''} ({', '.join(key.summary() for key in self.keys or ())})"
        return text + (f" where {self.where}" if self.where is not None else "")

    def columns_used(self) -> tuple[str, ...]:
        return tuple(key.column for key in self.keys or () if key.column)


def _listed(columns: tuple[str, ...] | None) -> str:
    return f"({', '.join(columns or ())})"
