"""A session around any session, whose calls fail as told: before their effect, after it, for a
while or for good. The real calls go through to the real store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from apexplan.engine.survey import OpenStore
from apexplan.model.address import Address
from apexplan.model.errors import Ambiguous, StoreError, StoreUnreachable, Transient
from apexplan.model.plan import Size, Step
from apexplan.model.spec import Spec
from apexplan.provider import (
    Awaitable,
    Claimable,
    Keeping,
    Ledger,
    Live,
    Mark,
    Measurable,
    Normal,
    Outcome,
    Safe,
    Scope,
    Session,
    Transactional,
    Watch,
)
from apexplan.testing.memory import Crash


class Fault(StrEnum):
    """What happens at a call. The names say when: before the effect, or after it landed."""

    TRANSIENT_BEFORE = "transient, before"
    AMBIGUOUS_BEFORE = "ambiguous, before"
    AMBIGUOUS_AFTER = "ambiguous, after"
    FINAL_BEFORE = "final, before"
    FINAL_AFTER = "final, after"
    CRASH_BEFORE = "crash, before"
    CRASH_AFTER = "crash, after"
    GONE = "the store is gone from here on"


_ERRORS: Mapping[Fault, Callable[[], BaseException]] = {
    Fault.TRANSIENT_BEFORE: lambda: Transient("injected"),
    Fault.AMBIGUOUS_BEFORE: lambda: Ambiguous("injected"),
    Fault.AMBIGUOUS_AFTER: lambda: Ambiguous("injected"),
    Fault.FINAL_BEFORE: lambda: StoreError("injected"),
    Fault.FINAL_AFTER: lambda: StoreError("injected"),
    Fault.CRASH_BEFORE: Crash,
    Fault.CRASH_AFTER: Crash,
    Fault.GONE: lambda: StoreUnreachable("injected"),
}
_AFTER = frozenset({Fault.AMBIGUOUS_AFTER, Fault.FINAL_AFTER, Fault.CRASH_AFTER})


@dataclass(slots=True)
class Faults:
    """Which call (from 1) fails how. `calls` counts writing calls; `forever` repeats the fault at
    every call from `since` on."""

    at: dict[int, Fault] = field(default_factory=dict)
    forever: Fault | None = None
    since: int = 0
    calls: int = 0

    def around(self, call: Callable[[], None]) -> None:
        """Makes one writing call, failing as told."""
        self.calls += 1
        fault = self.at.get(self.calls)
        if fault is None and self.forever is not None and self.calls >= self.since:
            fault = self.forever
        if fault is Fault.GONE:
            self.forever, self.since = Fault.GONE, self.calls
        if fault is None or fault in _AFTER:
            call()
        if fault is not None:
            raise _ERRORS[fault]()

    def check_reachable(self) -> None:
        """Raises StoreUnreachable for reading calls too, once the store is gone."""
        if self.forever is Fault.GONE and self.calls >= self.since:
            raise StoreUnreachable("injected")


class FaultySession:
    """Passes every call on to `inner`, through `faults`. Use `faulty` to make one."""

    def __init__(self, inner: Session, faults: Faults) -> None:
        self._inner = inner
        self._faults = faults

    def read(self, scope: Scope) -> Live:
        self._faults.check_reachable()
        return self._inner.read(scope)

    def normalize(self, desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Normal:
        return self._inner.normalize(desired, live)

    def measure(self, addresses: frozenset[Address]) -> Mapping[Address, Size]:
        return self._inner.measure(addresses) if isinstance(self._inner, Measurable) else {}

    def run(self, step: Step, watch: Watch) -> None:
        self._faults.around(lambda: self._inner.run(step, watch))

    def claim(self, run: str, by: str) -> None:
        self._faults.check_reachable()
        if isinstance(self._inner, Claimable):
            self._inner.claim(run, by)

    def keeping(self, safe: Safe) -> None:
        if isinstance(self._inner, Keeping):
            self._inner.keeping(safe)

    def wait(self, step: Step, watch: Watch) -> None:
        if isinstance(self._inner, Awaitable):
            self._inner.wait(step, watch)

    def probe(self, step: Step) -> Outcome:
        self._faults.check_reachable()
        return self._inner.probe(step)

    def marks(self, project: str) -> Mapping[Address, Mark]:
        return self._inner.marks(project) if isinstance(self._inner, Ledger) else {}

    def record(self, project: str, marks: Mapping[Address, Mark | None]) -> None:
        self._faults.check_reachable()
        if isinstance(self._inner, Ledger):
            self._inner.record(project, marks)


class FaultyTransactionalSession(FaultySession):
    """The same around a session with transactions."""

    def run_group(self, unit: str, steps: Sequence[Step], watch: Watch) -> None:
        inner = self._inner
        assert isinstance(inner, Transactional)
        self._faults.around(lambda: inner.run_group(unit, steps, watch))

    def probe_group(self, unit: str, steps: Sequence[Step]) -> Outcome:
        self._faults.check_reachable()
        assert isinstance(self._inner, Transactional)
        return self._inner.probe_group(unit, steps)


def faulty(stores: Mapping[str, OpenStore], faults: Faults) -> dict[str, OpenStore]:
    """Returns the same stores with sessions that fail as `faults` says."""
    return {
        name: OpenStore(
            name,
            store.provider,
            (FaultyTransactionalSession if isinstance(store.session, Transactional) else FaultySession)(
                store.session, faults
            ),
        )
        for name, store in stores.items()
    }
