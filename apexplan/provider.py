"""The interface between the engine and a store.

A `Provider` is what a store's package offers: the kinds of manifest it
understands, the specs of its objects, the way from a change to steps (pure),
and `connect`. A `Session` is one connection's worth of reading and running.
What only some stores can do is a one-method protocol, asked for with
`isinstance`: Measurable, Transactional, Awaitable, Ledger, Claimable, Foreseeing, Rehearsable, Keeping,
Auditable.

The engine calls `read` once a command, `normalize` at most once after it,
then `measure` for the objects that change; `run`, `wait` and `probe` during
an apply. Sessions of different stores are used in different threads, one
session never in two at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from apexplan.model.address import Address
from apexplan.model.audit import Audit
from apexplan.model.change import Change, Declared
from apexplan.model.diagnostics import Problem
from apexplan.model.plan import Note, Size, Step, Unit
from apexplan.model.spec import Spec


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a manifest declares, and everything that is wrong with it."""

    declared: tuple[Declared, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the project beside the manifests. `name` is relative to the project."""

    name: str
    text: str = field(repr=False)


class Kind(Protocol):
    """One kind of manifest, such as PostgresSchema. Pure.

    `document` is the pydantic model of the whole file; its first fields are `kind` and `store`.
    JSON Schema, editor support and docs are made from it.
    """

    name: str
    document: type[BaseModel]

    def expand(self, document: BaseModel) -> Expansion:
        """Returns one `Declared` an object, each with its path in the document.

        `document` is an instance of `self.document` that passed validation; its `store` becomes
        the store of the addresses. Checks that need more than one field (limits of types, a
        column that no table has) are reported as problems, all of them, and never raised.
        """
        ...

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        """Returns the document, as plain JSON values, whose expansion is `objects`: for `inspect`.

        Leaves out what is the store's default, as a person would. Objects that the kind cannot
        express are left out; `expand` of the result gives the others back, and a plan is empty.
        """
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What to read. `addresses`: every object that a manifest declares or the state records.

    A session reads these and whatever stands in the same containers (schemas, tables,
    collections), so that unmanaged neighbours are seen. `everything`: the whole store, for
    `inspect`.
    """

    store: str
    addresses: frozenset[Address] = frozenset()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """What a store holds. Every spec sets every field. `details` are facts for `steps` and
    `doctor` as JSON values, `version` among them; `notes` are remarks for the plan's reader
    (unknown kinds, broken objects)."""

    objects: Mapping[Address, Spec]
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Normal:
    """Desired specs in the store's own spelling: a field that means the same as the live one has
    the live one's value. `unproven` names fields for which that could not be decided."""

    specs: Mapping[Address, Spec]
    unproven: Mapping[Address, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What `Provider.steps` may know beside the changes. All of one store.

    `live` and `desired` hold all objects, changed or not, unmanaged ones included in `live`;
    `owned` are the recorded addresses; `sizes` were measured for the changed objects.
    """

    live: Mapping[Address, Spec]
    desired: Mapping[Address, Spec]
    owned: frozenset[Address] = frozenset()
    sizes: Mapping[Address, Size] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


class Outcome(StrEnum):
    """What the store itself says about a step.

    DONE: the effect is there and healthy. NOT_DONE: no trace of it. PARTIAL: traces that this
    step alone can have left (an invalid index of exactly this definition): running it again
    finishes it, its inverse removes them. UNKNOWN: something is there that nobody can vouch for.
    """

    DONE = "done"
    NOT_DONE = "not done"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


class Watch(Protocol):
    """How a long step tells how far it is, and learns that it should end early."""

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        """Takes `done` of `total` (None: not known) in `unit`. Cheap; call as often as you like."""
        ...

    def stopping(self) -> bool:
        """True once a stop was asked for. A step in batches ends after the present one by
        raising Interrupted; running it again must go on from there."""
        ...


class Session(Protocol):
    """One open connection to a store. Driver errors never leave it bare: see `model.errors`.

    A connection that was lost is opened again by the next call, or that call raises
    StoreUnreachable.
    """

    def read(self, scope: Scope) -> Live:
        """Returns the live specs in `scope`. Never writes. Sees one moment of the store if it can."""
        ...

    def normalize(self, desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Normal:
        """Returns the desired specs in the store's spelling. Leaves nothing behind in the store.

        Asks the store only about texts that differ. With read-only credentials it marks such a
        field unproven instead of guessing.
        """
        ...

    def run(self, step: Step, watch: Watch) -> None:
        """Runs one step. Safe to repeat: where the effect is there already, does nothing.

        Raises Transient if nothing was changed and another try may help, Ambiguous if nobody can
        know, any other StoreError if it is final.
        """
        ...

    def probe(self, step: Step) -> Outcome:
        """Returns what the store says about `step`: its definition and health, not mere existence.

        Never writes. Called after every run, after every ambiguous error, and by `resume`.
        """
        ...


@runtime_checkable
class Measurable(Protocol):
    """Can say how much is at stake."""

    def measure(self, addresses: frozenset[Address]) -> Mapping[Address, Size]:
        """Returns sizes for those of `addresses` that hold data (an index: its table's rows). Reads."""
        ...


@runtime_checkable
class Transactional(Protocol):
    """Can run a group of steps so that all of it happens or nothing.

    `unit` is unique to this attempt at this group in this run. Implementations write it into the
    store inside the transaction: that makes `probe_group` exact.
    """

    def run_group(self, unit: str, steps: Sequence[Step], watch: Watch) -> None:
        """Runs the steps in order in one transaction. Errors as for `run`."""
        ...

    def probe_group(self, unit: str, steps: Sequence[Step]) -> Outcome:
        """Returns DONE if the transaction of `unit` was committed, else NOT_DONE. Never writes."""
        ...


@runtime_checkable
class Awaitable(Protocol):
    """Builds in the background: `run` returns before the effect is complete."""

    def wait(self, step: Step, watch: Watch) -> None:
        """Returns when the effect of `step` is complete and healthy; raises StoreError with the
        store's own message if it failed. Called after every `run`; bounded in time."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """One owned object as the store's own ledger has it, enough to rebuild a lost state."""

    address: Address
    values: Mapping[str, Any]
    protect: bool = False
    run: str = ""


@runtime_checkable
class Ledger(Protocol):
    """Keeps marks of ownership inside the store."""

    def marks(self, project: str) -> Mapping[Address, Mark]:
        """Returns the marks of one project in this store, empty where no ledger was ever written.
        Never writes. Two projects may own parts of one store."""
        ...

    def record(self, project: str, marks: Mapping[Address, Mark | None]) -> None:
        """Writes marks of one project, removes those that are None, all in one. Called at the end of
        a run."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`: a version, an ability, a privilege. `ok` None: only told."""

    name: str
    value: str
    ok: bool | None = None
    mend: str = ""


@runtime_checkable
class Examinable(Protocol):
    """Can tell `doctor` about itself."""

    def examine(self) -> Sequence[Check]:
        """Returns versions, abilities and privileges. Never writes."""
        ...


@runtime_checkable
class Claimable(Protocol):
    """Wants to know in whose name it works, and may keep others out meanwhile."""

    def claim(self, run: str, by: str) -> None:
        """Called before the first step of a run in this store, again after an error of it. A store that
        can be locked is locked from here until the session ends. Raises Transient, naming the holder,
        where somebody else has it. Writes no more than that."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """Can see before a plan is made that it would fail: data that violates a new constraint, a name
    that is taken, an ability that this server lacks."""

    def obstacles(self, changes: Sequence[Change]) -> Sequence[Note]:
        """Returns one note for each thing that stands in the way of `changes`, `blocks` set where the
        apply would fail, and remarks otherwise. Called once a plan, after `read` and `normalize`, with
        all changes of the store. Reads; bounded in time, and says what it did not look at."""
        ...


@runtime_checkable
class Rehearsable(Protocol):
    """Can try steps on the server and take them back at once: `plan --check`."""

    def rehearse(self, units: Sequence[Unit]) -> Sequence[Note]:
        """Returns what went wrong when the units were tried one by one and taken back, or what could not
        be tried. Leaves nothing behind; may hold locks for the time of it."""
        ...


class Safe(Protocol):
    """Where a step puts what it is about to overwrite, outside of the store and durably: the journal's own
    database. It belongs to one run."""

    @property
    def run(self) -> str: ...

    def keep(self, step: str, part: str, data: bytes) -> None:
        """Keeps one part of what `step` (its id) overwrites; on disk when this returns. The same part again
        replaces it. Raises FenceLost like every write of the journal."""
        ...

    def parts(self, step: str) -> Sequence[str]:
        """Returns the names of the parts that this very run has kept of `step`, in their order."""
        ...

    def kept(self, step: str) -> Iterator[tuple[str, bytes]]:
        """Yields the parts of `step` by name, in the order of their names: those of this run, or where it has
        none, of the run that this one undoes."""
        ...


@runtime_checkable
class Keeping(Protocol):
    """Has steps that overwrite data which their inverses bring back."""

    def keeping(self, safe: Safe) -> None:
        """Called once a run, before anything of it is run or probed."""
        ...


class Checkpoint(Protocol):
    """Where an audit writes down how far it is, so that another process can go on."""

    def load(self) -> Mapping[str, Any] | None: ...

    def save(self, progress: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How to audit. `rate`: items a second at most, 0 for no bound, None for what the store's settings say.
    `sample`: look at so many items only, None for all. `checkpoint`: None for an audit that starts anew.
    `for_plan`: `read` speaks in the fields of objects of those departures alone that a plan is asked to
    repair, and of the others in notes."""

    rate: int | None = None
    sample: int | None = None
    checkpoint: Checkpoint | None = None
    for_plan: bool = False


@runtime_checkable
class Auditable(Protocol):
    """Holds data that a contract speaks of, which can be looked at item by item."""

    def audit(self, contract: Mapping[Address, Spec], options: AuditOptions, watch: Watch) -> Audit:
        """Returns how the data departs from `contract`. Never writes. Bounded in memory, ends early with
        Interrupted where the watch wishes it. `read` of the same session says afterwards, in the fields of
        the objects, what was found; without an audit before, these fields say that nothing is known."""
        ...


@runtime_checkable
class ReadsFiles(Protocol):
    """A `Kind` whose manifest names files of the project. `one_a_store`: all files of a store are one row, so
    that it has one such manifest."""

    one_a_store: bool

    def directories(self, document: BaseModel) -> Sequence[str]:
        """Returns the directories, relative to the project, whose files are to be read. Pure."""
        ...

    def expand_files(self, document: BaseModel, files: Sequence[SourceFile]) -> Expansion:
        """As `Kind.expand`, with the files of those directories, sorted by name. Pure. What it declares
        and what is wrong may carry a `where` in these files."""
        ...


@runtime_checkable
class Generates(Protocol):
    """A `Kind` from whose manifest code for applications is made: `apexplan codegen`."""

    def modules(self, document: BaseModel) -> Mapping[str, str]:
        """Returns Python modules by name (an identifier), the same text for the same document. Pure."""
        ...


@runtime_checkable
class Anchorable(Protocol):
    """The settings of a store that is found by a path."""

    def anchored(self, root: Path) -> BaseModel:
        """Returns the settings with relative paths taken from `root`, the project's directory. Pure."""
        ...


class LocalStore(Protocol):
    """A real server for development and tests, on this machine, without Docker."""

    @property
    def url(self) -> str: ...

    @property
    def pid(self) -> int | None: ...

    def stop(self) -> None:
        """Stops it by its own process id. Idempotent."""
        ...


class Provider(Protocol):
    """What a store's package exports as PROVIDER under the entry point group apexplan.providers.

    Importing it imports no driver. `settings` is the pydantic model of the store's block in the
    project file, without `provider`; secrets in it are SecretStr, so that they can be found and
    kept out of every output.
    """

    name: str
    kinds: tuple[Kind, ...]
    specs: tuple[type[Spec], ...]
    settings: type[BaseModel]

    def connect(self, store: str, settings: BaseModel) -> AbstractContextManager[Session]:
        """Opens a session on `store`. Raises StoreUnreachable, AccessDenied or Unsupported."""
        ...

    def steps(self, changes: Sequence[Change], facts: Facts) -> list[Step]:
        """Returns the steps that carry out all changes of one store. Pure.

        Every change but ADOPT and FORGET is covered by at least one step. Order within the list
        is kept among steps of one address; the rest is ordered by the engine from `Spec.requires`,
        `Spec.claims` and `Step.after`. Raises PlanError where no safe way exists.
        """
        ...

    def renamed(
        self, live: Mapping[Address, Spec], renames: Mapping[Address, Address]
    ) -> Mapping[Address, tuple[Address, Spec]]:
        """Returns, for each live object that a rename touches, its address and spec afterwards. Pure.

        `renames` maps former to new addresses of the objects that are renamed themselves; what
        lives in them (a table's columns) or speaks of them (a key's column) follows.
        """
        ...

    def local(self, directory: str, *, detached: bool = False) -> LocalStore:
        """Starts a real store that keeps its files in `directory`, or takes the one that runs
        there, and returns it when it answers. It dies with this process unless it is `detached`.
        Raises Unsupported where this machine lacks what it needs."""
        ...

    def attached(self, directory: str) -> LocalStore | None:
        """Returns the local store that runs in `directory`, whoever started it, or None."""
        ...
