"""Waits until indexes are ONLINE, telling how far they are.

db.awaitIndexes waits for everybody's indexes; so the states of our own names are polled.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final

from apexplan.model.errors import Interrupted, StoreError
from apexplan.provider import Watch
from apexplan_neo4j.connection import Graph, Row
from apexplan_neo4j.errors import clean
from apexplan_neo4j.names import at

_FIRST_S: Final = 0.02
_LONGEST_S: Final = 0.5
_SHOW: Final = (
    "SHOW INDEXES YIELD name, state, populationPercent, failureMessage WHERE name IN $names RETURN *"
)


def states(graph: Graph, names: Sequence[str]) -> dict[str, Row]:
    """Returns state, populationPercent and failureMessage of those of `names` that are there. Reads."""
    return {row["name"]: row for row in graph.rows(_SHOW, {"names": list(names)})}


def wait_online(graph: Graph, names: Sequence[str], watch: Watch) -> None:
    """Returns once every index of `names` is ONLINE.

    Raises StoreError with the server's own message for one that is FAILED, one that is gone, and when
    the store's build_timeout_s is over; Interrupted between two looks.
    """
    deadline = time.monotonic() + graph.settings.build_timeout_s
    pause = _FIRST_S
    while names:
        found = states(graph, names)
        _refuse_lost(graph, names, found)
        if all(row["state"] == "ONLINE" for row in found.values()):
            return
        report(found.values(), watch)
        if watch.stopping():
            raise Interrupted("the database goes on building; resume waits for it")
        if time.monotonic() > deadline:
            raise _too_long(graph, found)
        time.sleep(pause)
        pause = min(_LONGEST_S, pause * 2)


def report(rows: Iterable[Row], watch: Watch) -> None:
    """Tells how far these indexes are, in percent of all of them together."""
    percents = [row["populationPercent"] for row in rows]
    if percents:
        watch.progress(round(sum(percents) / len(percents), 1), 100.0, "%", "building")


def _refuse_lost(graph: Graph, names: Sequence[str], found: dict[str, Row]) -> None:
    for name in names:
        row = found.get(name)
        address = at(graph.store, "index", name)
        if row is None:
            raise StoreError("somebody dropped it while it was built", address=address, mend="plan again")
        if row["state"] == "FAILED":
            raise StoreError(
                f"the index is FAILED: {clean(row['failureMessage'] or '')}",
                address=address,
                mend="correct the data, then apply again: a FAILED index stays so and is made anew",
            )


def _too_long(graph: Graph, found: dict[str, Row]) -> StoreError:
    waiting = ", ".join(sorted(name for name, row in found.items() if row["state"] != "ONLINE"))
    return StoreError(
        f"still building after {graph.settings.build_timeout_s} s: {waiting}",
        store=graph.store,
        mend="raise build_timeout_s of the store",
    )
