"""One store with a state in memory: plan, apply, resume, roll back, as the commands do. Every provider's live
tests use it, each with a subclass that says which store."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from apexplan.engine import planner, rollback, runs, survey
from apexplan.engine.apply import OnFailure, Result, Retry, Stop
from apexplan.engine.ports import RunStatus
from apexplan.manifest.check import check_manifest
from apexplan.manifest.load import load_text
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.plan import Note, Plan
from apexplan.provider import Live, Provider, Scope
from apexplan.testing.chaos import Silent
from apexplan.testing.memory import MemoryState

T = TypeVar("T")
Objects = dict[Address, Declared]

_RUNS = itertools.count(1)
_PLANS = itertools.count(1)
_WHEN = "2026-01-01T00:00:00Z"
_PATIENCE_S = 60


def declared_by(kind: str, store: str, provider: Provider, manifest: str) -> Objects:
    """Returns what a manifest declares; its head is added."""
    loaded = load_text(f"kind: {kind}\nstore: {store}\n{manifest}", "case.yaml")
    assert loaded.node is not None, loaded.diagnostics
    checked = check_manifest(loaded.node, {store: provider})
    assert not checked.diagnostics, checked.diagnostics
    return {declared.address: declared for declared in checked.declared}


def waited_for(what: Callable[[], T | None]) -> T:
    """Returns the first result of `what` that is there, asked again and again."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"it never came: {what}")


@dataclass(slots=True)
class Heard:
    """A watch that keeps what it is told. `stop_at`: a stop is asked for once so much was told."""

    told: list[tuple[float, str, str]] = field(default_factory=list)
    stop_at: int | None = None

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.told.append((done, unit, phase))

    def stopping(self) -> bool:
        return self.stop_at is not None and len(self.told) >= self.stop_at


@dataclass(slots=True, kw_only=True)
class Bench:
    """One store with a state of its own. A subclass says which: `config`."""

    state: MemoryState = field(default_factory=MemoryState)
    reporter: Silent = field(default_factory=Silent)
    stop: Stop = field(default_factory=Stop)
    on_failure: OnFailure = OnFailure.UNDO
    retry: Retry = field(default_factory=lambda: Retry(attempts=4, base_s=0.05))

    @property
    def config(self) -> survey.StoreConfig:
        """The store, ready to connect to."""
        raise NotImplementedError

    @contextmanager
    def stores(self) -> Iterator[dict[str, survey.OpenStore]]:
        with survey.opened([self.config]) as stores:
            yield stores

    def live(self, *, everything: bool = True) -> Live:
        with self.stores() as stores:
            return stores[self.config.name].session.read(Scope(self.config.name, everything=everything))

    def plan(self, desired: Mapping[Address, Declared]) -> Plan:
        with self.stores() as stores:
            return self.plan_in(stores, desired)

    def plan_in(self, stores: Mapping[str, survey.OpenStore], desired: Mapping[Address, Declared]) -> Plan:
        """As `plan`, with stores that are open already."""
        wish = planner.Desired("test", "", dict(desired), "digest")
        return planner.plan(
            wish, self.state.recorded(), self.state.head(), stores, created=f"plan {next(_PLANS)}"
        )

    def notes(self, desired: Mapping[Address, Declared]) -> list[Note]:
        return list(self.plan(desired).notes)

    def apply(self, desired: Mapping[Address, Declared]) -> Result:
        """Plans and applies with one session, as the command does."""
        with self.stores() as stores:
            return self.start_in(stores, self.plan_in(stores, desired))

    def start(self, plan: Plan) -> Result:
        with self.stores() as stores:
            return self.start_in(stores, plan)

    def start_in(self, stores: Mapping[str, survey.OpenStore], plan: Plan) -> Result:
        with self._context(stores) as context:
            return runs.start(plan, context)

    def resume(self) -> Result:
        waiting = self.state.open_run()
        assert waiting is not None
        with self.stores() as stores, self._context(stores) as context:
            return runs.resume(waiting, context)

    def undo(self) -> Result:
        waiting = self.state.open_run()
        assert waiting is not None
        with self.stores() as stores, self._context(stores) as context:
            return runs.undo(waiting, context)

    def roll_back(self) -> Result:
        chosen = rollback.choose(self.state.runs(), None)
        plan = rollback.plan(chosen, self.state.head(), created=f"plan {next(_PLANS)}", sizes={})
        return self.start(plan)

    @contextmanager
    def _context(self, stores: Mapping[str, survey.OpenStore]) -> Iterator[runs.Context]:
        with self.state.lock("apply", 0) as lock:
            yield runs.Context(
                state=self.state,
                lock=lock,
                stores=stores,
                reporter=self.reporter,
                now=lambda: _WHEN,
                new_id=lambda: f"run-{next(_RUNS)}",
                by="tester",
                on_failure=self.on_failure,
                retry=self.retry,
                stop=self.stop,
            )


def applied(result: Result) -> Result:
    """Returns `result`, which must be that of a run that was applied."""
    assert result.status is RunStatus.APPLIED, (result.status, result.failure, result.undo_failure)
    return result


def failure(result: Result) -> str:
    """Returns the error of a run that failed."""
    assert result.failure is not None, result.status
    return result.failure.error


@contextmanager
def child(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs `program`, a text of Python; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
