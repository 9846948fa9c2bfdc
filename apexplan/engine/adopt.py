"""Beginning and ending ownership without touching a store, and rebuilding a lost state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from apexplan.engine.diff import record_values
from apexplan.model.address import Address
from apexplan.model.change import Declared, Recorded
from apexplan.model.errors import UsageError
from apexplan.model.spec import Spec
from apexplan.provider import Mark


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the marks in the stores say. `found`: marked and live, recorded as marked; `gone`: marked,
    but no longer there."""

    found: Mapping[Address, Recorded]
    gone: tuple[Address, ...]


def adoptable(
    declared: Mapping[Address, Declared],
    live: Mapping[Address, Spec],
    recorded: Mapping[Address, Recorded],
    wanted: Callable[[Address], bool],
) -> dict[Address, Recorded]:
    """Returns records for the declared, live, unowned objects among `wanted`, as they are live."""
    return {
        address: Recorded(
            address,
            record_values(live[address].values(), item.spec.values()),
            item.lifecycle.protect,
        )
        for address, item in declared.items()
        if address in live and address not in recorded and wanted(address)
    }


def forgettable(
    recorded: Mapping[Address, Recorded], wanted: Callable[[Address], bool]
) -> dict[Address, None]:
    """Returns the owned objects among `wanted`, to be recorded no more; raises UsageError if none."""
    found = {address: None for address in recorded if wanted(address)}
    if not found:
        raise UsageError("none of these is owned", mend="`apexplan state list` shows what is")
    return found


def recovered(marks: Iterable[Mark], live: Mapping[Address, Spec]) -> Recovery:
    """Returns the record that the marks give. A marked object that was changed since keeps the
    marked values, so that `drift` tells."""
    found: dict[Address, Recorded] = {}
    gone = []
    for mark in marks:
        if mark.address in live:
            found[mark.address] = Recorded(mark.address, mark.values, mark.protect, mark.run)
        else:
            gone.append(mark.address)
    return Recovery(found, tuple(sorted(gone)))
