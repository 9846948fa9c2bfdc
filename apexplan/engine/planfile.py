"""The plan as a file, and whether an approved plan still says what would be done.

Nothing in a file is ever executed. `approved` plans again from the same manifests and the live
stores and compares; what runs are the steps of the new plan. One mechanism so refuses stale,
edited and replayed plans, and a change of an object that the plan does not touch refuses nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from apexplan.engine.ports import Head
from apexplan.model.errors import StalePlan
from apexplan.model.plan import FORMAT, Plan, Step
from apexplan.model.spec import canonical


def dump(plan: Plan) -> str:
    """Returns the plan as JSON text; the same plan gives the same bytes."""
    return json.dumps(plan.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> Plan:
    """Reads a plan file. Raises StalePlan where it is no plan, of another format, or edited."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise StalePlan("format", f"{path}: {error.strerror}", mend="check the path") from error
    except ValueError as error:
        raise StalePlan("format", f"{path} is no plan file: it is not JSON") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else None
        raise StalePlan("format", f"{path} has plan format {found!r}; this version reads {FORMAT}")
    try:
        plan = Plan.model_validate(data)
    except ValidationError as error:
        raise StalePlan("edited", f"{path} is no plan that apexplan wrote") from error
    if not plan.intact():
        raise StalePlan("edited", f"{path} was changed after it was made: its id no longer fits")
    return plan


def check_origin(approved: Plan, *, manifests: str, environment: str, head: Head) -> None:
    """Raises StalePlan unless the approved plan came from these manifests, environment and state.

    A plan made before there was a state has no lineage; it fits a state that was never written.
    """
    if approved.environment != environment:
        raise StalePlan(
            "environment",
            f"the plan is for environment {approved.environment or '(none)'}, "
            f"not for {environment or '(none)'}",
            mend="pass the same --env as for plan",
        )
    first = not approved.lineage and head.serial == 0
    if approved.lineage != head.lineage and not first:
        raise StalePlan("lineage", "the plan was made against another state")
    if approved.manifests != manifests:
        raise StalePlan("manifests", "the manifests are not those that the plan was made from")


def check_same(approved: Plan, fresh: Plan) -> None:
    """Raises StalePlan unless `fresh`, planned for the approved plan's objects alone, does the same.

    Sizes and the texts of hazards may differ, their kinds may not.
    """
    before = {c.address: c.model_dump(mode="json") for c in approved.changes}
    now = {c.address: c.model_dump(mode="json") for c in fresh.changes}
    differing = sorted(str(a) for a in before.keys() | now.keys() if before.get(a) != now.get(a))
    if not differing:
        differing = _differing_steps(approved, fresh)
    if differing:
        shown = ", ".join(differing[:5]) + (f" and {len(differing) - 5} more" if len(differing) > 5 else "")
        raise StalePlan("stale", f"since the plan was made, this changed: {shown}")


def _differing_steps(approved: Plan, fresh: Plan) -> list[str]:
    """Returns the addresses of steps that only one plan has, or that the order differs."""
    old = [(str(s.address), canonical(_step_essence(s))) for s in approved.steps]
    new = [(str(s.address), canonical(_step_essence(s))) for s in fresh.steps]
    if old == new:
        return []
    return sorted({address for address, _ in set(old) ^ set(new)}) or ["the order of the steps"]


def _step_essence(step: Step) -> dict[str, Any]:
    data = step.model_dump(mode="json", exclude={"size", "hazards", "inverse"})
    data["hazards"] = sorted(str(h.kind) for h in step.hazards)
    data["inverse"] = _step_essence(step.inverse) if step.inverse else None
    return data
