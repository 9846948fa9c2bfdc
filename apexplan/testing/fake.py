"""A provider whose store lives in this process, or in one JSON file, and that can behave like any
of the real ones: with transactions or without, building in the background, leaving half of a step
behind when it is interrupted, slow to show an effect.

Its objects are the boxes of `boxes`: a colour can be painted over, a size cannot be changed, a box
may need another, and tags are a mapping of which a manifest may manage a part. That is enough to
meet every rule of the engine.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.errors import Ambiguous, StoreError, StoreUnreachable
from apexplan.model.plan import Hazard, HazardKind, RollbackClass, Size, Step
from apexplan.model.spec import Spec
from apexplan.provider import (
    Check,
    Facts,
    Kind,
    Live,
    LocalStore,
    Mark,
    Normal,
    Outcome,
    Scope,
    Watch,
)
from apexplan.testing.boxes import Box, FakeKind, Values


class Behaviour(BaseModel):
    """How a fake store behaves. `partial`: an interrupted write leaves an unhealthy box behind.
    `background`: a box is healthy only after `wait`. `transactional`: groups of steps are atomic.
    `delay_ms`: how long the store takes over a step, before anything of it is there."""

    model_config = ConfigDict(frozen=True)

    transactional: bool = False
    background: bool = False
    partial: bool = False
    delay_ms: int = 0


@dataclass(slots=True)
class FakeServer:
    """What survives a crash of its client. `torn`: the next write stops half-way, once."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    boxes: dict[str, Values] = field(default_factory=dict)
    unhealthy: set[str] = field(default_factory=set)
    committed: set[str] = field(default_factory=set)
    ledger: dict[str, dict[str, Values]] = field(default_factory=dict)
    """Project → address → mark."""
    rows: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    torn: bool = False
    down: bool = False
    file: Path | None = None

    def create(self, name: str, values: Values) -> None:
        """Makes a box; an error if there is one, as in a store without IF NOT EXISTS."""
        if name in self.boxes:
            raise StoreError(f"box {name} is there already", code="exists")
        self.boxes[name] = dict(values)
        self.made[name] = self.made.get(name, 0) + 1

    def remove(self, name: str) -> None:
        if name not in self.boxes:
            raise StoreError(f"there is no box {name}", code="missing")
        del self.boxes[name]
        self.unhealthy.discard(name)

    def save(self) -> None:
        """Writes the file, if there is one, in one step."""
        if self.file is None:
            return
        content = {
            "behaviour": self.behaviour.model_dump(),
            "boxes": self.boxes,
            "unhealthy": sorted(self.unhealthy),
            "committed": sorted(self.committed),
            "ledger": self.ledger,
            "rows": self.rows,
        }
        aside = self.file.with_name(self.file.name + ".new")
        aside.write_text(json.dumps(content, indent=1))
        aside.replace(self.file)

    @classmethod
    def load(cls, file: Path) -> FakeServer:
        """Reads a store from its file; an empty one where there is none."""
        if not file.exists():
            return cls(file=file)
        content = json.loads(file.read_text())
        return cls(
            behaviour=Behaviour(**content.get("behaviour", {})),
            boxes=content.get("boxes", {}),
            unhealthy=set(content.get("unhealthy", ())),
            committed=set(content.get("committed", ())),
            ledger=content.get("ledger", {}),
            rows=content.get("rows", {}),
            file=file,
        )


_DEFAULTS: Values = {"color": "grey", "size": 1, "needs": [], "tags": {}}


_SLICE_S = 0.05


