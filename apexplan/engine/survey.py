"""Reads the stores: live specs, desired specs in their spelling, sizes. The input side of a plan.

Stores are read side by side, each in a thread of its own; one session is never used by two
threads at once. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pydantic import BaseModel

from apexplan.engine.rename import Renamed, renamed
from apexplan.model.address import Address
from apexplan.model.change import Change, Declared, Recorded
from apexplan.model.plan import Note, Plan, Size
from apexplan.model.spec import Spec
from apexplan.provider import (
    Foreseeing,
    Live,
    Measurable,
    Normal,
    Provider,
    Rehearsable,
    Scope,
    Session,
)

T = TypeVar("T")

Wanted = Callable[[Address], bool]
"""Says which objects a command is about (`--target`, `--exclude`)."""


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """One store of the project, ready to connect to."""

    name: str
    provider: Provider
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class OpenStore:
    """One store with its open session."""

    name: str
    provider: Provider
    session: Session


@dataclass(frozen=True, slots=True)
class StoreView:
    """What one store holds and should hold, before any comparison."""

    live: Live
    renamed: Renamed
    normal: Normal
    desired: Mapping[Address, Declared]
    recorded: Mapping[Address, Recorded]


@contextmanager
def opened(stores: Sequence[StoreConfig]) -> Iterator[dict[str, OpenStore]]:
    """Connects to every store, side by side; closes them all at the end, whatever happened.

    Raises the error of the first store, in their order, that could not be reached.
    """
    with ExitStack() as stack:
        contexts = [store.provider.connect(store.name, store.settings) for store in stores]

        def enter(index: int) -> Session:
            session = contexts[index].__enter__()
            stack.push(contexts[index].__exit__)
            return session

        sessions = side_by_side({str(n): partial(enter, n) for n in range(len(stores))})
        yield {
            store.name: OpenStore(store.name, store.provider, sessions[str(n)])
            for n, store in enumerate(stores)
        }


def side_by_side(calls: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """Runs the calls in threads and returns their results by key; waits for all, then raises the
    first error in the order of `calls`."""
    if len(calls) <= 1:
        return {key: call() for key, call in calls.items()}
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        futures = {key: pool.submit(call) for key, call in calls.items()}
    return {key: future.result() for key, future in futures.items()}


def view(
    stores: Mapping[str, OpenStore],
    declared: Mapping[Address, Declared],
    recorded: Mapping[Address, Recorded],
) -> dict[str, StoreView]:
    """Returns what each store holds, with the desired specs in its own spelling. Reads the stores."""

    def one(store: OpenStore) -> StoreView:
        wanted = {a: d for a, d in declared.items() if a.store == store.name}
        owned = {a: r for a, r in recorded.items() if a.store == store.name}
        former = {
            Address(a.store, a.kind, d.lifecycle.renamed_from)
            for a, d in wanted.items()
            if d.lifecycle.renamed_from
        }
        scope = Scope(store.name, frozenset(wanted.keys() | owned.keys() | former))
        live = store.session.read(scope)
        there = renamed(live.objects, wanted, store.provider)
        specs: dict[Address, Spec] = {a: d.spec for a, d in wanted.items()}
        normal = store.session.normalize(specs, there.live) if specs else Normal({})
        return StoreView(live, there, normal, wanted, owned)

    return side_by_side({name: partial(one, store) for name, store in stores.items()})


def read_live(
    stores: Mapping[str, OpenStore], addresses: frozenset[Address], *, everything: bool = False
) -> dict[str, Live]:
    """Returns what each store holds of `addresses` and around them (or all of it). Reads the stores."""

    def one(store: OpenStore) -> Live:
        mine = frozenset(a for a in addresses if a.store == store.name)
        return store.session.read(Scope(store.name, mine, everything))

    return side_by_side({name: partial(one, store) for name, store in stores.items()})


def measured(store: OpenStore, addresses: frozenset[Address]) -> Mapping[Address, Size]:
    """Returns the sizes of those of `addresses` that hold data, as far as the store can tell."""
    if not addresses or not isinstance(store.session, Measurable):
        return {}
    return store.session.measure(addresses)


def obstacles(store: OpenStore, changes: Sequence[Change]) -> Sequence[Note]:
    """Returns what stands in the way of `changes`, as far as the store can see it before. Reads."""
    return store.session.obstacles(changes) if changes and isinstance(store.session, Foreseeing) else ()


def rehearsed(stores: Mapping[str, OpenStore], plan: Plan) -> tuple[Note, ...]:
    """Tries the plan's units on the stores that can take them back at once; returns what went wrong,
    and which steps were not tried."""
    notes: list[Note] = []
    for name, store in stores.items():
        units = [unit for unit in plan.units if unit.store == name]
        if units and isinstance(store.session, Rehearsable):
            notes += store.session.rehearse(units)
        elif units:
            notes.append(Note(text=f"not tried: the steps on {name}; this store cannot take a trial back"))
    return tuple(notes)
