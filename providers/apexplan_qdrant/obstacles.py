"""What would fail, seen before anything is done: settings that the target lacks, names that are taken, copies
that values do not allow. Reads nothing but what was read for the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Note
from apexplan.model.spec import REPLACE
from apexplan_qdrant.embedding import known
from apexplan_qdrant.measure import measure
from apexplan_qdrant.read import Seen
from apexplan_qdrant.read.marks import METADATA, marks_of
from apexplan_qdrant.specs import Alias, Collection
from apexplan_qdrant.steps.base import filled, own_name
from apexplan_qdrant.target import Target

_ACTING = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.RENAME)


def obstacles(
    target: Target, changes: Sequence[Change], seen: Seen, desired: AbstractSet[Address]
) -> list[Note]:
    """Returns one note for each thing that stands in the way of `changes`, and remarks. `desired`: all that
    manifests declare, changed or not."""
    notes: list[Note] = []
    for change in changes:
        if change.action not in _ACTING or change.desired is None:
            continue
        notes += _lacking(target, change)
        if isinstance(change.desired, Collection):
            notes += _taken(change, change.desired, seen)
            if _is_anew(change):
                notes += _not_copied(target, change, change.desired, seen)
                notes += _stay_behind(change, seen, desired)
        elif isinstance(change.desired, Alias):
            notes += _alias(change, change.desired, seen)
    return notes


def _is_anew(change: Change) -> bool:
    return any(field.rule.how is REPLACE for field in change.fields)


def _lacking(target: Target, change: Change) -> Iterator[Note]:
    """Yields what the target does not know of the fields that would be sent."""
    assert change.desired is not None
    sent = {field.field for field in change.fields} if change.live is not None else change.desired.managed
    for field, lack in target.lacks(change.desired).items():
        if field in sent:
            yield Note(
                text=f"{field}: {lack.reason}",
                address=change.address,
                blocks=lack.refused,
                mend=f"leave {field} out, or use a target that has it" if lack.refused else "",
            )


# ------------------------------------------------------------------ names


def _taken(change: Change, desired: Collection, seen: Seen) -> Iterator[Note]:
    name = change.address.name
    if change.action is Action.CREATE:
        physical = own_name(name, desired)
        yield from _free(change, physical, seen)
        if physical != name and name in seen.infos:
            yield from _bare(change, name, desired.over, seen)
        return
    live = change.live
    assert isinstance(live, Collection)
    hides = name in seen.infos and name not in seen.aliases and live.physical != name
    if change.action is Action.RENAME and hides:
        yield from _bare(change, name, desired.over, seen)
    if _is_anew(change) and desired.physical is not None:
        if live.physical != desired.physical:
            yield from _free(change, desired.physical, seen)
        elif desired.on_replace != "drop":
            text = (
                f"a copy is another collection, and `physical` says {desired.physical}, as the old one has it"
            )
            yield _block(change, text, "give it another `physical` name, or leave that out")


def _free(change: Change, physical: str, seen: Seen) -> Iterator[Note]:
    info = seen.infos.get(physical)
    if info is None:
        if physical in seen.aliases:
            text = f"{physical} is an alias of {seen.aliases[physical]}: no collection can have that name"
            yield _block(change, text, "choose another name, or declare what the alias leads to")
        return
    retired = marks_of(info).retired
    if retired is not None:
        text = f"a collection {physical} is kept aside since {retired.since}"
        yield _block(
            change, text, "purge it, roll back the run that took it out of use, or choose another name"
        )
    else:
        text = f"a collection {physical} is there already"
        yield _block(change, text, "choose another `physical` name, or declare that collection")


def _alias(change: Change, desired: Alias, seen: Seen) -> Iterator[Note]:
    name = change.address.name
    if name in seen.infos and name not in seen.aliases:
        yield from _bare(change, name, desired.over, seen)


def _bare(change: Change, name: str, over: str | None, seen: Seen) -> Iterator[Note]:
    """Yields that an alias would need the name of a collection, unless the manifest says how it gets it; and
    that it would delete for it what others read under another name."""
    known = seen.served.names.get(name, name)
    if over == "gap" and known != name:
        text = f"`over: gap` would delete the collection {name}, which is read as {known}"
        yield _block(change, text, "`over: shadow` hides it and keeps it; or choose another name")
    elif over is None:
        text = f"a collection has the name {name}, and an alias of it would be refused (409)"
        yield _block(change, text, _WAYS)


_WAYS = (
    "choose one: another name (for a collection: `lifecycle: {renamed_from: …}`); `over: shadow`, an alias "
    "that hides the collection without a gap, which Qdrant does but does not promise; `over: gap`, which "
    "deletes the collection before, with some milliseconds of 404"
)


# ------------------------------------------------------------------ copies


def _not_copied(target: Target, change: Change, desired: Collection, seen: Seen) -> Iterator[Note]:
    """Yields why a collection cannot be made anew as the manifest has it."""
    why = "; ".join(field.field for field in change.fields if field.rule.how is REPLACE)
    if desired.on_replace in (None, "refuse"):
        text = f"{why}: this needs a new collection. The plan shows a copy with a switch of the alias"
        mend = "say `on_replace: copy` for it, or `on_replace: drop` to begin with an empty collection"
        yield _block(change, text, mend)
    if desired.on_replace == "drop":
        return
    if target.version < METADATA:
        text = "a copy needs Qdrant 1.16: older ones cannot insert without overwriting"
        yield _block(change, text, "upgrade, or copy by hand into a collection of another name")
    live = change.live
    assert isinstance(live, Collection)
    if not _is_empty(target, change, seen):
        for text, mend in _values(change, desired):
            yield _block(change, text, mend)
        yield from _without_values(change, live, desired)
    bare = live.physical == change.address.name and change.address.name not in seen.aliases
    if bare and change.action is not Action.RENAME:
        yield from _bare(change, change.address.name, desired.over, seen)


def _is_empty(target: Target, change: Change, seen: Seen) -> bool:
    """True where nothing has to be carried over."""
    former = change.origin or change.address
    size = measure(target, [former], seen.served).get(former)
    return size is not None and size.empty


def _stay_behind(change: Change, seen: Seen, desired: AbstractSet[Address]) -> Iterator[Note]:
    """Yields the aliases that nobody manages here: they go on leading to the old collection."""
    live, wish = change.live, change.desired
    assert isinstance(live, Collection) and isinstance(wish, Collection)
    at_once = wish.over == "gap" and live.physical == change.address.name
    for alias, physical in seen.served.aliases.items():
        if physical == live.physical and Address(change.address.store, Alias.kind, alias) not in desired:
            until = "and goes with it" if at_once else "and goes when that is purged"
            text = f"the alias {alias} is not declared: it stays with {physical}, {until}"
            yield Note(text=text, address=change.address)


_EMBED = (
    "new vectors must be made: `copy: {embed: NAME}` hands the points to a function of an installed package "
    "(see the guide), or begin with an empty collection: `on_replace: drop`"
)


def _values(change: Change, desired: Collection) -> Iterator[tuple[str, str]]:
    """Yields why values cannot be carried over as they are."""
    name = (desired.copying or {}).get("embed")
    if name is not None:
        if name not in known():
            yield (
                f"no installed package offers an embedder {name}",
                "install it; the guide shows its entry point",
            )
        return
    for field in ("size", "multivector"):
        found = change.changed(field)
        if found is not None:
            differ = [v for v, value in found.desired.items() if found.live.get(v) not in (None, value)]
            if differ:
                yield (
                    f"another {field} of {_named(differ)} cannot be made from the values that are there",
                    _EMBED,
                )
    found = change.changed("distance")
    for vector, distance in (found.desired if found else {}).items():
        before = found.live.get(vector) if found else None
        if before not in (None, distance) and "Cosine" in (before, distance):
            text = (
                f"{_named([vector])} from {before} to {distance}: with Cosine the server keeps vectors of "
                "length 1, so that their lengths are lost"
            )
            yield text, _EMBED


def _without_values(change: Change, live: Collection, desired: Collection) -> Iterator[Note]:
    """Yields which vectors the points will not have, since the old collection has none of that name."""
    if (desired.copying or {}).get("embed") is not None:
        return
    had, has = _vectors(live), _vectors(filled(live, desired))
    new = sorted(has - had)
    if new and not had & has:
        yield _block(change, f"{_named(new)} is new, and no other is kept: points would have none", _EMBED)
    elif new:
        text = f"{_named(new)} is new: points that are copied have none until somebody writes it"
        yield Note(text=text, address=change.address)


def _vectors(spec: Collection) -> set[str]:
    return {*(spec.vectors or ()), *(spec.sparse_vectors or ())}


def _named(vectors: Sequence[str]) -> str:
    names = [name for name in vectors if name]
    return f"the vector{'s' * (len(names) > 1)} {', '.join(names)}" if names else "the vector"


def _block(change: Change, text: str, mend: str) -> Note:
    return Note(text=text, address=change.address, blocks=True, mend=mend)
