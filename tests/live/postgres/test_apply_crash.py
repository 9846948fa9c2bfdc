"""Crashes and faults at every place of a plan on a real server: applied, undone, nothing lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from apexplan.engine import planner
from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle
from apexplan.model.spec import Spec
from apexplan.testing import chaos
from apexplan.testing.faults import Fault
from apexplan_postgres.specs import Check, Column, Index, IndexKey

from .bench import Bench
from .samples import address
from .test_apply_cases import CASES, Case, desired_of

pytestmark = pytest.mark.live

BEFORE = """
CREATE EXTENSION vector;
CREATE TABLE d (id bigint PRIMARY KEY, v vector(3) NOT NULL, a int);
INSERT INTO d SELECT n, ARRAY[n, n % 7, 1]::vector(3), n FROM generate_series(1, 50) n;
CREATE INDEX d_v_idx ON d USING hnsw (v vector_cosine_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX d_a_idx ON d (a) WITH (fillfactor = 80);
"""
RESET = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
END $$;
CREATE SCHEMA public;
"""


def to_halfvec(live: Mapping[Address, Spec]) -> dict[Address, Spec]:
    """A column that is swapped for a shadow, with its index."""
    keys = (IndexKey(column="v", opclass="halfvec_cosine_ops"),)
    return dict(live) | {
        address("column.public.d.v"): Column(type="halfvec(3)", null=False),
        address("index.public.d_v_idx"): Index(keys=keys, m=8, ef_construction=32),
    }


def several(live: Mapping[Address, Spec]) -> dict[Address, Spec]:
    """An index that is rebuilt, one that is replaced, one that goes, a check, a filled column."""
    changed: dict[Address, Spec] = dict(live) | {
        address("index.public.d_v_idx"): Index(m=4),
        address("index.public.d_a_idx"): Index(keys=(IndexKey(column="a", order="desc", nulls="first"),)),
        address("check.public.d.d_a_check"): Check(expression="(a > 0)"),
        address("column.public.d.u"): Column(type="uuid", default="gen_random_uuid()", null=False),
    }
    return changed


PLANS = {"to-halfvec": to_halfvec, "several": several}


@dataclass(frozen=True)
class Worlds:
    """Makes the same world again and again in one database."""

    url: str
    before: str
    wish: Callable[[Mapping[Address, Spec]], Mapping[Address, Spec]]
    renames: Mapping[str, str] = field(default_factory=dict)

    def fresh(self) -> chaos.World:
        bench = Bench(self.url)
        bench.run_sql(RESET)
        if self.before:
            bench.run_sql(self.before)
        former = {address(new): address(old).name for new, old in self.renames.items()}
        declared = {
            a: Declared(a, spec, lifecycle=Lifecycle(renamed_from=former.get(a)))
            for a, spec in self.wish(bench.own()).items()
        }
        desired = planner.Desired("test", "", declared, "digest")
        return chaos.World(bench.state, bench.stores, bench.live, desired)

    def mishaps(self) -> Iterator[chaos.Mishap]:
        life = chaos.live_through(self.fresh(), chaos.Mishap())
        assert life.writes > 1 and life.calls > 0
        yield from chaos.mishaps(life.writes, life.calls, twice=False)

    def broken(self, mishaps: Iterable[chaos.Mishap]) -> list[str]:
        """Returns what went wrong. A run that ended by itself is not run again for another recovery, which
        it would not come to."""
        found, ended = [], None
        for mishap in mishaps:
            place = replace(mishap, recovery=chaos.Recovery.RESUME)
            if place == ended:
                continue
            world = self.fresh()
            life = chaos.live_through(world, mishap)
            found += [f"{mishap}: {wrong}" for wrong in chaos.wrongs(world, life)]
            ended = place if len(life.results) + life.crashes == 1 else None
        return found


@pytest.fixture(params=PLANS)
def worlds(database: str, request: pytest.FixtureRequest) -> Worlds:
    return Worlds(database, BEFORE, PLANS[request.param])


def test_a_crash_at_any_write_of_the_journal_loses_nothing(worlds: Worlds) -> None:
    assert worlds.broken(m for m in worlds.mishaps() if m.write is not None) == []


@pytest.mark.slow
def test_a_fault_at_any_call_of_the_store_loses_nothing(worlds: Worlds) -> None:
    assert worlds.broken(m for m in worlds.mishaps() if m.write is None) == []


def test_few_of_those_faults_lose_nothing(worlds: Worlds) -> None:
    some = itertools.islice((m for m in worlds.mishaps() if m.write is None), 3, None, 17)
    assert worlds.broken(some) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_every_change_survives_a_crash_anywhere_and_a_failure_after_its_effect(
    database: str, case: Case
) -> None:
    """Each place once: the recoveries take turns, and the next case begins with the other one. Both of them
    at every place are above."""
    worlds = Worlds(database, case.before, partial(desired_of, case), case.renames)
    kept = (m for m in worlds.mishaps() if m.write is not None or _lands(m))
    assert worlds.broken(_in_turns(kept, CASES.index(case))) == []


def _in_turns(mishaps: Iterator[chaos.Mishap], first: int) -> Iterator[chaos.Mishap]:
    """Yields every second of pairs that differ in the recovery alone, now the one, now the other."""
    for number, pair in enumerate(zip(mishaps, mishaps, strict=True), first):
        yield pair[number % 2]


def _lands(mishap: chaos.Mishap) -> bool:
    """True for the fault that is hardest to get right: the effect landed, then the call failed."""
    return [fault for _, fault in mishap.calls] == [Fault.FINAL_AFTER]
