"""Function libraries: FUNCTION LOAD REPLACE, or FUNCTION DELETE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan_redis.read.everywhere import ALL
from apexplan_redis.specs import Library
from apexplan_redis.steps.base import Planning, hazard, line

LIBRARY: Final = "library"


def library_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step of one library."""
    live = change.live.code if isinstance(change.live, Library) else None
    desired = change.desired.code if isinstance(change.desired, Library) else None
    back = _step(change, planning.was(change.address, live), "bring the former functions back")
    word = {Action.CREATE: "load", Action.DELETE: "delete"}.get(change.action, "replace")
    step = _step(change, {ALL: desired}, f"{word} library {change.address.name}")
    hazards = tuple(_hazards(change))
    return [
        step.model_copy(
            update={"inverse": back.model_copy(update={"id": f"{back.id}/back"}), "hazards": hazards}
        )
    ]


def _step(change: Change, code: Mapping[str, str | None], title: str) -> Step:
    return Step(
        id=f"{change.address}/{LIBRARY}",
        address=change.address,
        covers=(change.address,),
        verb=LIBRARY,
        title=title,
        statements=tuple(_statements(change.address.name, code)),
        args={"name": change.address.name, "code": dict(code)},
        removes=change.action is Action.DELETE,
    )


def _statements(name: str, code: Mapping[str, str | None]) -> Iterator[str]:
    for server, text in code.items():
        where = "" if server == ALL else f"   # on {server}"
        if text is None:
            yield line("FUNCTION", "DELETE", name) + where
        else:
            yield line("FUNCTION", "LOAD", "REPLACE", text) + where


def _hazards(change: Change) -> Iterator[Hazard]:
    if change.desired is None:
        yield hazard(HazardKind.DOWNTIME, "whoever calls these functions gets an error from then on")
