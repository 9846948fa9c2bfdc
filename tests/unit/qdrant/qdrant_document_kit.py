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
from apexplan_qdrant.document import KIND, QdrantSchema

HEAD = "kind: QdrantSchema\nstore: vectors\n"
_PROVIDER: Final = cast(Provider, SimpleNamespace(name="qdrant", kinds=(KIND,)))
"""As much of the provider as checking a document asks for."""


def check(text: str) -> CheckedManifest:
    """Checks a whole manifest as loading does, for a project whose store `vectors` is Qdrant."""
    loaded = load_text(text, "vectors.yaml")
    assert loaded.node and not loaded.diagnostics, loaded.diagnostics
    return check_manifest(loaded.node, {"vectors": _PROVIDER})


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


def with_fields(text: str) -> str:
    """Returns a manifest of the collection `c` with one unnamed vector and these fields."""
    return f"collections: {{c: {{vectors: {{size: 4, distance: Dot}}, {text}}}}}"


def collection(text: str) -> dict[str, Any]:
    """Returns the set fields of a collection that is declared as `text`, without those that always are."""
    values = one(f"collections: {{c: {{{text}}}}}").spec.values()
    always = {"vectors", "size", "distance", "sparse_vectors", "health"}
    return {field: value for field, value in values.items() if field not in always}


def fields(text: str) -> dict[str, Any]:
    """As `collection`, of one with an unnamed vector."""
    return collection(f"vectors: {{size: 4, distance: Dot}}, {text}")


def index(text: str, path: str = "k") -> dict[str, Any]:
    """Returns the set fields of a payload index that is declared as `text`."""
    found = declared(with_fields(f"payload_indexes: {{{path}: {text}}}"))
    (spec,) = (one.spec for name, one in found.items() if name.startswith("payload_index."))
    return spec.values()


def diagnostics(body: str) -> tuple[Diagnostic, ...]:
    return checked(body).diagnostics


def codes(body: str) -> list[str]:
    return [diagnostic.code for diagnostic in diagnostics(body)]


def expanded(document: dict[str, Any]) -> dict[Address, Spec]:
    """Returns the specs of a document of JSON values that has nothing wrong with it but warnings."""
    expansion = KIND.expand(QdrantSchema.model_validate(document))
    assert [problem for problem in expansion.problems if problem.severity == "error"] == []
    return {found.address: found.spec for found in expansion.declared}
