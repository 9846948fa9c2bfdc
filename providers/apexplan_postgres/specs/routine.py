"""Functions and the triggers that call them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from apexplan.model.address import Address
from apexplan.model.spec import IN_PLACE, REPLACE, OnChange, Spec
from apexplan_postgres.names import in_table, table_of
from apexplan_postgres.specs.table import needs_schema

_OR_REPLACE = "CREATE OR REPLACE"
_SIGNATURE = "PostgreSQL does not let CREATE OR REPLACE change this: the function is made anew"

TriggerEvent = Literal["insert", "update", "delete", "truncate"]


class Function(Spec):
    """A function. Its address holds the argument types: `public.f(integer, text)`."""

    kind: ClassVar[str] = "function"

    arguments: Annotated[str | None, OnChange(REPLACE, _SIGNATURE)] = None
    """As in CREATE FUNCTION: names, types, defaults (`pg_get_function_arguments`)."""
    returns: Annotated[str | None, OnChange(REPLACE, _SIGNATURE)] = None
    language: Annotated[str | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    body: Annotated[str | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    volatility: Annotated[
        Literal["volatile", "stable", "immutable"] | None, OnChange(IN_PLACE, _OR_REPLACE)
    ] = None
    strict: Annotated[bool | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    security_definer: Annotated[bool | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    parallel: Annotated[Literal["unsafe", "restricted", "safe"] | None, OnChange(IN_PLACE, _OR_REPLACE)] = (
        None
    )
    settings: Annotated[dict[str, str] | None, OnChange(IN_PLACE, "SET name TO value of the function")] = None
    comment: Annotated[str | None, OnChange(IN_PLACE)] = None

    def summary(self) -> str:
        return f"returns {self.returns}, {self.language}"

    def requires(self, address: Address) -> frozenset[Address]:
        return needs_schema(address)

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"function {address.name}"})


class Trigger(Spec):
    """A trigger. Its address is schema.table.name."""

    kind: ClassVar[str] = "trigger"

    timing: Annotated[Literal["before", "after", "instead of"] | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    events: Annotated[tuple[TriggerEvent, ...] | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    """In the order insert, update, delete, truncate."""
    update_of: Annotated[tuple[str, ...] | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    """Sorted column names; empty: any column."""
    for_each: Annotated[Literal["row", "statement"] | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    when: Annotated[str | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    function: Annotated[str | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    """`schema.name()` as in a function's address."""
    arguments: Annotated[tuple[str, ...] | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    old_table: Annotated[str | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    new_table: Annotated[str | None, OnChange(IN_PLACE, _OR_REPLACE)] = None
    enabled: Annotated[
        Literal["origin", "always", "replica", "disabled"] | None,
        OnChange(IN_PLACE, source="manual: ALTER TABLE ENABLE TRIGGER"),
    ] = None
    comment: Annotated[str | None, OnChange(IN_PLACE)] = None

    def summary(self) -> str:
        events = " or ".join(self.events or ())
        columns = f" of {', '.join(self.update_of)}" if self.update_of else ""
        return f"{self.timing} {events}{columns}, calls {self.function}"

    def parent(self, address: Address) -> Address | None:
        return table_of(address)

    def requires(self, address: Address) -> frozenset[Address]:
        table = table_of(address)
        columns = {in_table(address.store, "column", table.name, name) for name in self.update_of or ()}
        function = {Address(address.store, "function", self.function)} if self.function else set()
        return frozenset(columns | function | {table})

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"trigger {address.name}"})
