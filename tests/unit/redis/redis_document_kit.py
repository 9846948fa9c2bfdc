"""Documents of these tests: from YAML text to what they declare and what is wrong with them."""

from __future__ import annotations

from pathlib import PurePosixPath
from textwrap import dedent
from types import SimpleNamespace
from typing import Any, Final, cast

from apexplan.manifest.check import CheckedManifest, check_manifest
from apexplan.manifest.load import load_text
from apexplan.manifest.sources import Sources
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Diagnostic, Location
from apexplan.model.spec import Spec
from apexplan.provider import Provider, SourceFile
from apexplan_redis.document import KIND, RedisContract

HEAD = "kind: RedisContract\nstore: cache\n"
_PROVIDER: Final = cast(Provider, SimpleNamespace(name="redis", kinds=(KIND,)))
"""As much of the provider as checking a document asks for."""
FILES: Final = {
    "redis/lib.lua": "#!lua name=lib\nredis.register_function('f', function() return 1 end)\n",
    "redis/other.lua": "#!lua name=another\n",
    "redis/nameless.lua": "return 1\n",
}
"""The files of the project that the manifests belong to."""


def check(text: str) -> CheckedManifest:
    """Checks a whole manifest as loading does, for a project whose store `cache` is Redis."""
    loaded = load_text(text, "cache.yaml")
    assert loaded.node and not loaded.diagnostics, loaded.diagnostics
    return check_manifest(loaded.node, {"cache": _PROVIDER}, _read)


def _read(directory: str, where: Location) -> Sources:
    found = (name for name in FILES if str(PurePosixPath(name).parent) == directory)
    return Sources(tuple(SourceFile(name, FILES[name]) for name in found))


def checked(body: str) -> CheckedManifest:
    """Checks a manifest that is written without its head."""
    return check(HEAD + dedent(body))


def declared(body: str) -> dict[str, Declared]:
    """Returns what a manifest without errors declares, by address without the store."""
    found = checked(body)
    assert [one for one in found.diagnostics if one.severity == "error"] == []
    return {f"{one.address.kind}.{one.address.name}": one for one in found.declared}


def values(body: str) -> dict[str, Any]:
    """Returns the values of the only object of a manifest, without those that say nothing."""
    (found,) = declared(body).values()
    return {name: value for name, value in found.spec.values().items() if value is not None}


def key(text: str) -> dict[str, Any]:
    """Returns what is said of the pattern `k:{id}`, declared as `text`."""
    return values(f'keys: {{"k:{{id}}": {text}}}')


def user(text: str, more: str = "") -> dict[str, Any]:
    """Returns the values of the user `u`, declared as `text`."""
    found = declared(f"users: {{u: {{{text}}}}}\n{more}")
    return {name: value for name, value in found["user.u"].spec.values().items() if name != "before"}


def diagnostics(body: str) -> tuple[Diagnostic, ...]:
    return checked(body).diagnostics


def codes(body: str) -> list[str]:
    return [diagnostic.code for diagnostic in diagnostics(body)]


def expanded(document: dict[str, Any]) -> dict[Address, Spec]:
    """Returns the specs of a document of JSON values that has nothing wrong with it but warnings."""
    expansion = KIND.expand(RedisContract.model_validate(document))
    assert [problem for problem in expansion.problems if problem.severity == "error"] == []
    return {found.address: found.spec for found in expansion.declared}
