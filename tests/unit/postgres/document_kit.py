"""Documents of these tests: from YAML text to what they declare and what is wrong with them."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from apexplan.manifest.check import CheckedManifest, check_manifest
from apexplan.manifest.load import load_text
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Diagnostic
from apexplan.model.spec import Spec
from apexplan_postgres.document import KIND, PostgresSchema
from apexplan_postgres.provider import PROVIDER

HEAD = "kind: PostgresSchema\nstore: sql\n"


def check(text: str) -> CheckedManifest:
    """Checks a whole manifest as loading does, for a project whose store `sql` is PostgreSQL."""
    loaded = load_text(text, "sql.yaml")
    assert loaded.node and not loaded.diagnostics, loaded.diagnostics
    return check_manifest(loaded.node, {"sql": PROVIDER})


def checked(body: str) -> CheckedManifest:
    """Checks a manifest that is written without its head."""
    return check(HEAD + dedent(body))


def declared(body: str) -> dict[str, Declared]:
    """Returns what a right manifest declares, by address without the store."""
    found = checked(body)
    assert found.diagnostics == ()
    return {f"{one.address.kind}.{one.address.name}": one for one in found.declared}


def spec(body: str, address: str) -> Spec:
    """Returns one spec of a right manifest."""
    return declared(body)[address].spec


def values(body: str, address: str) -> dict[str, Any]:
    """Returns the set fields of one spec of a right manifest."""
    return spec(body, address).values()


def diagnostics(body: str) -> tuple[Diagnostic, ...]:
    """Returns everything that is wrong with a manifest, warnings too."""
    return checked(body).diagnostics


def codes(body: str) -> list[str]:
    return [diagnostic.code for diagnostic in diagnostics(body)]


def expanded(document: dict[str, Any]) -> dict[Address, Spec]:
    """Returns the specs of a document of JSON values that has nothing wrong with it."""
    expansion = KIND.expand(PostgresSchema.model_validate(document))
    assert expansion.problems == ()
    return {one.address: one.spec for one in expansion.declared}
