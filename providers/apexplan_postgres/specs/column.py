"""A column: its type, whether it may be null, its default or generation, and how it is stored."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, IN_PLACE, REPLACE, OnChange, Spec
from apexplan_postgres.names import table_of


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Identity(_Part):
    """GENERATED … AS IDENTITY with the options of its sequence. Defaults are the server's."""

    generated: Literal["always", "by default"] = "by default"
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int | None = None
    """None: the greatest value of the column's type."""
    cache: int = 1
    cycle: bool = False


class Generated(_Part):
    """GENERATED ALWAYS AS (expression). VIRTUAL where `stored` is False (PostgreSQL 18 and newer)."""

    expression: str
    stored: bool = True


class Column(Spec):
    """One column of a table. Its position is not managed."""

    kind: ClassVar[str] = "column"

    type: Annotated[
        str | None,
        OnChange(
            IN_PLACE,
            "directly where the rows stay as they are (varchar wider, vector(n) to vector); "
            "otherwise through a shadow column that is filled in batches and swapped in",
            source="manual: ALTER TABLE, Notes; measured on 18.4",
        ),
    ] = None
    null: Annotated[
        bool | None,
        OnChange(
            IN_PLACE,
            "NOT NULL is added NOT VALID and validated without stopping writers",
            source="manual 18: ALTER TABLE ADD NOT NULL NOT VALID",
        ),
    ] = None
    null_validated: Annotated[
        bool | None, OnChange(IN_PLACE, "VALIDATE CONSTRAINT scans under SHARE UPDATE EXCLUSIVE")
    ] = None
    default: Annotated[str | None, OnChange(IN_PLACE, "holds for rows written from then on")] = None
    identity: Annotated[Identity | None, OnChange(IN_PLACE)] = None
    generated: Annotated[
        Generated | None,
        OnChange(REPLACE, "a column's generation cannot be added or rewritten online: it is made anew"),
    ] = None
    collation: Annotated[
        str | None, OnChange(IN_PLACE, "indexes over the column are rebuilt", rebuilds=True)
    ] = None
    """Schema-qualified; None: the type's own."""
    storage: Annotated[
        Literal["plain", "external", "extended", "main"] | None,
        OnChange(IN_PLACE, "holds for rows written from then on", source="manual: ALTER TABLE SET STORAGE"),
    ] = None
    compression: Annotated[
        Literal["pglz", "lz4", "default"] | None,
        OnChange(
            IN_PLACE, "holds for rows written from then on", source="manual: ALTER TABLE SET COMPRESSION"
        ),
    ] = None
    statistics: Annotated[int | None, OnChange(IN_PLACE, "used by the next ANALYZE")] = None
    """Statistics target; -1: the server's default."""
    comment: Annotated[str | None, OnChange(IN_PLACE)] = None
    backfill: Annotated[
        str | None, OnChange(IGNORE, "used when the column is added or made NOT NULL, then no more")
    ] = None

    def summary(self) -> str:
        words = [self.type or ""]
        if self.identity is not None:
            words.append(f"generated {self.identity.generated} as identity")
        if self.generated is not None:
            words.append(f"generated as ({self.generated.expression})")
        if self.null is False:
            words.append("not null")
        if self.default is not None:
            words.append(f"default {self.default}")
        return " ".join(filter(None, words))

    def parent(self, address: Address) -> Address | None:
        return table_of(address)

    def requires(self, address: Address) -> frozenset[Address]:
        return frozenset({table_of(address)})

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"column {address.name}"})
