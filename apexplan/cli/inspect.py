"""`apexplan inspect`: what is live, as manifests. With `adopt`, an existing store is taken over."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import note, say, write_file
from apexplan.engine import survey
from apexplan.engine.survey import OpenStore
from apexplan.manifest import Project
from apexplan.manifest.write import render
from apexplan.model.address import Address
from apexplan.model.errors import UsageError
from apexplan.provider import Kind, Live
from apexplan.report.json_ import dumps
from apexplan.report.view import counted

app = typer.Typer(add_completion=False)

_FEW = 5
"""So many objects of one kind are named when they are left out; more are counted."""

_Documents = list[tuple[str, Kind, dict[str, object]]]
"""Store, kind, and the document as plain JSON values."""


@app.command()
def inspect(
    store: Annotated[
        list[str] | None, typer.Argument(metavar="[STORE]...", help="all of the project", show_default=False)
    ] = None,
    root: options.Root = Path(),
    env: options.Environment = None,
    directory: Annotated[
        Path | None, typer.Option("--write", "-w", help="write one file a store and kind into this directory")
    ] = None,
    target: options.Target = None,
    exclude: options.Exclude = None,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Writes manifests of what is live: a plan of them is empty, an apply adopts everything.

    An existing file is never overwritten. The state is not touched.
    """
    project = projects.load_settings(root, env)
    names = _names(project, store)
    wanted = projects.choice(target, exclude)
    with projects.stores_of(project, names) as stores:
        views = survey.read_live(stores, frozenset(), everything=True)
        documents = [
            (name, kind, document)
            for name, view in views.items()
            for kind in stores[name].provider.kinds
            if (document := _document(stores[name], kind, view, wanted))
        ]
    for view in views.values():
        for remark in view.notes:
            note(remark.text)
    for line in _told_left_out(_left_out(views, documents, wanted)):
        note(line)
    if format_ is Format.JSON:
        data = {f"{name}.{kind.name}": document for name, kind, document in documents}
        sys.stdout.write(dumps("inspection", {"documents": data}))
        return
    _write(documents, directory)


def _names(project: Project, asked: list[str] | None) -> list[str]:
    unknown = [name for name in asked or () if name not in project.stores]
    if unknown:
        raise UsageError(
            f"no store is called {', '.join(unknown)}", mend="there are: " + ", ".join(project.stores)
        )
    return asked or list(project.stores)


def _told_left_out(addresses: Iterable[Address]) -> Iterator[str]:
    """Yields a line for each object, but one for all of a kind that has many: the scripts of years."""
    kinds: dict[tuple[str, str], list[Address]] = {}
    for address in addresses:
        kinds.setdefault((address.store, address.kind), []).append(address)
    for (store, kind), found in kinds.items():
        if len(found) <= _FEW:
            yield from (f"left out, a manifest cannot declare it: {address}" for address in found)
        else:
            yield f"left out, a manifest cannot declare them: {counted(kind, len(found))} of {store}"


def _document(store: OpenStore, kind: Kind, view: Live, wanted: survey.Wanted) -> dict[str, object]:
    return kind.collapse(store.name, {a: s for a, s in view.objects.items() if wanted(a)})


def _left_out(views: Mapping[str, Live], documents: _Documents, wanted: survey.Wanted) -> Iterator[Address]:
    """Yields the live objects that no document declares, but for those that a drop has moved aside."""
    written = {
        declared.address
        for _, kind, document in documents
        for declared in kind.expand(kind.document.model_validate(document)).declared
    }
    for view in views.values():
        for address, spec in sorted(view.objects.items()):
            if address not in written and wanted(address) and spec.kept_since() is None:
                yield address


def _write(documents: _Documents, directory: Path | None) -> None:
    if directory is None:
        sys.stdout.write("---\n".join(render(document) for _, _, document in documents))
        return
    directory.mkdir(parents=True, exist_ok=True)
    several = {name for name, _, _ in documents if sum(1 for n, _, _ in documents if n == name) > 1}
    files = {
        directory / (f"{name}.{kind.name}.yaml" if name in several else f"{name}.yaml"): document
        for name, kind, document in documents
    }
    there = [str(path) for path in files if path.exists()]
    if there:
        raise UsageError(
            f"already there: {', '.join(there)}", mend="choose another directory, or move the files"
        )
    for path, document in files.items():
        write_file(path, render(document))
        say([f"wrote {path}"])
