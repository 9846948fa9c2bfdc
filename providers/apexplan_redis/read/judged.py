"""What an audit found, put into the live objects: so that plan and drift speak of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from apexplan.model.address import Address
from apexplan.model.audit import Audit
from apexplan.model.plan import Note
from apexplan.model.spec import Spec
from apexplan.provider import Live
from apexplan_redis.kinds import UNDECLARED
from apexplan_redis.names import KEYSPACE
from apexplan_redis.specs import KeyPattern, Keyspace

_EMPTY: Final = '""'
"""Stands for the key that has no byte."""
_BLIND: Final = ("not looked at", "not validated")
"""What remarks say of keys and values that were not judged: that nothing was found there means nothing."""


def judged(live: Live, report: Audit, only: Mapping[Address, frozenset[str]] | None = None) -> Live:
    """Returns the live side with how keys depart from their patterns (`only` in these ways, where given),
    and with undeclared keys as patterns that nobody manages, by what they look like."""
    objects = dict(live.objects)
    for address, kinds in findings(report).items():
        told = tuple(one for one in kinds if only is None or one in only.get(address, ()))
        if told and isinstance(objects.get(address), KeyPattern | Keyspace):
            objects[address] = objects[address].model_copy(update={"findings": told})
    like = [one.like for one in report.strangers if one.like]  # no pattern can be that of the empty key
    unknown = KeyPattern.model_validate(dict.fromkeys(KeyPattern.rules))
    strangers: dict[Address, Spec] = {Address(report.store, KeyPattern.kind, name): unknown for name in like}
    details = {**live.details, "strangers": like}
    return Live({**strangers, **objects}, details, (*live.notes, *_notes(report)))


def findings(report: Audit) -> dict[Address, tuple[str, ...]]:
    """Returns how the keys of each object depart, by the words of `audit.kinds`, sorted."""
    found: dict[Address, set[str]] = {}
    for departure in report.departures:
        found.setdefault(departure.address, set()).add(departure.kind)
    if report.strangers:
        found[Address(report.store, Keyspace.kind, KEYSPACE)] = {UNDECLARED}
    return {address: tuple(sorted(kinds)) for address, kinds in found.items()}


def _notes(report: Audit) -> Iterator[Note]:
    for departure in report.departures:
        yield Note(text=departure.text, address=departure.address, mend=departure.mend)
    for one in report.strangers:
        look = "key looks" if one.count == 1 else "keys look"
        text = f"{one.count:,} undeclared {look} like {one.like or _EMPTY}"
        yield Note(text=text, mend="declare the pattern, or find out who writes them")
    for remark in report.remarks:
        if any(words in remark for words in _BLIND):
            yield Note(text=remark)
