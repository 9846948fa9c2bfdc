"""`apexplan migrate`: versioned scripts. They run with every `apply`; here they are written, listed, run
alone, taken back, and marked as applied.

`up`, `rollback` and `baseline` are an apply of scripts alone: planned, shown, asked, journaled and
undone like any other. They differ in what is declared for the length of the command.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import answer, note, write_file
from apexplan.cli.secrets import refuse_in_plan
from apexplan.engine import hazards, planfile, planner, runs, survey
from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import StateStore
from apexplan.engine.survey import OpenStore
from apexplan.manifest import FilesOf, Policy, Workspace, digest_of
from apexplan.migrations import template
from apexplan.migrations.kind import MigrationKind
from apexplan.migrations.spec import Migration
from apexplan.migrations.status import migrations, number_of, standings
from apexplan.model.address import Address
from apexplan.model.errors import EXIT_ERROR, EXIT_OK, UsageError
from apexplan.model.plan import HazardKind, Note, Plan
from apexplan.report.scripts import script_data, script_lines

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Versioned scripts: write, list, run, take back, mark as applied.",
)

Specs = Mapping[Address, Migration]

_Store = Annotated[str | None, typer.Option("--store", help="the store whose scripts are meant")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="print every statement that would run, do nothing")]
_BEFORE_THE_FIRST = "none"

# ------------------------------------------------------------------------------- new


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="what it does: letters, digits and underscores")],
    root: options.Root = Path(),
    env: options.Environment = None,
    store: _Store = None,
    version: Annotated[
        str | None, typer.Option("--version", help="default: the next free one", show_default=False)
    ] = None,
    timestamp: Annotated[bool, typer.Option("--timestamp", help="the time in UTC as the version")] = False,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Writes a script and its rollback script to fill in. Nothing that is there is overwritten."""
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise UsageError(f"{name!r} is no name of a script", mend="use letters, digits and underscores")
    files, kind = _directory_of(projects.load_files(root, env), store)
    directory = root / files.directories[0]
    if timestamp and version is None:
        version = f"{projects.now():%Y%m%d%H%M%S}"
    pair = template.pair(_free(version, directory, kind.dialect.suffix), name, kind.dialect)
    directory.mkdir(parents=True, exist_ok=True)
    for file, text in pair.items():
        write_file(directory / file, text)
    wrote = [str(directory / file) for file in pair]
    answer(format_, "new_migration", {"wrote": wrote}, [f"wrote {path}" for path in wrote])


def _directory_of(found: Sequence[FilesOf], store: str | None) -> tuple[FilesOf, MigrationKind]:
    pairs = [(files, files.kind) for files in found if isinstance(files.kind, MigrationKind)]
    if not pairs:
        raise UsageError(
            "no manifest is of kind Migration",
            mend="add one of three lines: `kind: Migration`, `store: NAME`, `directory: migrations`",
        )
    name = _one(store, [files.store for files, _ in pairs])
    return next(pair for pair in pairs if pair[0].store == name)


def _free(version: str | None, directory: Path, suffix: str) -> str:
    """Returns the version to use; raises UsageError where the one that was asked for is taken."""
    names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
    taken = [found for name in names if (found := template.version_of(name, suffix))]
    if version is None:
        return template.next_version(taken)
    if not re.fullmatch(r"[0-9]+", version):
        raise UsageError(f"{version!r} is no version", mend="a version is digits")
    if int(version) in map(int, taken):
        raise UsageError(
            f"version {version} is taken in {directory}", mend="leave --version out for the next"
        )
    return version


# ---------------------------------------------------------------------------- status


