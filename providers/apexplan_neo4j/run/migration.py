"""Runs a script forwards or back, as far as it can be in one piece, and goes on where it stopped.

    data statements      neighbours in one transaction, with the ledger's entry in it
    indexes              neighbours in one transaction, with the revision marker; the entry follows
    a constraint         alone in a transaction, with the marker; the entry follows
    IN TRANSACTIONS      by itself; the entry says before that it begins, and after that it is done

So of a script of data statements all happened or nothing. After a crash the entry and the marker
say which statement comes next. A statement that commits by itself and had begun is run again: it must
be written so that it can be.

`… IF NOT EXISTS` succeeds whatever is there. Where the server says that it did nothing because of
something else than it asked for, that is an error here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apexplan.migrations.script import Topic, Way
from apexplan.migrations.steps import MARK, MIGRATE, MIGRATE_BACK, UNMARK
from apexplan.model.errors import Interrupted, StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_neo4j.connection import Graph, Tx
from apexplan_neo4j.errors import translated
from apexplan_neo4j.names import RESERVED_PREFIX
from apexplan_neo4j.read import indexes
from apexplan_neo4j.read.ledger import APPLIED, RUNNING, TAKING_BACK
from apexplan_neo4j.read.marker import current
from apexplan_neo4j.run import entry, population
from apexplan_neo4j.run.batch import remove_leak
from apexplan_neo4j.run.entry import Entry, Signature
from apexplan_neo4j.run.fence import Fence
from apexplan_neo4j.run.move import move
from apexplan_neo4j.run.watchdog import guarded, watched

if TYPE_CHECKING:
    from neo4j import ResultSummary

_NO_EFFECT: Final = re.compile(
    r"The command 'CREATE (.*?) IF NOT EXISTS(.*)' has no effect\. .*? by '(.*)' already"
)
_MISSING: Final = re.compile(r"There is no such index|No such constraint")
_EXISTS: Final = "00NA0"
"""GQL status of a CREATE … IF NOT EXISTS that found something (measured on 5.26.12)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring statements that run in one piece; `first` counts from 0 in the script."""

    first: int
    texts: tuple[str, ...]
    way: Way
    topic: Topic

    @property
    def end(self) -> int:
        return self.first + len(self.texts)


@dataclass(frozen=True, slots=True)
class Work:
    """One script that is being run, forwards or back."""

    graph: Graph
    fence: Fence
    step: Step
    watch: Watch
    signature: Signature
    lenient: bool = False
    """What a drop does not find is no error: a script that never ran to its end is taken back."""

    @property
    def back(self) -> bool:
        return self.step.verb == MIGRATE_BACK

    def unit(self, segment: Segment) -> str:
        """The name of a segment's transaction, for its marker."""
        return f"{self.signature.run}/{self.step.address}/{self.step.verb}/{segment.first}"


def run(graph: Graph, fence: Fence, step: Step, watch: Watch, signature: Signature) -> None:
    """Runs one of the four verbs of migrations. Goes on where an earlier attempt stopped."""
    with translated(graph.store, step.address):
        there = entry.find(graph, step)
    if step.verb in (MARK, UNMARK):
        _in_ledger(graph, step, signature, there)
        return
    if _is_over(step, there):
        return
    _refuse_other(step, there)
    partial = there is not None and there.state != APPLIED
    work = Work(graph, fence, step, watch, signature, lenient=step.verb == MIGRATE_BACK and partial)
    goal = TAKING_BACK if work.back else RUNNING
    done = there.done if there is not None and there.state == goal else 0
    for segment in segments(step):
        if segment.end > done:
            _check_stop(watch)
            _run_segment(work, segment, goal)
            watch.progress(segment.end, len(step.statements), "statements")
    if not step.statements:
        _progress(work, 0, goal, time.monotonic())


def probe(graph: Graph, step: Step) -> Outcome:
    """Returns what the ledger says of a migration. Never writes."""
    there = entry.find(graph, step)
    if there is None:
        return Outcome.DONE if step.verb in (MIGRATE_BACK, UNMARK) else Outcome.NOT_DONE
    if there.state != APPLIED:
        return Outcome.PARTIAL
    if step.verb in (MIGRATE_BACK, UNMARK):
        return Outcome.NOT_DONE
    return Outcome.DONE if there.checksum == step.args["checksum"] else Outcome.UNKNOWN


def segments(step: Step) -> list[Segment]:
    """Returns the script in pieces: neighbours that can share a transaction are one."""
    found: list[Segment] = []
    for number, (text, told) in enumerate(zip(step.statements, step.args["statements"], strict=True)):
        way, topic = Way(told[2]), Topic(told[3])
        last = found[-1] if found else None
        if last is not None and way is Way.SHARED and (last.way, last.topic) == (way, topic):
            found[-1] = Segment(last.first, (*last.texts, text), way, topic)
        else:
            found.append(Segment(number, (text,), way, topic))
    return found


def _is_over(step: Step, there: Entry | None) -> bool:
    if step.verb == MIGRATE_BACK:
        return there is None
    return there is not None and there.state == APPLIED and there.checksum == step.args["checksum"]


