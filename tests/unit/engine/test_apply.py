"""The executor where the enumeration in test_survival does not reach: signals, the fence, a state
that cannot be written, stores that go away, steps without an inverse."""

from __future__ import annotations

import pytest
from test_rollback import apply, context
from worlds import box, server_of, world

from apexplan.engine import runs
from apexplan.engine.apply import OnFailure, Retry, Stop
from apexplan.engine.ports import Entry, Event, RunStatus
from apexplan.model.errors import FenceLost, RunOpen, StalePlan, StateError
from apexplan.model.plan import RollbackClass
from apexplan.testing.chaos import World, plan_of
from apexplan.testing.fake import Behaviour
from apexplan.testing.faults import Fault, Faults
from apexplan.testing.memory import MemoryState


def test_a_plan_is_spent_once() -> None:
    made = world({}, {"a": {}})
    plan = plan_of(made)
    apply(made, plan)
    with pytest.raises(StalePlan, match="already"):
        apply(made, plan)


def test_a_wish_to_stop_leaves_the_rest_for_resume() -> None:
    made = world({}, {"a": {}, "b": {}})
    stop = Stop()
    with context(made) as ready:
        stopping = _with(ready, stop=stop, reporter=_StopAfterFirst(stop))
        result = runs.start(plan_of(made), stopping)
    assert result.status is RunStatus.STOPPED
    assert result.interrupted
    assert set(server_of(made).boxes) == {"a"}
    with context(made) as ready:
        run = made.state.open_run()
        assert run is not None
        assert runs.resume(run, ready).status is RunStatus.APPLIED
    assert set(server_of(made).boxes) == {"a", "b"}


def test_an_open_run_refuses_another_apply() -> None:
    made = world({}, {"a": {}, "b": {}})
    stopped = _stopped(made)
    with pytest.raises(RunOpen, match=stopped):
        apply(made)


def test_a_stopped_run_can_be_undone() -> None:
    made = world({}, {"a": {}, "b": {}})
    before = made.snapshot()
    _stopped(made)
    with context(made) as ready:
        run = made.state.open_run()
        assert run is not None
        assert runs.undo(run, ready).status is RunStatus.UNDONE
    assert made.snapshot() == before
    assert made.state.recorded() == {}


def test_a_run_that_lost_the_fence_stops_before_its_next_step() -> None:
    made = world({}, {"a": {}, "b": {}})
    with context(made) as ready:
        unlocking = _with(ready, reporter=_UnlockAfterFirst(made.state))
        with pytest.raises(FenceLost):
            runs.start(plan_of(made), unlocking)
    assert set(server_of(made).boxes) == {"a"}


def test_a_journal_that_cannot_be_written_stops_before_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    made = world({}, {"a": {}, "b": {}})

    def full(*_: object) -> None:
        raise StateError("no space left on device")

    monkeypatch.setattr(MemoryState, "append", full)
    with pytest.raises(StateError, match="no space left"):
        apply(made)
    assert server_of(made).boxes == {}
    monkeypatch.undo()
    with context(made) as ready:
        run = made.state.open_run()
        assert run is not None
        assert runs.resume(run, ready).status is RunStatus.APPLIED


def test_a_store_that_goes_away_stops_the_run_and_resume_finishes_it() -> None:
    made = world({}, {"a": {}, "b": {}})
    result = apply(made, faults=Faults({2: Fault.GONE}))
    assert result.status is RunStatus.STOPPED
    assert result.failure is not None
    assert not result.failure.reachable
    with context(made) as ready:
        run = made.state.open_run()
        assert run is not None
        assert runs.resume(run, ready).status is RunStatus.APPLIED


def test_a_name_that_someone_else_took_meanwhile_is_stuck_and_not_touched() -> None:
    made = world({}, {"a": {}})
    plan = plan_of(made)
    server_of(made).boxes["a"] = {"color": "theirs", "size": 9, "needs": [], "tags": {}}
    result = apply(made, plan)
    assert result.status is RunStatus.STUCK
    assert [u.steps[0].address for u in result.stuck] == [box("a")]
    assert server_of(made).boxes["a"]["color"] == "theirs"


