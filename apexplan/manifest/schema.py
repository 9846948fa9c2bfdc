"""JSON Schemas of the manifest kinds and of the project file, for editors and for people.

Made from the pydantic models that loading uses, so they cannot differ from
it. Equal models give equal bytes. `x-on-change` tells how a field may change.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from apexplan.manifest.project import ProjectFile
from apexplan.provider import Kind

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: Kind) -> dict[str, Any]:
    """Returns the JSON Schema of one kind of manifest."""
    return _schema(kind.document, kind.name)


def project_schema() -> dict[str, Any]:
    """Returns the JSON Schema of the project file. Settings of stores are open in it."""
    return _schema(ProjectFile, "Project")


def _schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    head = {"$schema": _DIALECT, "$id": f"urn:apexplan:schema:v1:{name}", "title": name}
    return head | {key: value for key, value in model.model_json_schema().items() if key not in head}
