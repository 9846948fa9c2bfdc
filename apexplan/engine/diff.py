"""Live, desired and recorded specs of one store → what is to become of each object. Pure.

    declared  live  recorded   action
       x       x       any     UPDATE or REPLACE where managed fields differ; ADOPT where the record
                               must follow; else nothing
       x       -       any     RENAME where `renamed_from` is live, else CREATE
       -       x        x      DELETE
       -       -        x      FORGET
       -       x        -      nothing: unmanaged, only listed; DELETE for what a drop kept aside
                               once its time is over and a purge was asked for

A field that the manifest leaves out is not compared, and neither is a key that it leaves out of a
mapping (`options`, `settings`), unless the mapping is one value as a whole (`OnChange.whole`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from apexplan.engine.rename import Renamed
from apexplan.model.address import Address
from apexplan.model.change import Action, Change, Declared, FieldChange, Recorded
from apexplan.model.spec import REPLACE, Spec, projected
from apexplan.provider import Normal


@dataclass(frozen=True, slots=True)
class Sides:
    """The three sides of one store. `renamed`: the live one; `desired` in manifest order, `normal` in
    the store's spelling.
    `purge_before`: what was kept aside before that time goes; None: nothing does."""

    renamed: Renamed
    desired: Mapping[Address, Declared]
    normal: Normal
    recorded: Mapping[Address, Recorded]
    purge_before: str | None = None

    @property
    def live(self) -> Mapping[Address, Spec]:
        """What is there, as it will be called."""
        return self.renamed.live


@dataclass(frozen=True, slots=True)
class Difference:
    """The outcome for one store. `live`: the store as it is once every rename has happened. `kept`:
    what earlier drops only moved aside.
    `unproven`: fields that a read-only session could not compare; no step is made for them."""

    live: Mapping[Address, Spec]
    changes: tuple[Change, ...]
    unmanaged: tuple[Address, ...]
    in_sync: int
    kept: tuple[Address, ...] = ()
    unproven: tuple[tuple[Address, str], ...] = ()


def record_values(live: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the state records of an object: of its live values, those that are managed."""
    return {field: projected(live[field], wish) for field, wish in desired.items() if field in live}


def diff(sides: Sides) -> Difference:
    """Returns the changes of one store: declared objects in manifest order, then the rest by address."""
    sides = _under_new_names(sides)
    changes: list[Change] = []
    unproven: list[tuple[Address, str]] = []
    in_sync = 0
    for address, declared in sides.desired.items():
        change, doubtful = _declared_change(sides, declared)
        unproven += [(address, field) for field in doubtful]
        if change is None:
            in_sync += 1
        else:
            changes.append(change)
    kept = dict(sorted((a, since) for a, spec in sides.live.items() if (since := spec.kept_since())))
    changes += _undeclared_changes(sides)
    changes += _purges(sides, kept)
    known = sides.desired.keys() | sides.recorded.keys() | kept.keys()
    unmanaged = tuple(sorted(sides.live.keys() - known))
    return Difference(sides.live, tuple(changes), unmanaged, in_sync, tuple(kept), tuple(unproven))


def _under_new_names(sides: Sides) -> Sides:
    """Returns the sides with the record under the names that the live side has by then."""
    if not sides.renamed.origin:
        return sides
    recorded = dict(sides.recorded)
    for address, origin in sides.renamed.origin.items():
        if origin in recorded:
            recorded[address] = replace(recorded.pop(origin), address=address)
    return replace(sides, recorded=recorded)


def _declared_change(sides: Sides, declared: Declared) -> tuple[Change | None, list[str]]:
    address = declared.address
    former = sides.renamed.former.get(address)
    desired = sides.normal.specs.get(address, declared.spec)
    live = sides.live.get(address)
    owned = sides.recorded.get(address)
    if former is None and _is_in_sync(live, desired, owned, declared.lifecycle.protect):
        return None, []
    base = Change(
        address=address,
        action=Action.CREATE,
        live=live,
        desired=desired,
        protect=declared.lifecycle.protect,
        depends_on=declared.lifecycle.depends_on,
        where=declared.where,
    )
    if live is None:
        return base, []
    doubtful = sides.normal.unproven.get(address, frozenset())
    compared = desired.comparable() - declared.lifecycle.ignore
    fields = tuple(field_changes(live, desired, compared - doubtful))
    origin = sides.renamed.origin.get(address)
    base = replace(base, fields=fields, adopts=owned is None, renamed_from=former, origin=origin)
    unproven = sorted(f.field for f in field_changes(live, desired, compared & doubtful))
    if former is not None:
        return replace(base, action=Action.RENAME), unproven
    if fields:
        anew = any(f.rule.how == REPLACE for f in fields)
        return replace(base, action=Action.REPLACE if anew else Action.UPDATE), unproven
    if _record_is_true(owned, live, desired, declared.lifecycle.protect):
        return None, unproven
    return replace(base, action=Action.ADOPT), unproven


def field_changes(live: Spec, desired: Spec, fields: frozenset[str]) -> Iterable[FieldChange]:
    """Yields the fields among `fields` that differ, in the order of the class."""
    for name, rule in type(desired).rules.items():
        if name in fields and not rule.same(getattr(live, name), getattr(desired, name)):
            values = live.values(frozenset({name})), desired.values(frozenset({name}))
            wish = values[1][name]
            yield FieldChange(name, rule.projected(values[0].get(name), wish), wish, rule)


def _is_in_sync(live: Spec | None, desired: Spec, owned: Recorded | None, protect: bool) -> bool:
    """True where live, desired and recorded agree in every managed field: nearly all objects of
    nearly every plan, so this looks at each field once."""
    if live is None or owned is None or owned.protect != protect:
        return False
    managed, rules = desired.model_fields_set, type(desired).rules
    return (
        owned.values.keys() == managed
        and all(rules[name].same(getattr(live, name), getattr(desired, name)) for name in managed)
        and owned.values == desired.values()
    )


def _record_is_true(owned: Recorded | None, live: Spec, desired: Spec, protect: bool) -> bool:
    """True if the state already says of this object what an apply would write."""
    if owned is None or owned.protect != protect:
        return False
    managed = desired.managed & live.managed
    return owned.values.keys() == managed and dict(owned.values) == record_values(
        live.values(managed), desired.values(managed)
    )


def _purges(sides: Sides, kept: Mapping[Address, str]) -> Iterable[Change]:
    for address, since in kept.items():
        if sides.purge_before is not None and since < sides.purge_before:
            yield Change(address, Action.DELETE, live=sides.live[address])


def _undeclared_changes(sides: Sides) -> Iterable[Change]:
    for address in sorted(sides.recorded.keys() - sides.desired.keys()):
        live = sides.live.get(address)
        action = Action.FORGET if live is None else Action.DELETE
        origin = sides.renamed.origin.get(address)
        yield Change(address, action, live=live, origin=origin, protect=sides.recorded[address].protect)