@app.command()
def status(
    root: options.Root = Path(),
    env: options.Environment = None,
    store: _Store = None,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Lists the scripts of each store: applied, pending, changed, missing, out of order, or not managed.

    Exit: 0, 1 where one is changed, missing or out of order, or the ledger cannot be read.
    """
    workspace = projects.load(root, env)
    with projects.state_of(workspace.project) as state:
        owned = frozenset(state.recorded())
    names = _stores(workspace, owned, store)
    with projects.stores_of(workspace.project, names) as stores:
        views = survey.read_live(stores, _known(workspace, owned))
    found = {
        name: standings(_of_store(workspace, name), migrations(views[name].objects), owned) for name in names
    }
    told = {name: views[name].details.get("migrations", {}) for name in names}
    data = {n: [script_data(one, told[n].get(one.address.name, {})) for one in found[n]] for n in names}
    lines: list[Text | str] = [line for n in names for line in script_lines(n, data[n])]
    wrong = any(one.standing.wrong for placed in found.values() for one in placed)
    if wrong:
        lines.append("`apexplan plan` tells how to mend what is changed, missing or out of order")
    answer(format_, "migrations", {"stores": data}, lines or ["no store has scripts"])
    for remark in (remark for view in views.values() for remark in view.notes if _is_of_scripts(remark)):
        note(f"{remark.address}: {remark.text}" if remark.address else remark.text)
        wrong |= remark.blocks
    raise typer.Exit(EXIT_ERROR if wrong else EXIT_OK)


def _is_of_scripts(remark: Note) -> bool:
    return remark.blocks or (remark.address is not None and remark.address.kind == Migration.kind)


# -------------------------------------------------------------- up, rollback, baseline


@dataclass(frozen=True, slots=True)
class _Order:
    """What a command was asked for. `to`: a version, or None for the last."""

    root: Path
    env: str | None
    store: str | None
    to: str | None
    dry_run: bool
    yes: bool
    lock_timeout: float
    format_: Format
    allow: Sequence[HazardKind] = ()
    on_failure: OnFailure = OnFailure.UNDO


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is declared instead of what the files say, and which objects the plan may touch."""

    specs: Specs
    wanted: frozenset[Address]


_Wisher = Callable[[Specs, Specs, int | None], _Wish]
"""Makes a wish of the declared and the live scripts of one store and the version that `--to` names."""


@app.command()
def up(
    root: options.Root = Path(),
    env: options.Environment = None,
    store: _Store = None,
    to: Annotated[str | None, typer.Option("--to", help="the last version to run; default: all")] = None,
    dry_run: _DryRun = False,
    allow: options.Allow = None,
    yes: options.Yes = False,
    on_failure: options.OnFailureOption = OnFailure.UNDO,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Runs the pending scripts and nothing else; `apexplan apply` runs them with everything else.

    Exit: as apply.
    """

    def wish(declared: Specs, live: Specs, last: int | None) -> _Wish:
        above = {a for a, spec in declared.items() if last is not None and number_of(spec) > last}
        return _Wish({}, frozenset((declared.keys() | live.keys()) - above))

    _carry_out(
        _Order(root, env, store, to, dry_run, yes, lock_timeout, format_, allow or (), on_failure),
        wish,
        "Run these?",
    )


@app.command()
def rollback(
    to: Annotated[str, typer.Option("--to", help="the version to go back to, or none: before the first")],
    root: options.Root = Path(),
    env: options.Environment = None,
    store: _Store = None,
    dry_run: _DryRun = False,
    allow: options.Allow = None,
    yes: options.Yes = False,
    on_failure: options.OnFailureOption = OnFailure.UNDO,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Takes back the scripts above a version, highest first, by their rollback scripts.

    Afterwards they are pending again: the next apply would run them, unless their files go.
    Exit: as apply.
    """

    def wish(declared: Specs, live: Specs, last: int | None) -> _Wish:
        assert last is not None
        back = {
            address: spec.model_copy(update={"applied": False})
            for address, spec in declared.items()
            if address in live and number_of(spec) > last
        }
        return _Wish(back, frozenset(back))

    _carry_out(
        _Order(root, env, store, to, dry_run, yes, lock_timeout, format_, allow or (), on_failure),
        wish,
        "Take these back?",
    )


@app.command()
def baseline(
    to: Annotated[str, typer.Option("--to", help="the last version whose effect is there already")],
    root: options.Root = Path(),
    env: options.Environment = None,
    store: _Store = None,
    dry_run: _DryRun = False,
    yes: options.Yes = False,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Marks the scripts up to a version as applied without running them, in a store that has their effect.

    Exit: as apply.
    """

    def wish(declared: Specs, live: Specs, last: int | None) -> _Wish:
        assert last is not None
        marked = {
            address: spec.model_copy(update={"baseline": True})
            for address, spec in declared.items()
            if address not in live and number_of(spec) <= last
        }
        return _Wish(marked, frozenset(marked))

    _carry_out(
        _Order(root, env, store, to, dry_run, yes, lock_timeout, format_), wish, "Mark these as applied?"
    )


def _carry_out(order: _Order, wish: _Wisher, question: str) -> NoReturn:
    """Plans what is wished, shows it, asks, applies it, and ends the command with its exit code."""
    workspace = projects.load(order.root, order.env)
    project = workspace.project
    with projects.state_of(project) as state:
        names = _stores(workspace, state.recorded(), order.store)
        if order.to is not None:
            names = [_one(order.store, names)]
        if order.dry_run:
            with projects.stores_of(project, names) as stores:
                plan = _plan(order, workspace, state, stores, wish)
            _show_only(plan, order.format_, project.policy)
        with state.lock("migrate", order.lock_timeout) as lock:
            runs.refuse_if_open(state)  # under the lock: a run of somebody else's is not open but at work
            with projects.stores_of(project, names) as stores:
                plan = _plan(order, workspace, state, stores, wish)
                _agreed(plan, order, project.policy, question)
                code = running.carry_out(
                    partial(runs.start, plan),
                    plan,
                    state,
                    lock,
                    stores,
                    format_=order.format_,
                    on_failure=order.on_failure,
                )
    raise typer.Exit(code)


def _agreed(plan: Plan, order: _Order, policy: Policy, question: str) -> None:
    """Shows the plan and asks; ends the command where nothing is to do, raises where it may not be."""
    if order.format_ is Format.TEXT:
        running.show_plan(plan, verbose=False, policy=policy)
    else:
        running.announce(plan)
    if plan.empty:
        raise typer.Exit(EXIT_OK)
    refuse_in_plan(plan)
    hazards.check(plan, policy.allow | frozenset(order.allow), policy.deny)
    running.agree(question, yes=order.yes)


def _show_only(plan: Plan, format_: Format, policy: Policy) -> NoReturn:
    if format_ is Format.JSON:
        sys.stdout.write(planfile.dump(plan))
    else:
        running.show_plan(plan, verbose=True, policy=policy)
    raise typer.Exit(EXIT_ERROR if any(remark.blocks for remark in plan.notes) else EXIT_OK)


def _plan(
    order: _Order,
    workspace: Workspace,
    state: StateStore,
    stores: Mapping[str, OpenStore],
    wish: _Wisher,
) -> Plan:
    views = survey.read_live(stores, _known(workspace, state.recorded()))
    specs: dict[Address, Migration] = {}
    wanted: set[Address] = set()
    for name, view in views.items():
        declared = _of_store(workspace, name)
        one = wish(declared, migrations(view.objects), _last(order.to, declared))
        specs |= one.specs
        wanted |= one.wanted
    changed = {address: replace(workspace.declared[address], spec=spec) for address, spec in specs.items()}
    desired = {**workspace.declared, **changed}
    project = workspace.project
    return planner.plan(
        planner.Desired(project.name, project.environment, desired, digest_of(desired.values())),
        state.recorded(),
        state.head(),
        stores,
        created=projects.stamp(),
        wanted=wanted.__contains__,
    )


def _last(to: str | None, declared: Specs) -> int | None:
    """Returns the version that `--to` names as a number, None where it names none."""
    if to is None:
        return None
    if to == _BEFORE_THE_FIRST:
        return -1
    known = {number_of(spec): spec.version or "" for spec in declared.values()}
    if not re.fullmatch(r"[0-9]+", to) or int(to) not in known:
        there = ", ".join([_BEFORE_THE_FIRST, *known.values()])
        raise UsageError(f"no script has version {to}", mend=f"--to takes one of {there}")
    return int(to)


# ---------------------------------------------------------------------- which scripts


def _known(workspace: Workspace, owned: Iterable[Address]) -> frozenset[Address]:
    """The migrations that are declared or recorded."""
    return frozenset(a for a in (*workspace.declared, *owned) if a.kind == Migration.kind)


def _of_store(workspace: Workspace, store: str) -> dict[Address, Migration]:
    return migrations({a: one.spec for a, one in workspace.declared.items() if a.store == store})


def _stores(workspace: Workspace, owned: Iterable[Address], store: str | None) -> list[str]:
    """Returns the stores that have scripts, in the order of the project, or the one that is meant."""
    having = {address.store for address in _known(workspace, owned)}
    names = [name for name in workspace.project.stores if name in having]
    return [_one(store, names)] if store is not None else names


def _one(store: str | None, names: Sequence[str]) -> str:
    """Returns the one store that is meant; raises UsageError where that is not clear."""
    if store is None and len(names) == 1:
        return names[0]
    if store is not None and store in names:
        return store
    what = "several stores have scripts" if store is None else f"store {store} has no scripts"
    if not names:
        what = "no store has scripts"
    raise UsageError(what, mend="name one: " + ", ".join(f"--store {n}" for n in names) if names else "")
