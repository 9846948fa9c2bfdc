"""The real command, killed while it copies a collection: taken up again every point is there once, and rolled
back everything is as it was."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apexplan_qdrant.target import Point

from .double import Double
from .qdrant_places import QdrantPlace, calls, told

pytestmark = [pytest.mark.slow, pytest.mark.live]

V1 = """
collections:
  documents:
    vectors: {size: 32, distance: Cosine}
    on_replace: copy
    copy: {sample: 0, batch: 32}
    payload_indexes: {user: keyword}
"""
V2 = V1.replace("Cosine}", "Cosine, datatype: float16}").replace("user: keyword", "user: keyword, n: integer")
OLD, NEW = "documents_v1", "documents_v2"
COUNT = 1000
PLACES = 20
SEED = 1607
KILLED = -signal.SIGKILL
UNDONE = 3
APPLY = ("apply", "--yes")


def points() -> list[Point]:
    draw = random.Random(SEED)
    return [
        Point(n, [draw.uniform(-1, 1) for _ in range(32)], {"n": n, "user": f"u{n % 7}"})
        for n in range(1, COUNT + 1)
    ]


Beginning = Callable[[Path], AbstractContextManager[QdrantPlace]]


@dataclass(frozen=True)
class Way:
    """From `V1` to `V2`: how to begin it, what is there before and after, and how many calls it makes."""

    begin: Beginning
    before: dict[str, Any]
    after: dict[str, Any]
    calls: int


def filled(place: QdrantPlace) -> QdrantPlace:
    place.declare(V1)
    told(place.command(*APPLY))
    place.bench.write("documents", points())
    place.declare(V2)
    return place


def on_edge(base: Path) -> Beginning:
    """Returns what copies a project with its Edge."""
    filled(QdrantPlace(base / "before", f"edge:{base}/before/qdrant"))

    @contextmanager
    def begin(home: Path) -> Iterator[QdrantPlace]:
        shutil.copytree(base / "before", home)
        yield QdrantPlace(home, f"edge:{home}/qdrant")

    return begin


def on_the_double(base: Path) -> Beginning:
    """Returns what fills a double for a project."""

    @contextmanager
    def begin(home: Path) -> Iterator[QdrantPlace]:
        with Double() as double:
            yield filled(QdrantPlace(home, double.url))

    return begin


WAYS = [on_edge, on_the_double]
RESUMED = [
    *((on_edge, place) for place in range(PLACES)),
    *((on_the_double, place) for place in range(0, PLACES, 2)),
]
ROLLED_BACK = [(way, place) for way in WAYS for place in range(1, PLACES, 4)]


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Way:
    """The way, gone once without any kill."""
    base = tmp_path_factory.mktemp("way")
    begin: Beginning = request.param(base)
    with begin(base / "first") as first:
        before = first.seen()
        done = first.command(*APPLY)
        told(done)
        return Way(begin, before, first.seen(), calls(done))


def places(way: Way) -> list[tuple[int, str]]:
    """Returns the first call and the last, and others spread over all of them, each before or after."""
    draw = random.Random(SEED)
    print(f"seed {SEED}, {way.calls} calls")
    wide = way.calls / PLACES
    spread = [1 + int(wide * n + draw.random() * wide) for n in range(PLACES - 1)]
    return [(number, draw.choice(["before", "after"])) for number in (*spread, way.calls)]


@pytest.mark.parametrize(("way", "place"), RESUMED, indirect=["way"])
def test_killed_it_is_resumed_and_every_point_is_there_once(way: Way, tmp_path: Path, place: int) -> None:
    with way.begin(tmp_path / "killed") as here:
        killed(here, places(way)[place])
        told(here.command("resume") if here.waits() else here.command(*APPLY))
        assert here.seen() == way.after
        told(here.command("plan", "--detailed-exitcode"))


@pytest.mark.parametrize(("way", "place"), ROLLED_BACK, indirect=["way"])
def test_killed_and_rolled_back_it_is_as_before(way: Way, tmp_path: Path, place: int) -> None:
    with way.begin(tmp_path / "killed") as here:
        killed(here, places(way)[place])
        if here.waits():
            told(here.command("rollback", "--yes"), UNDONE)
        assert here.seen() == way.before


def killed(here: QdrantPlace, place: tuple[int, str]) -> None:
    print(f"killed {place[1]} call {place[0]}")
    assert here.command(*APPLY, kill=place).returncode == KILLED


def test_the_way_goes_through_the_new_collection_and_keeps_the_old_one(way: Way) -> None:
    assert way.after["names"] == {"documents": NEW, NEW: NEW, OLD: OLD}
    assert way.after["points"][OLD] == way.before["points"][OLD]
    assert len(way.after["points"][NEW]) == COUNT
    assert way.calls > 3 * COUNT / 32


def test_killed_again_and_again_it_comes_to_its_end(way: Way, tmp_path: Path) -> None:
    """Each command dies a few calls further on."""
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    with way.begin(tmp_path / "killed") as here:
        killed(here, (draw.randrange(10, 30), "after"))
        for _ in range(4):
            assert here.command("resume", kill=(draw.randrange(5, 20), "after")).returncode == KILLED
        told(here.command("resume"))
        assert here.seen() == way.after


def test_killed_in_the_way_back_it_is_rolled_back_by_the_next_command(way: Way, tmp_path: Path) -> None:
    with way.begin(tmp_path / "killed") as here:
        told(here.command(*APPLY))
        assert here.command("rollback", "--yes", kill=(4, "after")).returncode == KILLED
        told(here.command("resume"))
        assert here.seen()["names"] == way.before["names"]
        assert here.seen()["points"] == way.before["points"]
