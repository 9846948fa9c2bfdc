"""What became of each script, from what is declared, what the ledger has, and what is recorded. Pure.

    declared  ledger  recorded     standing
       x        -        any       pending; out of order where a higher version was applied
       x        x        any       applied; changed where the checksums differ
       -        x         x        missing: its file is gone
       -        x         -        not managed: applied from somewhere else

The ledger in the store is the truth; the record only tells whose the script was. `obstacles` says
of the changes that the engine made of the same three what stands in their way, for the reader of
the plan; `refused` holds those for which there are no steps at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from apexplan.migrations.spec import Migration
from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Note
from apexplan.model.spec import Spec


class Standing(StrEnum):
    """What became of a script."""

    APPLIED = "applied"
    PENDING = "pending"
    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out of order"
    NOT_MANAGED = "not managed"

    @property
    def wrong(self) -> bool:
        """True for what somebody has to mend before the next apply."""
        return self in (Standing.CHANGED, Standing.MISSING, Standing.OUT_OF_ORDER)


@dataclass(frozen=True, slots=True)
class Placed:
    """One script and what became of it."""

    address: Address
    spec: Migration
    standing: Standing


def number_of(spec: Migration) -> int:
    """Returns the version as the number that it is compared by."""
    return int(spec.version or 0)


def migrations(objects: Mapping[Address, Spec]) -> dict[Address, Migration]:
    """Returns the migrations among `objects`, lowest version first."""
    found = {address: spec for address, spec in objects.items() if isinstance(spec, Migration)}
    return dict(sorted(found.items(), key=lambda item: (number_of(item[1]), item[0])))


def standings(
    declared: Mapping[Address, Migration], live: Mapping[Address, Migration], owned: Collection[Address]
) -> list[Placed]:
    """Returns what became of every script of one store, lowest version first."""
    highest = max(map(number_of, live.values()), default=-1)

    def standing(address: Address) -> Standing:
        wish, there = declared.get(address), live.get(address)
        if wish is None:
            return Standing.MISSING if address in owned else Standing.NOT_MANAGED
        if there is None:
            return Standing.OUT_OF_ORDER if number_of(wish) <= highest else Standing.PENDING
        return Standing.APPLIED if wish.checksum == there.checksum else Standing.CHANGED

    return [Placed(a, spec, standing(a)) for a, spec in migrations({**live, **declared}).items()]


def begun(address: Address, run: str, done: int, *, back: bool) -> Note:
    """Returns the remark on a script that a run began, or began to take back, and did not finish. `done`:
    the statements that the ledger has."""
    what = "taking it back was begun" if back else "it was begun"
    return Note(
        address=address,
        text=f"{what} by run {run} and stopped after {done} statement{'s' * (done != 1)}",
        mend=f"`apexplan resume {run}` goes on, `apexplan rollback {run}` takes it back",
    )


def obstacles(changes: Iterable[Change], live: Mapping[Address, Migration]) -> list[Note]:
    """Returns what stands in the way of the migrations among `changes`. `live`: all that the ledger has."""
    mine = [change for change in changes if isinstance(change.spec, Migration)]
    return [*refused(mine), *_out_of_order(mine, live), *_stood_upon(mine, live)]


def refused(changes: Iterable[Change]) -> Iterator[Note]:
    """Yields the changes of migrations that no step carries out."""
    for change in changes:
        live, desired = change.live, change.desired
        if change.action is Action.DELETE and isinstance(live, Migration):
            yield _missing(change.address)
        elif (
            change.action is Action.REPLACE and isinstance(live, Migration) and isinstance(desired, Migration)
        ):
            yield _changed(change.address, live, desired)
        elif goes_back(change) and isinstance(desired, Migration) and desired.irreversible is not None:
            yield _irreversible(change.address, desired.irreversible)


def goes_back(change: Change) -> bool:
    """True for the change of a migration that is to be taken back."""
    return (
        change.action is Action.UPDATE
        and isinstance(change.desired, Migration)
        and change.desired.applied is False
    )


def _out_of_order(changes: Iterable[Change], live: Mapping[Address, Migration]) -> Iterator[Note]:
    """Yields the pending scripts below an applied one. A baseline only writes down what somebody says."""
    if not live:
        return
    last, highest = max(live.items(), key=lambda item: number_of(item[1]))
    for change in changes:
        desired = change.desired
        if change.action is not Action.CREATE or not isinstance(desired, Migration) or desired.baseline:
            continue
        if number_of(desired) <= number_of(highest):
            yield Note(
                address=change.address,
                text=f"out of order: {last.name} was applied already, and scripts run lowest version first",
                blocks=True,
                mend="give it a version above that one, its rollback script too",
            )


def _stood_upon(changes: Iterable[Change], live: Mapping[Address, Migration]) -> Iterator[Note]:
    """Yields the applied scripts that would be left standing on one that is taken back."""
    going = {change.address: change.desired for change in changes if goes_back(change)}
    if not going:
        return
    lowest = min(number_of(spec) for spec in going.values() if isinstance(spec, Migration))
    for address, spec in live.items():
        if address not in going and number_of(spec) > lowest:
            yield Note(
                address=address,
                text="it was applied later than what is to be taken back, and is not taken back with it",
                blocks=True,
                mend="take it back first, from a checkout that has its files",
            )


def _missing(address: Address) -> Note:
    return Note(
        address=address,
        text="it was applied, and its file is gone; nothing is taken back because a file is missing",
        blocks=True,
        mend="bring the file back as it was; or roll it back from a checkout that has it; "
        f"or leave it applied and manage it no longer: `apexplan forget {address}`",
    )


def _changed(address: Address, live: Migration, desired: Migration) -> Note:
    return Note(
        address=address,
        text=f"its file was changed after it was applied: {_short(desired)} now, {_short(live)} when it ran",
        blocks=True,
        mend="bring the file back as it was, and write what is to change into a new migration",
    )


def _irreversible(address: Address, why: str) -> Note:
    return Note(
        address=address,
        text=f"it cannot be taken back: {why}",
        blocks=True,
        mend="write a new migration that mends what is wrong, or restore a backup",
    )


def _short(spec: Migration) -> str:
    return f"checksum {(spec.checksum or '')[:8]}"
