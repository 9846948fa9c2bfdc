"""What differs at one address, and what is to become of it. Values only; made by `engine.diff`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apexplan.model.address import Address
from apexplan.model.diagnostics import Location
from apexplan.model.spec import OnChange, Spec


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a manifest says about an object beside its spec.

    `protect`: refuse every deletion and replacement. `ignore`: fields that are
    neither compared nor changed. `renamed_from`: the object's former name
    (the name part of its address). `depends_on`: objects that must come first
    where the spec cannot tell (a function used in an expression).
    """

    protect: bool = False
    ignore: frozenset[str] = frozenset()
    renamed_from: str | None = None
    depends_on: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Declared:
    """One object as a manifest declares it. `path` is its place in the document."""

    address: Address
    spec: Spec
    path: tuple[str | int, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    where: Location | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One owned object as the last apply left it.

    `values`: the managed fields in the store's spelling, as JSON. `protect`
    outlives the manifest that set it: deleting the block does not lift it.
    """

    address: Address
    values: Mapping[str, Any]
    protect: bool = False
    run: str = ""


class Action(StrEnum):
    """What becomes of an object. ADOPT and FORGET touch the state alone."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    RENAME = "rename"
    DELETE = "delete"
    ADOPT = "adopt"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. `live` and `desired` are JSON values."""

    field: str
    live: Any
    desired: Any
    rule: OnChange


@dataclass(frozen=True, slots=True)
class Change:
    """Live and desired spec of one address, the fields that differ, and the action that follows.

    `desired` is None for DELETE and FORGET, `live` for CREATE and FORGET. `renamed_from` is the name
    just before this object's own rename, `origin` the one that store and record have today; they
    differ for a column that is renamed in a table that is renamed.
    RENAME may carry `fields` as well: the object is renamed, then updated.
    `adopts`: the object was there and belonged to nobody until now.
    """

    address: Address
    action: Action
    live: Spec | None = None
    desired: Spec | None = None
    fields: tuple[FieldChange, ...] = ()
    renamed_from: Address | None = None
    origin: Address | None = None
    adopts: bool = False
    protect: bool = False
    depends_on: frozenset[Address] = frozenset()
    where: Location | None = None

    @property
    def spec(self) -> Spec:
        """The desired spec, or the live one of an object that goes."""
        spec = self.desired or self.live
        if spec is None:
            raise ValueError(f"{self.address}: {self.action} without a spec")
        return spec

    def changed(self, field: str) -> FieldChange | None:
        """The change of `field`, or None where it does not differ."""
        return next((f for f in self.fields if f.field == field), None)
