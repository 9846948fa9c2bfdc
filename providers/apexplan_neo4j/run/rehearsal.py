"""Tries the schema statements of a plan on the server and takes them back: `plan --check`.

Schema statements are transactional, so this is a real check where EXPLAIN is none: it finds wrong
options, taken names and places (measured on 5.26.12). All of a plan's drops and makings of indexes
run in one transaction in the plan's order. A constraint is not tried: its index would be built and
committed at once. Who writes nodes of the labels, or reads them through an index, waits meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apexplan.model.errors import StoreError
from apexplan.model.plan import Note, Step, Unit
from apexplan_neo4j.connection import Graph, Tx
from apexplan_neo4j.errors import translated
from apexplan_neo4j.run.watchdog import watched
from apexplan_neo4j.steps.base import DROP, MAKE


def rehearse(graph: Graph, units: Sequence[Unit]) -> list[Note]:
    """Returns what the server refused, and what was not tried. Leaves nothing behind."""
    steps = [step for unit in units for step in unit.steps]
    tried = [step for step in steps if _can_be_tried(step)]
    notes = list(_untried([step for step in steps if not _can_be_tried(step)]))
    waiting = list(reversed(tried))
    try:
        with watched(graph, "rehearsal") as tx:
            while waiting:
                _try(graph, tx, waiting.pop())
        if tried:
            count = len(tried)
            notes.append(Note(text=f"{count} step{'s' * (count != 1)} tried on {graph.store} and taken back"))
    except StoreError as error:
        count = len(waiting)
        rest = f"; {count} step{'s' * (count != 1)} after it {'was' if count == 1 else 'were'} not tried"
        text = f"tried and refused: {error.text.rstrip('.')}{rest if count else ''}"
        notes.insert(0, Note(address=error.address, blocks=True, text=text, mend=error.mend))
    return notes


def _try(graph: Graph, tx: Tx, step: Step) -> None:
    with translated(graph.store, step.address):
        for statement in step.statements:
            tx.rows(statement)


def _can_be_tried(step: Step) -> bool:
    return step.verb == DROP or (step.verb == MAKE and step.args["kind"] == "index")


def _untried(steps: Sequence[Step]) -> Iterator[Note]:
    for step in steps:
        kind = "a constraint" if step.verb == MAKE else "a script"
        yield Note(address=step.address, text=f"not tried: {kind} cannot be taken back without a trace")