def _pass_time(seconds: float) -> None:
    """Sleeps in slices: a signal that comes right before a sleep is looked at when that has ended."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _SLICE_S))


class FakeSession:
    """A session on a fake store without transactions."""

    def __init__(self, store: str, server: FakeServer) -> None:
        self._store = store
        self._server = server

    def read(self, scope: Scope) -> Live:
        self._check()
        objects = {
            Address(self._store, "box", name): Box.model_validate(values)
            for name, values in self._server.boxes.items()
        }
        return Live(dict(objects), {"version": "1.0"})

    def normalize(self, desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Normal:
        return Normal(dict(desired))

    def measure(self, addresses: frozenset[Address]) -> Mapping[Address, Size]:
        rows = self._server.rows
        return {a: Size(count=rows.get(a.name, 0), unit="rows", exact=True) for a in addresses}

    def examine(self) -> Sequence[Check]:
        return [Check("version", "1.0"), Check("boxes", str(len(self._server.boxes)))]

    def run(self, step: Step, watch: Watch) -> None:
        self._check()
        if self.probe(step) is Outcome.DONE:
            return
        _pass_time(self._server.behaviour.delay_ms / 1000)
        self._apply(step)
        self._server.save()

    def probe(self, step: Step) -> Outcome:
        self._check()
        name, box = step.args["name"], self._server.boxes.get(step.args["name"])
        if step.verb == "rename":
            return self._probe_rename(step)
        if step.verb == "remove":
            return Outcome.DONE if box is None else _outcome(box == step.args["was"], Outcome.NOT_DONE)
        if box == step.args["values"]:
            return Outcome.PARTIAL if name in self._server.unhealthy else Outcome.DONE
        return _outcome(box == step.args["was"], Outcome.NOT_DONE)

    def marks(self, project: str) -> Mapping[Address, Mark]:
        self._check()
        return {
            (address := Address.parse(text)): Mark(address, mark["values"], mark["protect"], mark["run"])
            for text, mark in self._server.ledger.get(project, {}).items()
        }

    def record(self, project: str, marks: Mapping[Address, Mark | None]) -> None:
        self._check()
        ledger = self._server.ledger.setdefault(project, {})
        for address, mark in marks.items():
            if mark is None:
                ledger.pop(str(address), None)
            else:
                entry = {"values": dict(mark.values), "protect": mark.protect, "run": mark.run}
                ledger[str(address)] = entry
        self._server.save()

    def _check(self) -> None:
        if self._server.down:
            raise StoreUnreachable("the fake store is down", store=self._store)

    def _probe_rename(self, step: Step) -> Outcome:
        old, new = step.args["name"] in self._server.boxes, step.args["to"] in self._server.boxes
        if old == new:
            return Outcome.UNKNOWN
        return Outcome.DONE if new else Outcome.NOT_DONE

    def _apply(self, step: Step) -> None:
        name, server = step.args["name"], self._server
        if step.verb == "remove":
            server.remove(name)
        elif step.verb == "rename":
            server.boxes[step.args["to"]] = server.boxes.pop(name)
        elif name in server.unhealthy:
            server.unhealthy.discard(name)
        else:
            self._write(name, step)

    def _write(self, name: str, step: Step) -> None:
        server = self._server
        if step.args["was"] is None:
            server.create(name, step.args["values"])
        else:
            server.boxes[name] = dict(step.args["values"])
        if server.behaviour.background or (server.behaviour.partial and server.torn):
            server.unhealthy.add(name)
        if server.behaviour.partial and server.torn:
            server.torn = False
            server.save()
            raise Ambiguous("the fake store stopped half-way", store=self._store)


class BackgroundFakeSession(FakeSession):
    """A session on a store that builds in the background."""

    def wait(self, step: Step, watch: Watch) -> None:
        """Ends the build of a box; tells two steps of progress."""
        watch.progress(1, 2, "rows", "building")
        self._server.unhealthy.discard(step.args["name"])
        self._server.save()
        watch.progress(2, 2, "rows", "building")


class TransactionalFakeSession(FakeSession):
    """A session on a store with transactions."""

    def run_group(self, unit: str, steps: Sequence[Step], watch: Watch) -> None:
        """Applies all steps or none, with the unit's id."""
        self._check()
        if unit in self._server.committed:
            return
        before = {name: dict(box) for name, box in self._server.boxes.items()}
        try:
            for step in steps:
                self._apply(step)
        except StoreError:
            self._server.boxes = before
            raise
        self._server.committed.add(unit)
        self._server.save()

    def probe_group(self, unit: str, steps: Sequence[Step]) -> Outcome:
        self._check()
        return Outcome.DONE if unit in self._server.committed else Outcome.NOT_DONE


def _outcome(fits: bool, outcome: Outcome) -> Outcome:
    return outcome if fits else Outcome.UNKNOWN


