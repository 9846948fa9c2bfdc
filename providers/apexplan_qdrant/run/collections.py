"""Collections: made, changed, taken out of use and into use again, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.model.spec import same
from apexplan.provider import Outcome, Watch
from apexplan_qdrant.errors import Taken
from apexplan_qdrant.read.marks import METADATA, Marks, Retired, marks_of
from apexplan_qdrant.run.comparing import lacks_points
from apexplan_qdrant.run.looking import look, marks, now, write
from apexplan_qdrant.specs import Collection, PayloadIndex
from apexplan_qdrant.steps.collection import DIRECTIVES
from apexplan_qdrant.target import Target
from apexplan_qdrant.wire.bodies import after_create, create_body
from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.payload_index import index_schema


def create(target: Target, step: Step, watch: Watch) -> None:
    """Makes the collection, or takes up the one that this step has made before."""
    physical, spec = step.args["physical"], Collection.model_validate(step.args["spec"])
    found = look(target, physical)
    if found is None:
        body = create_body(spec)
        if target.version >= METADATA:
            made = Marks(name=step.args["name"], made=step.args["made"])
            body["metadata"] = {**body.get("metadata", {}), **step.args.get("ledger", {}), **made.written()}
        target.create(physical, body)
        found = target.info(physical)
    elif not _is_made_by(target, found, step):
        raise Taken(
            f"the collection {physical} is there already, and this plan has not made it",
            store=target.store,
            address=step.address,
            mend="plan again: it may have been made since",
        )
    rest = after_create(spec, found["config"])
    if rest:
        target.update(physical, rest)
    if marks_of(found).retired is not None:
        restore(target, step, watch)  # kept aside by a way back that is itself undone
    for path, index in _indexes_to_come(step, found):
        target.put_index(physical, path, index_schema(PayloadIndex.model_validate(index)))


def _indexes_to_come(step: Step, found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    there = found.get("payload_schema", {})
    return [(path, index) for path, index in step.args["indexes"].items() if path not in there]


def probe_create(target: Target, step: Step) -> Outcome:
    found = look(target, step.args["physical"])
    if found is None:
        return Outcome.NOT_DONE
    if not _is_made_by(target, found, step):
        return Outcome.NOT_DONE if target.version >= METADATA else Outcome.UNKNOWN  # a mark tells for sure
    rest = after_create(Collection.model_validate(step.args["spec"]), found["config"])
    unfinished = rest or marks_of(found).retired or _indexes_to_come(step, found)
    return Outcome.PARTIAL if unfinished else Outcome.DONE


def _is_made_by(target: Target, found: Mapping[str, Any], step: Step) -> bool:
    """True if the collection bears the step's mark; without metadata, if it is as the step makes it."""
    if target.version >= METADATA:
        return bool(marks_of(found).made == step.args["made"])
    values = {k: v for k, v in step.args["spec"].items() if k not in DIRECTIVES and v is not None}
    return _has(found, values)


def delete(target: Target, step: Step, watch: Watch) -> None:
    """Deletes the collection of that physical name, if it is the one that is meant. With `unless_lacking`:
    only if the source of that copy has every point of it; otherwise it is marked as out of use."""
    physical = step.args["physical"]
    found = look(target, physical)
    if found is None:
        return
    if step.args["made"] and target.version >= METADATA and marks_of(found).made != step.args["made"]:
        raise StoreError(
            f"the collection {physical} is not the one that was made: somebody has made it anew",
            store=target.store,
            address=step.address,
            mend="look at it; delete it by hand, or leave it",
        )
    copy = step.args.get("unless_lacking")
    if copy and lacks_points(target, copy, marks_of(found).copied, watch):
        _retire(target, physical, step.args["name"])
    else:
        target.delete(physical)


def probe_delete(target: Target, step: Step) -> Outcome:
    found = look(target, step.args["physical"])
    kept = found is not None and marks_of(found).retired is not None
    return Outcome.DONE if found is None or (kept and "unless_lacking" in step.args) else Outcome.NOT_DONE


# ------------------------------------------------------------------ changed


def patch(target: Target, step: Step, watch: Watch) -> None:
    """Sends the one PATCH, unless its mark is there: sent again it would start the rebuild anew."""
    physical = step.args["physical"]
    if probe_patch(target, step) is Outcome.DONE:
        return
    found = target.info(physical)
    body = dict(step.args["body"])
    if target.version >= METADATA:
        mark = marks_of(found).but(changed=step.args["changed"])
        body["metadata"] = {**body.get("metadata", {}), **mark.written()}
    target.update(physical, body)


def probe_patch(target: Target, step: Step) -> Outcome:
    """DONE once the mark and the values are there. Parts of a PATCH are saved one by one, so that a crash of
    the server leaves the first ones: PARTIAL, and the same PATCH again completes it."""
    found = look(target, step.args["physical"])
    if found is None:
        return Outcome.UNKNOWN
    marked = target.version < METADATA or marks_of(found).changed == step.args["changed"]
    if _has(found, step.args["wish"]) and marked:
        return Outcome.DONE
    return Outcome.NOT_DONE if _has(found, step.args["former"]) else Outcome.PARTIAL


def _has(found: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    live = Collection.model_validate(collection_values(found)).values()
    return all(same(live.get(field), value) for field, value in values.items())


# ------------------------------------------------------------------ out of use


def retire(target: Target, step: Step, watch: Watch) -> None:
    """Marks the collection as out of use since now; keeps the time of a mark that is there."""
    _retire(target, step.args["physical"], step.args["name"])


def _retire(target: Target, physical: str, name: str) -> None:
    mine = marks(target, physical)
    if mine.retired is None:
        write(target, physical, mine.but(retired=Retired(name, now())))


def probe_retire(target: Target, step: Step) -> Outcome:
    found = look(target, step.args["physical"])
    if found is None:
        return Outcome.UNKNOWN
    return Outcome.DONE if marks_of(found).retired else Outcome.NOT_DONE


def restore(target: Target, step: Step, watch: Watch) -> None:
    """Takes the mark away."""
    mine = marks(target, step.args["physical"])
    if mine.retired is not None:
        write(target, step.args["physical"], mine.but(retired=None))


def probe_restore(target: Target, step: Step) -> Outcome:
    found = look(target, step.args["physical"])
    if found is None:
        return Outcome.UNKNOWN
    return Outcome.NOT_DONE if marks_of(found).retired else Outcome.DONE


def purge(target: Target, step: Step, watch: Watch) -> None:
    """Deletes what was kept, if it still is out of use."""
    found = look(target, step.args["physical"])
    if found is None:
        return
    if marks_of(found).retired is None:
        raise StoreError(
            f"{step.args['physical']} was taken into use again", store=target.store, address=step.address
        )
    target.delete(step.args["physical"])


def probe_purge(target: Target, step: Step) -> Outcome:
    return Outcome.DONE if look(target, step.args["physical"]) is None else Outcome.NOT_DONE


def nothing(target: Target, step: Step, watch: Watch) -> None:
    """Does nothing: what the step left goes with the collection that it is in."""


def probe_nothing(target: Target, step: Step) -> Outcome:
    return Outcome.DONE
