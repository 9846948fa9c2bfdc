"""A drift that someone accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from apexplan.model.address import Address
from apexplan.model.diagnostics import Location


@dataclass(frozen=True, slots=True)
class Waiver:
    """Accepts drift of `address` (of its `field`, or of all of it) up to and with the day `expires`."""

    address: Address
    owner: str
    reason: str
    expires: date
    field: str | None = None
    where: Location | None = None
