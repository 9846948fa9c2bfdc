"""Data that violates a constraint which is to be made: how many, and some nodes of them.

One query a constraint, bounded in time. Values are never read out, only counts and element ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from neo4j import exceptions

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Note
from apexplan_neo4j import ddl
from apexplan_neo4j.connection import Graph
from apexplan_neo4j.names import quoted
from apexplan_neo4j.specs import Constraint

_SAMPLES: Final = 3
_TIMED_OUT: Final = "TransactionTimedOut"


def violations(graph: Graph, changes: Sequence[Change]) -> Iterator[Note]:
    """Yields one blocking note for each constraint that the data violates, and a remark for each that was
    not looked at to the end. Reads."""
    for change in changes:
        spec = change.desired
        if isinstance(spec, Constraint):
            for query, text in _queries(spec):
                yield from _look(graph, change.address, query, text)


def _look(graph: Graph, address: Address, query: str, text: str) -> Iterator[Note]:
    seconds = graph.settings.scan_timeout_s
    try:
        row = graph.rows(query, timeout_s=seconds)[0]
    except exceptions.Neo4jError as error:
        if _TIMED_OUT not in (error.code or "") and not isinstance(error, exceptions.TransientError):
            raise
        yield Note(
            address=address,
            text=f"not known whether the data keeps to it: no memory for the look, or no time ({seconds} s)",
            mend="raise scan_timeout_s of the store, or rely on the undo of the constraint",
        )
        return
    if row["violations"]:
        samples = ", ".join(row["samples"])
        yield Note(
            address=address,
            blocks=True,
            text=f"{text.format(**row)}, such as {samples}",
            mend="correct the data first, by hand or by a migration; the ids fit elementId()",
        )


def _queries(spec: Constraint) -> Iterator[tuple[str, str]]:
    """Yields what to ask for a constraint, and how the answer reads."""
    what = "relationships" if spec.entity == "relationship" else "nodes"
    properties = [f"x.{quoted(name)}" for name in spec.properties or ()]
    match = f"MATCH {_directed(ddl.pattern(spec.entity, (spec.label or '',)))}"
    said = ", ".join(spec.properties or ())
    if spec.type in ("unique", "key"):
        there = " AND ".join(f"{p} IS NOT NULL" for p in properties)
        yield (
            f"{match} WHERE {there} WITH [{', '.join(properties)}] AS key, count(*) AS c, "
            f"collect(elementId(x))[..{_SAMPLES}] AS ids WHERE c > 1 "
            "RETURN count(*) AS violations, sum(c) AS rows, coalesce(head(collect(ids)), []) AS samples",
            f"values of {said} that occur more than once: {{violations:,}}, on {{rows:,}} {what} of "
            f"{spec.label}",
        )
    if spec.type in ("exists", "key"):
        absent = " OR ".join(f"{p} IS NULL" for p in properties)
        yield _counted(match, absent), f"{{violations:,}} {what} of {spec.label} have no {said}"
    if spec.type == "typed":
        wrong = f"{properties[0]} IS NOT NULL AND NOT {properties[0]} IS :: {spec.property_type}"
        text = f"on {{violations:,}} {what} of {spec.label}, {said} is no {spec.property_type}"
        yield _counted(match, wrong), text


def _counted(match: str, condition: str) -> str:
    return (
        f"{match} WHERE {condition} "
        f"RETURN count(*) AS violations, count(*) AS rows, collect(elementId(x))[..{_SAMPLES}] AS samples"
    )


def _directed(text: str) -> str:
    return text.removesuffix("-()") + "->()" if text.endswith("-()") else text
