"""`apexplan graph`: the declared objects and what they require."""

from __future__ import annotations

import shutil
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.output import deliver
from apexplan.model.address import Address
from apexplan.model.errors import UsageError
from apexplan.report import graph as graphs
from apexplan.report.json_ import dumps

app = typer.Typer(add_completion=False)


class GraphFormat(StrEnum):
    """What a graph can be written as. SVG needs Graphviz."""

    TEXT = "text"
    JSON = "json"
    DOT = "dot"
    MERMAID = "mermaid"
    SVG = "svg"


@app.command()
def graph(
    root: options.Root = Path(),
    env: options.Environment = None,
    format_: Annotated[
        GraphFormat, typer.Option("--format", "-f", help="what is written")
    ] = GraphFormat.TEXT,
    output: options.Output = None,
    target: options.Target = None,
    exclude: options.Exclude = None,
) -> None:
    """Draws the declared objects and what they require. No store is asked."""
    workspace = projects.load(root, env)
    wanted = projects.choice(target, exclude)
    edges: dict[Address, list[Address]] = {}
    for address, item in workspace.declared.items():
        if wanted(address):
            needed = item.spec.requires(address) | item.lifecycle.depends_on
            edges[address] = sorted(a for a in needed if wanted(a) and a in workspace.declared)
    deliver(_rendered(edges, format_), output)


def _rendered(edges: graphs.Edges, format_: GraphFormat) -> str:
    match format_:
        case GraphFormat.TEXT:
            return graphs.tree(edges)
        case GraphFormat.JSON:
            objects = {str(address): [str(a) for a in needed] for address, needed in edges.items()}
            return dumps("graph", {"requires": objects})
        case GraphFormat.DOT:
            return graphs.dot(edges)
        case GraphFormat.MERMAID:
            return graphs.mermaid(edges)
        case GraphFormat.SVG:
            return _svg(graphs.dot(edges))


def _svg(dot: str) -> str:
    program = shutil.which("dot")
    if program is None:
        raise UsageError(
            "SVG is drawn by Graphviz, whose `dot` is not on the PATH",
            mend="install Graphviz, or use --format mermaid",
        )
    drawn = subprocess.run([program, "-Tsvg"], input=dot, capture_output=True, text=True, check=False)
    if drawn.returncode:
        raise UsageError(f"Graphviz failed with exit code {drawn.returncode}", mend="use --format mermaid")
    return drawn.stdout
