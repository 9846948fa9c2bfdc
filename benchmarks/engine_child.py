"""One measured run of the engine over the fake store: `plan` or `apply` of so many boxes.

The store lives in the process, the state is SQLite on disk with every commit synced, the
manifests are YAML files: everything but the stores' own time.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from apexplan.engine import planner, runs, survey
from apexplan.manifest import load_workspace
from apexplan.testing import fake
from apexplan.testing.chaos import Silent
from apexplan_state import open_state

PER_FILE = 2000


def write_project(root: Path, count: int) -> None:
    """Writes a project with `count` boxes, each of which needs the one before its ten's first."""
    (root / "schema").mkdir(parents=True, exist_ok=True)
    (root / "apexplan.yaml").write_text(
        "version: 1\nproject: benchmark\nstores:\n  shelf: {provider: fake, name: benchmark}\n"
        "manifests: [schema/*.yaml]\n"
    )
    for start in range(0, count, PER_FILE):
        lines = ["kind: FakeSchema", "store: shelf", "boxes:"]
        for n in range(start, min(start + PER_FILE, count)):
            needs = f", needs: [b{n - n % 10}]" if n % 10 else ""
            lines.append(f"  b{n}: {{color: red, size: {n % 7 + 1}{needs}}}")
        (root / "schema" / f"{start}.yaml").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Prints one JSON line with the CPU and wall seconds of each phase and the greatest memory."""
    root, phase = Path(sys.argv[1]), sys.argv[2]
    seconds: dict[str, float] = {}
    started = _cpu()
    workspace = load_workspace(root, environment=None, variables={})
    seconds["load"] = _cpu() - started
    project = workspace.project
    desired = planner.Desired(project.name, "", workspace.declared, workspace.digest)
    server = fake.SERVERS.setdefault("benchmark", fake.FakeServer())
    configs = [survey.StoreConfig(b.name, fake.PROVIDER, b.settings) for b in project.stores.values()]
    with (
        open_state(project.state_url, clock=lambda: datetime.now(UTC), by="benchmark") as state,
        survey.opened(configs) as stores,
    ):
        if phase == "no-op":
            for recorded in state.recorded().values():
                server.boxes[recorded.address.name] = {
                    "color": "red",
                    "size": 1,
                    "needs": [],
                    "tags": {},
                    **recorded.values,
                }
        started, wall = _cpu(), time.monotonic()
        plan = planner.plan(desired, state.recorded(), state.head(), stores, created="now")
        seconds["plan"] = _cpu() - started
        seconds["plan wall"] = time.monotonic() - wall
        if phase == "apply":
            started, wall = _cpu(), time.monotonic()
            with state.lock("benchmark", 0) as lock:
                runs.start(
                    plan,
                    runs.Context(
                        state=state,
                        lock=lock,
                        stores=stores,
                        reporter=Silent(),
                        now=lambda: "now",
                        new_id=lambda: "benchmark",
                        by="benchmark",
                    ),
                )
            seconds["apply"] = _cpu() - started
            seconds["apply wall"] = time.monotonic() - wall
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"changes": len(plan.changes), "memory_mb": memory, **seconds}))


def _cpu() -> float:
    return time.process_time()


if __name__ == "__main__":
    main()
