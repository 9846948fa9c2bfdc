"""The wait until nothing is left to build, over looks that a test writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from answering_qdrant import Answering, Hours, connected, result

from apexplan.model.errors import Interrupted, StoreError
from apexplan_qdrant.errors import Full
from apexplan_qdrant.server import waiting
from apexplan_qdrant.target import Work


@dataclass
class Heard:
    """A watch that remembers. `stop_after`: from that progress on a stop is wished for."""

    told: list[tuple[float, float | None, str, str]] = field(default_factory=list)
    stop_after: int | None = None

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.told.append((done, total, unit, phase))

    def stopping(self) -> bool:
        return self.stop_after is not None and len(self.told) >= self.stop_after


@dataclass(frozen=True)
class Seen:
    """One look: what GET and /optimizations answer, the latter None where it is missing."""

    status: str = "green"
    optimizations: dict[str, Any] | None = field(default_factory=lambda: {"ongoing": []})
    optimizer_status: Any = "ok"
    points: int = 10


def building(done: int, total: int = 100) -> dict[str, Any]:
    """As 1.16 tells of one optimization."""
    graph = {"name": "main_graph", "done": done, "total": total}
    index = {"name": "vector_index", "children": [{"name": "", "children": [{"name": "migrate"}, graph]}]}
    return {"ongoing": [{"name": "Segment Optimizing", "started_at": "1970", "children": [index]}]}


class Script:
    """Answers look by look; the last look stays."""

    def __init__(self, looks: Iterable[Seen]) -> None:
        self.looks: Iterator[Seen] = iter(looks)
        self.look = Seen()
        self.patches: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            self.patches.append(json.loads(request.content))
            return result(True)
        if not request.url.path.endswith("/optimizations"):
            self.look = next(self.looks, self.look)
            told = {"status": self.look.status, "optimizer_status": self.look.optimizer_status}
            return result({**told, "points_count": self.look.points})
        if self.look.optimizations is None:
            return httpx.Response(404)
        return result(self.look.optimizations)


@dataclass
class Settled:
    """A `settle` that came to an end."""

    script: Script
    hours: Hours
    watch: Heard


def settle(*looks: Seen, timeout_s: float = 60, watch: Heard | None = None) -> Settled:
    done = Settled(Script(looks), Hours(), watch or Heard())
    target = connected(Answering(done.script), clock=done.hours.clock())
    target.settle("c", done.watch, timeout_s)
    return done


def test_a_quiet_collection_is_looked_at_three_times() -> None:
    assert len(settle(Seen()).hours.slept) == waiting.QUIET_LOOKS - 1


def test_a_green_look_between_two_yellow_ones_proves_nothing() -> None:
    settled = settle(Seen(), Seen(), Seen("yellow"), Seen(), Seen(), Seen())
    assert len(settled.hours.slept) == 5


def test_green_with_a_running_optimization_is_not_idle() -> None:
    settled = settle(Seen(optimizations=building(1)), Seen(), Seen(), Seen())
    assert len(settled.hours.slept) == 3


def test_without_word_of_what_runs_green_has_to_hold_longer() -> None:
    assert len(settle(Seen(optimizations=None)).hours.slept) == waiting.QUIET_LOOKS_BLIND - 1


def test_pauses_grow_to_a_second_while_something_is_built() -> None:
    slept = settle(*(Seen("yellow", points=n) for n in range(20)), Seen()).hours.slept
    assert slept[:19] == sorted(slept[:19])
    assert max(slept) == waiting.LONGEST_PAUSE_S


def test_pauses_are_short_once_it_is_quiet() -> None:
    slept = settle(*(Seen("yellow", points=n) for n in range(20)), Seen()).hours.slept
    assert slept[-2:] == [waiting.FIRST_PAUSE_S] * 2


def test_progress_is_that_of_the_graph() -> None:
    settled = settle(Seen("yellow", building(30)), Seen("yellow", building(70)), Seen())
    assert settled.watch.told[:2] == [
        (30, 100, "points", "Segment Optimizing"),
        (70, 100, "points", "Segment Optimizing"),
    ]


def test_a_grey_collection_is_woken_once() -> None:
    settled = settle(Seen("grey"), Seen("grey"), Seen("yellow"), Seen())
    assert settled.script.patches == [{"optimizers_config": {}}]


def test_red_fails_with_the_words_of_the_optimizer() -> None:
    with pytest.raises(StoreError, match="an optimizer failed: segment 7 is broken"):
        settle(Seen("red", optimizer_status={"error": "segment 7 is broken"}))


def test_red_for_want_of_space_is_full() -> None:
    with pytest.raises(Full):
        settle(Seen("red", optimizer_status={"error": "No space left on device"}))


def test_a_rebuild_that_stands_still_fails_and_says_where_to_look() -> None:
    with pytest.raises(StoreError, match=r"stands still for 60 s \(yellow, running: nothing\)") as caught:
        settle(Seen("yellow"))
    assert "max_optimization_threads" in caught.value.mend


def test_a_grey_collection_that_nothing_wakes_stands_still() -> None:
    with pytest.raises(StoreError, match="stands still"):
        settle(Seen("grey"))


def test_a_rebuild_that_moves_may_take_longer_than_the_limit() -> None:
    settled = settle(*(Seen("yellow", building(done)) for done in range(100)), Seen(), timeout_s=5)
    assert sum(settled.hours.slept) > 50


def test_any_step_of_the_progress_counts_as_movement() -> None:
    phases = [{"ongoing": [{"name": "o", "children": [{"name": f"phase {n}"}]}]} for n in range(50)]
    settled = settle(*(Seen("yellow", phase) for phase in phases), Seen(), timeout_s=5)
    assert sum(settled.hours.slept) > 20


def test_a_stop_ends_the_wait() -> None:
    with pytest.raises(Interrupted, match="the server goes on building"):
        settle(Seen("yellow"), watch=Heard(stop_after=2))


def test_a_stop_does_not_undo_that_it_is_done() -> None:
    assert len(settle(Seen(), watch=Heard(stop_after=2)).watch.told) == 2


def work(look: Seen) -> Work:
    return connected(Answering(Script([look]))).work("c")


def test_what_1_16_calls_ongoing_is_running() -> None:
    assert work(Seen("yellow", building(3))) == Work("yellow", ("Segment Optimizing",), 3, 100)


def test_what_1_17_calls_running_is_running() -> None:
    progress = {"name": "Segment Optimizing", "children": [{"name": "main_graph", "done": 3, "total": 9}]}
    told = {"summary": {}, "running": [{"optimizer": "indexing", "progress": progress}]}
    assert work(Seen("yellow", told)) == Work("yellow", ("indexing",), 3, 9)


def test_graphs_that_are_built_side_by_side_are_added_up() -> None:
    told = {"ongoing": [*building(3)["ongoing"], *building(50)["ongoing"]]}
    assert (work(Seen("yellow", told)).done, work(Seen("yellow", told)).total) == (53, 200)


def test_work_tells_why_an_optimizer_failed() -> None:
    assert work(Seen("red", optimizer_status={"error": "broken"})).error == "broken"
