"""Runs one plan over and over, each time with another crash or fault, and says how each run ended.

A `World` is a store and a state that can be made afresh. A `Mishap` is what goes wrong: the process
dies at a write of the journal or at a call of the store, a call fails in one of the ways of
`faults.Fault`, and again something goes wrong in the recovery. `live_through` drives the run to its
end as an operator would, and returns what became of it; `wrongs` compares that with what is
promised: applied, undone, or stuck and listed, nothing lost, nothing done twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from apexplan.engine import planner, runs, survey
from apexplan.engine.apply import OnFailure, Result, Retry
from apexplan.engine.ports import Run, RunStatus
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.plan import Plan, Step, Unit
from apexplan.testing.faults import Fault, Faults, faulty
from apexplan.testing.memory import Bomb, Crash, MemoryState

Stores = Mapping[str, survey.OpenStore]


class Recovery(StrEnum):
    """What the operator does with a run that stopped."""

    RESUME = "resume"
    ROLLBACK = "rollback"


@dataclass(slots=True)
class World:
    """One store with one state, fresh. `open` connects; `snapshot` is everything that the store
    holds, comparable; `desired` is what the plan shall bring."""

    state: MemoryState
    open: Callable[[], AbstractContextManager[Stores]]
    snapshot: Callable[[], Any]
    desired: planner.Desired


@dataclass(frozen=True, slots=True)
class Mishap:
    """What goes wrong. `write`: the process dies at that write of the journal; `calls`: faults at
    calls of the store, by number; `forever` from call `since` on. `again` happens in the recovery."""

    write: int | None = None
    after: bool = False
    calls: tuple[tuple[int, Fault], ...] = ()
    forever: Fault | None = None
    since: int = 0
    again: Mishap | None = None
    recovery: Recovery = Recovery.RESUME

    def faults(self) -> Faults:
        return Faults(dict(self.calls), self.forever, self.since)


class Silent:
    """A reporter that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def unit_started(self, unit: Unit, number: int, total: int, undo: bool) -> None:
        self.heard.append(f"{'undo' if undo else 'run'} {unit.id}")

    def step_progress(self, step: Step, done: float, total: float | None, unit: str, phase: str) -> None:
        self.heard.append(f"progress {step.id} {done}/{total}")

    def unit_finished(self, unit: Unit, outcome: str, seconds: float) -> None:
        self.heard.append(f"{outcome} {unit.id}")

    def retrying(self, unit: Unit, attempt: int, wait_s: float, error: str) -> None:
        self.heard.append(f"retry {unit.id} {attempt}")

    def said(self, text: str) -> None:
        self.heard.append(text)


@dataclass(slots=True)
class Life:
    """How one run went. `results` of each attempt; `writes` and `calls` of the first one."""

    plan: Plan
    before: Any
    recorded_before: Mapping[Address, Recorded]
    results: list[Result] = field(default_factory=list)
    crashes: int = 0
    writes: int = 0
    calls: int = 0
    recovery_writes: int = 0
    recovery_calls: int = 0


_MOST_ATTEMPTS = 8


def plan_of(world: World) -> Plan:
    """Returns the plan of a world as it is."""
    with world.open() as stores:
        return planner.plan(
            world.desired, world.state.recorded(), world.state.head(), stores, created="2026-01-01T00:00:00Z"
        )


def live_through(world: World, mishap: Mishap, on_failure: OnFailure = OnFailure.UNDO) -> Life:
    """Applies the world's plan while `mishap` happens, and recovers until the run has ended."""
    life = Life(plan_of(world), world.snapshot(), world.state.recorded())
    faults = mishap.faults()
    world.state.bomb = bomb = Bomb(mishap.write, mishap.after)
    _attempt(world, life, faults, lambda context: runs.start(life.plan, context), on_failure)
    life.writes, life.calls = bomb.calls, faults.calls
    again = mishap.again or Mishap()
    for attempt in range(_MOST_ATTEMPTS):
        waiting = world.state.open_run()
        if waiting is None:
            break
        first = attempt == 0
        faults = again.faults() if first else Faults()
        world.state.bomb = bomb = Bomb(again.write, again.after) if first else Bomb()
        go_on = runs.resume if mishap.recovery is Recovery.RESUME else runs.undo
        _attempt(world, life, faults, partial(_taken_up, waiting, go_on), on_failure)
        if first:
            life.recovery_writes, life.recovery_calls = bomb.calls, faults.calls
    world.state.bomb = Bomb()
    return life


