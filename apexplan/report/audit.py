"""Audits for a terminal, as Markdown and as JSON.

cache: 1,000,000 keys looked at in 4.8 s, 208,000 a second
  ~ cache.pattern.doc:{id}
      no_ttl  3,012 of 200,412 keys have no TTL
        such as doc:17, doc:99
  ? undeclared
      tmp:{n:int}  12,345 keys, such as tmp:1, tmp:2
  note: the audit added 2,000,000 hits …
Audit: 1 departure in 1 object, 12,345 undeclared keys in 1 group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.text import Text

from apexplan.model.audit import Audit, Departure, Strangers
from apexplan.report import view
from apexplan.report.json_ import dumps
from apexplan.report.markdown import as_code, as_text
from apexplan.report.text import WIDTH, prose

AUDIT_FORMAT = 1
_INDENT = " " * 6


def audit_lines(audits: Sequence[Audit], *, width: int = WIDTH) -> Iterator[Text]:
    """Yields the audits, and a line of counts at the end."""
    for audit in audits:
        yield Text(_head(audit), style="bold")
        for address, departures in groupby(audit.departures, key=lambda one: one.address):
            yield Text(f"  ~ {address}", style="yellow")
            for departure in departures:
                yield from _departure_lines(departure, width)
        if audit.strangers:
            yield Text("  ? undeclared", style="yellow")
        for strangers in audit.strangers:
            yield from _stranger_lines(strangers, audit.unit, width)
        for remark in _remarks(audit):
            yield from prose(f"note: {remark}", width, "  ", "dim")
    yield Text(count(audits), style="bold")


def count(audits: Sequence[Audit]) -> str:
    """Returns the outcome in a sentence or two."""
    departures = [one for audit in audits for one in audit.departures]
    strangers = [one for audit in audits for one in audit.strangers]
    if not departures and not strangers:
        return "Audit: everything that was looked at keeps to the contract."
    parts = []
    if departures:
        objects = len({one.address for one in departures})
        parts.append(f"{view.counted('departure', len(departures))} in {view.counted('object', objects)}")
    if strangers:
        total = _items(sum(one.count for one in strangers), f"undeclared {audits[0].unit}")
        parts.append(f"{total} in {view.counted('group', len(strangers))}")
    return f"Audit: {', '.join(parts)}."


def _head(audit: Audit) -> str:
    part = f"{audit.looked:,} of about " if audit.sampled else ""
    items = _items(audit.items if audit.sampled else audit.looked, audit.unit)
    pace = f", {audit.looked / audit.seconds:,.0f} a second" if audit.seconds and not audit.resumed else ""
    return f"{audit.store}: {part}{items} looked at in {audit.seconds:,.1f} s{pace}"


def _items(count: int, unit: str) -> str:
    return view.counted(unit.removesuffix("s"), count)


def _remarks(audit: Audit) -> Iterator[str]:
    if audit.bound is not None:
        yield (
            f"only a sample was looked at: what was not found in it may hold for up to {audit.bound:.3%} of "
            f"all {audit.unit}, at 95 % confidence"
        )
    yield from audit.remarks


def _departure_lines(departure: Departure, width: int) -> Iterator[Text]:
    yield from prose(f"{departure.kind}  {departure.text}", width, _INDENT)
    yield from _samples(departure.samples, width)
    if departure.mend:
        yield from prose(f"mend: {departure.mend}", width, _INDENT + "  ", "green")


def _stranger_lines(strangers: Strangers, unit: str, width: int) -> Iterator[Text]:
    yield Text(f"{_INDENT}{_like(strangers)}  {_items(strangers.count, unit)}")
    yield from _samples(strangers.samples, width)


def _like(strangers: Strangers) -> str:
    return strangers.like or '""'


def _samples(samples: Sequence[str], width: int) -> Iterator[Text]:
    if any(samples):
        yield from prose(f"such as {', '.join(samples)}", width, _INDENT + "  ", "dim")


def audit_json(audits: Sequence[Audit], *, project: str, environment: str, at: str) -> str:
    """Returns the audits for programs."""
    data = {
        "project": project,
        "environment": environment,
        "at": at,
        "clean": all(audit.clean for audit in audits),
        "audits": [audit.model_dump(mode="json") for audit in audits],
    }
    return dumps("audit", data, version=AUDIT_FORMAT)


def audit_schema() -> dict[str, Any]:
    """Returns the JSON Schema of the report."""
    audit = Audit.model_json_schema(ref_template="#/$defs/{model}", mode="serialization")
    definitions = audit.pop("$defs", {})
    properties = {
        "kind": {"const": "apexplan.audit"},
        "version": {"const": AUDIT_FORMAT},
        "project": {"type": "string"},
        "environment": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "clean": {"type": "boolean"},
        "audits": {"type": "array", "items": {"$ref": "#/$defs/Audit"}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Audit report",
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
        "$defs": {**definitions, "Audit": audit},
    }


def audit_markdown(audits: Sequence[Audit]) -> str:
    """Returns the audits for an issue or a comment."""
    lines = ["### apexplan: audit", "", f"**{as_text(count(audits))}**"]
    for audit in audits:
        lines += ["", f"#### {as_text(_head(audit))}", ""]
        if audit.departures or audit.strangers:
            lines += [f"| object | departs | {audit.unit} | such as |", "|---|---|---|---|"]
        for one in audit.departures:
            lines.append(_row(str(one.address), one.text, one.count, one.samples))
        for two in audit.strangers:
            lines.append(_row(_like(two), "declared by no pattern", two.count, two.samples))
        lines += [f"- {as_text(remark)}" for remark in _remarks(audit)]
    return "\n".join(lines) + "\n"


def _row(name: str, text: str, number: int, samples: Sequence[str]) -> str:
    shown = ", ".join(map(as_code, samples[:2]))
    return f"| {as_code(name)} | {as_text(text)} | {number:,} | {shown} |"
