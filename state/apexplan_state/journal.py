"""Runs, journal lines and recorded objects as rows, and back. Pure.

JSON is written as ASCII: an error text with bytes that are no UTF-8 must still get into the journal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from apexplan.engine.ports import Entry, EntryKind, Event, Run, RunStatus
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.plan import Plan

Snapshot = Mapping[Address, Recorded | None]
Values = dict[str, Any]


def rfc3339(moment: datetime) -> str:
    """Returns `moment` in UTC with milliseconds, such as 2026-01-02T03:04:05.678Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def entry_rows(run_id: str, entries: Sequence[Entry], at: str) -> list[Values]:
    return [
        {
            "run": run_id,
            "kind": str(entry.kind),
            "unit": entry.unit,
            "data": _dump(dict(entry.data)),
            "at": at,
        }
        for entry in entries
    ]


def entry_of(row: Row[Any]) -> Entry:
    return Entry(EntryKind(row.kind), row.unit, json.loads(row.data))


def run_row(run: Run) -> Values:
    return {
        "id": run.id,
        "status": str(run.status),
        "plan": run.plan.model_dump_json(),
        "plan_id": run.plan.id,
        "undoes": run.undoes,
        "undone_by": run.undone_by,
        "purged": run.purged,
        "started": run.started,
        "finished": run.finished,
        "by": run.by,
        "before": dump_snapshot(run.before),
        "after": dump_snapshot(run.after),
    }


def run_of(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        status=RunStatus(row.status),
        plan=Plan.model_validate_json(row.plan),
        started=row.started,
        by=row.by,
        finished=row.finished,
        undone_by=row.undone_by,
        purged=row.purged,
        before=_load_snapshot(row.before),
        after=_load_snapshot(row.after),
    )


def object_row(recorded: Recorded) -> Values:
    address = recorded.address
    return {
        "address": str(address),
        "store": address.store,
        "kind": address.kind,
        "values": _dump(dict(recorded.values)),
        "protect": recorded.protect,
        "run": recorded.run,
    }


def recorded_of(found: Sequence[Row[Any]]) -> list[Recorded]:
    """Returns the objects of all rows. Their values are parsed as one text: thousands of small ones
    would take three times as long."""
    values = json.loads(f"[{','.join(row.values for row in found)}]")
    return [
        Recorded(Address.parse(row.address), value, row.protect, row.run)
        for row, value in zip(found, values, strict=True)
    ]


def event_row(event: Event) -> Values:
    return {"at": event.at, "by": event.by, "verb": event.verb, "text": event.text}


def event_of(row: Row[Any]) -> Event:
    return Event(row.at, row.by, row.verb, row.text)


def dump_snapshot(snapshot: Snapshot) -> str:
    return _dump({str(address): recorded and _plain(recorded) for address, recorded in snapshot.items()})


def _plain(recorded: Recorded) -> Values:
    return {"values": dict(recorded.values), "protect": recorded.protect, "run": recorded.run}


def _load_snapshot(text: str) -> Snapshot:
    return {
        (address := Address.parse(name)): plain and Recorded(address, **plain)
        for name, plain in json.loads(text).items()
    }


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)
