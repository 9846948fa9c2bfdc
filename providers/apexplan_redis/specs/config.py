"""A parameter of the server's configuration."""

from __future__ import annotations

from typing import Annotated, ClassVar

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, IN_PLACE, OnChange, Spec


class Config(Spec):
    """One parameter, by its name. Every parameter always has a value: to stop declaring one brings back the
    value that it had before."""

    kind: ClassVar[str] = "config"

    value: Annotated[
        str | None,
        OnChange(
            IN_PLACE,
            "one CONFIG SET with all parameters that change: all of them or none",
            source="CONFIG SET, 7.0: several parameters in one call, rolled back where one fails",
        ),
    ] = None
    """As `CONFIG GET` spells it. Where servers of a cluster differ, each of them with its value."""
    before: Annotated[str | None, OnChange(IGNORE, "what it goes back to")] = None
    """The value that the parameter had when it was first changed from a manifest."""

    def summary(self) -> str:
        return self.value or '""'

    def lasts(self, address: Address) -> bool:
        return True

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"config {address.name}"})
