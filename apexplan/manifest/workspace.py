"""A project directory → a `Workspace`: everything that the files say, typed, or all that is wrong with them.

The edge of the package: it reads the project file, the manifests and the files
that these name, and nothing else. No process is started, nothing is written, no store is asked.
Problems of all files are collected and raised once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from apexplan import registry
from apexplan.manifest.check import FilesOf, Generator, Reader, check_manifest
from apexplan.manifest.interpolate import interpolate
from apexplan.manifest.load import load_file
from apexplan.manifest.nodes import Node, value_place
from apexplan.manifest.paths import ManifestFile, OutsideProject, inside, matching
from apexplan.manifest.project import FILE_NAME, Project
from apexplan.manifest.refusals import outside, unreadable
from apexplan.manifest.resolve import Resolved, resolve_project
from apexplan.manifest.sources import locate, read_directory
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Diagnostic, Location, Severity
from apexplan.model.errors import ManifestError, UsageError
from apexplan.model.spec import canonical, digest
from apexplan.provider import Provider, ReadsFiles

Providers = Callable[[str], Provider]


@dataclass(frozen=True, slots=True)
class Workspace:
    """What the files of a project say.

    `declared` is in the order of the files, each with its place. `digest` names the desired side:
    equal for files that declare the same, whatever their names, comments and order; secrets and
    the stores' settings are no part of it. `warnings` stop nobody.
    """

    project: Project
    declared: Mapping[Address, Declared]
    digest: str
    warnings: tuple[Diagnostic, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    generators: tuple[Generator, ...] = field(default=(), repr=False)

    def modules(self) -> dict[str, str]:
        """Returns the modules that the manifests give applications, by name. Raises UsageError where two
        manifests give one of the same name."""
        found: dict[str, str] = {}
        for generate in self.generators:
            for name, text in generate().items():
                if name in found:
                    raise UsageError(f"two manifests give a module {name}", mend="name one of them otherwise")
                found[name] = text
        return found


def load_project(
    root: Path,
    *,
    environment: str | None,
    variables: Mapping[str, str],
    providers: Providers = registry.provider,
) -> Project:
    """Returns the project file of the directory `root`, for commands that need no manifest.

    Raises ManifestError with everything that is wrong in it.
    """
    _, resolved = _project(root.resolve(), environment, variables, providers)
    if resolved.project is None or resolved.diagnostics:
        raise ManifestError(resolved.diagnostics)
    return resolved.project


def load_workspace(
    root: Path,
    *,
    environment: str | None,
    variables: Mapping[str, str],
    providers: Providers = registry.provider,
) -> Workspace:
    """Returns the project of the directory `root` with all its manifests.

    `variables` are what `${NAME}` stands for. Raises ManifestError with everything that is wrong
    in any of the files.
    """
    root = root.resolve()
    node, resolved = _project(root, environment, variables, providers)
    project = resolved.project
    if project is None or node is None:
        raise ManifestError(resolved.diagnostics)
    found = _Found(list(resolved.diagnostics))
    read = partial(read_directory, root)
    for file in _manifests(root, project.manifests, node, found):
        _take(file, variables, resolved.providers, read, found)
    _check_renames(found)
    found.raise_errors()
    return Workspace(
        project,
        found.declared,
        digest_of(found.declared.values()),
        tuple(found.diagnostics),
        project.secrets,
        tuple(found.generators),
    )


def load_files_of(
    root: Path,
    *,
    environment: str | None,
    variables: Mapping[str, str],
    providers: Providers = registry.provider,
) -> list[FilesOf]:
    """Returns the manifests that name directories of files, without reading those: what is in them
    may be wrong, and they need not be there yet. They lie in the project. Raises ManifestError as
    `load_workspace`."""
    root = root.resolve()
    node, resolved = _project(root, environment, variables, providers)
    if resolved.project is None or node is None:
        raise ManifestError(resolved.diagnostics)
    found = _Found(list(resolved.diagnostics))
    for file in _manifests(root, resolved.project.manifests, node, found):
        _take(file, variables, resolved.providers, partial(locate, root), found)
    found.raise_errors()
    return list(found.files.values())


def digest_of(declared: Iterable[Declared]) -> str:
    """Returns 16 hex digits over what is declared: specs and lifecycles by address, in any order."""
    return digest(canonical({str(one.address): _content(one) for one in declared}))


def _content(one: Declared) -> list[Any]:
    lifecycle = one.lifecycle
    return [
        one.spec.values(),
        lifecycle.protect,
        sorted(lifecycle.ignore),
        lifecycle.renamed_from,
        sorted(map(str, lifecycle.depends_on)),
    ]


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    diagnostics: list[Diagnostic]
    declared: dict[Address, Declared] = field(default_factory=dict)
    files: dict[tuple[str, str, str], FilesOf] = field(default_factory=dict)
    """By store, kind and, where their order does not matter, manifest."""
    generators: list[Generator] = field(default_factory=list)

    def raise_errors(self) -> None:
        errors = [d for d in self.diagnostics if d.severity is Severity.ERROR]
        if errors:
            raise ManifestError(errors)


def _project(
    root: Path, environment: str | None, variables: Mapping[str, str], providers: Providers
) -> tuple[Node | None, Resolved]:
    path = root / FILE_NAME
    if not path.exists():
        return None, Resolved(None, diagnostics=(_no_project(),))
    if not (inside(root, path) and path.is_file()):
        return None, Resolved(None, diagnostics=(outside(FILE_NAME, Location(FILE_NAME, 1, 1)),))
    loaded = load_file(path, FILE_NAME)
    if loaded.node is None or loaded.diagnostics:
        return None, Resolved(None, diagnostics=loaded.diagnostics)
    return loaded.node, resolve_project(loaded.node, root, environment, variables, providers)


def _manifests(root: Path, patterns: Sequence[str], project: Node, found: _Found) -> list[ManifestFile]:
    """The files to read, each once, in the order of the patterns; the project file is none of them."""
    files: dict[Path, ManifestFile] = {}
    for number, pattern in enumerate(patterns):
        where = value_place(project, ["manifests", number])
        try:
            matches = [file for file in matching(root, pattern) if file.name != FILE_NAME]
        except OutsideProject as error:
            found.diagnostics.append(outside(error.path, where))
            continue
        except OSError as error:
            found.diagnostics.append(unreadable(where, error))
            continue
        if not matches:
            found.diagnostics.append(_no_match(pattern, where))
        for file in matches:
            files.setdefault(file.path, file)
    return list(files.values())


def _take(
    file: ManifestFile,
    variables: Mapping[str, str],
    stores: Mapping[str, Provider | None],
    read: Reader,
    found: _Found,
) -> None:
    loaded = load_file(file.path, file.name)
    if loaded.node is None or loaded.diagnostics:
        found.diagnostics += loaded.diagnostics
        return
    node, problems = interpolate(loaded.node, variables) if loaded.variables else (loaded.node, [])
    checked = check_manifest(node, stores, read)
    places = {problem.where for problem in problems}
    found.diagnostics += problems
    if checked.files is not None:
        kind = checked.files.kind
        alone = isinstance(kind, ReadsFiles) and kind.one_a_store
        key = checked.files.store, kind.name, "" if alone else file.name
        other = found.files.setdefault(key, checked.files)
        if other is not checked.files:
            found.diagnostics.append(_two_of_a_store(other, checked.files))
            return
    found.diagnostics += [d for d in checked.diagnostics if d.where not in places]
    if checked.generates is not None:
        found.generators.append(checked.generates)
    for one in checked.declared:
        first = found.declared.setdefault(one.address, one)
        if first is not one:
            found.diagnostics.append(_declared_twice(first, one))


def _check_renames(found: _Found) -> None:
    for one in found.declared.values():
        name = one.lifecycle.renamed_from
        former = Address(one.address.store, one.address.kind, name) if name else None
        if former in found.declared:
            found.diagnostics.append(_former_name_in_use(one, found.declared[former]))


# ── the messages ──────────────────────────────────────────────────────────────────────────────


def _no_project() -> Diagnostic:
    return Diagnostic(
        "no-project",
        "no project file is here",
        f"there is no {FILE_NAME} in this directory",
        mend="go to the project's directory, or begin one with `apexplan init`",
    )


def _no_match(pattern: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "no-manifest",
        "no manifest is there",
        f"`{pattern}` matches no file",
        "a misspelt path would silently leave objects out of the plan",
        "correct the path, or remove the line",
        where,
    )


def _declared_twice(first: Declared, second: Declared) -> Diagnostic:
    return Diagnostic(
        "declared-twice",
        "an object is declared twice",
        f"`{second.address}` is declared at {first.where} already",
        "one of the two would silently win",
        "keep one of them",
        second.where,
    )


def _two_of_a_store(first: FilesOf, second: FilesOf) -> Diagnostic:
    return Diagnostic(
        "two-manifests-of-files",
        "a store has two manifests of a kind that names files",
        f"{first.where.file} names those of `{second.store}` already",
        "the files of a store are one row, whose order two directories cannot share",
        "move the files into one directory, and remove this manifest",
        second.where,
    )


def _former_name_in_use(one: Declared, former: Declared) -> Diagnostic:
    return Diagnostic(
        "renamed-from-declared",
        "the former name of an object is declared as well",
        f"`{one.address}` was `{former.address}`, which {former.where} declares",
        "an object has one name: either it was renamed or there are two",
        "remove the other declaration, or `renamed_from`",
        one.where,
    )
