"""JSON for programs: every document names its kind and version, and is stable in its order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apexplan.engine.drift import Age, Drift, DriftKind, Finding
from apexplan.engine.ports import Event, Run
from apexplan.model.change import Recorded
from apexplan.model.diagnostics import Diagnostic

DRIFT_FORMAT = 1


def dumps(kind: str, data: Mapping[str, Any], *, version: int = 1) -> str:
    """Returns a document as text: its kind, its version, its data."""
    document = {"kind": f"apexplan.{kind}", "version": version, **data}
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"


def drift_json(drift: Drift, *, project: str, environment: str, at: str) -> str:
    """Returns the drift report; `--since` of a later one reads it."""
    return dumps(
        "drift",
        {
            "project": project,
            "environment": environment,
            "at": at,
            "in_sync": not drift.open,
            "checked": drift.checked,
            "findings": [_finding(f) for f in drift.findings],
            "resolved": list(drift.resolved),
            "unmanaged": [str(a) for a in drift.unmanaged],
            "expired_waivers": [str(w.address) for w in drift.expired],
            "remarks": [note.model_dump(mode="json", include={"address", "text"}) for note in drift.remarks],
        },
        version=DRIFT_FORMAT,
    )


def _finding(finding: Finding) -> dict[str, Any]:
    waiver = finding.waived
    return {
        "id": finding.id,
        "address": str(finding.address),
        "drift": str(finding.kind),
        "field": finding.field or None,
        "recorded": finding.recorded,
        "live": finding.live,
        "age": str(finding.age),
        "waived": {"owner": waiver.owner, "reason": waiver.reason, "expires": str(waiver.expires)}
        if waiver
        else None,
    }


def run_data(run: Run, *, full: bool = False) -> dict[str, Any]:
    """Returns one run; with `full`, its plan as well."""
    data: dict[str, Any] = {
        "id": run.id,
        "status": str(run.status),
        "started": run.started,
        "finished": run.finished or None,
        "by": run.by,
        "plan": run.plan.id,
        "undoes": run.undoes or None,
        "undone_by": run.undone_by or None,
        "purged": run.purged or None,
        "changes": len(run.plan.changes),
    }
    return {**data, "planned": run.plan.model_dump(mode="json")} if full else data


def event_data(event: Event) -> dict[str, Any]:
    """Returns one line of the history that is no run."""
    return {"at": event.at, "by": event.by, "verb": event.verb, "text": event.text}


def recorded_data(recorded: Recorded) -> dict[str, Any]:
    """Returns one owned object."""
    return {
        "address": str(recorded.address),
        "values": dict(recorded.values),
        "protect": recorded.protect,
        "run": recorded.run or None,
    }


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """Returns one diagnostic."""
    where = diagnostic.where
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "summary": diagnostic.summary,
        "what": diagnostic.what,
        "why": diagnostic.why or None,
        "mend": diagnostic.mend or None,
        "file": where.file if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
    }


def drift_schema() -> dict[str, Any]:
    """Returns the JSON Schema of the drift report."""
    text: dict[str, Any] = {"type": "string"}
    maybe_text: dict[str, Any] = {"type": ["string", "null"]}
    texts: dict[str, Any] = {"type": "array", "items": text}
    waived = {
        "type": ["object", "null"],
        "required": ["owner", "reason", "expires"],
        "properties": {"owner": text, "reason": text, "expires": {"type": "string", "format": "date"}},
    }
    finding = {
        "type": "object",
        "required": ["id", "address", "drift", "field", "recorded", "live", "age", "waived"],
        "properties": {
            "id": text,
            "address": text,
            "drift": {"enum": [str(k) for k in DriftKind]},
            "field": maybe_text,
            "recorded": {},
            "live": {},
            "age": {"enum": [str(a) for a in Age]},
            "waived": waived,
        },
    }
    remark = {
        "type": "object",
        "required": ["address", "text"],
        "properties": {"address": maybe_text, "text": text},
    }
    properties = {
        "kind": {"const": "apexplan.drift"},
        "version": {"const": DRIFT_FORMAT},
        "project": text,
        "environment": text,
        "at": {"type": "string", "format": "date-time"},
        "in_sync": {"type": "boolean"},
        "checked": {"type": "integer"},
        "findings": {"type": "array", "items": finding},
        "resolved": texts,
        "unmanaged": texts,
        "expired_waivers": texts,
        "remarks": {"type": "array", "items": remark},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Drift report",
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }
