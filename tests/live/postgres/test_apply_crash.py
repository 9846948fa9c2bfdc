"""Crashes and faults at every place of a plan on a real server: applied, undone, nothing lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest

from apexplan.engine import planner
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.spec import Spec
from apexplan.testing import chaos
from apexplan_postgres.specs import Check, Column, Index, IndexKey

from .bench import Bench
from .samples import address

pytestmark = pytest.mark.live

BEFORE = """
CREATE EXTENSION vector;
CREATE TABLE d (id bigint PRIMARY KEY, v vector(3) NOT NULL, a int);
INSERT INTO d SELECT n, ARRAY[n, n % 7, 1]::vector(3), n FROM generate_series(1, 50) n;
CREATE INDEX d_v_idx ON d USING hnsw (v vector_cosine_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX d_a_idx ON d (a) WITH (fillfactor = 80);
"""
RESET = """
DROP SCHEMA public CASCADE;
DROP SCHEMA IF EXISTS apexplan CASCADE;
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


class Worlds:
    """Makes the same world again and again in one database."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        Bench(url).run_sql(BEFORE)

    def fresh(self) -> chaos.World:
        bench = Bench(self.url)
        bench.run_sql(RESET)
        bench.run_sql(BEFORE)
        wish = PLANS[self.name](bench.own())
        declared = {a: Declared(a, spec) for a, spec in wish.items()}
        desired = planner.Desired("test", "", declared, "digest")
        return chaos.World(bench.state, bench.stores, bench.live, desired)

    def mishaps(self) -> Iterator[chaos.Mishap]:
        life = chaos.live_through(self.fresh(), chaos.Mishap())
        assert life.writes > 3 and life.calls > 3
        yield from chaos.mishaps(life.writes, life.calls, twice=False)

    def broken(self, mishaps: Iterator[chaos.Mishap]) -> list[str]:
        found = []
        for mishap in mishaps:
            world = self.fresh()
            life = chaos.live_through(world, mishap)
            found += [f"{mishap}: {wrong}" for wrong in chaos.wrongs(world, life)]
        return found


@pytest.fixture(params=PLANS)
def worlds(database: str, request: pytest.FixtureRequest) -> Worlds:
    return Worlds(database, request.param)


def test_a_crash_at_any_write_of_the_journal_loses_nothing(worlds: Worlds) -> None:
    assert worlds.broken(m for m in worlds.mishaps() if m.write is not None) == []


@pytest.mark.slow
def test_a_fault_at_any_call_of_the_store_loses_nothing(worlds: Worlds) -> None:
    assert worlds.broken(m for m in worlds.mishaps() if m.write is None) == []


def test_few_of_those_faults_lose_nothing(worlds: Worlds) -> None:
    some = itertools.islice((m for m in worlds.mishaps() if m.write is None), 3, None, 17)
    assert worlds.broken(some) == []
