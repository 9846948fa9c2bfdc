"""The real engine over the fake store, with a crash or a fault at every place where there can be one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from worlds import Boxes, server_of, world

from apexplan.engine.apply import Executor, OnFailure, Result, UnitError
from apexplan.engine.ports import RunStatus
from apexplan.model.plan import Unit
from apexplan.provider import Outcome
from apexplan.testing import chaos
from apexplan.testing.chaos import Mishap, World
from apexplan.testing.fake import Behaviour
from apexplan.testing.faults import Fault

BEHAVIOURS = {
    "plain": Behaviour(),
    "transactional": Behaviour(transactional=True),
    "background": Behaviour(background=True),
    "partial": Behaviour(partial=True),
}
SCENARIOS: dict[str, tuple[Boxes, Boxes]] = {
    "four new boxes": ({}, {"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}, "d": {}}),
    "one of each": (
        {"old": {}, "paint": {"color": "red"}, "grow": {"size": 1}},
        {"new": {}, "paint": {"color": "blue"}, "grow": {"size": 2}},
    ),
    "a chain made anew": (
        {"a": {"size": 1}, "b": {"size": 1, "needs": ["a"]}},
        {"a": {"size": 2}, "b": {"size": 2, "needs": ["a"]}},
    ),
    "all go": ({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}}, {}),
}
CASES = [(name, behaviour) for name in SCENARIOS for behaviour in BEHAVIOURS]


def maker(scenario: str, behaviour: str) -> Callable[[], World]:
    live, desired = SCENARIOS[scenario]
    return lambda: world(live, desired, BEHAVIOURS[behaviour])


def extent(make: Callable[[], World]) -> tuple[int, int]:
    """Returns how many journal writes and store calls an undisturbed run makes."""
    life = chaos.live_through(make(), Mishap())
    assert [r.status for r in life.results] == [RunStatus.APPLIED]
    return life.writes, life.calls


def broken_promises(make: Callable[[], World], twice: bool, on_failure: OnFailure) -> tuple[int, list[str]]:
    writes, calls = extent(make)
    count, wrong = 0, []
    for mishap in chaos.mishaps(writes, calls, twice=twice):
        made = make()
        life = chaos.live_through(made, mishap, on_failure)
        count += 1
        wrong += [f"{mishap}: {text}" for text in chaos.wrongs(made, life)]
    return count, wrong


@pytest.mark.parametrize(("scenario", "behaviour"), CASES)
@pytest.mark.parametrize("on_failure", list(OnFailure))
def test_one_mishap_leaves_it_applied_or_undone(scenario: str, behaviour: str, on_failure: OnFailure) -> None:
    count, wrong = broken_promises(maker(scenario, behaviour), twice=False, on_failure=on_failure)
    assert wrong == []
    assert count >= 30


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "behaviour"), CASES)
def test_two_mishaps_leave_it_applied_or_undone(
    scenario: str, behaviour: str, record_property: Callable[[str, object], None]
) -> None:
    count, wrong = broken_promises(maker(scenario, behaviour), twice=True, on_failure=OnFailure.UNDO)
    record_property("runs", count)
    assert wrong[:3] == []
    assert count > 500


def test_there_are_at_least_twenty_thousand_runs() -> None:
    total = 0
    for scenario, behaviour in CASES:
        writes, calls = extent(maker(scenario, behaviour))
        total += sum(1 for twice in (False, True) for _ in chaos.mishaps(writes, calls, twice=twice))
    assert total >= 20_000


def test_the_harness_finds_the_common_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that undoes only the steps before the failed one is caught at once."""
    failed = Executor._failed

    def naive(self: Executor, problem: UnitError) -> Result:
        return failed(self, replace(problem, outcome=Outcome.NOT_DONE))

    monkeypatch.setattr(Executor, "_failed", naive)
    monkeypatch.setattr(Executor, "_settle", _without_probing)
    made = world({}, {"a": {}, "b": {}})
    life = chaos.live_through(made, Mishap(calls=((2, Fault.FINAL_AFTER),)))
    assert list(chaos.wrongs(made, life)) == ["undone, yet the store is not as before"]


def _without_probing(self: Executor, unit: Unit) -> UnitError | None:
    error = self._try(unit)
    return UnitError(unit, Outcome.NOT_DONE, str(error)) if error else None


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_half_written_box_is_finished_or_removed(call: int) -> None:
    """The step itself leaves half of its work behind, then the call fails."""
    made = world({}, {"a": {}, "b": {}, "c": {}}, Behaviour(partial=True))
    server_of(made).torn = True
    life = chaos.live_through(made, Mishap(calls=((call, Fault.AMBIGUOUS_BEFORE),)))
    assert list(chaos.wrongs(made, life)) == []
    assert server_of(made).unhealthy == set()
