"""Plan, unit, step, hazard: what will be done, in order, and what it puts at risk.

    Plan ─ units ─ steps ─ hazards
              │       └─ inverse (a step again, or the reason why there is none)
              └─ one entry of the journal: one step, or a group in one transaction

All of it is frozen and goes into JSON and back without loss. The same inputs
give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.spec import canonical, digest

FORMAT = 1


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HazardKind(StrEnum):
    """What a step can do to someone. The first three and blocking on data need to be allowed."""

    DELETES_DATA = "DELETES_DATA"
    DOWNTIME = "DOWNTIME"
    IRREVERSIBLE = "IRREVERSIBLE"
    BLOCKS_READS = "BLOCKS_READS"
    BLOCKS_WRITES = "BLOCKS_WRITES"
    REBUILDS = "REBUILDS"
    SCANS_DATA = "SCANS_DATA"
    INDEX_GAP = "INDEX_GAP"
    ADOPTS_UNMANAGED = "ADOPTS_UNMANAGED"
    COSTS_MEMORY = "COSTS_MEMORY"


class Hazard(_Value):
    """One typed warning. `text` says what happens to whom, in one sentence without a full stop."""

    kind: HazardKind
    text: str


class RollbackClass(StrEnum):
    """How well a step can be undone later, worst last."""

    LOSSLESS = "lossless"
    RETENTION = "lossless with retention"
    LOSSY = "lossy"
    IMPOSSIBLE = "impossible"

    @property
    def rank(self) -> int:
        return list(RollbackClass).index(self)


class Size(_Value):
    """How much is at stake. `count` in `unit` (rows, points, nodes, keys); `exact` is False for
    an estimate of the store's; `size_bytes` on disk, where the store tells."""

    count: int
    unit: str = "rows"
    exact: bool = False
    size_bytes: int | None = None

    @property
    def empty(self) -> bool:
        """True where the store is sure that nothing is there."""
        return self.exact and self.count == 0


class Step(_Value):
    """One call on one store that can be repeated.

    `id` is unique in the plan and stable between plans. `covers` are the
    objects that the step brings (nearer) to their desired spec, `address`
    among them; one step may serve many (a table with its columns).
    `verb` names what `Session.run` does; `statements` is that in the store's
    own language, in order, complete enough to be typed by hand; `args` is
    what the provider needs beside them. `after` are ids of steps that come
    first. `group`: adjacent steps of one store with the same group run in one
    transaction. `inverse` undoes the step and, like the step, is safe to
    repeat and harmless where there is nothing to undo; where it is None,
    `no_inverse` says why.
    """

    id: str
    address: Address
    covers: tuple[Address, ...]
    verb: str
    title: str
    statements: tuple[str, ...] = ()
    args: dict[str, Any] = Field(default_factory=dict)
    reason: str = ""
    hazards: tuple[Hazard, ...] = ()
    size: Size | None = None
    online: bool = True
    rollback: RollbackClass = RollbackClass.LOSSLESS
    inverse: Step | None = None
    no_inverse: str = ""
    after: tuple[str, ...] = ()
    group: str | None = None
    removes: bool = False
    """True for a step that takes the objects it covers away, or frees their names."""

    @property
    def store(self) -> str:
        return self.address.store


class Unit(_Value):
    """One entry of the journal: a step, or several in one transaction of one store."""

    id: str
    steps: tuple[Step, ...]

    @property
    def store(self) -> str:
        return self.steps[0].store

    @property
    def transactional(self) -> bool:
        return self.steps[0].group is not None

    def undone(self) -> Unit | None:
        """Returns the unit that undoes this one, or None if one of its steps has no inverse."""
        inverses = []
        for step in reversed(self.steps):
            if step.inverse is None:
                return None
            inverses.append(step.inverse)
        return Unit(id=f"{self.id}/undo", steps=tuple(inverses))


class PlannedField(_Value):
    """One field that differs, for the reader: JSON values, the rule's own words, and the values in
    words where JSON would say too much (`live_text`, `desired_text`). `rebuilds`: the store does work in
    proportion to the data."""

    field: str
    live: Any = None
    desired: Any = None
    live_text: str = ""
    desired_text: str = ""
    how: str = ""
    why: str = ""
    rebuilds: bool = False


class PlannedChange(_Value):
    """One object of the plan, for readers and for the record.

    `live` and `desired` hold JSON values; the fields in `desired` are what the state records
    after the apply. `live_fingerprint` is None where nothing is there.
    """

    address: Address
    action: Action
    fields: tuple[PlannedField, ...] = ()
    summary: str = ""
    reason: str = ""
    live: dict[str, Any] | None = None
    desired: dict[str, Any] | None = None
    protect: bool = False
    adopts: bool = False
    renamed_from: Address | None = None
    origin: Address | None = None
    parent: Address | None = None
    live_fingerprint: str | None = None
    where: str = ""


class Note(_Value):
    """A remark for the reader of a plan that is no hazard of a step; `address` if it is about one.
    `blocks`: an apply of the plan would fail because of it, and is refused. `mend`: what to do."""

    text: str
    address: Address | None = None
    blocks: bool = False
    mend: str = ""


class Plan(_Value):
    """Everything that an apply will do, and the fingerprints of what it was made from.

    `manifests` is a digest of the desired side, `lineage` and `serial` name the state, `created`
    is RFC 3339 in UTC. `undoes` names the run that a rollback plan undoes. `kept` are objects that
    earlier drops moved aside; those from before `purge_before` are deleted by this plan. `audited`: the
    stores' data was looked at as well, and so it is again before the plan is applied.
    """

    format: int = FORMAT
    id: str = ""
    created: str
    project: str
    environment: str = ""
    manifests: str
    lineage: str
    serial: int
    undoes: str = ""
    changes: tuple[PlannedChange, ...] = ()
    units: tuple[Unit, ...] = ()
    unmanaged: tuple[Address, ...] = ()
    kept: tuple[Address, ...] = ()
    purge_before: str = ""
    audited: bool = False
    in_sync: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def steps(self) -> Iterator[Step]:
        for unit in self.units:
            yield from unit.steps

    @property
    def empty(self) -> bool:
        """True where nothing would be done, neither in a store nor in the state."""
        return not self.changes and not self.units

    @property
    def rollback(self) -> RollbackClass:
        """The worst rollback class of any step."""
        return max((s.rollback for s in self.steps), key=lambda c: c.rank, default=RollbackClass.LOSSLESS)

    def sealed(self) -> Plan:
        """Returns the plan with its id, a digest over everything else in it."""
        return self.model_copy(update={"id": self._digest()})

    def intact(self) -> bool:
        """True if the id still fits the content: nobody edited the plan."""
        return self.id == self._digest()

    def _digest(self) -> str:
        return digest(canonical(self.model_dump(mode="json", exclude={"id"})))
