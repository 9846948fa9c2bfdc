"""Asks the server whether it understands the statements of pending scripts, before anything runs.

EXPLAIN runs nothing. It finds syntax errors and unknown functions; that a name is taken, an option is
wrong or an edition lacks something it does not see (measured on 5.26.12).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import Final

from neo4j import exceptions

from apexplan.migrations.script import Statement
from apexplan.migrations.spec import Migration
from apexplan.model.change import Action, Change
from apexplan.model.plan import Note
from apexplan_neo4j.connection import Graph
from apexplan_neo4j.errors import clean

_EXPLAIN: Final = "EXPLAIN "
_PLACE: Final = re.compile(r"\(line (\d+), column (\d+) \(offset: \d+\)\).*", re.DOTALL)
_SYNTAX: Final = "Neo.ClientError.Statement."


def misunderstood(graph: Graph, changes: Sequence[Change]) -> Iterator[Note]:
    """Yields a blocking note for each pending script, or one to be taken back, with a statement that the
    server does not understand. Reads."""
    deadline = time.monotonic() + graph.settings.scan_timeout_s
    for change in changes:
        spec = change.desired
        if not isinstance(spec, Migration) or spec.baseline or change.action is Action.ADOPT:
            continue
        forwards = spec.applied is not False
        for which, statements in (("", spec.script if forwards else ()), ("rollback ", spec.rollback)):
            for number, statement in enumerate(statements, 1):
                if time.monotonic() > deadline:
                    yield Note(address=change.address, text="its statements were not all checked: no time")
                    return
                yield from _explained(graph, change, f"{which}statement {number}", statement)


def _explained(graph: Graph, change: Change, which: str, statement: Statement) -> Iterator[Note]:
    try:
        graph.rows(_EXPLAIN + statement.text)
    except exceptions.Neo4jError as error:
        if not (error.code or "").startswith(_SYNTAX):
            raise
        line, said = statement.line, clean(_PLACE.sub("", error.message or "")).strip()
        place = _PLACE.search(error.message or "")
        if place:
            line += int(place[1]) - 1
        yield Note(
            address=change.address,
            blocks=True,
            text=f"{which} at line {line} is not understood by the server: {said}",
            mend="correct the script",
        )
