"""The parts of one `apexplan plan` of a PostgreSQL project, each timed inside of one process.

python -m benchmarks.postgres_child PROJECT

Reads `DATABASE_URL` as the project does. Prints one JSON line.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from apexplan import registry
from apexplan.cli.main import calm_collector
from apexplan.engine import diff, survey
from apexplan.engine.rename import renamed
from apexplan.manifest import load_workspace
from apexplan.provider import Scope
from apexplan_state import open_state


def main() -> None:
    """Prints the wall seconds of each part, how many objects are in sync, and the greatest memory."""
    calm_collector()  # as the command does
    seconds: dict[str, float] = {}
    started = time.monotonic()

    def lap(part: str) -> None:
        nonlocal started
        now = time.monotonic()
        seconds[part], started = now - started, now

    workspace = load_workspace(Path(sys.argv[1]), environment=None, variables=os.environ)
    lap("load")
    project, declared = workspace.project, workspace.declared
    with open_state(project.state_url, clock=lambda: datetime.now(UTC), by="benchmark") as state:
        recorded = state.recorded()
    lap("state")
    configs = [
        survey.StoreConfig(b.name, registry.provider(b.provider), b.settings) for b in project.stores.values()
    ]
    with survey.opened(configs) as stores:
        store = stores["sql"]
        lap("connect")
        live = store.session.read(Scope("sql", frozenset(declared.keys() | recorded.keys())))
        lap("read")
        there = renamed(live.objects, declared, store.provider)
        specs = {address: one.spec for address, one in declared.items()}
        normal = store.session.normalize(specs, there.live)
        lap("normalize")
        found = diff.diff(diff.Sides(there, declared, normal, recorded))
        lap("compare")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps({"in_sync": found.in_sync, "changes": len(found.changes), "memory_mb": memory, **seconds})
    )


if __name__ == "__main__":
    main()