def _attempt(
    world: World,
    life: Life,
    faults: Faults,
    action: Callable[[runs.Context], Result],
    on_failure: OnFailure,
) -> None:
    numbers = itertools.count(1)
    try:
        with world.open() as stores, world.state.lock("apply", 0) as lock:
            context = runs.Context(
                state=world.state,
                lock=lock,
                stores=faulty(stores, faults),
                reporter=Silent(),
                now=lambda: "2026-01-01T00:00:01Z",
                new_id=lambda: f"run-{next(numbers)}",
                by="chaos",
                on_failure=on_failure,
                retry=Retry(attempts=3, sleep=lambda _: None, draw=lambda: 0.5),
                clock=lambda: 0.0,
            )
            life.results.append(action(context))
    except Crash:
        life.crashes += 1
        world.state.revive()


def _taken_up(run: Run, go_on: Callable[[Run, runs.Context], Result], context: runs.Context) -> Result:
    return go_on(run, context)


def wrongs(world: World, life: Life) -> Iterator[str]:
    """Yields every promise that was broken. Call it after `live_through`."""
    waiting = world.state.open_run()
    if waiting is not None:
        yield f"the run is still {waiting.status} after {_MOST_ATTEMPTS} attempts"
        return
    ended = world.state.runs()
    status = ended[0].status if ended else None
    if status is RunStatus.APPLIED:
        again = plan_of(world)
        if not again.empty:
            yield f"applied, yet the next plan holds {[str(c.address) for c in again.changes]}"
    else:
        if world.snapshot() != life.before:
            yield f"{status or 'not begun'}, yet the store is not as before"
        if world.state.recorded() != life.recorded_before:
            yield f"{status or 'not begun'}, yet the record is not as before"
    if any(not r.stuck and r.status is RunStatus.STUCK for r in life.results):
        yield "stuck, yet nothing is listed"


def mishaps(writes: int, calls: int, *, twice: bool) -> Iterator[Mishap]:
    """Yields every single mishap for a run of so many writes and calls; `twice` adds a second one
    in the recovery, of the same extent."""
    singles = [
        *(Mishap(write=n, after=a) for n in range(1, writes + 1) for a in (False, True)),
        *(Mishap(calls=((n, fault),)) for n in range(1, calls + 1) for fault in Fault),
        *(
            Mishap(forever=fault, since=n)
            for n in range(1, calls + 1)
            for fault in Fault
            if fault not in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
        ),
    ]
    for mishap in singles:
        for recovery in Recovery:
            yield _with(mishap, recovery, None)
    if not twice:
        return
    seconds = [
        *(Mishap(write=n, after=a) for n in range(1, writes + 1) for a in (False, True)),
        *(Mishap(calls=((n, fault),)) for n in range(1, calls + 1) for fault in Fault),
    ]
    for mishap in singles:
        for again in seconds:
            for recovery in Recovery:
                yield _with(mishap, recovery, again)
    for first in range(1, calls + 1):
        for later in range(first + 1, 2 * calls + 1):
            for fault in Fault:
                yield Mishap(calls=((first, Fault.FINAL_AFTER), (later, fault)))


def _with(mishap: Mishap, recovery: Recovery, again: Mishap | None) -> Mishap:
    return Mishap(mishap.write, mishap.after, mishap.calls, mishap.forever, mishap.since, again, recovery)