class FakeSettings(BaseModel):
    """`file`: where the store is kept, relative to the working directory. `name`: one in the process."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    file: str | None = None
    name: str = "default"


SERVERS: dict[str, FakeServer] = {}
"""The stores of this process, by name. Tests put theirs here."""


class FakeProvider:
    """The provider called `fake`."""

    name = "fake"
    kinds: tuple[Kind, ...] = (FakeKind(),)
    specs: tuple[type[Spec], ...] = (Box,)
    settings: type[BaseModel] = FakeSettings

    @contextmanager
    def connect(self, store: str, settings: BaseModel) -> Iterator[FakeSession]:
        assert isinstance(settings, FakeSettings)
        if settings.file:
            server = FakeServer.load(Path(settings.file))
        else:
            server = SERVERS.setdefault(settings.name, FakeServer())
        yield session_on(store, server)

    def steps(self, changes: Sequence[Change], facts: Facts) -> list[Step]:
        steps = [step for change in changes for step in _steps(change, facts)]
        return [_grouped(step) for step in steps] if facts.details.get("transactional") else steps

    def renamed(
        self, live: Mapping[Address, Spec], renames: Mapping[Address, Address]
    ) -> Mapping[Address, tuple[Address, Spec]]:
        return {former: (address, live[former]) for former, address in renames.items()}

    def local(self, directory: str, *, detached: bool = False) -> LocalStore:
        return FakeLocal(f"{directory}/fake.json")

    def attached(self, directory: str) -> LocalStore | None:
        return FakeLocal(f"{directory}/fake.json")


@dataclass(slots=True)
class FakeLocal:
    """A fake store in a file; there is no process behind it."""

    url: str
    pid: int | None = None

    def stop(self) -> None:
        """Nothing to stop."""


def session_on(store: str, server: FakeServer) -> FakeSession:
    """Returns a session of the class that the server's behaviour asks for."""
    if server.behaviour.transactional:
        return _Grouping(store, server)
    if server.behaviour.background:
        return BackgroundFakeSession(store, server)
    return FakeSession(store, server)


class _Grouping(TransactionalFakeSession):
    def read(self, scope: Scope) -> Live:
        live = super().read(scope)
        return Live(live.objects, {**live.details, "transactional": True})


def _steps(change: Change, facts: Facts) -> list[Step]:
    """Returns the steps of one change: one, or two to make a box anew."""
    address = change.address
    was = change.live.values() if change.live else None
    wish = {**(was or _DEFAULTS), **_merged(was, change.desired)} if change.desired else None
    steps = []
    if change.renamed_from is not None:
        steps.append(_rename(change, change.renamed_from))
    if change.action is Action.DELETE or change.action is Action.REPLACE:
        assert was is not None
        steps.append(_pair(address, was, None, facts))
        was = None
    if wish is not None and wish != was:
        steps.append(_pair(address, was, wish, facts))
    return steps


def _grouped(step: Step) -> Step:
    """Puts a step and its inverse in a group; removing a box stands alone, as DROP … CONCURRENTLY does."""
    if step.inverse is None or step.removes:
        return step
    inverse = step.inverse.model_copy(update={"group": "boxes"})
    return step.model_copy(update={"group": "boxes", "inverse": inverse})


def _merged(was: Values | None, desired: Spec) -> Values:
    wish = desired.values()
    if was and isinstance(wish.get("tags"), dict):
        wish["tags"] = {**was["tags"], **wish["tags"]}
    return wish


def _pair(address: Address, was: Values | None, wish: Values | None, facts: Facts) -> Step:
    """Returns the step from `was` to `wish` (None: no box) with its inverse."""
    size = facts.sizes.get(address)
    there = _write(address, was, wish, size)
    back = _write(address, wish, was, size)
    return there.model_copy(update={"inverse": back})


def _write(address: Address, was: Values | None, wish: Values | None, size: Size | None) -> Step:
    verb = "remove" if wish is None else "put"
    hazards = (Hazard(kind=HazardKind.DELETES_DATA, text="what is in the box goes"),) if wish is None else ()
    return Step(
        id=f"{address}/{verb}" + ("" if was is None or wish is None else "/paint"),
        address=address,
        covers=(address,),
        verb=verb,
        title=f"{verb} box {address.name}",
        statements=(f"{verb.upper()} {address.name} {json.dumps(wish) if wish else ''}".strip(),),
        args={"name": address.name, "was": was, "values": wish},
        hazards=hazards,
        size=size,
        rollback=RollbackClass.LOSSLESS,
        removes=wish is None,
    )


def _rename(change: Change, former: Address) -> Step:
    def step(old: str, new: str) -> Step:
        return Step(
            id=f"{change.address}/rename/{old}",
            address=change.address,
            covers=(change.address,),
            verb="rename",
            title=f"rename box {old} to {new}",
            statements=(f"RENAME {old} {new}",),
            args={"name": old, "to": new},
        )

    there = step(former.name, change.address.name)
    return there.model_copy(update={"inverse": step(change.address.name, former.name)})


PROVIDER = FakeProvider()

__all__ = [
    "PROVIDER",
    "SERVERS",
    "BackgroundFakeSession",
    "Behaviour",
    "Box",
    "FakeProvider",
    "FakeServer",
    "FakeSession",
    "FakeSettings",
    "TransactionalFakeSession",
    "session_on",
]
