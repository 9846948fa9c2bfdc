"""`apexplan schema`: the JSON Schemas of all that people and programs read and write."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from apexplan import registry
from apexplan.cli.output import say, write_file
from apexplan.manifest.schema import project_schema, schema_of
from apexplan.model.errors import UsageError
from apexplan.model.plan import Plan
from apexplan.report.audit import audit_schema
from apexplan.report.json_ import drift_schema

app = typer.Typer(add_completion=False)


@app.command()
def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="one of them, such as PostgresSchema")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--write", "-w", help="write all of them into this directory")
    ] = None,
) -> None:
    """Prints one JSON Schema, lists them, or writes them all for an editor.

    Point an editor at a file by `# yaml-language-server: $schema=PATH` on a manifest's first line.
    """
    schemas = all_schemas()
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        for known, content in schemas.items():
            write_file(directory / f"{known}.json", text_of(content))
        say([f"wrote {len(schemas)} schemas into {directory}"])
    elif name is None:
        say(schemas)
    elif name in schemas:
        sys.stdout.write(text_of(schemas[name]))
    else:
        raise UsageError(f"no schema is called {name}", mend="there are: " + ", ".join(schemas))


def all_schemas() -> dict[str, dict[str, Any]]:
    """Returns every schema by name: project file, kinds of manifests, plan file, drift and audit reports."""
    kinds = {name: schema_of(kind) for name, (_, kind) in sorted(registry.kinds().items())}
    plan = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
    return {
        "project": project_schema(),
        **kinds,
        "plan": plan,
        "drift": drift_schema(),
        "audit": audit_schema(),
    }


def text_of(content: dict[str, Any]) -> str:
    """Returns a schema as it is written to a file."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
