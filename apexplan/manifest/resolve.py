"""The tree of a project file → a `Project` for one environment, with everything that is wrong.

    tree ── environment merged over it ── variables replaced ── shape checked ── stores, state, waivers

The environment comes before the variables: a variable that only production
needs is not missed elsewhere. The blocks of environments are checked as they
are written, chosen or not. Values in store blocks are never shown in messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from apexplan.manifest.check import check_model
from apexplan.manifest.interpolate import interpolate
from apexplan.manifest.nodes import Entry, MappingNode, Node, ScalarNode, find, merged, value_place, without
from apexplan.manifest.paths import inside
from apexplan.manifest.project import (
    DEFAULT_STATE_URL,
    Policy,
    PolicyEntry,
    Project,
    ProjectFile,
    StoreBlock,
    WaiverEntry,
)
from apexplan.manifest.secrets import secrets_in
from apexplan.manifest.subject import Subject, did_you_mean
from apexplan.model.address import Address
from apexplan.model.diagnostics import Diagnostic, Location
from apexplan.model.errors import ApexplanError
from apexplan.model.waiver import Waiver
from apexplan.provider import Anchorable, Provider

_SQLITE = "sqlite:///"
_STATE_SCHEMES = (_SQLITE, "postgresql://", "postgresql+psycopg://")
_ONE_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+(?::\?[^}]*)?\}\Z")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of a project file.

    `project` is None where its shape was wrong. `providers` names every store, with None for one
    whose provider is not known. A project with diagnostics must not be used beyond checking.
    """

    project: Project | None
    providers: Mapping[str, Provider | None] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


def resolve_project(
    node: Node,
    root: Path,
    environment: str | None,
    variables: Mapping[str, str],
    providers: Callable[[str], Provider],
) -> Resolved:
    """Returns the project that the file describes for `environment`. `root` is resolved already."""
    effective, problems = _effective(node, environment, variables)
    file, shape = check_model(ProjectFile, Subject(effective))
    problems += _beside(shape, problems)
    if file is None or not isinstance(effective, MappingNode):
        return Resolved(None, diagnostics=tuple(problems))
    stores = _stores(effective, file, providers, root, problems)
    state_url = _state_url(effective, file, root, problems)
    project = Project(
        name=file.project,
        environment=environment or "",
        root=root,
        stores=stores.blocks,
        state_url=state_url,
        policy=_policy(file.policy),
        waivers=_waivers(effective, file, problems),
        manifests=tuple(file.manifests),
        secrets=secrets_in([*(block.settings for block in stores.blocks.values()), state_url]),
    )
    return Resolved(project, stores.providers, tuple(problems))


def _effective(
    node: Node, environment: str | None, variables: Mapping[str, str]
) -> tuple[Node, list[Diagnostic]]:
    """The file as it holds in one environment, variables replaced; `environments` itself as written."""
    environments = node.entries.get("environments") if isinstance(node, MappingNode) else None
    if not isinstance(node, MappingNode) or environments is None:
        effective, problems = interpolate(node, variables)
        return effective, problems + _unknown_environment(environment, None, node.where)
    base = without(node, "environments")
    chosen = find(environments.value, [environment]) if environment else None
    if isinstance(chosen, MappingNode):
        base = merged(_with_replaced_stores(base, chosen), chosen)
    effective, problems = interpolate(base, variables)
    assert isinstance(effective, MappingNode)
    whole = replace(effective, entries={**effective.entries, "environments": environments})
    if chosen is None:
        problems += _unknown_environment(environment, environments, node.where)
    return whole, problems


def _with_replaced_stores(base: MappingNode, chosen: MappingNode) -> MappingNode:
    """Drops the stores for which `chosen` names another provider: their settings do not fit it."""
    stores = base.get("stores")
    if not isinstance(stores, MappingNode):
        return base
    kept = {
        name: entry
        for name, entry in stores.entries.items()
        if not _differ(find(entry.value, ["provider"]), find(chosen, ["stores", name, "provider"]))
    }
    entry = Entry(base.entries["stores"].key_where, replace(stores, entries=kept))
    return replace(base, entries={**base.entries, "stores": entry})


def _differ(base: Node | None, over: Node | None) -> bool:
    return isinstance(base, ScalarNode) and isinstance(over, ScalarNode) and base.value != over.value


def _beside(found: list[Diagnostic], known: list[Diagnostic]) -> list[Diagnostic]:
    """Those of `found` at other places than `known`: a variable that is not set needs no second message."""
    places = {diagnostic.where for diagnostic in known}
    return [diagnostic for diagnostic in found if diagnostic.where not in places]


@dataclass(slots=True)
class _Stores:
    blocks: dict[str, StoreBlock] = field(default_factory=dict)
    providers: dict[str, Provider | None] = field(default_factory=dict)


