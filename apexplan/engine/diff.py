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
mapping (`options`, `settings`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from apexplan.model.address import Address
from apexplan.model.change import Action, Change, Declared, FieldChange, Recorded
from apexplan.model.spec import REPLACE, Spec
from apexplan.provider import Normal, Provider


@dataclass(frozen=True, slots=True)
class Sides:
    """The three sides of one store. `desired` in manifest order, `normal` in the store's spelling.
    `purge_before`: what was kept aside before that time goes; None: nothing does."""

    live: Mapping[Address, Spec]
    desired: Mapping[Address, Declared]
    normal: Normal
    recorded: Mapping[Address, Recorded]
    purge_before: str | None = None


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


def projected(live: Any, desired: Any) -> Any:
    """Returns of the JSON value `live` what `desired` speaks of: of a mapping, its keys."""
    if isinstance(live, Mapping) and isinstance(desired, Mapping):
        return {key: live.get(key) for key in desired}
    return live


def record_values(live: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the state records of an object: of its live values, those that are managed."""
    return {field: projected(live[field], wish) for field, wish in desired.items() if field in live}


def diff(sides: Sides, provider: Provider) -> Difference:
    """Returns the changes of one store: declared objects in manifest order, then the rest by address."""
    sides, moved = _after_renames(sides, provider)
    changes: list[Change] = []
    unproven: list[tuple[Address, str]] = []
    in_sync = 0
    for address, declared in sides.desired.items():
        change, doubtful = _declared_change(sides, declared, moved.get(address))
        unproven += [(address, field) for field in doubtful]
        if change is None:
            in_sync += 1
        else:
            changes.append(change)
    kept = {a: since for a, spec in sorted(sides.live.items()) if (since := spec.kept_since())}
    changes += _undeclared_changes(sides)
    changes += _purges(sides, kept)
    known = sides.desired.keys() | sides.recorded.keys() | kept.keys()
    unmanaged = tuple(sorted(sides.live.keys() - known))
    return Difference(sides.live, tuple(changes), unmanaged, in_sync, tuple(kept), tuple(unproven))


def _after_renames(sides: Sides, provider: Provider) -> tuple[Sides, dict[Address, Address]]:
    """Returns the sides as they are once every rename has happened, and new → former addresses."""
    renames = dict(_renames(sides))
    if not renames:
        return sides, {}
    live, recorded = dict(sides.live), dict(sides.recorded)
    moved: dict[Address, Address] = {}
    for former, (address, spec) in provider.renamed(sides.live, renames).items():
        live.pop(former, None)
        live[address] = spec
        if former != address:
            moved[address] = former
            if former in recorded:
                recorded[address] = replace(recorded.pop(former), address=address)
    return replace(sides, live=live, recorded=recorded), moved


def _renames(sides: Sides) -> Iterable[tuple[Address, Address]]:
    for address, declared in sides.desired.items():
        if declared.lifecycle.renamed_from is None or address in sides.live:
            continue
        former = Address(address.store, address.kind, declared.lifecycle.renamed_from)
        if former in sides.live and former not in sides.desired:
            yield former, address


def _declared_change(
    sides: Sides, declared: Declared, former: Address | None
) -> tuple[Change | None, list[str]]:
    address = declared.address
    desired = sides.normal.specs.get(address, declared.spec)
    live = sides.live.get(address)
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
    owned = sides.recorded.get(address)
    doubtful = sides.normal.unproven.get(address, frozenset())
    compared = desired.comparable() - declared.lifecycle.ignore
    fields = tuple(field_changes(live, desired, compared - doubtful))
    base = replace(base, fields=fields, adopts=owned is None, renamed_from=former)
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
        if name in fields and not _same(getattr(live, name), getattr(desired, name)):
            values = live.values(frozenset({name})), desired.values(frozenset({name}))
            wish = values[1][name]
            yield FieldChange(name, projected(values[0].get(name), wish), wish, rule)


def _same(live: Any, desired: Any) -> bool:
    if isinstance(desired, dict) and isinstance(live, dict):
        return all(live.get(key) == value for key, value in desired.items())
    return bool(live == desired)


def _record_is_true(owned: Recorded | None, live: Spec, desired: Spec, protect: bool) -> bool:
    """True if the state already says of this object what an apply would write."""
    if owned is None or owned.protect != protect:
        return False
    managed = desired.managed & live.managed
    if owned.values.keys() != managed:
        return False
    return all(_same(getattr(live, n), getattr(desired, n)) for n in managed) and dict(
        owned.values
    ) == record_values(live.values(managed), desired.values(managed))


def _purges(sides: Sides, kept: Mapping[Address, str]) -> Iterable[Change]:
    for address, since in kept.items():
        if sides.purge_before is not None and since < sides.purge_before:
            yield Change(address, Action.DELETE, live=sides.live[address])


def _undeclared_changes(sides: Sides) -> Iterable[Change]:
    for address in sorted(sides.recorded.keys() - sides.desired.keys()):
        live = sides.live.get(address)
        action = Action.FORGET if live is None else Action.DELETE
        yield Change(address, action, live=live, protect=sides.recorded[address].protect)
