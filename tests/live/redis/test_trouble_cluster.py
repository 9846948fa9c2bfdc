"""Servers of a cluster of which one has lost what apexplan keeps in them, as one that came to it later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.redis.bench import Bench, applied, objects
from tests.live.redis.servers import RunningCluster, cluster

pytestmark = [pytest.mark.live, pytest.mark.slow]

MANIFEST = "keys: {'doc:{id}': 1h, 'q:{id}': 1h}\nconfig: {slowlog-max-len: 7}\n"
ANOTHER = MANIFEST.replace("'q:{id}': 1h", "'q:{id}': 2h")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def running(started: RunningCluster) -> RunningCluster:
    for each in started.primaries:
        each.ask("FUNCTION", "FLUSH")
        each.ask("CONFIG", "SET", "slowlog-max-len", 128)
    return started


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_server_that_has_lost_the_contract_does_not_empty_it_on_the_others(
    running: RunningCluster, number: int
) -> None:
    bench = Bench(url=running.url)
    applied(bench.apply(objects(MANIFEST)))
    running.primaries[number].ask("FUNCTION", "FLUSH")
    applied(bench.apply(objects(ANOTHER)))
    assert bench.plan(objects(ANOTHER)).empty
    contracts = [each.ask("FCALL", "apexplan_contract", 0) for each in running.primaries]
    assert len(set(contracts)) == 1
    assert b"doc:{id}" in contracts[0] and b"config slowlog-max-len" in contracts[0]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_plan_names_a_server_that_has_lost_the_contract(running: RunningCluster, number: int) -> None:
    bench = Bench(url=running.url)
    applied(bench.apply(objects(MANIFEST)))
    assert not bench.plan(objects(MANIFEST)).notes
    running.primaries[number].ask("FUNCTION", "FLUSH")
    (note,) = bench.plan(objects(MANIFEST)).notes
    assert f"and {running.primaries[number].name} has another or none" in note.text


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_server_that_has_lost_the_marks_does_not_empty_them_on_the_others(
    running: RunningCluster, number: int
) -> None:
    bench = Bench(url=running.url)
    applied(bench.apply(objects(MANIFEST)))
    running.primaries[number].ask("FUNCTION", "FLUSH")
    applied(bench.apply(objects(ANOTHER)))
    with bench.stores() as stores:
        session: Any = stores["cache"].session
        assert session.marks("test").keys() == bench.state.recorded().keys()
