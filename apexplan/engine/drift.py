"""Recorded against live: what someone changed behind apexplan's back. Pure; nothing is normalised,
because both sides are in the store's own spelling.

A waiver accepts one drift until its date; an expired waiver accepts nothing and is told. Against an
earlier report, findings are new, persisting or resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.plan import Note
from apexplan.model.spec import Spec, digest
from apexplan.model.waiver import Waiver


class DriftKind(StrEnum):
    """MISSING: the object is gone. CHANGED: one field is not as recorded."""

    MISSING = "missing"
    CHANGED = "changed"


class Age(StrEnum):
    """Whether an earlier report had it."""

    NEW = "new"
    PERSISTING = "persisting"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Finding:
    """One drift. `recorded` and `live` are JSON values. `waived` names who accepted it and why."""

    address: Address
    kind: DriftKind
    field: str = ""
    recorded: Any = None
    live: Any = None
    waived: Waiver | None = None
    age: Age = Age.NEW

    @property
    def id(self) -> str:
        """Stays the same while the same field of the same object drifts, whatever its value."""
        return digest(str(self.address), self.kind, self.field)


@dataclass(frozen=True, slots=True)
class Drift:
    """The outcome. `findings` by address, waived ones included; `resolved` are ids of an earlier
    report that are no more; `unmanaged` belong to nobody; `expired` waivers accept nothing; `remarks` are
    what the stores have to say to it."""

    findings: tuple[Finding, ...]
    checked: int
    unmanaged: tuple[Address, ...] = ()
    resolved: tuple[str, ...] = ()
    expired: tuple[Waiver, ...] = ()
    remarks: tuple[Note, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that nobody waived."""
        return tuple(f for f in self.findings if f.waived is None)


def compare(
    recorded: Mapping[Address, Recorded],
    live: Mapping[Address, Spec],
    *,
    waivers: Sequence[Waiver] = (),
    today: date | None = None,
    earlier: Mapping[str, str] | None = None,
    remarks: Sequence[Note] = (),
) -> Drift:
    """Returns the drift of all recorded objects. `earlier`: finding id → label of an earlier report."""
    current = [w for w in waivers if today is None or w.expires >= today]
    found = []
    for address in sorted(recorded):
        for finding in drifts(recorded[address], live.get(address)):
            found.append(_judged(finding, current, earlier))
    ids = {f.id for f in found}
    return Drift(
        findings=tuple(found),
        checked=len(recorded),
        unmanaged=tuple(sorted(a for a, s in live.items() if a not in recorded and not s.kept_since())),
        resolved=tuple(label for i, label in sorted((earlier or {}).items()) if i not in ids),
        expired=tuple(w for w in waivers if today is not None and w.expires < today),
        remarks=tuple(remarks),
    )


def drifts(recorded: Recorded, live: Spec | None) -> Iterable[Finding]:
    """Yields how one object departs from its record."""
    if live is None:
        yield Finding(recorded.address, DriftKind.MISSING)
        return
    values, rules = live.values(frozenset(recorded.values)), type(live).rules
    for field, was in recorded.values.items():
        if field in values and (now := rules[field].projected(values[field], was)) != was:
            yield Finding(recorded.address, DriftKind.CHANGED, field, was, now)


def _judged(finding: Finding, waivers: Sequence[Waiver], earlier: Mapping[str, str] | None) -> Finding:
    waiver = next(
        (w for w in waivers if w.address == finding.address and w.field in (None, finding.field)), None
    )
    age = Age.PERSISTING if earlier and finding.id in earlier else Age.NEW
    return Finding(finding.address, finding.kind, finding.field, finding.recorded, finding.live, waiver, age)
