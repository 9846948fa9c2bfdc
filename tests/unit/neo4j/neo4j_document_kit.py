"""Documents of these tests: from YAML text to what they declare and what is wrong with them."""

from __future__ import annotations

from textwrap import dedent
from types import SimpleNamespace
from typing import Any, Final, cast

from apexplan.manifest.check import CheckedManifest, check_manifest
from apexplan.manifest.load import load_text
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Diagnostic
from apexplan.model.spec import Spec
from apexplan.provider import Provider
from apexplan_neo4j.document import KIND, Neo4jSchema

HEAD = "kind: Neo4jSchema\nstore: graph\n"
_PROVIDER: Final = cast(Provider, SimpleNamespace(name="neo4j", kinds=(KIND,)))
"""As much of the provider as checking a document asks for."""


def check(text: str) -> CheckedManifest:
    """Checks a whole manifest as loading does, for a project whose store `graph` is Neo4j."""
    loaded = load_text(text, "graph.yaml")
    assert loaded.node and not loaded.diagnostics, loaded.diagnostics
    return check_manifest(loaded.node, {"graph": _PROVIDER})


def checked(body: str) -> CheckedManifest:
    """Checks a manifest that is written without its head."""
    return check(HEAD + dedent(body))


def declared(body: str) -> dict[str, Declared]:
    """Returns what a right manifest declares, by address without the store."""
    found = checked(body)
    assert found.diagnostics == ()
    return {f"{one.address.kind}.{one.address.name}": one for one in found.declared}


def one(body: str) -> Declared:
    """Returns the only object of a right manifest."""
    (found,) = declared(body).values()
    return found


def index(text: str) -> dict[str, Any]:
    """Returns the set fields of an index that is declared as `text`."""
    return one(f"indexes: {{i: {text}}}").spec.values()


def constraint(text: str) -> dict[str, Any]:
    """Returns the set fields of a constraint that is declared as `text`."""
    return one(f"constraints: {{c: {text}}}").spec.values()


def diagnostics(body: str) -> tuple[Diagnostic, ...]:
    return checked(body).diagnostics


def codes(body: str) -> list[str]:
    return [diagnostic.code for diagnostic in diagnostics(body)]


def expanded(document: dict[str, Any]) -> dict[Address, Spec]:
    """Returns the specs of a document of JSON values that has nothing wrong with it."""
    expansion = KIND.expand(Neo4jSchema.model_validate(document))
    assert expansion.problems == ()
    return {found.address: found.spec for found in expansion.declared}
