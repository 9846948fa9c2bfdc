"""Another process at the same state, for tests of the lock.

`hold URL`: takes the lock, begins run r1, prints the lock's id; appends one line for each line of
input and prints ok or the error's name; frees the lock at the end of input.
`race URL FILE`: takes the lock five times, makes and removes FILE under it, prints the fences.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from apexplan.engine.ports import Entry, EntryKind, Run, RunStatus, StateStore
from apexplan.model.errors import StateError
from apexplan.model.plan import Plan
from apexplan_state import open_state


def hold(state: StateStore) -> None:
    plan = Plan(created="", project="demo", manifests="held", lineage="", serial=0).sealed()
    with state.lock("apply", 0) as lock:
        state.begin(lock, Run("r1", RunStatus.RUNNING, plan, "2026-01-02T12:00:00Z", "holder"))
        print(lock.id, flush=True)
        for _ in sys.stdin:
            try:
                state.append(lock, "r1", [Entry(EntryKind.INTENT, "u1")])
                print("ok", flush=True)
            except StateError as error:
                print(type(error).__name__, flush=True)


def race(state: StateStore, inside: Path) -> None:
    for _ in range(5):
        with state.lock("apply", 60) as lock:
            inside.touch(exist_ok=False)
            print(lock.fence)
            inside.unlink()


if __name__ == "__main__":
    with open_state(
        sys.argv[2], clock=lambda: datetime(2026, 1, 2, tzinfo=UTC), by="holder@elsewhere"
    ) as opened:
        if sys.argv[1] == "hold":
            hold(opened)
        else:
            race(opened, Path(sys.argv[3]))
