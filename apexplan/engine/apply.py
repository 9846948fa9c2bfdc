"""Runs a plan unit by unit with the journal, undoes it when a unit fails, takes up a run that stopped.

                 ┌──────────── forward ────────────┐          ┌────────── backward ─────────┐
    per unit     NEW ─intent─▶ INTENT ─run, probe─▶ DONE ─undo─▶ UNDO ─run, probe─▶ UNDONE
                                 │ no trace          └─ no inverse ─▶ LEFT
                                 ├──────────▶ ABSENT
                                 └ nobody can tell ─▶ STUCK (so does an undo that fails)

    per run      RUNNING ─▶ APPLIED | UNDONE;  RUNNING ─▶ STOPPED | STUCK ─resume, rollback─▶ RUNNING

What a crash leaves is the journal, and it is read by the same code that wrote it: `Progress` is
rebuilt from the entries, and a unit whose last entry is INTENT or UNDO is probed before anything
else. The store decides; nothing is assumed from what should have happened.

`done` of one unit and `intent` of the next are one commit, so a unit costs one sync of the disk.
A crash before that commit leaves an intent whose effect the probe finds.

The case that such loops get wrong: *the effect landed, then the call failed*. So the failed unit is
probed too, and undone unless the store says that it left no trace.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from apexplan.engine.ports import Entry, EntryKind, Lock, Reporter, Run, RunStatus, StateStore
from apexplan.engine.record import recorded_after, touched, write_marks
from apexplan.engine.survey import OpenStore
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.errors import (
    Ambiguous,
    ApexplanError,
    Interrupted,
    StoreError,
    StoreUnreachable,
    Transient,
)
from apexplan.model.plan import PlannedChange, Step, Unit
from apexplan.provider import Awaitable, Claimable, Keeping, Outcome, Transactional


class OnFailure(StrEnum):
    """What an apply does after a step failed for good."""

    UNDO = "undo"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Retry:
    """Bounds of trying again. Waits double from `base_s` up to `cap_s`, each drawn between half and
    the whole of it, so that two clients do not meet again and again."""

    attempts: int = 6
    base_s: float = 0.2
    cap_s: float = 5.0
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random

    def wait_s(self, attempt: int) -> float:
        """Returns how long to wait after attempt number `attempt` (from 1)."""
        full = min(self.cap_s, self.base_s * 2 ** (attempt - 1))
        return float(full * (0.5 + self.draw() / 2))


@dataclass(slots=True)
class Stop:
    """A wish to stop, set by a signal handler, looked at between units and inside long steps."""

    wished: bool = False


@dataclass(frozen=True, slots=True)
class UnitError:
    """What went wrong with a unit, and what the store says of it now."""

    unit: Unit
    outcome: Outcome
    error: str
    mend: str = ""
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """How an apply, resume or rollback ended, by unit."""

    run: str
    status: RunStatus
    applied: tuple[Unit, ...] = ()
    undone: tuple[Unit, ...] = ()
    left: tuple[Unit, ...] = ()
    untouched: tuple[Unit, ...] = ()
    stuck: tuple[Unit, ...] = ()
    failure: UnitError | None = None
    undo_failure: UnitError | None = None
    interrupted: bool = False


@dataclass(slots=True)
class Progress:
    """Where each unit stands according to the journal. `turned`: the run undoes since then. A stuck
    unit keeps its state, INTENT or UNDO: what it was stuck in."""

    states: dict[str, EntryKind | None]
    turned: bool = False

    @classmethod
    def of(cls, units: Sequence[Unit], entries: Iterable[Entry]) -> Progress:
        """Rebuilds the progress of a run from its journal."""
        progress = cls({unit.id: None for unit in units})
        for entry in entries:
            progress.take(entry)
        return progress

    def take(self, entry: Entry) -> None:
        if entry.kind is EntryKind.FAILED:
            self.turned = True
        elif entry.kind is not EntryKind.STUCK:
            self.states[entry.unit] = entry.kind


_SPENT = frozenset({EntryKind.UNDONE, EntryKind.ABSENT, EntryKind.LEFT})


class Executor:
    """One run under one lock. Not to be used twice.

    `entries`: the journal so far, of a run that is taken up again. `restore`: for a rollback, what
    the state said of each object before the run that is undone.
    """

    def __init__(
        self,
        run: Run,
        state: StateStore,
        lock: Lock,
        stores: Mapping[str, OpenStore],
        reporter: Reporter,
        *,
        entries: Sequence[Entry] = (),
        restore: Mapping[Address, Recorded | None] | None = None,
        on_failure: OnFailure = OnFailure.UNDO,
        retry: Retry | None = None,
        stop: Stop | None = None,
        now: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._state = state
        self._lock = lock
        self._stores = stores
        self._reporter = reporter
        self._restore = restore
        self._on_failure = on_failure
        self._retry = retry or Retry()
        self._stop = stop or Stop()
        self._now = now
        self._clock = clock
        self._units = run.plan.units
        self._progress = Progress.of(self._units, entries)
        self._taken_up = bool(entries)
        self._pending: list[Entry] = []
        self._failure: UnitError | None = None
        self._claimed: set[str] = set()
        for store in stores.values():
            if isinstance(store.session, Keeping):
                store.session.keeping(_Safe(state, lock, run))

    # ---------------------------------------------------------------- forward

    def forward(self) -> Result:
        """Runs what is not done yet; on failure undoes or stops, as was asked."""
        if self._progress.turned:
            return self.backward()
        for number, unit in enumerate(self._units, 1):
            state = self._progress.states[unit.id]
            if state is EntryKind.DONE:
                continue
            if self._stop.wished:
                return self._pause(RunStatus.STOPPED, interrupted=True)
            problem = self._advance(unit, number, known=state is not None)
            if problem is not None:
                return self._failed(problem)
        return self._finish(RunStatus.APPLIED)

    def _advance(self, unit: Unit, number: int, *, known: bool) -> UnitError | None:
        """Brings one unit to DONE, or returns why not. A unit whose intent is known is probed first."""
        if known:
            outcome, error = self._probe(unit)
            if outcome is Outcome.DONE:
                self._note_done(unit, "was done already", 0.0)
                return None
            if outcome is Outcome.UNKNOWN:
                return self._problem(unit, outcome, error)
        self._commit(Entry(EntryKind.INTENT, unit.id, _intent(unit)))
        self._reporter.unit_started(unit, number, len(self._units), False)
        started = self._clock()
        problem = self._settle(unit)
        if problem is not None:
            self._reporter.unit_finished(unit, str(problem.outcome), self._clock() - started)
            return problem
        self._note_done(unit, "done", self._clock() - started)
        return None

    def _note_done(self, unit: Unit, word: str, seconds: float) -> None:
        self._defer(Entry(EntryKind.DONE, unit.id, {"seconds": round(seconds, 3)}))
        self._reporter.unit_finished(unit, word, seconds)

    def _failed(self, problem: UnitError) -> Result:
        self._failure = problem
        data = {"error": problem.error, "outcome": str(problem.outcome)}
        if problem.outcome is Outcome.UNKNOWN:
            if not problem.reachable:
                return self._pause(RunStatus.STOPPED)
            self._defer(Entry(EntryKind.STUCK, problem.unit.id, data))
            return self._pause(RunStatus.STUCK)
        if problem.outcome is Outcome.NOT_DONE:
            self._defer(Entry(EntryKind.ABSENT, problem.unit.id, data))
        if self._stop.wished or self._on_failure is OnFailure.STOP:
            return self._pause(RunStatus.STOPPED, interrupted=self._stop.wished)
        self._defer(Entry(EntryKind.FAILED, problem.unit.id, data))
        return self._undo()

    # --------------------------------------------------------------- backward

    def backward(self) -> Result:
        """Undoes what was done, in reverse, from wherever the run stands."""
        if not self._progress.turned:
            self._defer(Entry(EntryKind.FAILED, "", {"error": "rolled back by request"}))
        return self._undo()

    def _undo(self) -> Result:
        for number, unit in reversed(list(enumerate(self._units, 1))):
            state = self._progress.states[unit.id]
            if state is None or state in _SPENT:
                continue
            problem = self._take_back(unit, number, state)
            if problem is not None:
                return self._undo_failed(problem)
        return self._finish(RunStatus.UNDONE)

    def _take_back(self, unit: Unit, number: int, state: EntryKind) -> UnitError | None:
        inverse = unit.undone()
        if state is EntryKind.INTENT:
            outcome, error = self._probe(unit)
            if outcome is Outcome.NOT_DONE:
                self._defer(Entry(EntryKind.ABSENT, unit.id))
                return None
            if outcome is Outcome.UNKNOWN and not self._inverse_is_done(inverse):
                return self._problem(unit, outcome, error)
        if inverse is None:
            self._defer(Entry(EntryKind.LEFT, unit.id, {"why": unit.steps[0].no_inverse}))
            return None
        self._commit(Entry(EntryKind.UNDO, unit.id))
        self._reporter.unit_started(inverse, number, len(self._units), True)
        started = self._clock()
        problem = None if self._inverse_is_done(inverse) else self._settle(inverse)
        seconds = self._clock() - started
        self._reporter.unit_finished(inverse, str(problem.outcome) if problem else "undone", seconds)
        if problem is not None:
            return UnitError(unit, problem.outcome, problem.error, problem.mend, problem.reachable)
        self._defer(Entry(EntryKind.UNDONE, unit.id, {"seconds": round(seconds, 3)}))
        return None

    def _inverse_is_done(self, inverse: Unit | None) -> bool:
        """True if the store says that the inverse has happened, as after a crash in the undo."""
        return inverse is not None and self._probe(inverse)[0] is Outcome.DONE

    def _undo_failed(self, problem: UnitError) -> Result:
        data = {"error": problem.error, "outcome": str(problem.outcome)}
        if not problem.reachable or self._stop.wished:
            return self._pause(RunStatus.STOPPED, interrupted=self._stop.wished, undo_failure=problem)
        self._defer(Entry(EntryKind.STUCK, problem.unit.id, data))
        return self._pause(RunStatus.STUCK, undo_failure=problem)

    # ------------------------------------------------------------------ a unit

    def _settle(self, unit: Unit) -> UnitError | None:
        """Runs `unit` until the store says that it is done; tries again where that may help."""
        attempt = 0
        while True:
            attempt += 1
            error = self._try(unit)
            outcome, doubt = self._probe(unit)
            if outcome is Outcome.DONE:
                return None
            again = error is None or isinstance(error, (Transient, Ambiguous, StoreUnreachable))
            if isinstance(error, Interrupted):
                return self._problem(unit, outcome, error)
            if outcome is Outcome.UNKNOWN or not again or attempt >= self._retry.attempts:
                return self._problem(unit, outcome, doubt or error)
            self._wait(unit, attempt, error)

    def _try(self, unit: Unit) -> ApexplanError | None:
        session = self._stores[unit.store].session
        try:
            self._claim(unit.store)
            if unit.transactional and isinstance(session, Transactional):
                session.run_group(self._attempt_id(unit), unit.steps, _Watch(self, unit.steps[0]))
            else:
                for step in unit.steps:
                    watch = _Watch(self, step)
                    session.run(step, watch)
                    if isinstance(session, Awaitable):
                        session.wait(step, watch)
        except (StoreError, Interrupted) as error:
            self._claimed.discard(unit.store)
            return error
        return None

    def _claim(self, store: str) -> None:
        """Tells a store in whose name this run works, before its first step and after every error."""
        session = self._stores[store].session
        if store not in self._claimed and isinstance(session, Claimable):
            session.claim(self._run.id, self._run.by)
            self._claimed.add(store)

    def _probe(self, unit: Unit) -> tuple[Outcome, ApexplanError | None]:
        """Asks the store about a unit, a few times if it does not answer. UNKNOWN where it cannot say."""
        session = self._stores[unit.store].session
        attempt = 0
        while True:
            attempt += 1
            try:
                if unit.transactional and isinstance(session, Transactional):
                    return session.probe_group(self._attempt_id(unit), unit.steps), None
                return _together([session.probe(step) for step in unit.steps]), None
            except StoreError as error:
                if attempt >= self._retry.attempts or not isinstance(
                    error, (Transient, Ambiguous, StoreUnreachable)
                ):
                    return Outcome.UNKNOWN, error
                self._wait(unit, attempt, error)

    def _attempt_id(self, unit: Unit) -> str:
        return f"{self._run.id}/{unit.id}"

    def _wait(self, unit: Unit, attempt: int, error: ApexplanError | None) -> None:
        seconds = self._retry.wait_s(attempt)
        text = str(error) if error else "the store does not show the effect yet"
        self._reporter.retrying(unit, attempt, seconds, text)
        self._retry.sleep(seconds)

    def _problem(self, unit: Unit, outcome: Outcome, error: ApexplanError | None) -> UnitError:
        text = str(error) if error else f"the store reports it {outcome} after the call succeeded"
        silent = isinstance(error, (StoreUnreachable, Ambiguous)) and outcome is Outcome.UNKNOWN
        return UnitError(unit, outcome, text, error.mend if error else "", reachable=not silent)

    # ------------------------------------------------------------- the journal

    def _defer(self, entry: Entry) -> None:
        """Takes an entry that may reach the disk together with the next one."""
        self._progress.take(entry)
        self._pending.append(entry)

    def _commit(self, entry: Entry) -> None:
        """Writes an entry, and those deferred before it, to the disk. The fence is checked there."""
        self._progress.take(entry)
        entries, self._pending = [*self._pending, entry], []
        self._state.append(self._lock, self._run.id, entries)

    def _pause(
        self, status: RunStatus, *, interrupted: bool = False, undo_failure: UnitError | None = None
    ) -> Result:
        entries, self._pending = self._pending, []
        self._state.pause(self._lock, self._run.id, status, entries)
        return self._result(status, interrupted=interrupted, undo_failure=undo_failure)

    def _finish(self, status: RunStatus) -> Result:
        """Reads what the run left, records it in the stores' ledgers and in the state."""
        try:
            after = self._recorded_after(status)
        except StoreError as error:
            self._reporter.said(f"the result could not be read: {error}")
            return self._pause(RunStatus.STOPPED)
        marked = {**self._marks_before(status), **after}
        project, recorded = self._run.plan.project, self._state.recorded()
        for problem in write_marks(project, marked, self._stores.values(), recorded):
            self._reporter.said(problem)
        entries, self._pending = self._pending, []
        self._state.finish(self._lock, self._run.id, status, after, self._now(), entries)
        return self._result(status)

    def _marks_before(self, status: RunStatus) -> dict[Address, Recorded | None]:
        """Returns what the ledgers said before the run, where they may say otherwise: of a run that was
        taken up and undone, an earlier attempt may have died between the marks and the state."""
        if status is not RunStatus.UNDONE or not self._taken_up:
            return {}
        recorded = self._state.recorded()
        return {address: recorded.get(address) for address in touched(self._run.plan.changes)}

    def _recorded_after(self, status: RunStatus) -> dict[Address, Recorded | None]:
        settled = self._settled_changes(status)
        if self._restore is not None:
            return {a: self._restore[a] for a in touched(settled) if a in self._restore}
        return recorded_after(settled, self._stores, self._run.id)

    def _settled_changes(self, status: RunStatus) -> list[PlannedChange]:
        """Returns the changes of which everything that was to be done was done and stands."""
        stands = {EntryKind.DONE, EntryKind.LEFT}
        covered: dict[Address, bool] = {}
        for unit in self._units:
            done = self._progress.states[unit.id] in stands
            for address in (a for step in unit.steps for a in step.covers):
                covered[address] = covered.get(address, True) and done
        bare = status is RunStatus.APPLIED
        return [c for c in self._run.plan.changes if covered.get(c.address, bare)]

    def _result(
        self, status: RunStatus, *, interrupted: bool = False, undo_failure: UnitError | None = None
    ) -> Result:
        def having(*kinds: EntryKind | None) -> tuple[Unit, ...]:
            return tuple(u for u in self._units if self._progress.states[u.id] in kinds)

        return Result(
            run=self._run.id,
            status=status,
            applied=having(EntryKind.DONE),
            undone=having(EntryKind.UNDONE),
            left=having(EntryKind.LEFT),
            untouched=having(None, EntryKind.ABSENT),
            stuck=having(EntryKind.INTENT, EntryKind.UNDO),
            failure=self._failure,
            undo_failure=undo_failure,
            interrupted=interrupted,
        )


