"""A function library."""

from __future__ import annotations

from typing import Annotated, ClassVar

from apexplan.model.address import Address
from apexplan.model.spec import IN_PLACE, OnChange, Spec, digest


class Library(Spec):
    """A library of functions, by its name."""

    kind: ClassVar[str] = "library"

    code: Annotated[
        str | None,
        OnChange(
            IN_PLACE,
            "FUNCTION LOAD REPLACE: callers have the former functions or the new ones; a bad library leaves "
            "the former",
            source="FUNCTION LOAD, 7.0; measured on 7.0.15",
        ),
    ] = None
    """The whole text, with its line `#!lua name=…`."""

    def summary(self) -> str:
        return _told(self.code)

    def told(self, field: str) -> str:
        return _told(self.code)

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"library {address.name}"})


def _told(code: str | None) -> str:
    return f"{len(code.splitlines())} lines, {digest(code)[:8]}" if code else ""
