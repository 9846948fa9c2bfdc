"""A collection that was dropped by taking it out of use: it is kept, whole, until a purge."""

from __future__ import annotations

from typing import Annotated, ClassVar

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, KEY, OnChange, Spec


class Retained(Spec):
    """A collection that nothing declares any more, by its physical name."""

    kind: ClassVar[str] = "retained"

    former: Annotated[str | None, OnChange(KEY)] = None
    """The name in the address that it had."""
    since: Annotated[str | None, OnChange(IGNORE, "when it was taken out of use")] = None
    """RFC 3339, UTC."""

    def summary(self) -> str:
        return f"was {self.former}, kept since {self.since}"

    def kept_since(self) -> str | None:
        return self.since

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"name {address.name}"})
