"""Key patterns and the keyspace: one step publishes all that changes of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Step
from apexplan.model.spec import Spec
from apexplan_redis.read.published import CONTRACT
from apexplan_redis.steps.base import Planning, line

PUBLISH: Final = "publish"

_NOT_PUBLISHED: Final = frozenset({"findings"})


def is_published(change: Change) -> bool:
    """True if a change is one of what the server publishes, and not of the keys alone."""
    return not change.fields or any(field.field not in _NOT_PUBLISHED for field in change.fields)


def publish_steps(changes: Sequence[Change], planning: Planning) -> list[Step]:
    """Returns the one step for all of them, none where there is nothing to publish."""
    if not changes:
        return []
    after = {change.address: _after(change) for change in changes}
    before = {change.address: _values(change.live) for change in changes}
    back = _step(changes, before, planning, "bring the former contract back")
    return [
        _step(changes, after, planning, _title(changes)).model_copy(
            update={"inverse": back.model_copy(update={"id": f"{back.id}/back"})}
        )
    ]


def _step(changes: Sequence[Change], objects: Mapping[Address, Any], planning: Planning, title: str) -> Step:
    code = planning.contract.changed(objects).code
    statement = line("FUNCTION", "LOAD", "REPLACE", code) if code else line("FUNCTION", "DELETE", CONTRACT)
    first = changes[0].address
    return Step(
        id=f"{first}/{PUBLISH}",
        address=first,
        covers=tuple(change.address for change in changes),
        verb=PUBLISH,
        title=title,
        statements=(statement,),
        args={"objects": {str(address): values for address, values in objects.items()}},
        removes=all(change.action is Action.DELETE for change in changes),
    )


def _after(change: Change) -> dict[str, Any] | None:
    """Returns what is published of an object afterwards: all that the manifest says of it."""
    return _values(change.desired)


def _values(spec: Spec | None) -> dict[str, Any] | None:
    if spec is None:
        return None
    values = spec.values(spec.comparable() - _NOT_PUBLISHED)
    return {name: value for name, value in values.items() if value is not None}


def _title(changes: Sequence[Change]) -> str:
    words = {Action.CREATE: "declare", Action.DELETE: "no longer declare"}
    counts: dict[str, int] = {}
    for change in changes:
        word = words.get(change.action, "change")
        counts[word] = counts.get(word, 0) + 1
    if len(changes) == 1:
        only = changes[0]
        return f"{next(iter(counts))} {only.address.kind} {only.address.name}"
    return "publish the contract: " + ", ".join(f"{word} {n}" for word, n in counts.items())
