"""What the engine needs from outside: the state store with its journal and lock, and a reporter.

The engine knows these protocols alone. `apexplan_state` implements them on
SQLite and PostgreSQL, `apexplan.testing.memory` in memory with faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.plan import Plan, Step, Unit


class EntryKind(StrEnum):
    """One line of the journal. INTENT before a unit runs, DONE after it was verified.

    FAILED turns the run round: from then on it undoes. UNDO before an inverse runs, UNDONE after
    it was verified, LEFT for a unit that has no inverse, STUCK for one that nobody can decide or
    undo. ABSENT: a unit whose intent stands in the journal was found to have left no trace.
    """

    INTENT = "intent"
    DONE = "done"
    ABSENT = "absent"
    FAILED = "failed"
    UNDO = "undo"
    UNDONE = "undone"
    LEFT = "left"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, append-only. `data`: error text, outcome, seconds; for INTENT the
    unit's statements and inverse in full, so that a run can be undone from the journal alone."""

    kind: EntryKind
    unit: str
    data: Mapping[str, Any] = field(default_factory=dict)


class RunStatus(StrEnum):
    """RUNNING covers a crashed run as well: it is RUNNING and nobody holds the lock."""

    RUNNING = "running"
    STOPPED = "stopped"
    STUCK = "stuck"
    APPLIED = "applied"
    UNDONE = "undone"

    @property
    def open(self) -> bool:
        """True while the run waits for resume or rollback."""
        return self in (RunStatus.RUNNING, RunStatus.STOPPED, RunStatus.STUCK)


@dataclass(frozen=True, slots=True)
class Run:
    """One apply or rollback. Times are RFC 3339 in UTC. `undoes`: the run that a rollback undoes;
    `undone_by`: the rollback that undid this one; `purged`: when what its steps had kept was deleted, after
    which it cannot be rolled back."""

    id: str
    status: RunStatus
    plan: Plan
    started: str
    by: str
    finished: str = ""
    undone_by: str = ""
    purged: str = ""
    before: Mapping[Address, Recorded | None] = field(default_factory=dict)
    after: Mapping[Address, Recorded | None] = field(default_factory=dict)

    @property
    def undoes(self) -> str:
        return self.plan.undoes

    @property
    def served(self) -> bool:
        """True once nothing can ask any more for what its steps kept."""
        ended = not self.status.open
        return ended and (self.status is RunStatus.UNDONE or bool(self.undoes or self.undone_by))


@dataclass(frozen=True, slots=True)
class Head:
    """Which state this is (`lineage`, made once) and how often it was written (`serial`)."""

    lineage: str
    serial: int


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history that is no run: unlock, adopt, forget, recover, purge."""

    at: str
    by: str
    verb: str
    text: str


class Lock(Protocol):
    """The right to write, held. Dies with its process; no clock takes it away."""

    @property
    def id(self) -> str: ...

    @property
    def fence(self) -> int: ...


class StateStore(Protocol):
    """The record of what is owned. Every write is one transaction, on disk when the call returns.

    Writers pass the lock they hold; a write under a lock whose fence is no longer the highest
    raises FenceLost and changes nothing. All methods raise StateError when the database cannot
    be used.
    """

    def head(self) -> Head: ...

    def recorded(self) -> Mapping[Address, Recorded]:
        """Returns every owned object, all stores."""
        ...

    def lock(self, purpose: str, timeout_s: float) -> AbstractContextManager[Lock]:
        """Takes the lock, waiting up to `timeout_s` by polling; raises LockHeld with its holder."""
        ...

    def open_run(self) -> Run | None:
        """Returns the run that waits for resume or rollback, if there is one."""
        ...

    def run(self, run_id: str) -> Run:
        """Returns one run; raises StateError if there is none of that id."""
        ...

    def runs(self, limit: int = 50) -> Sequence[Run]:
        """Returns the newest runs, newest first."""
        ...

    def spent(self, plan_id: str) -> str | None:
        """Returns the id of the run that spent this plan, or None."""
        ...

    def begin(self, lock: Lock, run: Run, entries: Sequence[Entry] = ()) -> None:
        """Writes a new run, with its first journal lines. Raises StalePlan("spent") if a run has
        the same plan id already."""
        ...

    def append(self, lock: Lock, run_id: str, entries: Sequence[Entry]) -> None:
        """Appends to the journal of a run; one synced commit for all `entries`."""
        ...

    def keep(self, lock: Lock, run_id: str, step: str, part: str, data: bytes) -> None:
        """Keeps a part of what a step of a run overwrites in its store; replaces a part of that name."""
        ...

    def kept(self, run_id: str, step: str) -> Iterator[tuple[str, bytes]]:
        """Yields the parts that were kept of a step, in the order of their names."""
        ...

    def kept_bytes(self) -> Mapping[str, int]:
        """Returns how many bytes are kept for each run of which something is."""
        ...

    def purge(self, lock: Lock, run_ids: Sequence[str], event: Event) -> None:
        """Deletes what is kept for these runs, and says so in each (`Run.purged`); one event."""
        ...

    def journal(self, run_id: str) -> Sequence[Entry]:
        """Returns the journal of a run, oldest first."""
        ...

    def pause(self, lock: Lock, run_id: str, status: RunStatus, entries: Sequence[Entry] = ()) -> None:
        """Marks a run STOPPED, STUCK or (when taken up again) RUNNING, and appends `entries`."""
        ...

    def finish(
        self,
        lock: Lock,
        run_id: str,
        status: RunStatus,
        after: Mapping[Address, Recorded | None],
        finished: str,
        entries: Sequence[Entry] = (),
    ) -> None:
        """Ends a run: last journal lines, its status, the recorded objects (None: owned no more),
        `undone_by` of the run it undoes, and serial + 1, in one transaction. What was kept for a run that is
        undone by now, or undid another, has served, and goes."""
        ...

    def replace(self, lock: Lock, objects: Mapping[Address, Recorded | None], event: Event) -> None:
        """Changes recorded objects outside a run (adopt, forget, recover), serial + 1, one event."""
        ...

    def unlock(self, lock_id: str, event: Event) -> str:
        """Breaks the lock of that id: raises the fence, so that its holder stops before its next
        step, frees the lock, records `event`. Returns who held it. Raises StateError if no lock
        of that id is held."""
        ...

    def events(self, limit: int = 50) -> Sequence[Event]: ...


class Reporter(Protocol):
    """Hears what an apply does, as it happens. Must not raise."""

    def unit_started(self, unit: Unit, number: int, total: int, undo: bool) -> None: ...

    def step_progress(self, step: Step, done: float, total: float | None, unit: str, phase: str) -> None: ...

    def unit_finished(self, unit: Unit, outcome: str, seconds: float) -> None: ...

    def retrying(self, unit: Unit, attempt: int, wait_s: float, error: str) -> None: ...

    def said(self, text: str) -> None: ...
