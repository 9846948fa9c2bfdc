"""A function library."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final

from apexplan.model.address import Address
from apexplan.model.spec import IN_PLACE, OnChange, Spec, digest

_REGISTERS: Final = re.compile(
    r"""register_function \s* \(? \s* (?: \{ (?:(?!register_function).)*? \b function_name \s* = \s* )?
    (["'])(\w+)\1""",
    re.DOTALL | re.VERBOSE,
)


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


def functions(code: str | None) -> frozenset[str]:
    """Returns the names of the functions that a library registers, of those whose names stand in its text."""
    return frozenset(found[2] for found in _REGISTERS.finditer(code or ""))


def _told(code: str | None) -> str:
    return f"{len(code.splitlines())} lines, {digest(code)[:8]}" if code else ""
