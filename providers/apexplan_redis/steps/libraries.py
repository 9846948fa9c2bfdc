"""Function libraries: FUNCTION LOAD REPLACE, or FUNCTION DELETE.

All libraries of a server share one space of functions, and a library with a function of another is refused.
So where functions move, the library that gives them away changes first, and next the one that takes them. In
between, for milliseconds, the server has not got them, and a hazard says so. Of libraries that take from each
other in a ring, one is deleted before the others change, and loaded after them.

Limits. Moves are seen in the libraries' texts. A function whose name is put together while its library is
loaded is not seen there; where it moves, the server may refuse the library that takes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan.model.spec import Spec
from apexplan_redis.read.everywhere import ALL
from apexplan_redis.specs import Library
from apexplan_redis.specs.library import functions
from apexplan_redis.steps.base import Planning, hazard, line

LIBRARY: Final = "library"

_Code: TypeAlias = Mapping[str, str | None]
_Names: TypeAlias = Mapping[Address, Collection[str]]
"""Functions, by another library that gives or takes them."""


def library_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step of one library; two for one that has to be out of the way first."""
    address, moves = change.address, _moves(planning)
    word = {Action.CREATE: "load", Action.DELETE: "delete"}.get(change.action, "replace")
    givers, takers = moves.givers(address), moves.takers(address)
    live, desired = planning.was(address, _code(change.live)), {ALL: _code(change.desired)}
    load = _step(change, desired, f"{word} library {address.name}")
    load = load.model_copy(update={"after": tuple(map(moves.freeing, givers))})
    gone = _gone(change, _functions(live) - _functions(desired), takers)
    back = _step(change, live, "bring the former functions back")
    if address not in moves.first:
        load = _warning(load, [*gone, *_gaps("moved", takers)])
        return [_undone_by(_warning(back, _gaps("given back", givers)), load)]
    away = _step(change, {ALL: None}, f"delete library {address.name} for a moment")
    away = _warning(away, [hazard(HazardKind.DOWNTIME, "its functions are missing until it is loaded again")])
    return [
        _undone_by(back, away.model_copy(update={"id": moves.freeing(address)})),
        _undone_by(away, _warning(load, gone)),
    ]


def _step(change: Change, code: _Code, title: str) -> Step:
    return Step(
        id=_id(change.address),
        address=change.address,
        covers=(change.address,),
        verb=LIBRARY,
        title=title,
        statements=tuple(_statements(change.address.name, code)),
        args={"name": change.address.name, "code": dict(code)},
        removes=not any(code.values()),
    )


def _id(library: Address) -> str:
    return f"{library}/{LIBRARY}"


def _warning(step: Step, hazards: Iterable[Hazard]) -> Step:
    return step.model_copy(update={"hazards": tuple(hazards)})


def _undone_by(back: Step, step: Step) -> Step:
    return step.model_copy(update={"inverse": back.model_copy(update={"id": f"{step.id}/back"})})


def _statements(name: str, code: _Code) -> Iterator[str]:
    for server, text in code.items():
        where = "" if server == ALL else f"   # on {server}"
        if text is None:
            yield line("FUNCTION", "DELETE", name) + where
        else:
            yield line("FUNCTION", "LOAD", "REPLACE", text) + where


def _gone(change: Change, names: Collection[str], takers: _Names) -> Iterator[Hazard]:
    """Yields who gets an error for good. A library that is deleted may have functions that are not seen."""
    lost = sorted(set(names).difference(*takers.values()))
    if change.desired is None:
        which = "another of these functions" if takers else "these functions"
        yield hazard(HazardKind.DOWNTIME, f"whoever calls {which} gets an error from then on")
    elif lost:
        yield hazard(HazardKind.DOWNTIME, f"whoever calls {', '.join(lost)} gets an error from then on")


def _gaps(moved: str, names: _Names) -> Iterator[Hazard]:
    for library, moving in names.items():
        text = f"{moved} to library {library.name}, and missing until that is loaded: {', '.join(moving)}"
        yield hazard(HazardKind.DOWNTIME, text)


# ── functions that move ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Moves:
    """`taken`: library → those that it takes functions from → which. `first`: libraries that are deleted
    before the others change; apart from these, none waits for itself."""

    taken: Mapping[Address, _Names]
    first: frozenset[Address]

    def givers(self, taker: Address) -> _Names:
        return self.taken.get(taker, {})

    def takers(self, giver: Address) -> _Names:
        return {taker: givers[giver] for taker, givers in self.taken.items() if giver in givers}

    def freeing(self, giver: Address) -> str:
        """Returns the id of the step that takes the functions out of a library that gives some away."""
        return f"{_id(giver)}/away" if giver in self.first else _id(giver)


def _moves(planning: Planning) -> _Moves:
    """Returns which functions are in other libraries once all is as desired."""
    desired = {a: functions(s.code) for a, s in planning.facts.desired.items() if isinstance(s, Library)}
    taken: dict[Address, dict[Address, list[str]]] = defaultdict(lambda: defaultdict(list))
    givers = _givers(planning, desired)
    for taker, names in desired.items():
        for name in sorted(names & givers.keys()):
            for giver in givers[name]:
                taken[taker][giver].append(name)
    return _Moves(taken, _first(taken))


def _givers(planning: Planning, desired: Mapping[Address, frozenset[str]]) -> dict[str, list[Address]]:
    """Returns function → the libraries that have it now, on any server, and are not to have it."""
    found: dict[str, list[Address]] = defaultdict(list)
    for address, spec in planning.facts.live.items():
        if isinstance(spec, Library) and (address in desired or address in planning.facts.owned):
            live = _functions(planning.was(address, spec.code))
            for name in live - desired.get(address, frozenset()):
                found[name].append(address)
    return found


def _first(taken: Mapping[Address, _Names]) -> frozenset[Address]:
    found: set[Address] = set()
    for library in sorted(taken):
        if library in _behind(library, taken, found):
            found.add(library)
    return frozenset(found)


def _behind(library: Address, taken: Mapping[Address, _Names], but: Collection[Address]) -> set[Address]:
    """Returns those that a library takes from, itself or by way of others, but not of those in `but`."""
    found: set[Address] = set()
    left = [library]
    while left:
        more = [giver for giver in taken.get(left.pop(), ()) if giver not in but and giver not in found]
        found.update(more)
        left += more
    return found


def _functions(code: _Code) -> frozenset[str]:
    """Returns the functions that a library has on any server."""
    return frozenset().union(*map(functions, code.values()))


def _code(spec: Spec | None) -> str | None:
    return spec.code if isinstance(spec, Library) else None
