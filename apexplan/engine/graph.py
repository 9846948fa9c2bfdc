"""The order of steps: who waits for whom, and which order to take where several would do. Pure.

A step waits for
  1. the step before it at the same address (the provider's order);
  2. the steps named in its `after`;
  3. the making of everything that its object requires, if it makes something;
  4. the removal of everything whose live spec requires what it removes or alters (a rename comes
     before such a removal, which uses the new name);
  5. the step that frees a name which its object takes.

Among steps that may go next, those that cannot be undone go last: when an earlier step fails,
everything before it can still be taken back. Then a step of the group that is under way, so that
transactions are as long as they may be; then the order of the changes.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.errors import DependencyCycle
from apexplan.model.plan import RollbackClass, Step, Unit

Edges = dict[str, set[str]]
"""Step id → ids of the steps that it waits for."""


def ordered(steps: Sequence[Step], changes: Mapping[Address, Change]) -> list[Step]:
    """Returns `steps` in an order that respects every dependency; raises DependencyCycle."""
    waits = _edges(steps, changes)
    followers: dict[str, list[str]] = defaultdict(list)
    missing = {step.id: len(waits[step.id]) for step in steps}
    for step_id, needed in waits.items():
        for before in needed:
            followers[before].append(step_id)
    rank = {step.id: (_reluctance(step), number) for number, step in enumerate(steps)}
    by_id = {step.id: step for step in steps}
    queue = _Queue(rank, by_id)
    for step in steps:
        if not missing[step.id]:
            queue.push(step.id)
    done: list[Step] = []
    while (ready := queue.pop()) is not None:
        done.append(by_id[ready])
        for follower in followers[ready]:
            missing[follower] -= 1
            if not missing[follower]:
                queue.push(follower)
    if len(done) < len(steps):
        raise DependencyCycle(_cycle(waits, {s for s, n in missing.items() if n}))
    return done


def units(steps: Sequence[Step]) -> tuple[Unit, ...]:
    """Returns `steps` in units: neighbours of one store and group are one, if all can be undone."""
    groups: list[list[Step]] = []
    for step in steps:
        if groups and _joins(groups[-1][-1], step):
            groups[-1].append(step)
        else:
            groups.append([step])
    return tuple(Unit(id=f"u{number:04d}", steps=tuple(g)) for number, g in enumerate(groups, 1))


def _joins(before: Step, step: Step) -> bool:
    return (
        step.group is not None
        and (before.store, before.group) == (step.store, step.group)
        and (before.inverse is None) == (step.inverse is None)
    )


def _reluctance(step: Step) -> int:
    return 0 if step.rollback in (RollbackClass.LOSSLESS, RollbackClass.RETENTION) else step.rollback.rank


class _Queue:
    """Steps that may go next: lowest rank first, but the group under way before any other."""

    def __init__(self, rank: Mapping[str, tuple[int, int]], steps: Mapping[str, Step]) -> None:
        self._rank = rank
        self._steps = steps
        self._all: list[tuple[tuple[int, int], str]] = []
        self._grouped: dict[tuple[str, str], list[tuple[tuple[int, int], str]]] = defaultdict(list)
        self._taken: set[str] = set()
        self._under_way: tuple[str, str] | None = None

    def push(self, step_id: str) -> None:
        item = (self._rank[step_id], step_id)
        heapq.heappush(self._all, item)
        if (key := self._key(step_id)) is not None:
            heapq.heappush(self._grouped[key], item)

    def pop(self) -> str | None:
        chosen = self._first(self._all)
        if chosen is None:
            return None
        if self._under_way is not None:
            same = self._first(self._grouped[self._under_way])
            if same is not None and self._rank[same][0] == self._rank[chosen][0]:
                chosen = same
        self._taken.add(chosen)
        self._under_way = self._key(chosen)
        return chosen

    def _first(self, heap: list[tuple[tuple[int, int], str]]) -> str | None:
        while heap and heap[0][1] in self._taken:
            heapq.heappop(heap)
        return heap[0][1] if heap else None

    def _key(self, step_id: str) -> tuple[str, str] | None:
        step = self._steps[step_id]
        return None if step.group is None else (step.store, step.group)


def _edges(steps: Sequence[Step], changes: Mapping[Address, Change]) -> Edges:
    waits: Edges = {step.id: set() for step in steps}
    makers: dict[Address, list[Step]] = defaultdict(list)
    removers: dict[Address, list[Step]] = defaultdict(list)
    last: dict[Address, str] = {}
    for step in steps:
        waits[step.id].update(after for after in step.after if after in waits)
        if step.address in last:
            waits[step.id].add(last[step.address])
        last[step.address] = step.id
        for address in step.covers:
            (removers if step.removes else makers)[address].append(step)
    for address in changes:
        _requirements(address, changes, makers, removers, waits)
    _names(changes, makers, removers, waits)
    for step_id, needed in waits.items():
        needed.discard(step_id)
    return waits


def _requirements(
    address: Address,
    changes: Mapping[Address, Change],
    makers: Mapping[Address, list[Step]],
    removers: Mapping[Address, list[Step]],
    waits: Edges,
) -> None:
    change = changes[address]
    if change.desired is not None and address in makers:
        for needed in change.desired.requires(address) | change.depends_on:
            parent = _parent(needed, changes)
            later = [step for step in makers[address] if step.address != parent]
            _wait(waits, later, makers.get(needed, ()), needed)
    if change.live is not None and address in removers:
        for needed in change.live.requires(change.renamed_from or address):
            _wait(waits, removers.get(needed, ()), removers[address], address)
            making = makers.get(needed, [])
            if needed in changes and changes[needed].renamed_from is not None:
                # The removal speaks of it by the new name: first the rename, then whatever else.
                _wait(waits, removers[address], making[:1], needed)
                making = making[1:]
            _wait(waits, making, removers[address], address)


def _parent(address: Address, changes: Mapping[Address, Change]) -> Address | None:
    """Returns what a changed object lives in. A step at that container never waits for what is
    inside: it is the container that is made, or renamed, first."""
    change = changes.get(address)
    return change.spec.parent(address) if change is not None and change.desired is not None else None


def _wait(waits: Edges, later: Iterable[Step], earlier: Iterable[Step], about: Address) -> None:
    """Makes each of `later` wait for each of `earlier`, which are about one object; not a step that
    serves that object itself, as the renaming of a table serves its columns."""
    earlier = list(earlier)
    for step in later:
        if about not in step.covers:
            waits[step.id].update(before.id for before in earlier)


def _names(
    changes: Mapping[Address, Change],
    makers: Mapping[Address, list[Step]],
    removers: Mapping[Address, list[Step]],
    waits: Edges,
) -> None:
    freed: dict[str, list[tuple[Address, Step]]] = defaultdict(list)
    for address, change in changes.items():
        former = change.renamed_from or address
        if change.live is not None:
            # A store without a rename makes the new one and removes the old one.
            steps = [*(makers.get(address, ()) if change.renamed_from else ()), *removers.get(address, ())]
            for name in change.live.claims(former):
                freed[name].extend((address, step) for step in steps)
    for address, change in changes.items():
        if change.desired is None:
            continue
        for name in change.desired.claims(address):
            for owner, step in freed.get(name, ()):
                if owner != address:
                    _wait(waits, makers.get(address, ()), [step], owner)


def _cycle(waits: Edges, left: set[str]) -> list[str]:
    """Returns one cycle among the steps that could not be ordered, first step repeated at the end."""
    path: list[str] = []
    seen: dict[str, int] = {}
    step = min(left)
    while step not in seen:
        seen[step] = len(path)
        path.append(step)
        step = min(waits[step] & left)
    return [*path[seen[step] :], step]