def _stores(
    node: MappingNode,
    file: ProjectFile,
    providers: Callable[[str], Provider],
    root: Path,
    problems: list[Diagnostic],
) -> _Stores:
    out = _Stores()
    for name, entry in file.stores.items():
        block = find(node, ["stores", name])
        assert isinstance(block, MappingNode)
        try:
            provider = out.providers[name] = providers(entry.provider)
        except ApexplanError as error:
            out.providers[name] = None
            problems += _beside([_unknown_provider(block, error)], problems)
            continue
        subject = Subject(without(block, "provider"), ("stores", name), guarded=True)
        settings, found = check_model(provider.settings, subject)
        problems += _beside(found, problems)
        if settings is not None:
            where = value_place(node, ["stores", name])
            anchored = settings.anchored(root) if isinstance(settings, Anchorable) else settings
            out.blocks[name] = StoreBlock(name, entry.provider, anchored, where)
    return out


def _state_url(node: MappingNode, file: ProjectFile, root: Path, problems: list[Diagnostic]) -> str:
    """The state's URL with an absolute path. "" where it is wrong."""
    url = DEFAULT_STATE_URL if file.state.url is None else file.state.url
    where = value_place(node, ["state", "url"])
    path, mark, query = url.removeprefix(_SQLITE).partition("?")
    if not (url.startswith(_STATE_SCHEMES) and path):
        problems += _beside([_unknown_state_url(where)], problems)
        return ""
    if not url.startswith(_SQLITE):
        return url
    absolute = root / path
    if not (_from_outside(find(node, ["state", "url"])) or inside(root, absolute)):
        problems.append(_state_outside(where))
    return f"{_SQLITE}{absolute}{mark}{query}"


def _from_outside(node: Node | None) -> bool:
    """True for a value that is one variable and nothing else: whoever set it chose it, not the file."""
    return isinstance(node, ScalarNode) and bool(_ONE_VARIABLE.match(node.text))


def _policy(entry: PolicyEntry) -> Policy:
    return Policy(frozenset(entry.allow), frozenset(entry.deny))


def _waivers(node: MappingNode, file: ProjectFile, problems: list[Diagnostic]) -> tuple[Waiver, ...]:
    waivers = []
    for number, entry in enumerate(file.waivers):
        waiver = _waiver(entry, value_place(node, ["waivers", number]))
        if waiver.address.store not in file.stores:
            problems.append(_waived_store(waiver, file, value_place(node, ["waivers", number, "address"])))
        waivers.append(waiver)
    return tuple(waivers)


def _waiver(entry: WaiverEntry, where: Location) -> Waiver:
    return Waiver(
        address=Address.parse(entry.address),
        owner=entry.owner,
        reason=entry.reason,
        expires=entry.expires,
        field=entry.field,
        where=where,
    )


# ── the messages ──────────────────────────────────────────────────────────────────────────────


def _unknown_environment(environment: str | None, known: Entry | None, where: Location) -> list[Diagnostic]:
    if not environment:
        return []
    names = list(known.value.entries) if known and isinstance(known.value, MappingNode) else []
    return [
        Diagnostic(
            "unknown-environment",
            "the project has no such environment",
            f"`{environment}`",
            "there are: " + ", ".join(sorted(names)) if names else "the project file names none",
            did_you_mean(environment, names) or "add it under `environments`",
            known.key_where if known else where,
        )
    ]


def _unknown_provider(block: MappingNode, error: ApexplanError) -> Diagnostic:
    named = block.get("provider")
    shown = named.text if isinstance(named, ScalarNode) else ""
    return Diagnostic(
        "unknown-provider",
        "no such provider is installed",
        f"`{shown}`",
        "a provider is what speaks to one kind of store",
        error.mend,
        value_place(block, ["provider"]),
    )


def _unknown_state_url(where: Location) -> Diagnostic:
    return Diagnostic(
        "bad-state-url",
        "the state cannot be kept there",
        "the URL is neither sqlite:///… nor postgresql://…",
        "the state is kept in SQLite (one machine) or PostgreSQL (a team)",
        f"write {DEFAULT_STATE_URL} or postgresql://user@host/database",
        where,
    )


def _state_outside(where: Location) -> Diagnostic:
    return Diagnostic(
        "outside-project",
        "a path leads out of the project",
        "`state.url`",
        "whoever may change the project file must not choose what is written elsewhere on this machine",
        "keep it in the project, or take the whole URL from a variable: `${STATE_URL}`",
        where,
    )


def _waived_store(waiver: Waiver, file: ProjectFile, where: Location) -> Diagnostic:
    return Diagnostic(
        "unknown-store",
        "the project has no such store",
        f"`{waiver.address.store}` in `{waiver.address}`",
        "a waiver names an object of one of the project's stores",
        did_you_mean(waiver.address.store, file.stores),
        where,
    )
