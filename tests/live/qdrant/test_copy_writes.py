"""What applications write while a collection is copied: nothing of it is lost, nothing is brought back."""

from __future__ import annotations

import threading

import httpx
import pytest

from apexplan.model.errors import Transient
from apexplan.testing.memory import Crash
from apexplan_qdrant.run import copying
from apexplan_qdrant.target import Point, Target

from .bench import applied, every, objects
from .spied import Act, SpiedBench, failing

pytestmark = pytest.mark.live

V1 = """
collections:
  documents:
    vectors: {size: 4, distance: Dot}
    on_replace: copy
    copy: {sample: 0, batch: 10}
    payload_indexes: {user: keyword}
"""
V2 = V1.replace("Dot}", "Dot, datatype: float16}")
OLD, NEW = "documents_v1", "documents_v2"
COUNT = 95
PAGES = 10
"""Requests that read one collection whole."""


@pytest.fixture
def filled(bench: SpiedBench) -> SpiedBench:
    return bench.filled(V1, COUNT)


def changed(number: int, word: str = "changed") -> Point:
    return Point(number, [9.0, 9.0, 9.0, 9.0], {"n": word})


def writing(name: str, *points: Point) -> Act:
    return lambda target: target.upsert(name, points)


def removing(name: str, *ids: int) -> Act:
    return lambda target: target.remove(name, ids)


def contents(bench: SpiedBench, name: str = "documents") -> dict[object, object]:
    return {number: payload["n"] for number, (_, payload) in bench.points(name).items()}


# ------------------------------------------------------------------ the old collection changes


def test_a_point_inserted_behind_the_cursor_arrives(filled: SpiedBench) -> None:
    filled.spy.before("page", writing(OLD, changed(0)), OLD, nth=5)
    applied(filled.apply(objects(V2)))
    assert contents(filled)[0] == "changed"


def test_a_point_changed_after_it_was_copied_arrives_changed(filled: SpiedBench) -> None:
    filled.spy.before("page", writing(OLD, changed(3)), OLD, nth=5)
    applied(filled.apply(objects(V2)))
    assert filled.points("documents")[3] == ([9.0] * 4, {"n": "changed"})


def test_a_point_deleted_after_it_was_copied_is_gone(filled: SpiedBench) -> None:
    filled.spy.before("page", removing(OLD, 3), OLD, nth=5)
    applied(filled.apply(objects(V2)))
    assert set(filled.points("documents")) == set(range(1, COUNT + 1)) - {3}


def test_the_point_that_the_cursor_stands_on_may_vanish(filled: SpiedBench) -> None:
    filled.spy.before("page", removing(OLD, 41, 42), OLD, nth=5)
    applied(filled.apply(objects(V2)))
    assert set(filled.points("documents")) == set(range(1, COUNT + 1)) - {41, 42}


def test_a_point_that_is_written_between_comparison_and_count_costs_another_round(filled: SpiedBench) -> None:
    filled.spy.before("page", lambda _: filled.spy.before("count", writing(OLD, changed(1000)), OLD), NEW)
    applied(filled.apply(objects(V2)))
    assert contents(filled)[1000] == "changed"


def test_a_point_that_comes_between_the_last_comparison_and_the_switch_is_brought_over(
    filled: SpiedBench,
) -> None:
    filled.spy.before("change_aliases", writing(OLD, changed(1000), changed(0)))
    applied(filled.apply(objects(V2)))
    found = contents(filled)
    assert (found[0], found[1000]) == ("changed", "changed")


def test_what_came_before_the_switch_is_brought_over_though_the_first_try_fails(filled: SpiedBench) -> None:
    filled.spy.before("change_aliases", writing(OLD, changed(1000)))
    filled.spy.after(
        "change_aliases", lambda _: filled.spy.before("page", failing(Transient("busy")), OLD, nth=1)
    )
    applied(filled.apply(objects(V2)))
    assert contents(filled)[1000] == "changed"


def test_what_came_before_the_switch_is_brought_over_after_a_crash_right_behind_it(
    filled: SpiedBench,
) -> None:
    filled.spy.before("change_aliases", writing(OLD, changed(1000)))
    filled.spy.after("change_aliases", failing(Crash()))
    with pytest.raises(Crash):
        filled.apply(objects(V2))
    applied(filled.resume())
    assert contents(filled)[1000] == "changed"


def test_a_copy_that_died_goes_on_at_its_cursor_and_misses_nothing_behind_it(
    filled: SpiedBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "CURSOR_EVERY_S", 0)
    filled.spy.before("insert", failing(Crash()), NEW, nth=6)
    with pytest.raises(Crash):
        filled.apply(objects(V2))
    filled.write(OLD, [changed(0), changed(3)])
    filled.spy.calls.clear()
    applied(filled.resume())
    found = contents(filled)
    assert (found[0], found[3], len(found)) == ("changed", "changed", COUNT + 1)
    loaded, mended = PAGES - 5, 1
    assert len(filled.spy.of("insert")) == loaded + mended


