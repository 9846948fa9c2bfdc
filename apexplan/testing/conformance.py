"""The suite that every provider passes. Subclass it in the provider's tests:

    class TestFake(ProviderSuite):
        provider = PROVIDER
        cases = (Case("one more", before={...}, after={...}),)

        @contextmanager
        def fresh(self) -> Iterator[StoreConfig]:
            ...                                    # an empty store, real, thrown away afterwards

For every case: plan, hazards as expected, apply, a second plan that is empty, the same store as one
that was built from nothing, rollback, the same store as before, no drift. Then the same plan with
the process killed at every write of the journal, and with every call of the store failing before
and after its effect. Then every change is made behind apexplan's back, and drift must name it.
What `inspect` writes of the store must declare what is there.

Not here, since it needs the store's own means: that a transaction which fails in its middle leaves
nothing, that `read` and `normalize` leave no trace, and what the store's other clients notice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from apexplan.document import is_error
from apexplan.engine import drift, planner, rollback, runs, survey
from apexplan.engine.apply import OnFailure, Result, Retry
from apexplan.engine.diff import record_values
from apexplan.engine.ports import RunStatus
from apexplan.engine.survey import StoreConfig
from apexplan.model.address import Address
from apexplan.model.change import Action, Declared
from apexplan.model.plan import HazardKind, Plan, PlannedChange, Unit
from apexplan.model.spec import Spec
from apexplan.provider import Kind, Outcome, Provider, Transactional
from apexplan.testing import chaos
from apexplan.testing.chaos import Mishap, Silent, World
from apexplan.testing.faults import Fault
from apexplan.testing.memory import MemoryState

Objects = Mapping[Address, Declared]


@dataclass(frozen=True, slots=True)
class Case:
    """One change of a store. `hazards`: the kinds that the plan must carry, no more and no fewer.
    `lossless`: a rollback brings the store back exactly. `fill`: puts data into the store before
    the plan, given the store's settings. `chaos`: also killed and faulted at every point. `inspected`:
    `inspect` can write all of it; False where an object is a file, as a migration is."""

    name: str
    before: Objects
    after: Objects
    hazards: frozenset[HazardKind] = frozenset()
    lossless: bool = True
    fill: Callable[[StoreConfig], None] | None = None
    chaos: bool = True
    inspected: bool = True


def declared(specs: Mapping[Address, Spec]) -> dict[Address, Declared]:
    """Returns specs as a manifest would declare them."""
    return {address: Declared(address, spec) for address, spec in specs.items()}


class ProviderSuite:
    """Inherit, set `provider` and `cases`, write `fresh`."""

    provider: ClassVar[Provider]
    cases: ClassVar[tuple[Case, ...]] = ()
    _ids: ClassVar[Iterator[int]] = itertools.count(1)

    def fresh(self) -> AbstractContextManager[StoreConfig]:
        """Gives an empty store of the provider; it is thrown away afterwards."""
        raise NotImplementedError

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        if "case" in metafunc.fixturenames:
            chosen = [c for c in cls.cases if c.chaos or "mishap" not in metafunc.function.__name__]
            metafunc.parametrize("case", chosen, ids=[c.name.replace(" ", "-") for c in chosen])

    # ------------------------------------------------------------------ the life of one change

    def test_there_and_back(self, case: Case) -> None:
        """Apply brings the store to what is declared, and only there; rollback brings it back."""
        with self.before(case) as world:
            was, record = world.snapshot(), world.state.recorded()
            plan = self.plan(world)
            assert {h.kind for s in plan.steps for h in s.hazards} == case.hazards
            assert self.apply(world, plan).status is RunStatus.APPLIED
            assert [str(c.address) for c in self.plan(world).changes] == []
            assert self.drift(world) == []
            back = self.undoing(world)
            assert self.apply(world, back).status is RunStatus.APPLIED
            if case.lossless:
                assert world.snapshot() == was
                assert world.state.recorded() == record

    def test_the_result_is_that_of_a_build_from_nothing(self, case: Case) -> None:
        with self.before(case) as changed:
            self.apply(changed, self.plan(changed))
            seen = self.managed(changed, case)
        with self.before(Case(case.name, {}, case.after)) as built:
            self.apply(built, self.plan(built))
            assert self.managed(built, case) == seen

    def test_a_change_behind_our_back_is_drift(self, case: Case) -> None:
        """The same change, made by somebody else with a state of their own."""
        with self.before(case) as world:
            stranger = replace(world, state=MemoryState())
            stranger.state._objects = dict(world.state.recorded())
            plan = self.plan(stranger)
            self.apply(stranger, plan)
            found = {f.address for f in self.findings(world)}
            assert found <= {a for c in plan.changes for a in (c.address, c.origin) if a}
            assert {c.address for c in plan.changes if _is_seen(c, world)} <= found

    def test_a_probe_tells_before_from_after(self, case: Case) -> None:
        """The first unit before the run, and the last one after it: of those between, a later unit
        may have covered what an earlier one left."""
        with self.before(case) as world:
            plan = self.plan(world)
            assert self.probed(world, plan.units[0]) is Outcome.NOT_DONE
            self.apply(world, plan)
            if not plan.units[-1].transactional:  # a group is known by its run, which is over
                assert self.probed(world, plan.units[-1]) is Outcome.DONE

    def test_what_is_inspected_is_adopted_as_it_is(self, case: Case) -> None:
        with self.before(case) as world:
            self.apply(world, self.plan(world))
            taken = replace(world, state=MemoryState(), desired=_desired(self.inspected(world)))
            assert [str(c.address) for c in self.plan(taken).changes if c.action is not Action.ADOPT] == []
            if case.inspected:
                assert case.after.keys() - taken.desired.declared.keys() == set()

    # ---------------------------------------------------------------------------- crash and fault

    @pytest.mark.slow
    def test_every_mishap_ends_applied_or_undone(self, case: Case) -> None:
        """Killed at every write of the journal, faulted at every call, each with both recoveries."""
        with self.before(case) as world:
            life = chaos.live_through(world, Mishap())
            assert [r.status for r in life.results] == [RunStatus.APPLIED]
        wrong = []
        for mishap in self.mishaps(life):
            with self.before(case) as world:
                lived = chaos.live_through(world, mishap)
                wrong += [f"{mishap}: {text}" for text in chaos.wrongs(world, lived)]
        assert wrong == []

    def mishaps(self, life: chaos.Life) -> Iterator[Mishap]:
        """Yields what goes wrong; a suite over a slow store may narrow it."""
        for write in range(1, life.writes + 1):
            for recovery in chaos.Recovery:
                yield Mishap(write=write, after=True, recovery=recovery)
        for call in range(1, life.calls + 1):
            for fault in (Fault.FINAL_BEFORE, Fault.FINAL_AFTER, Fault.AMBIGUOUS_AFTER, Fault.CRASH_AFTER):
                yield Mishap(calls=((call, fault),))

    # ------------------------------------------------------------------------------------ helpers

    @contextmanager
    def before(self, case: Case) -> Iterator[World]:
        """Gives a store and state in which `case.before` was applied, with `case.after` desired."""
        with self.fresh() as config:
            world = self._world(config, case.before)
            if case.before:
                assert self.apply(world, self.plan(world)).status is RunStatus.APPLIED
            if case.fill is not None:
                case.fill(config)
            yield replace(world, desired=_desired(case.after))

    def _world(self, config: StoreConfig, objects: Objects) -> World:
        @contextmanager
        def opened() -> Iterator[Mapping[str, survey.OpenStore]]:
            with survey.opened([config]) as stores:
                yield stores

        def snapshot() -> Any:
            with opened() as stores:
                live = survey.read_live(stores, frozenset(), everything=True)[config.name]
                return {str(a): s.values() for a, s in sorted(live.objects.items())}

        return World(MemoryState(), opened, snapshot, _desired(objects))

    def plan(self, world: World) -> Plan:
        """Returns the plan of a world; each is told apart by its time."""
        with world.open() as stores:
            return planner.plan(
                world.desired,
                world.state.recorded(),
                world.state.head(),
                stores,
                created=f"plan {next(self._ids)}",
            )

    def apply(self, world: World, plan: Plan) -> Result:
        """Carries a plan out."""
        with world.open() as stores, world.state.lock("conformance", 0) as lock:
            return runs.start(
                plan,
                runs.Context(
                    state=world.state,
                    lock=lock,
                    stores=stores,
                    reporter=Silent(),
                    now=lambda: "2026-01-01T00:00:00Z",
                    new_id=lambda: f"conformance-{next(self._ids)}",
                    by="conformance",
                    on_failure=OnFailure.UNDO,
                    retry=Retry(attempts=3, base_s=0.05),
                ),
            )

    def undoing(self, world: World) -> Plan:
        """Returns the plan that undoes the newest applied run."""
        run = rollback.choose(world.state.runs(), None)
        with world.open() as stores:
            views = survey.read_live(stores, frozenset(run.after))
        live = {a: s for view in views.values() for a, s in view.objects.items()}
        rollback.check_untouched(run, live)
        return rollback.plan(run, world.state.head(), created=f"plan {next(self._ids)}", sizes={})

    def findings(self, world: World) -> list[drift.Finding]:
        """Returns the drift of a world."""
        recorded = world.state.recorded()
        with world.open() as stores:
            views = survey.read_live(stores, frozenset(recorded))
        live = {a: s for view in views.values() for a, s in view.objects.items()}
        return list(drift.compare(recorded, live).findings)

    def probed(self, world: World, unit: Unit) -> Outcome:
        """Returns what the store says about a unit, a group as one that no run has begun."""
        with world.open() as stores:
            session = stores[unit.store].session
            if unit.transactional and isinstance(session, Transactional):
                return session.probe_group(f"nobody/{unit.id}", unit.steps)
            return session.probe(unit.steps[0])

    def inspected(self, world: World) -> dict[Address, Declared]:
        """Returns what the documents declare that the provider makes of the whole store."""
        with world.open() as stores:
            views = survey.read_live(stores, frozenset(), everything=True)
        return {
            item.address: item
            for name, view in views.items()
            for kind in self.provider.kinds
            if (document := kind.collapse(name, view.objects))
            for item in _expanded(kind, document)
        }

    def drift(self, world: World) -> list[str]:
        return [f"{f.address} {f.field}" for f in self.findings(world)]

    def managed(self, world: World, case: Case) -> dict[str, Any]:
        """Returns what is live of the declared objects, in what is declared of them."""
        seen = world.snapshot()
        return {
            str(address): record_values(seen.get(str(address), {}), item.spec.values(item.spec.comparable()))
            for address, item in case.after.items()
        }


def _is_seen(change: PlannedChange, world: World) -> bool:
    """True if the change, made by somebody else, departs from what the state recorded."""
    recorded = world.state.recorded().get(change.address)
    if recorded is None or change.action in (Action.ADOPT, Action.CREATE):
        return False
    return change.action is Action.DELETE or any(f.field in recorded.values for f in change.fields)


def _expanded(kind: Kind, document: Mapping[str, Any]) -> tuple[Declared, ...]:
    expansion = kind.expand(kind.document.model_validate(document))
    assert not any(map(is_error, expansion.problems))
    return expansion.declared


def _desired(objects: Objects) -> planner.Desired:
    return planner.Desired("conformance", "", dict(objects), "digest")