def test_a_step_without_an_inverse_is_left_and_named() -> None:
    made = world({"gone": {}}, {"a": {}, "b": {"needs": ["a"]}})
    plan = plan_of(made)
    steps = [u.steps[0] for u in plan.units]
    bare = [
        s.model_copy(update={"inverse": None, "no_inverse": "data", "rollback": RollbackClass.IMPOSSIBLE})
        if s.address == box("gone")
        else s
        for s in steps
    ]
    units = tuple(u.model_copy(update={"steps": (s,)}) for u, s in zip(plan.units, bare, strict=True))
    first_gone = sorted(units, key=lambda u: u.steps[0].address != box("gone"))
    result = apply(
        made, plan.model_copy(update={"units": tuple(first_gone)}).sealed(), Faults({3: Fault.FINAL_BEFORE})
    )
    assert result.status is RunStatus.UNDONE
    assert [u.steps[0].address for u in result.left] == [box("gone")]
    assert server_of(made).boxes == {}
    assert made.state.recorded() == {}


def test_transient_errors_are_tried_again_a_bounded_number_of_times() -> None:
    made = world({}, {"a": {}})
    faults = Faults(forever=Fault.TRANSIENT_BEFORE, since=1)
    result = apply(made, faults=faults)
    assert result.status is RunStatus.UNDONE
    assert faults.calls == 2


def test_waits_grow_up_to_their_cap() -> None:
    retry = Retry(base_s=1, cap_s=4, draw=lambda: 1.0)
    assert [retry.wait_s(n) for n in (1, 2, 3, 4)] == [1, 2, 4, 4]


def test_progress_of_a_background_build_is_passed_on() -> None:
    made = world({}, {"a": {}}, Behaviour(background=True))
    with context(made) as ready:
        runs.start(plan_of(made), ready)
        heard = ready.reporter.heard  # type: ignore[attr-defined]  # Silent keeps what it hears
    assert [h for h in heard if h.startswith("progress")] == [
        "progress shelf.box.a/put 1/2",
        "progress shelf.box.a/put 2/2",
    ]


def test_the_ledger_in_the_store_follows_the_record() -> None:
    made = world({}, {"a": {"color": "red"}})
    apply(made)
    assert server_of(made).ledger["test"]["shelf.box.a"]["values"] == {"color": "red"}


def _stopped(made: World) -> str:
    with context(made, Faults({2: Fault.FINAL_BEFORE})) as ready:
        return runs.start(plan_of(made), _with(ready, on_failure=OnFailure.STOP)).run


def _with(ready: runs.Context, **fields: object) -> runs.Context:
    from dataclasses import replace

    return replace(ready, **fields)  # type: ignore[arg-type]  # a table of fields


class _Reporter:
    def unit_started(self, *_: object) -> None: ...

    def step_progress(self, *_: object) -> None: ...

    def unit_finished(self, *_: object) -> None: ...

    def retrying(self, *_: object) -> None: ...

    def said(self, text: str) -> None: ...


class _StopAfterFirst(_Reporter):
    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def unit_finished(self, *_: object) -> None:
        self._stop.wished = True


class _UnlockAfterFirst(_Reporter):
    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self._done = False

    def unit_finished(self, *_: object) -> None:
        if not self._done:
            self._done = True
            holder = self._state._holder
            assert holder is not None
            self._state.unlock(holder.id, Event("", "", "unlock", "test"))


def test_entries_name_what_was_done() -> None:
    made = world({}, {"a": {}})
    result = apply(made)
    kinds = [e.kind for e in made.state.journal(result.run)]
    assert kinds == ["intent", "done"]
    intent: Entry = made.state.journal(result.run)[0]
    assert intent.data["inverse"][0]["verb"] == "remove"
