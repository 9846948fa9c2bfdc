"""What a collection is doing, and the wait until nothing is left to build.

    green, idle ──three times in a row──→ done          red ──→ StoreError
    yellow, or green with a running optimization ──→ look again, at most a second later
    grey: work is waiting and stays so until something wakes it ──→ wake once, look again
    nothing moves for `timeout_s` ──→ StoreError

One green look proves nothing: the optimizer may be between two segments. After a PATCH the first look was
yellow every time (measured on 1.16.3). What runs is told by `/optimizations`, as `ongoing` on 1.16, as
`running` from 1.17 on (read in its reference); where there is none, green has to hold for longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apexplan.model.errors import Interrupted, StoreError, Unsupported
from apexplan.provider import Watch
from apexplan_qdrant.errors import Full
from apexplan_qdrant.server.client import Client, at, encoded
from apexplan_qdrant.server.errors import clean, is_full
from apexplan_qdrant.target import Work

QUIET_LOOKS: Final = 3
QUIET_LOOKS_BLIND: Final = 10
"""Where nothing tells what runs: half a second of green."""
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
_SLOWER: Final = 1.5
_WAKE: Final = encoded({"optimizers_config": {}})
_GRAPH: Final = "main_graph"
_STANDS_STILL: Final = (
    "look into the server's log, and whether max_optimization_threads is 0, which stops all building; then "
    "resume"
)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and how it goes by."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Look:
    """`work`, and whether `/optimizations` was there. `traces` is equal for two looks between which nothing
    moved."""

    work: Work
    blind: bool
    traces: tuple[Any, ...] = field(repr=False)


def look(client: Client, name: str) -> Look:
    """Returns what the collection is doing now."""
    info = client.read(at("collections", name))
    running = _running(client, name)
    trees = running or []
    done, total = _graph_progress(trees)
    names = tuple(sorted(label for label, _ in trees))
    work = Work(str(info.get("status")), names, done, total, _error(info))
    counts = (info.get(key) for key in ("points_count", "indexed_vectors_count", "segments_count"))
    return Look(work, running is None, (work.status, *counts, encoded(trees)))


def _error(info: Mapping[str, Any]) -> str:
    told = info.get("optimizer_status")
    return clean(str(told.get("error", ""))) if isinstance(told, Mapping) else ""


def _running(client: Client, name: str) -> list[tuple[str, Mapping[str, Any]]] | None:
    """Returns name and progress of each running optimization, None where the server does not tell."""
    try:
        told = client.read(at("collections", name, "optimizations"))
    except Unsupported:
        return None
    if "running" in told:
        return [(one["optimizer"], one.get("progress") or {}) for one in told["running"]]
    return [(one["name"], one) for one in told.get("ongoing") or ()]


def _graph_progress(trees: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[float, float | None]:
    """Returns how many of how many points are in the graphs that are built."""
    graphs = [node for _, tree in trees for node in _nodes(tree) if node.get("total")]
    if not graphs:
        return 0, None
    return sum(node.get("done") or 0 for node in graphs), sum(node["total"] for node in graphs)


def _nodes(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if tree.get("name") == _GRAPH:
        yield tree
    for child in tree.get("children") or ():
        yield from _nodes(child)


def wake(client: Client, name: str) -> None:
    """Starts work that waits. An empty body would not; this one restarts a rebuild that runs."""
    client.change("PATCH", at("collections", name), _WAKE)


def settle(client: Client, name: str, watch: Watch, timeout_s: float, clock: Clock) -> None:
    """As `Target.settle`."""
    quiet, pause_s, woken = 0, FIRST_PAUSE_S, False
    moved_at, traces = clock.now(), None
    while True:
        seen = look(client, name)
        work = seen.work
        quiet = quiet + 1 if work.idle else 0
        if quiet >= (QUIET_LOOKS_BLIND if seen.blind else QUIET_LOOKS):
            return
        if work.status == "red":
            raise _failed(client, name, work)
        if watch.stopping():
            raise Interrupted(f"{name}: stopped while waiting; the server goes on building")
        if work.status == "grey" and not woken:
            wake(client, name)
            woken = True
        if seen.traces != traces:
            moved_at, traces = clock.now(), seen.traces
        elif not work.idle and clock.now() - moved_at > timeout_s:
            raise _stands_still(client, name, work, timeout_s)
        watch.progress(work.done, work.total, "points", ", ".join(work.ongoing) or work.status)
        pause_s = FIRST_PAUSE_S if work.idle else min(pause_s * _SLOWER, LONGEST_PAUSE_S)
        clock.sleep(pause_s)


def _failed(client: Client, name: str, work: Work) -> StoreError:
    kind = Full if is_full(work.error) else StoreError
    text = f"{name}: an optimizer failed: {work.error or 'it does not say why'}"
    mend = "mend what it says, then resume: the change wakes the optimizers again"
    return kind(text, store=client.origin.store, mend=mend)


def _stands_still(client: Client, name: str, work: Work, timeout_s: float) -> StoreError:
    doing = f"{work.status}, running: {', '.join(work.ongoing) or 'nothing'}"
    text = f"{name}: the rebuild stands still for {timeout_s:g} s ({doing})"
    return StoreError(text, store=client.origin.store, mend=_STANDS_STILL)
