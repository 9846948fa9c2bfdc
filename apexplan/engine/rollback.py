"""The plan that undoes a finished run: its inverse steps in reverse, with the originals as their
inverses, so that a rollback that fails is itself undone. Pure.

Runs are undone newest first: a later run may rest on what an earlier one made. What has no
inverse is named in a note and left. The objects must be as the run left them; otherwise undoing
would undo somebody else's work as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apexplan.engine.drift import drifts
from apexplan.engine.ports import Head, Run, RunStatus, StateStore
from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.errors import StalePlan, UsageError
from apexplan.model.plan import HazardKind, Note, Plan, PlannedChange, RollbackClass, Size, Step, Unit
from apexplan.model.spec import Spec

_INVERSE = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}


def choose(runs: Sequence[Run], run_id: str | None) -> Run:
    """Returns the run to undo: the newest applied one that is not undone. `runs` newest first.

    Raises UsageError where there is none, or where `run_id` is not the next one to be undone.
    """
    candidates = [r for r in runs if r.status is RunStatus.APPLIED and not r.undoes and not r.undone_by]
    if not candidates:
        raise UsageError("there is no applied run to roll back", mend="`apexplan history` shows the runs")
    if run_id is None or candidates[0].id == run_id:
        return _not_purged(candidates[0])
    ids = [r.id for r in candidates]
    if run_id not in ids:
        raise UsageError(
            f"run {run_id} is not an applied run that can be rolled back",
            mend="`apexplan history` shows the runs",
        )
    later = ", ".join(ids[: ids.index(run_id)])
    raise UsageError(
        f"run {run_id} is followed by {later}, which may rest on it", mend="roll those back first"
    )


def _not_purged(run: Run) -> Run:
    if run.purged:
        raise UsageError(
            f"run {run.id} can no longer be rolled back: what its steps had kept was purged at {run.purged}",
            mend="apply the manifests of the time before it; what was in the stores does not come back",
        )
    return run


def purgeable(state: StateStore, before: str) -> dict[str, int]:
    """Returns the applied runs that ended by that time (RFC 3339) → bytes that are kept for them."""
    sizes = state.kept_bytes()
    ended = {run_id: state.run(run_id) for run_id in sizes}
    return {
        run_id: sizes[run_id]
        for run_id, run in ended.items()
        if run.status is RunStatus.APPLIED and run.finished <= before
    }


def check_untouched(run: Run, live: Mapping[Address, Spec]) -> None:
    """Raises StalePlan unless every object of `run` still is as the run left it."""
    differing = []
    for address, recorded in run.after.items():
        if recorded is None:
            if address in live and not live[address].lasts(address):
                differing.append(f"{address} (is there again)")
        else:
            fields = [f.field or str(f.kind) for f in drifts(recorded, live.get(address))]
            if fields:
                differing.append(f"{address} ({', '.join(fields)})")
    if differing:
        raise StalePlan(
            "stale",
            f"since run {run.id}, this changed: {', '.join(differing)}",
            mend="`apexplan drift` shows how; bring it back, or apply the manifests of that time",
        )


def plan(run: Run, head: Head, *, created: str, sizes: Mapping[Address, Size]) -> Plan:
    """Returns the plan that undoes `run`. `sizes`: how much is at stake in its objects now."""
    units: list[Unit] = []
    left: list[Step] = []
    for unit in reversed(run.plan.units):
        if unit.undone() is None:
            left += [s for s in unit.steps if s.inverse is None]
        else:
            units.append(_reversed(unit, len(units) + 1, sizes))
    stays = {address for step in left for address in step.covers}
    return Plan(
        created=created,
        project=run.plan.project,
        environment=run.plan.environment,
        manifests=run.plan.manifests,
        lineage=head.lineage,
        serial=head.serial,
        undoes=run.id,
        changes=tuple(_inverted(c) for c in reversed(run.plan.changes) if c.address not in stays),
        units=tuple(units),
        notes=tuple(Note(address=s.address, text=f"stays as it is: {s.no_inverse}") for s in left),
    ).sealed()


def _reversed(unit: Unit, number: int, sizes: Mapping[Address, Size]) -> Unit:
    steps = []
    for step in reversed(unit.steps):
        if step.inverse is not None:
            back = step.model_copy(update={"inverse": None, "no_inverse": "it undoes an undo"})
            size = sizes.get(step.inverse.address, step.inverse.size)
            undo = step.inverse.model_copy(update={"inverse": back, "size": size})
            steps.append(undo.model_copy(update={"rollback": _class(undo)}))
    return Unit(id=f"u{number:04d}", steps=tuple(steps))


def _class(undo: Step) -> RollbackClass:
    """Returns how well an undo can be undone: what it deletes is made again, but not what was in it."""
    empty = undo.size is not None and undo.size.empty
    deletes = any(hazard.kind is HazardKind.DELETES_DATA for hazard in undo.hazards)
    lossy = RollbackClass.LOSSY if deletes and not empty else RollbackClass.LOSSLESS
    return max(undo.rollback, lossy, key=lambda found: found.rank)


def _inverted(change: PlannedChange) -> PlannedChange:
    """Returns the change that brings an object back to what it was before `change`."""
    action = _INVERSE.get(change.action, change.action)
    if change.action is Action.ADOPT and change.adopts:
        action = Action.FORGET
    return change.model_copy(
        update={
            "address": change.origin or change.address,
            "renamed_from": change.address if change.origin else None,
            "origin": change.address if change.origin else None,
            "action": action,
            "live": change.desired,
            "desired": change.live,
            "adopts": False,
            "summary": "" if change.fields else change.summary,  # of what it is now, not of what it was
            "reason": "",
            "fields": tuple(
                f.model_copy(
                    update={
                        "live": f.desired,
                        "desired": f.live,
                        "live_text": f.desired_text,
                        "desired_text": f.live_text,
                    }
                )
                for f in change.fields
            ),
        }
    )
