"""Functions and triggers: CREATE OR REPLACE, undone by the former definition."""

from __future__ import annotations

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Step
from apexplan_postgres import ddl
from apexplan_postgres.names import sql_name
from apexplan_postgres.specs import Function, Trigger
from apexplan_postgres.steps.base import Back, Planning, quick, short, whole


def function_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one function."""
    address = change.address
    if change.action is Action.DELETE:
        assert isinstance(change.live, Function)
        _refuse_needed(address, planning)
        return [_function_dropped(address, change.live)]
    spec, live = whole(change, Function), change.live
    if live is None:
        return [_function_created(address, spec)]
    assert isinstance(live, Function)
    if any(f.rule.how == "replace" for f in change.fields):
        _refuse_needed(address, planning)
        return [_function_dropped(address, live), _function_created(address, spec)]
    back = Back(f"function {short(address)} as before", tuple(_defined(address, live)))
    return [quick(address, "replace", f"replace function {short(address)}", _defined(address, spec), back)]


def _function_created(address: Address, spec: Function) -> Step:
    statements = [ddl.create_function(address, spec, replace=False), *ddl.commented(address, spec)]
    back = Back(f"drop function {short(address)}", (f"DROP FUNCTION {sql_name(address)}",), removes=True)
    return quick(address, "create", f"create function {short(address)}", statements, back)


def _function_dropped(address: Address, live: Function) -> Step:
    again = (ddl.create_function(address, live, replace=False), *ddl.commented(address, live))
    back = Back(f"create function {short(address)} again", again)
    gone = [f"DROP FUNCTION {sql_name(address)}"]
    return quick(address, "drop", f"drop function {short(address)}", gone, back, removes=True)


def _defined(address: Address, spec: Function) -> list[str]:
    return [ddl.create_function(address, spec, replace=True), ddl.comment(address, spec.comment)]


def _refuse_needed(address: Address, planning: Planning) -> None:
    for other, spec in planning.facts.live.items():
        if isinstance(spec, Trigger) and spec.function == address.name and not _lets_go(other, planning):
            planning.refuse(
                address,
                f"the trigger {other} calls it and stays",
                f"drop {other} in the same plan, or give the function another name",
            )


def _lets_go(trigger: Address, planning: Planning) -> bool:
    """True if this plan drops the trigger, or gives it another function."""
    change = planning.changes.get(trigger)
    return change is not None and (planning.goes(trigger) or change.changed("function") is not None)


def trigger_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one trigger."""
    address = change.address
    if change.action is Action.DELETE:
        assert isinstance(change.live, Trigger)
        back = Back(f"create trigger {short(address)} again", tuple(_made(address, change.live)))
        gone = [ddl.drop_trigger(address)]
        return [quick(address, "drop", f"drop trigger {short(address)}", gone, back, removes=True)]
    spec, live = whole(change, Trigger), change.live
    if live is None:
        back = Back(f"drop trigger {short(address)}", (ddl.drop_trigger(address),), removes=True)
        return [quick(address, "create", f"create trigger {short(address)}", _made(address, spec), back)]
    assert isinstance(live, Trigger)
    back = Back(f"trigger {short(address)} as before", tuple(_replaced(address, live)))
    title = f"replace trigger {short(address)}"
    return [quick(address, "replace", title, _replaced(address, spec), back)]


def _made(address: Address, spec: Trigger) -> list[str]:
    statements = [ddl.create_trigger(address, spec, replace=False)]
    if spec.enabled not in (None, "origin"):
        statements.append(ddl.enable_trigger(address, spec.enabled))
    return statements + ddl.commented(address, spec)


def _replaced(address: Address, spec: Trigger) -> list[str]:
    return [
        ddl.create_trigger(address, spec, replace=True),
        ddl.enable_trigger(address, spec.enabled),
        ddl.comment(address, spec.comment),
    ]
