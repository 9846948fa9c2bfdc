"""Random walks: one manifest after the other is applied to a store in which an application writes and
deletes, and after every step the promises are looked at. Some steps are rolled back and made again, some are
killed and then resumed or undone.

    APEXPLAN_WALK_SEEDS=17       that walk alone, as a failed test prints it
    APEXPLAN_WALK_SEEDS=1-500    all of these
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from apexplan.engine import drift, planner, rollback, survey
from apexplan.engine.apply import Result
from apexplan.engine.diff import record_values
from apexplan.engine.ports import RunStatus
from apexplan.model.address import Address
from apexplan.model.plan import HazardKind, Plan, RollbackClass
from apexplan.testing.faults import Fault, Faults, faulty
from apexplan.testing.memory import Bomb, Crash, MemoryState
from apexplan_qdrant.run.comparing import points_of
from apexplan_qdrant.specs import Collection
from apexplan_qdrant.target import Point, PointId, Target

from .bench import Bench, Objects
from .double import Double
from .random_manifests import Json, Manifests, declared, written

pytestmark = [pytest.mark.live, pytest.mark.slow]

STEPS = 6
LATER = "9999-01-01T00:00:00Z"
FAULTS = (Fault.FINAL_BEFORE, Fault.FINAL_AFTER, Fault.AMBIGUOUS_AFTER, Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
MOST_ATTEMPTS = 8
MANY = 50
PAGE = 4
"""Strict mode may bound what one request reads or writes."""

Points = dict[PointId, Point]


def seeds(count: int) -> list[int]:
    """Returns the seeds that the environment names, or the first `count`."""
    said = os.environ.get("APEXPLAN_WALK_SEEDS", f"1-{count}")
    first, _, last = said.partition("-")
    return list(range(int(first), int(last or first) + 1))


@dataclass
class Tally:
    """How many plans were made, and how many of them were blocked."""

    planned: int = 0
    blocked: int = 0


@dataclass
class Walk:
    """One store, walked through manifests. `fresh`: another one, for builds from nothing; `told`: what was
    done, for whoever reads of a failure."""

    bench: Bench
    fresh: Bench
    seed: int
    tally: Tally
    samples: tuple[int, ...] = (0, 5)
    objects: Objects = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.told.append(f"seed {self.seed}")
        self.draw = random.Random(self.seed)
        self.manifests = Manifests(self.draw, self.samples)

    def step(self) -> None:
        """Applies the first of the next manifests that nothing stands in the way of."""
        while True:
            self.purge_sometimes()
            manifest = self.manifests.another()
            desired = declared(manifest)
            plan = self.bench.plan(desired)
            self.tally.planned += 1
            self.told.append(written(manifest))
            blocking = [note.text for note in plan.notes if note.blocks]
            if not blocking:
                break
            self.tally.blocked += 1
            self.told.append(f"blocked: {blocking}")
        self.go(desired)
        self.manifests.now = manifest
        self.write()

    def go(self, desired: Objects) -> None:
        """Makes one step to where nothing stands in the way, with what may come between."""
        before, points = self.snapshot(), self.points()
        record = self.bench.state.recorded()
        plan = self.bench.plan(desired)
        self.told += [f"  {step.verb}: {step.title}" for step in plan.steps]
        way = self.draw.choice(("straight", "straight", "back", "killed"))
        if way == "killed" and plan.units:
            self.killed(plan)
            if self.bench.state.runs()[0].status is not RunStatus.APPLIED:
                if _comes_back(plan):
                    self.is_as_before(before, points, record)
                points = self.points()
                plan = self.bench.plan(desired)
                applied(self.bench.start(plan))
        else:
            applied(self.bench.start(plan))
        self.is_as_declared(desired, plan, points)
        if way == "back" and plan.units and _comes_back(plan):
            self.back(before, points, record)
            again = self.bench.plan(desired)
            applied(self.bench.start(again))
            self.is_as_declared(desired, again, points)
        self.objects = desired

    # ------------------------------------------------------------------ what may come between

    def killed(self, plan: Plan) -> None:
        """Applies a plan in which something goes wrong, and recovers until the run has ended."""
        faults, fault = Faults(), self.draw.choice(FAULTS)
        if self.draw.random() < 0.5:
            number = self.draw.randint(1, 2 * len(plan.units) + 1)
            self.bench.state.bomb = Bomb(number, after=self.draw.random() < 0.5)
            self.told.append(f"killed at write {number} of the journal")
        else:
            number = self.draw.randint(1, len(plan.units))
            faults.at[number] = fault
            self.told.append(f"call {number}: {fault}")
        recover = self.draw.choice((self.bench.resume, self.bench.undo))
        try:
            with self.bench.stores() as stores:
                self.bench.start_in(faulty(stores, faults), plan)
        except Crash:
            self.bench.state.revive()
        self.bench.state.bomb = Bomb()
        if not self.bench.state.runs() or self.bench.state.runs()[0].plan.id != plan.id:
            self.told.append("it had not begun")
            applied(self.bench.start(plan))
        for _ in range(MOST_ATTEMPTS):
            if self.bench.state.open_run() is None:
                return
            self.told.append(f"then {recover.__name__}")
            recover()
        raise AssertionError(f"the run is still open: {self.bench.state.open_run()}")

    def back(self, before: Json, points: Mapping[str, Points], record: Any) -> None:
        """Rolls the last run back."""
        self.told.append("rolled back")
        run = rollback.choose(self.bench.state.runs(), None)
        rollback.check_untouched(run, self.bench.live().objects)
        applied(self.bench.roll_back())
        self.is_as_before(before, points, record)
        self.is_marked()

    def purge_sometimes(self) -> None:
        """Deletes for good what is kept aside, which takes up names."""
        if self.draw.random() < 0.5:
            return
        with self.bench.stores() as stores:
            wish = planner.Desired("test", "", dict(self.objects), "digest")
            state = self.bench.state
            plan = planner.plan(
                wish,
                state.recorded(),
                state.head(),
                stores,
                created=f"purge {len(self.told)}",
                purge_before=LATER,
            )
            if plan.units:
                self.told.append("purged")
                applied(self.bench.start_in(stores, plan))
        assert self.bench.plan(self.objects).empty

    def write(self) -> None:
        """Writes some points and deletes some, as an application does."""
        live = self.bench.live().objects
        with self.bench.target() as target:
            for address, spec in live.items():
                physical = target.resolve(address.name)
                if isinstance(spec, Collection) and physical is not None:
                    ids = self.draw.sample(IDS, self.draw.randint(0, 9))
                    for number in range(0, len(ids), PAGE):
                        batch = [self.point(spec, one) for one in ids[number : number + PAGE]]
                        target.upsert(physical, batch)
                    target.remove(physical, self.draw.sample(IDS, self.draw.randint(0, 2)))

    def point(self, spec: Collection, number: PointId) -> Point:
        vectors: Json = {name: self.vector(spec, name) for name in spec.vectors or ()}
        vectors |= {
            name: {"indices": [1, 5], "values": [1.0, float(self.draw.randint(1, 9))]}
            for name in spec.sparse_vectors or ()
        }
        said = {
            "n": self.draw.randint(0, 99),
            "user": f"u{self.draw.randint(0, 5)}",
            "note": {"text": "foo bar"},
        }
        return Point(number, vectors[""] if set(vectors) == {""} else vectors, said)

    def vector(self, spec: Collection, name: str) -> Any:
        """Returns a vector of small whole numbers, which every datatype has."""
        assert spec.size is not None and spec.multivector is not None
        one = [float(self.draw.randint(1, 9)) for _ in range(spec.size[name])]
        return [one, one[::-1]] if spec.multivector[name] == "max_sim" else one

    # ------------------------------------------------------------------ what holds

    def is_as_declared(self, desired: Objects, plan: Plan, points: Mapping[str, Points]) -> None:
        again = self.bench.plan(desired)
        assert [(str(c.address), c.action, c.fields) for c in again.changes] == []
        assert again.empty
        assert self.drift() == []
        self.is_marked()
        self.has_kept(desired, plan, points)
        assert self.managed(self.bench, desired) == self.built(desired)

    def has_kept(self, desired: Objects, plan: Plan, points: Mapping[str, Points]) -> None:
        """Every point that was there under a name is there under it, unless the plan said otherwise."""
        now = self.points()
        lost = {
            a for s in plan.steps for h in s.hazards if h.kind is HazardKind.DELETES_DATA for a in s.covers
        }
        actions = {c.address: c for c in plan.changes}
        for address in desired:
            change = actions.get(address)
            if address.kind != Collection.kind or (address in lost and not _takes_over(plan, address)):
                continue
            if change is not None and change.live is None:
                continue
            former = change.origin.name if change is not None and change.origin else address.name
            had = points.get(former, {})
            assert _contents(now[address.name]) == _contents(had), f"points of {address.name}"
            _vectors_are_near(had, now[address.name])

    def is_as_before(self, before: Json, points: Mapping[str, Points], record: Any) -> None:
        assert self.snapshot() == before
        assert self.points() == points
        assert self.bench.state.recorded() == record

    def is_marked(self) -> None:
        """A state that is lost could be made of the marks in the store."""
        with self.bench.session() as session:
            marks = session.marks("test")
        record = self.bench.state.recorded()
        assert {a: m.values for a, m in marks.items()} == {a: r.values for a, r in record.items()}

    def drift(self) -> list[drift.Finding]:
        recorded = self.bench.state.recorded()
        with self.bench.stores() as stores:
            (view,) = survey.read_live(stores, frozenset(recorded)).values()
        return list(drift.compare(recorded, view.objects).findings)

    def snapshot(self) -> Json:
        """All that the store holds, but since when things are kept aside."""
        return {str(a): s.values() | {"since": ""} for a, s in sorted(self.bench.live().objects.items())}

    def points(self) -> dict[str, Points]:
        """Returns the points under every name."""
        with self.bench.target() as target:
            return {name: _points(target, name) for name in self.bench.names()}

    def built(self, desired: Objects) -> Json:
        """Returns what is live of the same manifest where nothing was before."""
        _empty(self.fresh)
        applied(self.fresh.start(self.fresh.plan(desired)))
        return self.managed(self.fresh, desired)

    def managed(self, bench: Bench, desired: Objects) -> Json:
        with bench.stores() as stores:
            (view,) = survey.read_live(stores, frozenset(desired)).values()
        return {
            str(address): record_values(
                view.objects[address].values(),
                item.spec.values(item.spec.comparable() - item.lifecycle.ignore),
            )
            for address, item in desired.items()
        }


NO_SEARCH = (0,)
"""The double cannot search."""
IDS: list[PointId] = [*range(1, 20), *(f"00000000-0000-4000-8000-{n:012d}" for n in range(6))]


def applied(result: Result) -> None:
    """Sees to it that a run was applied; says in few words what it failed of."""
    errors = [found.error for found in (result.failure, result.undo_failure) if found is not None]
    assert result.status is RunStatus.APPLIED, f"{result.status}: {errors}"


def _comes_back(plan: Plan) -> bool:
    """True where nothing is lost on the way back."""
    return plan.rollback in (RollbackClass.LOSSLESS, RollbackClass.RETENTION)


def _takes_over(plan: Plan, address: Address) -> bool:
    """True where the points are in a copy before they are deleted."""
    return any(s.verb == "copy" and address in s.covers for s in plan.steps)


def _points(target: Target, name: str) -> Points:
    physical = target.resolve(name)
    assert physical is not None
    return {point.id: point for point in points_of(target, name if not target.embedded else physical, PAGE)}


def _contents(points: Points) -> dict[PointId, Any]:
    return {number: point.payload for number, point in points.items()}


def _vectors_are_near(had: Points, has: Points) -> None:
    """Vectors that both have are equal, but for the rounding of a datatype."""
    for number, point in had.items():
        then, now = _named(point.vector), _named(has[number].vector)
        for name in then.keys() & now.keys():
            assert _flat(now[name]) == pytest.approx(_flat(then[name]), abs=0.01), (
                f"vector {name} of {number}"
            )


def _named(vector: Any) -> Mapping[str, Any]:
    return vector if isinstance(vector, Mapping) else {"": vector}


def _flat(vector: Any) -> list[float]:
    if isinstance(vector, Mapping):
        return [*vector["indices"], *vector["values"]]
    return [n for part in vector for n in (part if isinstance(part, list) else [part])]


def _empty(bench: Bench) -> None:
    """Takes away all that a store holds, and its state."""
    with bench.target() as target:
        turns = [{"delete_alias": {"alias_name": alias}} for alias in target.aliases()]
        if turns:
            target.change_aliases(turns)
        for name in target.collections():
            target.delete(name)
    bench.state = MemoryState()


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Sees to it that the walks get somewhere: of many plans, most are not blocked."""
    counted = Tally()
    yield counted
    assert counted.planned < MANY or 2 * counted.blocked < counted.planned, counted


def walk(walking: Walk) -> None:
    """Walks; tells the way of a walk that fails."""
    try:
        for _ in range(STEPS):
            walking.step()
    except BaseException:
        print("\n".join(walking.told))
        raise


@pytest.mark.parametrize("seed", seeds(8))
def test_a_walk_on_a_server(seed: int, tally: Tally) -> None:
    with Double() as one, Double() as other:
        walk(Walk(Bench(one.url), Bench(other.url), seed, tally, samples=NO_SEARCH))


@pytest.mark.parametrize("seed", seeds(5))
def test_a_walk_on_edge(seed: int, tally: Tally, tmp_path: Path) -> None:
    walk(Walk(Bench(f"edge:{tmp_path}/one"), Bench(f"edge:{tmp_path}/other"), seed, tally))
