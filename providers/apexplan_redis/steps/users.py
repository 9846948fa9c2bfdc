"""ACL users: one ACL SETUSER each, from nothing, or one ACL DELUSER."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan_redis.read.everywhere import ALL
from apexplan_redis.read.users import FIELDS, INITIAL, rules
from apexplan_redis.specs import User
from apexplan_redis.specs.user import DEFAULT
from apexplan_redis.steps.base import Planning, hazard, line

USER: Final = "user"


def user_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step of one user. The user `default` cannot be deleted and goes back to what it was."""
    live, desired = change.live, change.desired
    assert live is None or isinstance(live, User)
    assert desired is None or isinstance(desired, User)
    name = change.address.name
    was = planning.was(change.address, _values(live) if live is not None else None)
    known = live.before if live is not None else None
    before: dict[str, str | None] = {}
    if name == DEFAULT:
        former = json.dumps(was.get(ALL), sort_keys=True) if was.get(ALL) else None
        before = {name: None if desired is None else (known or former)}
    if desired is not None:
        after: dict[str, Any] = {ALL: _filled(live, desired)}
    else:
        after = {ALL: _initial(known) if name == DEFAULT else None}
    back = _step(change, was, {name: known} if name == DEFAULT else {}, "bring the former rules back")
    step = _step(change, after, before, _title(change))
    hazards = tuple(_hazards(change))
    return [
        step.model_copy(
            update={"inverse": back.model_copy(update={"id": f"{back.id}/back"}), "hazards": hazards}
        )
    ]


def _step(change: Change, values: Mapping[str, Any], before: Mapping[str, str | None], title: str) -> Step:
    return Step(
        id=f"{change.address}/{USER}",
        address=change.address,
        covers=(change.address,),
        verb=USER,
        title=title,
        statements=tuple(_statements(change.address.name, values)),
        args={"name": change.address.name, "values": dict(values), "before": dict(before)},
        removes=change.action is Action.DELETE,
    )


def _statements(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    for server, one in values.items():
        where = "" if server == ALL else f"   # on {server}"
        if one is None:
            yield line("ACL", "DELUSER", name) + where
        else:
            yield line("ACL", "SETUSER", name, "reset", *rules(User.model_validate(one))) + where


def _values(user: User) -> dict[str, Any]:
    return {name: value for name, value in user.values().items() if name in FIELDS}


def _filled(live: User | None, desired: User) -> dict[str, Any]:
    """Returns all that the user shall be: what nobody manages stays as it is, or as a new user has it."""
    nothing = {
        "enabled": False,
        "nopass": False,
        "passwords": [],
        "commands": "-@all",
        "keys": "",
        "channels": "",
        "selectors": [],
    }
    known = _values(live) if live else {}
    return {**nothing, **{n: value for n, value in known.items() if value is not None}, **_values(desired)}


def _initial(before: str | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(before) if before else _values(INITIAL)
    return found


def _title(change: Change) -> str:
    if change.action is Action.DELETE and change.address.name == DEFAULT:
        return "bring the user default back to what it was"
    word = {Action.CREATE: "make", Action.DELETE: "delete"}.get(change.action, "change")
    return f"{word} user {change.address.name}"


def _hazards(change: Change) -> Iterator[Hazard]:
    """Yields who is shut out."""
    live, desired = change.live, change.desired
    if not isinstance(live, User) or not live.enabled:
        return
    if desired is None and change.address.name != DEFAULT:
        yield hazard(HazardKind.DOWNTIME, "connections of this user are closed, and it cannot come back")
    elif isinstance(desired, User) and desired.enabled is False:
        yield hazard(
            HazardKind.DOWNTIME, "connections of this user stay, but nobody can log in as it any more"
        )
