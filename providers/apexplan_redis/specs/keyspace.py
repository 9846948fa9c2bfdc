"""The keys that no pattern declares. One object a store."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from apexplan.model.spec import IGNORE, IN_PLACE, OnChange, Spec

Undeclared: TypeAlias = Literal["report", "allow", "remove"]


class Keyspace(Spec):
    """What becomes of undeclared keys."""

    kind: ClassVar[str] = "keyspace"

    undeclared: Annotated[
        Undeclared | None, OnChange(IN_PLACE, "it is written into the contract that the server publishes")
    ] = None
    """report: an audit tells them; allow: it does not; remove: `plan --audit` plans their removal as well."""
    findings: Annotated[
        tuple[str, ...] | None,
        OnChange(
            IN_PLACE, "undeclared keys are removed one by one, each looked at again before", rebuilds=True
        ),
    ] = None
    """`undeclared` where an audit found some."""
    idle_s: Annotated[int | None, OnChange(IGNORE, "which undeclared keys are removed")] = None
    """Seconds for which nobody used a key before it is removed."""
    keep_bytes: Annotated[int | None, OnChange(IGNORE, "how much of removed keys is kept for a rollback")] = (
        None
    )
    """Bytes of `DUMP`, all keys together."""
    repair_limit: Annotated[int | None, OnChange(IGNORE, "how many keys one plan may change")] = None

    def summary(self) -> str:
        return f"undeclared keys: {self.undeclared}"