@dataclass(frozen=True, slots=True)
class _Watch:
    """Passes a step's progress to the reporter and the wish to stop to the step."""

    executor: Executor = field(repr=False)
    step: Step

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.executor._reporter.step_progress(self.step, done, total, unit, phase)

    def stopping(self) -> bool:
        return self.executor._stop.wished


@dataclass(frozen=True, slots=True)
class _Safe:
    """Keeps what steps of one run overwrite, in the state."""

    _state: StateStore = field(repr=False)
    _lock: Lock = field(repr=False)
    _run: Run = field(repr=False)

    @property
    def run(self) -> str:
        return self._run.id

    def keep(self, step: str, part: str, data: bytes) -> None:
        self._state.keep(self._lock, self.run, step, part, data)

    def parts(self, step: str) -> list[str]:
        return [name for name, _ in self._state.kept(self.run, step)]

    def kept(self, step: str) -> Iterator[tuple[str, bytes]]:
        mine = False
        for part in self._state.kept(self.run, step):
            mine = True
            yield part
        if not mine and self._run.undoes:
            yield from self._state.kept(self._run.undoes, step)


def _intent(unit: Unit) -> dict[str, object]:
    """What stands in the journal before a unit runs: enough to undo it from the journal alone."""
    undo = unit.undone()
    return {
        "steps": [s.model_dump(mode="json", exclude={"inverse"}) for s in unit.steps],
        "inverse": [s.model_dump(mode="json") for s in undo.steps] if undo else None,
        "no_inverse": [s.no_inverse for s in unit.steps if s.inverse is None],
    }


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """Returns the outcome of several steps as one: equal outcomes are it, a mixture is PARTIAL."""
    if Outcome.UNKNOWN in outcomes:
        return Outcome.UNKNOWN
    return outcomes[0] if len(set(outcomes)) == 1 else Outcome.PARTIAL
