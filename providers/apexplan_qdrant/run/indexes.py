"""Payload indexes. While segments are rebuilt the server answers "completed" and does nothing until the end:
so a change of an index waits for rest before, and the engine's `wait` brings rest after it."""

from __future__ import annotations

from typing import Any

from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_qdrant.run.looking import look
from apexplan_qdrant.specs import PayloadIndex
from apexplan_qdrant.target import Target
from apexplan_qdrant.wire.payload_index import index_schema, index_values


def put(target: Target, step: Step, watch: Watch) -> None:
    """Makes or replaces the index; one that is as wished is left alone, since even an identical PUT is
    refused where strict mode allows no more indexes."""
    if probe_put(target, step) is not Outcome.DONE:
        spec = PayloadIndex.model_validate(step.args["spec"])
        target.put_index(step.args["physical"], step.args["path"], index_schema(spec))


def probe_put(target: Target, step: Step) -> Outcome:
    there = _there(target, step)
    if there is not None and _is(there, step.args["spec"]):
        return Outcome.DONE
    former = step.args.get("former")
    if there is None or (former and _is(there, former)):
        return Outcome.NOT_DONE
    return Outcome.UNKNOWN


def drop(target: Target, step: Step, watch: Watch) -> None:
    if _there(target, step) is not None:
        target.delete_index(step.args["physical"], step.args["path"])


def probe_drop(target: Target, step: Step) -> Outcome:
    return Outcome.DONE if _there(target, step) is None else Outcome.NOT_DONE


def _there(target: Target, step: Step) -> dict[str, Any] | None:
    found = look(target, step.args["physical"])
    entry = (found or {}).get("payload_schema", {}).get(step.args["path"])
    return PayloadIndex.model_validate(index_values(entry)).values() if entry is not None else None


def _is(there: dict[str, Any], spec: dict[str, Any]) -> bool:
    return all(there.get(field) == value for field, value in spec.items())