def _refuse_other(step: Step, there: Entry | None) -> None:
    """Raises StoreError where another text of the same version ran since the plan was made."""
    if step.verb == MIGRATE and there is not None and there.checksum != step.args["checksum"]:
        raise StoreError(
            f"the ledger has it with another text, of checksum {there.checksum[:8]}",
            address=step.address,
            mend="plan again; somebody else ran it from another file",
        )


def _in_ledger(graph: Graph, step: Step, signature: Signature, there: Entry | None) -> None:
    with translated(graph.store, step.address), graph.transaction("ledger") as tx:
        if step.verb == MARK and there is None:
            entry.mark(tx, step, signature)
        elif step.verb == UNMARK:
            entry.remove(tx, step)
        tx.commit()


def _run_segment(work: Work, segment: Segment, goal: str) -> None:
    started = time.monotonic()
    if segment.way is Way.SHARED and segment.topic is Topic.DATA:
        with watched(work.graph, work.unit(segment), work.watch) as tx:
            for number, text in enumerate(segment.texts, segment.first):
                with _at(work, number):
                    tx.done(text)
            _write(work, tx, segment.end, goal, started)
            tx.commit()
        return
    _progress(work, segment.first, goal, started)
    if segment.way is Way.AUTO:
        unit = work.unit(segment)
        with guarded(work.graph, unit, work.watch), _at(work, segment.first):
            work.graph.rows(segment.texts[0], note=unit)
    else:
        _run_schema(work, segment)
    _progress(work, segment.end, goal, started)


def _run_schema(work: Work, segment: Segment) -> None:
    """The statements and the marker in one transaction, then the wait for what is being built. Where a
    drop may find nothing, each statement has a transaction of its own."""
    marker = current(work.graph)
    work.fence.check(marker)
    _remove_leaks(work, segment)
    before = {row["name"] for row in indexes.index_rows(work.graph)}
    numbered = list(enumerate(segment.texts, segment.first))
    for group in [[one] for one in numbered] if work.lenient else [numbered]:
        unit = f"{work.unit(segment)}-{group[-1][0]}"
        if marker.proves(unit):
            before -= _building(work.graph)
        else:
            with _passed_over(work):
                _commit(work, segment, unit, group)
    names = {row["name"] for row in indexes.index_rows(work.graph)} - before
    made = sorted(name for name in names if not name.startswith(RESERVED_PREFIX))
    population.wait_online(work.graph, made, work.watch)


def _building(graph: Graph) -> set[str]:
    """Returns the indexes that may be those of a commit whose end nobody saw."""
    rows, leaks = indexes.settled(indexes.index_rows(graph), graph)
    return {row["name"] for row in rows if row["state"] == "POPULATING"} - leaks


def _commit(work: Work, segment: Segment, unit: str, group: list[tuple[int, str]]) -> None:
    work.fence.tries(unit)
    with watched(work.graph, unit, work.watch if segment.way is Way.ALONE else None) as tx:
        written = move(tx, current(work.graph), unit)
        for number, text in group:
            with _at(work, number):
                _refuse_without_effect(tx.done(text))
        tx.commit()
    work.fence.saw(written.revision)


@contextmanager
def _passed_over(work: Work) -> Iterator[None]:
    """Lets a drop that found nothing pass, where the script never ran to its end."""
    try:
        yield
    except StoreError as error:
        if not (work.lenient and _MISSING.search(error.text)):
            raise


def _refuse_without_effect(summary: ResultSummary) -> None:
    for status in summary.gql_status_objects:
        found = _NO_EFFECT.search(status.status_description) if status.gql_status == _EXISTS else None
        if found and f"{found[1]}{found[2]}" != found[3]:
            raise StoreError(
                f"IF NOT EXISTS made nothing: in its place there is {found[3]}",
                mend="drop what is in its place in an earlier migration, or leave the statement out",
            )


def _remove_leaks(work: Work, segment: Segment) -> None:
    """Removes what this very CREATE CONSTRAINT left when it never ended."""
    if segment.way is not Way.ALONE:
        return
    rows, leaks = indexes.settled(indexes.index_rows(work.graph), work.graph)
    for row in rows:
        words = [*(row["labelsOrTypes"] or ()), *(row["properties"] or ())]
        named = row["name"] in segment.texts[0] or all(word in segment.texts[0] for word in words)
        if row["name"] in leaks and named:
            remove_leak(work.graph, row["name"])


def _progress(work: Work, done: int, goal: str, started: float) -> None:
    with translated(work.graph.store, work.step.address), work.graph.transaction("ledger") as tx:
        _write(work, tx, done, goal, started)
        tx.commit()


def _write(work: Work, tx: Tx, done: int, goal: str, started: float) -> None:
    last = done == len(work.step.statements)
    if work.back and last:
        entry.remove(tx, work.step)
        return
    spent_ms = round((time.monotonic() - started) * 1000)
    entry.write(tx, work.step, APPLIED if last else goal, done, work.signature, spent_ms)


@contextmanager
def _at(work: Work, number: int) -> Iterator[None]:
    """Says of an error which statement it is about, and on which line that stands."""
    try:
        with translated(work.graph.store, work.step.address):
            yield
    except StoreError as error:
        line = work.step.args["statements"][number][0]
        error.text = f"statement {number + 1} at line {line}: {error.text}"
        error.address = work.step.address
        raise


def _check_stop(watch: Watch) -> None:
    if watch.stopping():
        raise Interrupted("stopped between two statements of a script")
