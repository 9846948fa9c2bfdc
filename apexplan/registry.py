"""Finds providers by entry point (group `apexplan.providers`) and imports one when it is asked for.

Nothing is imported to list the names, so `--version`, `validate` of one store and the like stay
quick. Importing a provider imports no driver.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from apexplan.model.errors import UsageError
from apexplan.model.spec import Spec
from apexplan.provider import Kind, Provider

GROUP = "apexplan.providers"


@cache
def _found() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """Returns the names of all installed providers, sorted."""
    return sorted(_found())


@cache
def provider(name: str) -> Provider:
    """Returns the provider called `name`; raises UsageError naming those there are."""
    point = _found().get(name)
    if point is None:
        raise UsageError(f"no provider is called {name!r}", mend="installed: " + ", ".join(names()))
    loaded: Provider = point.load()
    return loaded


def kinds() -> dict[str, tuple[str, Kind]]:
    """Returns every manifest kind with the name of its provider. Imports all providers."""
    return {kind.name: (name, kind) for name in names() for kind in provider(name).kinds}


def spec_class(provider_name: str, kind: str) -> type[Spec] | None:
    """Returns the spec class of an object kind (`index`), or None if the provider has none."""
    return next((spec for spec in provider(provider_name).specs if spec.kind == kind), None)
