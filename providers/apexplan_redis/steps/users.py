"""ACL users: one ACL SETUSER each, from nothing, or one ACL DELUSER."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan_redis.read.everywhere import ALL
from apexplan_redis.read.users import FIELDS, rules
from apexplan_redis.specs import User
from apexplan_redis.specs.user import DEFAULT
from apexplan_redis.steps.base import Planning, hazard, line

USER: Final = "user"


def user_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step of one user. The user `default` cannot be deleted and goes back to what it was, or
    stays as it is where it was never changed from a manifest."""
    live, desired = change.live, change.desired
    assert live is None or isinstance(live, User)
    assert desired is None or isinstance(desired, User)
    name = change.address.name
    was = planning.was(change.address, _values(live) if live is not None else None)
    known = live.before if live is not None else None
    before: dict[str, str | None] = {}
    if name == DEFAULT:
        before = {name: None if desired is None else known or _remembered(was.get(ALL))}
    stays = desired is None and name == DEFAULT and known is None
    after = was if stays else {ALL: afterwards(name, live, desired)}
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
        "sanitize_payload": True,
    }
    known = _values(live) if live else {}
    return {**nothing, **{n: value for n, value in known.items() if value is not None}, **_values(desired)}


def afterwards(name: str, live: User | None, desired: User | None) -> dict[str, Any] | None:
    """Returns all that a user is once it is no longer `live` but `desired`; None: gone."""
    if desired is not None:
        return _filled(live, desired)
    if name != DEFAULT or live is None:
        return None
    former: dict[str, Any] = json.loads(live.before) if live.before else {}
    passwords = () if former.get("nopass") else live.passwords
    return {**_values(live), **former, "passwords": list(passwords or ())}


def _remembered(values: Mapping[str, Any] | None) -> str | None:
    """Returns what the server is to remember of the user `default`: all but its passwords. Who may call
    functions can read that, and a hash without salt is as good as many a password."""
    if values is None:
        return None
    return json.dumps({name: value for name, value in values.items() if name != "passwords"}, sort_keys=True)


def _title(change: Change) -> str:
    if change.action is Action.DELETE and change.address.name == DEFAULT:
        known = isinstance(change.live, User) and change.live.before
        return "bring the user default back to what it was" if known else "leave the user default as it is"
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