# ------------------------------------------------------------------ the application writes to both


def test_what_an_application_wrote_to_the_new_one_is_not_overwritten_by_the_older_copy(
    filled: SpiedBench,
) -> None:
    """It writes to both before the copy comes by; the page was read before that."""
    seen: list[object] = []

    def both(target: Target) -> None:
        target.upsert(OLD, [changed(1)])
        target.upsert(NEW, [changed(1)])

    filled.spy.before("insert", both, NEW)
    filled.spy.after("insert", lambda target: seen.append(target.page(NEW, 1, 1).points[0].payload), NEW)
    applied(filled.apply(objects(V2)))
    assert seen[0] == {"n": "changed"}


def test_a_point_that_the_new_one_alone_has_for_a_moment_stays(filled: SpiedBench) -> None:
    """The application writes to the new one first, and to the old one after the first comparison."""
    filled.spy.after("settle", writing(NEW, changed(2000)), NEW)
    filled.spy.after("page", writing(OLD, changed(2000)), OLD, nth=2 * PAGES)
    applied(filled.apply(objects(V2)))
    assert contents(filled)[2000] == "changed"
    assert filled.spy.of("remove") == []


def test_a_point_that_the_new_one_alone_keeps_is_removed_after_a_second_comparison(
    filled: SpiedBench,
) -> None:
    filled.spy.after("settle", writing(NEW, changed(2000)), NEW)
    applied(filled.apply(objects(V2)))
    assert filled.spy.of("remove") == [NEW]
    assert 2000 not in filled.points("documents")


def test_one_comparison_removes_nothing(filled: SpiedBench) -> None:
    present: list[bool] = []

    def look(target: Target) -> None:
        present.append(any(point.id == 2000 for point in target.page(NEW, 2000, 1).points))

    filled.spy.after("settle", writing(NEW, changed(2000)), NEW)
    filled.spy.before("remove", look, NEW)
    applied(filled.apply(objects(V2)))
    assert present == [True]


def ever(many: int) -> Act:
    """Returns a writer that puts so many more points into the old collection each time."""
    numbers = iter(range(1000, 1_000_000))
    return lambda target: target.upsert(OLD, [changed(next(numbers)) for _ in range(many)])


def test_an_application_that_writes_a_little_all_the_time_loses_nothing(filled: SpiedBench) -> None:
    """One point more before each page that is compared, and before the switch."""
    written = ever(1)
    filled.spy.before("page", written, NEW, nth=3 * PAGES)
    filled.spy.before("count", written, OLD, every=True)
    filled.spy.before("change_aliases", written)
    applied(filled.apply(objects(V2)))
    contents = filled.points("documents")
    with filled.target() as target:
        old = {point.id for point in every(target, OLD)}
    assert contents.keys() == old
    assert len(old) > COUNT


def test_writers_that_never_stop_are_told_and_the_old_one_serves(filled: SpiedBench) -> None:
    filled.spy.before("page", ever(5), NEW, every=True)
    error = filled.undone(objects(V2))
    assert "10 comparisons" in error and "written faster" in error
    assert filled.names() == {"documents": OLD, OLD: OLD}
    assert set(range(1, COUNT + 1)) <= set(filled.points("documents"))


# ------------------------------------------------------------------ readers


class Readers:
    """A thread that reads through the alias, again and again, and keeps what was no 200."""

    def __init__(self, url: str) -> None:
        self.reads = 0
        self.wrong: list[int] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(url,))

    def _read(self, url: str) -> None:
        with httpx.Client(base_url=url, trust_env=False) as client:
            while not self._ended.is_set():
                answer = client.post("/collections/documents/points/scroll", json={"limit": 1})
                self.reads += 1
                if answer.status_code != 200:
                    self.wrong.append(answer.status_code)

    def __enter__(self) -> Readers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


@pytest.mark.slow
def test_readers_see_one_or_the_other_while_it_is_switched_to_and_fro(double_bench: SpiedBench) -> None:
    double_bench.filled(V1, COUNT)
    with Readers(double_bench.url) as readers:
        while readers.reads < 2000:
            applied(double_bench.apply(objects(V2)))
            applied(double_bench.roll_back())
    assert readers.wrong == []


@pytest.mark.slow
def test_readers_of_a_bare_name_see_one_or_the_other(double_bench: SpiedBench) -> None:
    bare = V1.replace("    on_replace: copy\n    copy: {sample: 0, batch: 10}\n", "")
    double_bench.filled(bare, COUNT)
    with Readers(double_bench.url) as readers:
        while readers.reads < 2000:
            applied(double_bench.apply(objects(V2 + "    over: shadow\n")))
            applied(double_bench.roll_back())
    assert readers.wrong == []
