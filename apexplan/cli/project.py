"""Opens what a command needs: the project's files, its stores, its state. The one place in the
command line that knows how these are had."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from apexplan import registry
from apexplan.cli.output import REDACTOR
from apexplan.cli.secrets import refuse_in_manifests
from apexplan.engine import planner, survey
from apexplan.engine.ports import Event, StateStore
from apexplan.manifest import FilesOf, Project, Workspace, load_files_of, load_project, load_workspace
from apexplan.model.address import Address
from apexplan.model.errors import UsageError


def now() -> datetime:
    """The time; the only clock of the command line."""
    return datetime.now(UTC)


def stamp() -> str:
    """Returns the time as RFC 3339 in UTC, to the second."""
    return now().strftime("%Y-%m-%dT%H:%M:%SZ")


def purge_before(days: int | None) -> str:
    """Returns the time before which what was moved aside is deleted, "" where none is."""
    return "" if days is None else f"{now() - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def today() -> date:
    """The day, in UTC."""
    return now().date()


def who() -> str:
    """Returns `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def new_run_id() -> str:
    """Returns an id that sorts by time: `20260131-120000-1a2b3c`."""
    return f"{now():%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"


def event(verb: str, text: str) -> Event:
    """Returns a line for the history, of now and by the present user."""
    return Event(stamp(), who(), verb, text)


def load(root: Path, environment: str | None) -> Workspace:
    """Reads the project with its manifests, and learns what must not be printed."""
    load_settings(root, environment)
    workspace = load_workspace(root, environment=environment, variables=os.environ)
    refuse_in_manifests(workspace.project)
    return workspace


def load_settings(root: Path, environment: str | None) -> Project:
    """Reads the project file alone, and learns what must not be printed.

    A password that is the name of a provider (`postgres`, in every tutorial) protects nobody, and
    masking it would make every report unreadable.
    """
    project = load_project(root, environment=environment, variables=os.environ)
    REDACTOR.learn(project.secrets - set(registry.names()))
    return project


def load_files(root: Path, environment: str | None) -> list[FilesOf]:
    """Reads which manifests name directories of files, not those files: they may be wrong or missing."""
    load_settings(root, environment)
    return load_files_of(root, environment=environment, variables=os.environ)


def desired_of(workspace: Workspace) -> planner.Desired:
    """Returns the desired side for the engine."""
    project = workspace.project
    return planner.Desired(project.name, project.environment, workspace.declared, workspace.digest)


@contextmanager
def state_of(project: Project) -> Iterator[StateStore]:
    """Opens the state of a project."""
    from apexplan_state import open_state

    with open_state(project.state_url, clock=now, by=who()) as state:
        yield state


@contextmanager
def stores_of(project: Project, names: Sequence[str] | None = None) -> Iterator[dict[str, survey.OpenStore]]:
    """Connects to the stores of a project, or to those among them that are named."""
    configs = [
        survey.StoreConfig(block.name, registry.provider(block.provider), block.settings)
        for block in project.stores.values()
        if names is None or block.name in names
    ]
    with survey.opened(configs) as stores:
        yield stores


def choice(target: Sequence[str] | None, exclude: Sequence[str] | None) -> Callable[[Address], bool]:
    """Returns which addresses `--target` and `--exclude` leave: patterns match whole addresses, or
    the front of one up to a dot, so that a table brings its columns."""

    def wanted(address: Address) -> bool:
        text = str(address)
        if target and not any(_matches(text, pattern) for pattern in target):
            return False
        return not any(_matches(text, pattern) for pattern in exclude or ())

    return wanted


def refuse_unmatched(target: Sequence[str] | None, known: Iterable[Address]) -> None:
    """Raises UsageError where a `--target` means nothing that is declared or owned: a slip of the pen
    would otherwise look like nothing to do."""
    texts = [str(address) for address in known]
    lost = [p for p in target or () if not any(_matches(text, p) for text in texts)]
    if lost:
        raise UsageError(
            f"no declared or owned object is meant by --target {', '.join(lost)}",
            mend="an address is such as sql.table.public.documents; `apexplan graph` lists them",
        )


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern) or fnmatchcase(text, f"{pattern}.*")


def without_store(project: Project, addresses: Iterable[Address]) -> str:
    """Returns a sentence on recorded objects whose store the project no longer has, or ""."""
    lost = [a for a in addresses if a.store not in project.stores]
    if not lost:
        return ""
    names = ", ".join(sorted({a.store for a in lost}))
    return f"the state owns {len(lost)} objects of {names}, which the project no longer has"
