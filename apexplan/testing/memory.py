"""A state store in memory, for tests of the engine: it survives a crash of the code that uses it,
and makes such crashes, before or after any of its writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from apexplan.engine.ports import Entry, Event, Head, Lock, Run, RunStatus
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.errors import FenceLost, LockHeld, StalePlan, StateError


class Crash(BaseException):
    """The process is gone, as after SIGKILL. A BaseException: nothing may handle it."""


@dataclass(slots=True)
class Bomb:
    """Goes off at the `at`-th call (from 1), before or after it. `calls` counts them all."""

    at: int | None = None
    after: bool = False
    calls: int = 0

    def before_call(self) -> None:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise Crash

    def after_call(self) -> None:
        if self.calls == self.at and self.after:
            raise Crash


@dataclass(frozen=True, slots=True)
class MemoryLock:
    """A held lock."""

    id: str
    fence: int


@dataclass(slots=True)
class MemoryState:
    """Implements `engine.ports.StateStore`. `bomb` counts and interrupts its writes."""

    bomb: Bomb = field(default_factory=Bomb)
    _head: Head = field(default_factory=lambda: Head("memory", 0))
    _objects: dict[Address, Recorded] = field(default_factory=dict)
    _runs: dict[str, Run] = field(default_factory=dict)
    _journal: dict[str, list[Entry]] = field(default_factory=dict)
    _kept: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    _events: list[Event] = field(default_factory=list)
    _fence: int = 0
    _holder: MemoryLock | None = None

    def head(self) -> Head:
        return self._head

    def recorded(self) -> Mapping[Address, Recorded]:
        return dict(self._objects)

    @contextmanager
    def lock(self, purpose: str, timeout_s: float) -> Iterator[Lock]:
        if self._holder is not None:
            raise LockHeld(f"{purpose} in this process", self._holder.id)
        self._fence += 1
        self._holder = mine = MemoryLock(f"lock-{self._fence}", self._fence)
        try:
            yield mine
        finally:
            if self._holder is mine:
                self._holder = None

    def open_run(self) -> Run | None:
        return next((r for r in self._runs.values() if r.status.open), None)

    def run(self, run_id: str) -> Run:
        if run_id not in self._runs:
            raise StateError(f"there is no run {run_id}")
        return self._runs[run_id]

    def runs(self, limit: int = 50) -> Sequence[Run]:
        return list(reversed(self._runs.values()))[:limit]

    def keep(self, lock: Lock, run_id: str, step: str, part: str, data: bytes) -> None:
        with self._write(lock):
            self._kept.setdefault((run_id, step), {})[part] = data

    def kept(self, run_id: str, step: str) -> Iterator[tuple[str, bytes]]:
        yield from sorted(self._kept.get((run_id, step), {}).items())

    def kept_bytes(self) -> Mapping[str, int]:
        sizes: dict[str, int] = {}
        for (run_id, _), parts in self._kept.items():
            sizes[run_id] = sizes.get(run_id, 0) + sum(map(len, parts.values()))
        return sizes

    def purge(self, lock: Lock, run_ids: Sequence[str], event: Event) -> None:
        with self._write(lock):
            self._forget(run_ids)
            for run_id in run_ids:
                self._runs[run_id] = replace(self._runs[run_id], purged=event.at)
            self._events.append(event)

    def spent(self, plan_id: str) -> str | None:
        return next((r.id for r in self._runs.values() if r.plan.id == plan_id), None)

    def begin(self, lock: Lock, run: Run, entries: Sequence[Entry] = ()) -> None:
        with self._write(lock):
            if (spender := self.spent(run.plan.id)) is not None:
                raise StalePlan("spent", f"run {spender} was made from this plan already")
            self._runs[run.id] = run
            self._journal[run.id] = list(entries)

    def append(self, lock: Lock, run_id: str, entries: Sequence[Entry]) -> None:
        with self._write(lock):
            self._journal[run_id].extend(entries)

    def journal(self, run_id: str) -> Sequence[Entry]:
        return list(self._journal[run_id])

    def pause(self, lock: Lock, run_id: str, status: RunStatus, entries: Sequence[Entry] = ()) -> None:
        with self._write(lock):
            self._runs[run_id] = replace(self._runs[run_id], status=status)
            self._journal[run_id].extend(entries)

    def finish(
        self,
        lock: Lock,
        run_id: str,
        status: RunStatus,
        after: Mapping[Address, Recorded | None],
        finished: str,
        entries: Sequence[Entry] = (),
    ) -> None:
        with self._write(lock):
            run = replace(self._runs[run_id], status=status, after=dict(after), finished=finished)
            self._runs[run_id] = run
            self._journal[run_id].extend(entries)
            if run.undoes and status is RunStatus.APPLIED:
                self._runs[run.undoes] = replace(self._runs[run.undoes], undone_by=run_id)
            self._forget([r.id for r in self._runs.values() if r.served])
            self._take(after)

    def replace(self, lock: Lock, objects: Mapping[Address, Recorded | None], event: Event) -> None:
        with self._write(lock):
            self._take(objects)
            self._events.append(event)

    def unlock(self, lock_id: str, event: Event) -> str:
        if self._holder is None or self._holder.id != lock_id:
            raise StateError(f"no lock of id {lock_id} is held")
        self._fence += 1
        self._holder = None
        self._events.append(event)
        return "this process"

    def events(self, limit: int = 50) -> Sequence[Event]:
        return list(reversed(self._events))[:limit]

    def revive(self) -> None:
        """Makes the state usable after a crash: the lock died with its holder."""
        self._holder = None

    @contextmanager
    def _write(self, lock: Lock) -> Iterator[None]:
        self.bomb.before_call()
        if lock.fence != self._fence:
            raise FenceLost("another run took the lock")
        yield
        self.bomb.after_call()

    def _forget(self, run_ids: Sequence[str]) -> None:
        self._kept = {key: parts for key, parts in self._kept.items() if key[0] not in run_ids}

    def _take(self, objects: Mapping[Address, Recorded | None]) -> None:
        self._head = replace(self._head, serial=self._head.serial + 1)
        for address, recorded in objects.items():
            if recorded is None:
                self._objects.pop(address, None)
            else:
                self._objects[address] = recorded
