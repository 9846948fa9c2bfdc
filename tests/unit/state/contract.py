"""What a state must do on every database. Subclasses are collected; the module gives `url`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, MetaData, String, Table, delete, event, select, text, update

from apexplan.engine.ports import Entry, EntryKind, Event, Head, Lock, Run, RunStatus, StateStore
from apexplan.model.address import Address
from apexplan.model.change import Action, Recorded
from apexplan.model.errors import FenceLost, LockHeld, StalePlan, StateError
from apexplan.model.plan import Plan, PlannedChange, Step, Unit
from apexplan_state import open_state, tables
from apexplan_state.database import database_at

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
TITLE = Address("graph", "index", "document_title_idx")
TABLE = Address("sql", "table", "public.documents")
HELPER = Path(__file__).with_name("holder.py")
VERSION = Table("alembic_version", MetaData(), Column("version_num", String))
WAIT_S = 30.0  # longer than anything here takes; nothing waits for it to pass


def opened(url: str, by: str = "alice@host") -> AbstractContextManager[StateStore]:
    return open_state(url, clock=lambda: NOON, by=by)


def recorded(address: Address, run: str = "r1", protect: bool = False, **values: Any) -> Recorded:
    return Recorded(address, values, protect, run)


def plan(number: int = 1, undoes: str = "") -> Plan:
    drop = Step(id="s1/undo", address=TITLE, covers=(TITLE,), verb="drop", title="drop it")
    step = Step(id="s1", address=TITLE, covers=(TITLE,), verb="create", title="create it", inverse=drop)
    change = PlannedChange(address=TITLE, action=Action.CREATE, desired={"on": ["title"]})
    return Plan(
        created="2026-01-02T12:00:00Z",
        project="demo",
        manifests=f"m{number}",
        lineage="",
        serial=0,
        undoes=undoes,
        changes=(change,),
        units=(Unit(id="u1", steps=(step,)),),
    ).sealed()


def run(number: int = 1, undoes: str = "", **more: Any) -> Run:
    return Run(f"r{number}", RunStatus.RUNNING, plan(number, undoes), "2026-01-02T12:00:00Z", "alice", **more)


def said(verb: str = "unlock", text: str = "its machine is gone") -> Event:
    return Event("2026-01-02T12:00:00Z", "bob", verb, text)


def intent(unit: str = "u1", **data: Any) -> Entry:
    return Entry(EntryKind.INTENT, unit, data)


@contextmanager
def failing_at(table: str) -> Iterator[None]:
    """Lets every INSERT into `table` fail as a full disk would."""

    def fail(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT") and table in statement.partition("(")[0]:
            raise OSError(28, "No space left on device")

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", fail)


class Holder:
    """Another process that takes the lock, begins run r1, and appends when told to."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HELPER), "hold", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lock_id = self._answer()

    def append(self) -> str:
        assert self.process.stdin
        self.process.stdin.write("append\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def holder(url: str) -> Iterator[Holder]:
    other = Holder(url)
    yield other
    other.end()


@pytest.fixture
def state(url: str) -> Iterator[StateStore]:
    with opened(url) as store:
        yield store


class StateContract:
    """Collected once for each database."""

    # Before the first write

    def test_a_state_that_was_never_written_is_empty(self, state: StateStore) -> None:
        assert state.head() == Head("", 0)
        assert state.recorded() == {}
        assert state.open_run() is None
        assert (*state.runs(), *state.events(), *state.journal("r1")) == ()
        assert state.spent(plan().id) is None

    def test_nothing_can_be_unlocked_in_a_state_that_was_never_written(self, state: StateStore) -> None:
        with pytest.raises(StateError, match="no lock 'abc' is held"):
            state.unlock("abc", said())

    def test_a_reader_sees_the_state_that_another_one_makes(self, state: StateStore, url: str) -> None:
        before = state.head()
        with opened(url) as other, other.lock("apply", 0):
            assert before.lineage == "" != state.head().lineage == other.head().lineage

    # Lineage, serial, fence

    def test_the_lineage_is_made_once(self, url: str) -> None:
        lineages = set()
        for _ in range(2):
            with opened(url) as state, state.lock("apply", 0):
                lineages.add(state.head().lineage)
        assert len(lineages) == 1

    def test_two_states_have_two_lineages(self, url: str, other_url: str) -> None:
        lineages = set()
        for each in (url, other_url):
            with opened(each) as state, state.lock("apply", 0):
                lineages.add(state.head().lineage)
        assert len(lineages) == 2

    def test_each_lock_raises_the_fence_by_one(self, url: str) -> None:
        fences = []
        for _ in range(3):
            with opened(url) as state, state.lock("apply", 0) as lock:
                fences.append(lock.fence)
        assert fences == [1, 2, 3]

    def test_finish_and_replace_raise_the_serial_and_nothing_else_does(self, state: StateStore) -> None:
        serials = []
        with state.lock("apply", 0) as lock:
            state.begin(lock, run(), [intent()])
            state.append(lock, "r1", [Entry(EntryKind.DONE, "u1")])
            state.pause(lock, "r1", RunStatus.STOPPED)
            serials.append(state.head().serial)
            state.finish(lock, "r1", RunStatus.APPLIED, {}, "2026-01-02T12:00:01Z")
            serials.append(state.head().serial)
            state.replace(lock, {}, said("adopt"))
            serials.append(state.head().serial)
        assert serials == [0, 1, 2]

    # Runs

    def test_a_run_comes_back_as_it_was_written(self, state: StateStore, url: str) -> None:
        before = {TITLE: None, TABLE: recorded(TABLE, "r0", True, columns={"b": 1, "a": [None, 1.5, "ä"]})}
        begun = run(before=before)
        with state.lock("apply", 0) as lock:
            state.begin(lock, begun)
        with opened(url) as later:
            assert later.run("r1") == begun

    def test_a_stored_plan_is_intact(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
        assert state.run("r1").plan.intact()

    def test_runs_come_newest_first_up_to_the_limit(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            for number in (3, 1, 2):
                state.begin(lock, run(number))
        assert [r.id for r in state.runs(limit=2)] == ["r2", "r1"]

    def test_a_run_that_is_not_there_is_an_error(self, state: StateStore) -> None:
        with state.lock("apply", 0), pytest.raises(StateError, match="no run 'r9'"):
            state.run("r9")

    @pytest.mark.parametrize("status", [s for s in RunStatus if s.open])
    def test_an_open_run_is_found(self, state: StateStore, status: RunStatus) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
            state.pause(lock, "r1", status)
        found = state.open_run()
        assert found and (found.id, found.status) == ("r1", status)

    @pytest.mark.parametrize("status", [s for s in RunStatus if not s.open])
    def test_a_finished_run_is_not_open(self, state: StateStore, status: RunStatus) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
            state.finish(lock, "r1", status, {}, "2026-01-02T12:00:01Z")
        assert state.open_run() is None

    def test_pausing_a_run_that_is_not_there_is_an_error(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock, pytest.raises(StateError, match="no run 'r9'"):
            state.pause(lock, "r9", RunStatus.STOPPED)

    # Spent plans

    def test_a_plan_is_spent_by_its_first_run(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
        assert state.spent(plan().id) == "r1"

    @pytest.mark.parametrize("undoes", ["", "r0"])
    def test_a_spent_plan_is_refused(self, state: StateStore, undoes: str) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run(1, undoes))
            again = Run("r2", RunStatus.RUNNING, plan(1, undoes), "2026-01-02T12:00:00Z", "alice")
            with pytest.raises(StalePlan) as refused:
                state.begin(lock, again)
        assert refused.value.why == "spent"

    def test_a_refused_run_leaves_no_trace(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
            again = Run("r2", RunStatus.RUNNING, plan(), "2026-01-02T12:00:00Z", "alice")
            with pytest.raises(StalePlan):
                state.begin(lock, again, [intent()])
        assert ([r.id for r in state.runs()], state.journal("r2")) == (["r1"], [])

    # Journal

    def test_the_journal_comes_back_in_order(self, state: StateStore) -> None:
        entries = [
            intent(statements=["CREATE …"], inverse=None),
            Entry(EntryKind.DONE, "u1", {"seconds": 0.5}),
        ]
        with state.lock("apply", 0) as lock:
            state.begin(lock, run(), entries[:1])
            state.append(lock, "r1", entries[1:])
            state.append(lock, "r1", entries)
        assert state.journal("r1") == entries * 2

    def test_a_journal_holds_the_lines_of_its_run_alone(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run(1), [intent("u1")])
            state.begin(lock, run(2), [intent("u2")])
        assert state.journal("r2") == [intent("u2")]

    @pytest.mark.parametrize(
        "text", ["a\0b", "not UTF-8: \udcff", "'; DROP TABLE journal; --", "%(x)s :y {z}"]
    )
    def test_any_text_gets_into_the_journal_and_back(self, state: StateStore, text: str) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run(), [intent(error=text)])
        assert state.journal("r1") == [intent(error=text)]

    def test_a_line_for_a_run_that_is_not_there_is_refused(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock, pytest.raises(StateError):
            state.append(lock, "r9", [intent()])

    @pytest.mark.parametrize(
        "statement",
        [
            update(tables.journal).values(unit="u2"),
            delete(tables.journal),
            update(tables.history).values(text=""),
            delete(tables.history),
        ],
        ids=["update journal", "delete journal", "update history", "delete history"],
    )
    def test_the_database_refuses_to_rewrite_the_past(
        self, state: StateStore, url: str, statement: Any
    ) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run(), [intent()])
            state.replace(lock, {}, said())
        database = database_at(url)
        with pytest.raises(StateError), database.writing() as connection:
            connection.execute(statement)
        database.close()
        assert (state.journal("r1"), state.events()) == ([intent()], [said()])

    def test_times_are_written_in_utc(self, url: str) -> None:
        elsewhere = NOON.astimezone(timezone(timedelta(hours=-7)))
        with open_state(url, clock=lambda: elsewhere, by="alice") as state, state.lock("apply", 0) as lock:
            state.begin(lock, run(), [intent()])
        database = database_at(url)
        with database.reading() as connection:
            assert connection.scalar(select(tables.journal.c.at)) == "2026-01-02T12:00:00.000Z"
        database.close()

    # Recorded objects

    def test_finish_records_what_the_run_left(self, state: StateStore) -> None:
        left = {TITLE: recorded(TITLE, on=["title"]), TABLE: recorded(TABLE, "r1", True, columns={})}
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
            state.finish(lock, "r1", RunStatus.APPLIED, left, "2026-01-02T12:00:01Z", [intent()])
        found = state.run("r1")
        assert state.recorded() == left
        assert (found.after, found.status) == (left, RunStatus.APPLIED)
        assert (found.finished, state.journal("r1")) == ("2026-01-02T12:00:01Z", [intent()])

    def test_an_object_that_is_none_is_owned_no_more_and_the_rest_stays(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            state.replace(lock, {TITLE: recorded(TITLE), TABLE: recorded(TABLE)}, said("adopt"))
            state.replace(lock, {TITLE: None}, said("forget"))
        assert state.recorded() == {TABLE: recorded(TABLE)}

    def test_an_object_is_recorded_anew_in_place_of_the_former_record(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            state.replace(lock, {TITLE: recorded(TITLE, on=["title"])}, said("adopt"))
            state.replace(lock, {TITLE: recorded(TITLE, on=["name"])}, said("recover"))
        assert state.recorded() == {TITLE: recorded(TITLE, on=["name"])}

    def test_events_come_newest_first_up_to_the_limit(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            for text in ("one", "two", "three"):
                state.replace(lock, {}, said("adopt", text))
        assert state.events(limit=2) == [said("adopt", "three"), said("adopt", "two")]

    def test_an_applied_rollback_is_named_in_the_run_it_undoes(self, state: StateStore) -> None:
        self._run_and_roll_back(state, RunStatus.APPLIED)
        assert (state.run("r1").undone_by, state.run("r2").undoes) == ("r2", "r1")

    def test_a_rollback_that_was_itself_undone_has_undone_nothing(self, state: StateStore) -> None:
        self._run_and_roll_back(state, RunStatus.UNDONE)
        assert state.run("r1").undone_by == ""

    def _run_and_roll_back(self, state: StateStore, status: RunStatus) -> None:
        with state.lock("rollback", 0) as lock:
            state.begin(lock, run(1))
            state.finish(lock, "r1", RunStatus.APPLIED, {}, "2026-01-02T12:00:01Z")
            state.begin(lock, run(2, undoes="r1"))
            state.finish(lock, "r2", status, {}, "2026-01-02T12:00:02Z")

    @pytest.mark.parametrize("table", ["journal", "objects"])
    def test_a_finish_that_fails_half_way_changes_nothing(self, state: StateStore, table: str) -> None:
        left: Mapping[Address, Recorded | None] = {TITLE: recorded(TITLE), TABLE: None}
        with state.lock("apply", 0) as lock:
            state.replace(lock, {TABLE: recorded(TABLE)}, said("adopt"))
            state.begin(lock, run())
            before = _everything(state)
            with failing_at(table), pytest.raises(StateError, match="No space left"):
                state.finish(lock, "r1", RunStatus.APPLIED, left, "2026-01-02T12:00:01Z", [intent()])
            assert _everything(state) == before
            state.finish(lock, "r1", RunStatus.APPLIED, left, "2026-01-02T12:00:01Z", [intent()])
        assert state.recorded() == {TITLE: recorded(TITLE)}

    # Kept

    def test_what_is_kept_comes_back_by_name_for_its_step_alone(self, state: StateStore, url: str) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
            state.keep(lock, "r1", "s1", "00002", b"later")
            state.keep(lock, "r1", "s1", "00001", bytes(range(256)))
            state.keep(lock, "r1", "s2", "00001", b"another step's")
        with opened(url) as later:
            assert list(later.kept("r1", "s1")) == [("00001", bytes(range(256))), ("00002", b"later")]

    def test_a_part_that_is_kept_again_replaces_the_former(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
            state.keep(lock, "r1", "s1", "00001", b"former")
            state.keep(lock, "r1", "s1", "00001", b"newer")
        assert list(state.kept("r1", "s1")) == [("00001", b"newer")]

    def test_how_much_is_kept_is_told_by_run(self, state: StateStore) -> None:
        with state.lock("apply", 0) as lock:
            self._applied_with_something_kept(state, lock)
            state.keep(lock, "r1", "s2", "00001", b"1234")
        assert state.kept_bytes() == {"r1": 14}

    @pytest.mark.parametrize(
        ("status", "left"),
        [(RunStatus.APPLIED, []), (RunStatus.UNDONE, ["r1"]), (RunStatus.STUCK, ["r1", "r2"])],
    )
    def test_what_is_kept_goes_when_no_rollback_can_ask_for_it(
        self, state: StateStore, status: RunStatus, left: list[str]
    ) -> None:
        with state.lock("rollback", 0) as lock:
            self._applied_with_something_kept(state, lock)
            state.begin(lock, run(2, undoes="r1"))
            state.keep(lock, "r2", "s1", "00001", b"what the rollback found")
            if status.open:
                state.pause(lock, "r2", status)
            else:
                state.finish(lock, "r2", status, {}, "2026-01-02T12:00:02Z")
        assert sorted(state.kept_bytes()) == left

    def test_a_purge_takes_what_was_kept_and_says_so(self, state: StateStore) -> None:
        with state.lock("purge", 0) as lock:
            self._applied_with_something_kept(state, lock)
            state.purge(lock, ["r1"], said("purge"))
        assert (state.kept_bytes(), state.run("r1").purged) == ({}, said().at)
        assert state.events() == [said("purge")]

    def _applied_with_something_kept(self, state: StateStore, lock: Lock) -> None:
        state.begin(lock, run(1))
        state.keep(lock, "r1", "s1", "00001", b"0123456789")
        state.finish(lock, "r1", RunStatus.APPLIED, {}, "2026-01-02T12:00:01Z")

    # Fence

    @pytest.mark.parametrize("write", ["begin", "append", "keep", "purge", "pause", "finish", "replace"])
    def test_no_write_passes_under_a_fence_that_is_not_the_highest(
        self, state: StateStore, url: str, write: str
    ) -> None:
        left = {TITLE: recorded(TITLE)}
        writes: Mapping[str, Callable[[Any], None]] = {
            "begin": lambda lock: state.begin(lock, run(2), [intent()]),
            "append": lambda lock: state.append(lock, "r1", [intent()]),
            "keep": lambda lock: state.keep(lock, "r1", "s1", "00001", b"late"),
            "purge": lambda lock: state.purge(lock, ["r1"], said("purge")),
            "pause": lambda lock: state.pause(lock, "r1", RunStatus.STOPPED, [intent()]),
            "finish": lambda lock: state.finish(lock, "r1", RunStatus.APPLIED, left, "now", [intent()]),
            "replace": lambda lock: state.replace(lock, left, said("adopt")),
        }
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
            with opened(url) as other:
                other.unlock(lock.id, said())
            before = _everything(state)
            with pytest.raises(FenceLost):
                writes[write](lock)
            assert _everything(state) == before

    # Lock

    def test_a_held_lock_names_its_holder(self, state: StateStore, url: str) -> None:
        refused = pytest.raises(LockHeld)
        with (
            state.lock("apply", 0) as lock,
            opened(url) as other,
            refused as caught,
            other.lock("rollback", 0),
        ):
            pass
        assert (
            caught.value.holder == f"apply by alice@host (pid {os.getpid()}) since 2026-01-02T12:00:00.000Z"
        )
        assert caught.value.lock_id == lock.id

    def test_a_lock_is_free_after_its_block_failed(self, state: StateStore, url: str) -> None:
        with pytest.raises(ZeroDivisionError), state.lock("apply", 0):
            raise ZeroDivisionError
        with opened(url) as other, other.lock("apply", 0) as lock:
            assert lock.fence == 2

    def test_a_waiting_process_gets_the_lock_when_it_is_freed(
        self, holder: Holder, state: StateStore
    ) -> None:
        holder.process.communicate("")  # end of its input: it leaves the lock and ends
        with state.lock("apply", WAIT_S) as lock:
            assert lock.fence == 2

    @pytest.mark.slow
    def test_processes_racing_for_a_fresh_state_take_turns(self, url: str, tmp_path: Path) -> None:
        command = [sys.executable, str(HELPER), "race", url, str(tmp_path / "inside")]
        racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        fences = [int(word) for racer in racers for word in racer.communicate()[0].split()]
        assert [racer.returncode for racer in racers] == [0, 0, 0]
        assert sorted(fences) == list(range(1, 16))

    def test_a_killed_holder_frees_the_lock(self, holder: Holder, state: StateStore) -> None:
        holder.process.kill()
        with state.lock("resume", WAIT_S) as lock:
            assert lock.fence == 2

    def test_a_killed_holder_leaves_its_run_open(self, holder: Holder, state: StateStore) -> None:
        holder.append()
        holder.end()
        found = state.open_run()
        assert found and (found.id, found.status) == ("r1", RunStatus.RUNNING)
        assert state.journal("r1") == [intent()]

    def test_a_stopped_holder_keeps_the_lock(self, holder: Holder, state: StateStore) -> None:
        holder.process.send_signal(signal.SIGSTOP)
        with pytest.raises(LockHeld) as refused, state.lock("apply", 0):
            pass
        assert refused.value.lock_id == holder.lock_id

    def test_unlocking_frees_the_lock_of_a_stopped_holder(self, holder: Holder, state: StateStore) -> None:
        holder.process.send_signal(signal.SIGSTOP)
        state.unlock(holder.lock_id, said())
        with state.lock("apply", 0) as lock:
            assert lock.fence == 3

    def test_a_live_holder_that_was_unlocked_stops_at_its_next_append(
        self, holder: Holder, state: StateStore
    ) -> None:
        first = holder.append()
        state.unlock(holder.lock_id, said())
        assert (first, holder.append()) == ("ok", "FenceLost")
        assert state.journal("r1") == [intent()]

    def test_a_holder_that_was_unlocked_does_not_free_the_next_ones_lock(
        self, holder: Holder, state: StateStore, url: str
    ) -> None:
        state.unlock(holder.lock_id, said())
        with state.lock("apply", 0):
            holder.process.communicate("")
            with opened(url) as third, pytest.raises(LockHeld), third.lock("apply", 0):
                pass

    def test_unlocking_tells_who_held_the_lock_and_records_why(
        self, holder: Holder, state: StateStore
    ) -> None:
        who = state.unlock(holder.lock_id, said())
        assert who.startswith("apply by holder@elsewhere (pid ")
        assert state.events() == [said()]

    def test_unlocking_needs_the_right_id(self, holder: Holder, state: StateStore) -> None:
        with pytest.raises(StateError, match="no lock 'ffffffff' is held"):
            state.unlock("ffffffff", said())
        assert (holder.append(), state.events()) == ("ok", [])

    def test_the_lock_of_a_dead_holder_is_not_held(self, holder: Holder, state: StateStore) -> None:
        holder.end()
        with state.lock("resume", WAIT_S):
            pass
        with pytest.raises(StateError, match="is held"):
            state.unlock(holder.lock_id, said())

    # Revisions

    def test_a_state_of_the_first_revision_is_brought_to_the_newest_when_it_is_read(
        self, state: StateStore, url: str
    ) -> None:
        with state.lock("apply", 0) as lock:
            state.begin(lock, run())
        database = database_at(url)
        with database.writing() as connection:
            tables.kept.drop(connection)
            place = f"{database._schema}." if database._schema else ""
            connection.execute(text(f"ALTER TABLE {place}runs DROP COLUMN purged"))
            connection.execute(update(VERSION).values(version_num="0001"))
        database.close()
        with opened(url) as later:
            assert (list(later.kept("r1", "s1")), later.run("r1").id) == ([], "r1")

    def test_a_revision_that_a_newer_version_wrote_is_refused(self, state: StateStore, url: str) -> None:
        with state.lock("apply", 0):
            pass
        database = database_at(url)
        with database.writing() as connection:
            connection.execute(update(VERSION).values(version_num="9999"))
        database.close()
        with opened(url) as later, pytest.raises(StateError, match="revision 9999") as refused:
            later.head()
        assert "newer apexplan wrote it" in refused.value.mend


def _everything(state: StateStore) -> tuple[Any, ...]:
    journals = [(state.journal(r.id), list(state.kept(r.id, "s1"))) for r in state.runs()]
    return state.head(), state.recorded(), state.runs(), journals, state.events()
