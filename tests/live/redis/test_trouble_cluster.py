"""Servers of a cluster of which one has lost what apexplan keeps in them, as one that came to it later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.redis.bench import Bench, applied, objects
from tests.live.redis.servers import Running, RunningCluster, cluster

pytestmark = [pytest.mark.live, pytest.mark.slow]

MANIFEST = "keys: {'doc:{id}': 1h, 'q:{id}': 1h}\nconfig: {slowlog-max-len: 7}\n"
ANOTHER = MANIFEST.replace("'q:{id}': 1h", "'q:{id}': 2h")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(params=[0, 1, 2])
def loser(started: RunningCluster, request: pytest.FixtureRequest) -> Running:
    """The server that will lose everything, of a cluster in which nothing was declared yet."""
    for each in started.primaries:
        each.ask("FUNCTION", "FLUSH")
        each.ask("CONFIG", "SET", "slowlog-max-len", 128)
    found: Running = started.primaries[request.param]
    return found


@pytest.fixture
def bench(started: RunningCluster, loser: Running) -> Bench:
    """A store as the manifest has it, of which one server has lost what apexplan keeps in it."""
    found = Bench(url=started.url)
    applied(found.apply(objects(MANIFEST)))
    assert not found.plan(objects(MANIFEST)).notes
    loser.ask("FUNCTION", "FLUSH")
    return found


def test_a_plan_names_the_server(bench: Bench, loser: Running) -> None:
    (note,) = bench.plan(objects(MANIFEST)).notes
    assert f"and {loser.name} has another or none" in note.text


def test_the_contract_is_not_emptied_on_the_others(bench: Bench, started: RunningCluster) -> None:
    applied(bench.apply(objects(ANOTHER)))
    assert bench.plan(objects(ANOTHER)).empty
    contracts = [each.ask("FCALL", "apexplan_contract", 0) for each in started.primaries]
    assert len(set(contracts)) == 1
    assert b"doc:{id}" in contracts[0] and b"config slowlog-max-len" in contracts[0]


def test_the_marks_are_not_emptied_on_the_others(bench: Bench) -> None:
    applied(bench.apply(objects(ANOTHER)))
    with bench.stores() as stores:
        session: Any = stores["cache"].session
        assert session.marks("test").keys() == bench.state.recorded().keys()
