"""What an audit of a store's data found: how it departs from the contract that the manifests declare.

    Audit ─ departures ─ one way in which items of one object depart, counted, with samples
          └ strangers  ─ items that no object declares, grouped by what they look like

All of it is frozen and goes into JSON and back without loss. Names of items may be private: samples are
few, and a report without them can be asked for.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from apexplan.model.address import Address


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Departure(_Value):
    """One way in which items depart from what `address` says of them. `kind` is a stable word such as
    `no_ttl`; `count` of the `looked` items of that object depart. `text` says it in words."""

    address: Address
    kind: str
    count: int
    looked: int
    text: str = ""
    samples: tuple[str, ...] = ()
    mend: str = ""


class Strangers(_Value):
    """Items that nothing declares and that look alike. `like` is what they look like, as it could be
    declared."""

    like: str
    count: int
    samples: tuple[str, ...] = ()


class Audit(_Value):
    """One audit of one store. `items` were there (as the store says), of which `looked` were looked at, each
    once. `seconds` of this part, `resumed` where an earlier part of the audit is counted in. `sampled`: only
    a part was looked at on purpose; then `bound` is the share of items that may depart unseen in a way of
    which no case was found, at 95 % confidence (3 / looked).
    `remarks`: what a reader must know to believe it."""

    store: str
    unit: str = "keys"
    items: int = 0
    looked: int = 0
    seconds: float = 0.0
    sampled: bool = False
    resumed: bool = False
    bound: float | None = None
    departures: tuple[Departure, ...] = ()
    strangers: tuple[Strangers, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """True where nothing departs and nothing is undeclared."""
        return not self.departures and not self.strangers
