"""`apexplan dev`: real local stores without Docker, kept under `.apexplan/dev` until they are stopped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from apexplan import registry
from apexplan.cli.options import Format, FormatOption, Root
from apexplan.cli.output import answer

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Start and stop real local stores, without Docker."
)

Providers = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PROVIDER]...", help="postgres, neo4j, qdrant, redis", show_default="postgres"),
]


@app.command()
def up(providers: Providers = None, root: Root = Path(), format_: FormatOption = Format.TEXT) -> None:
    """Starts a local store of each provider and prints its URL. One that runs already is left alone."""
    running = {}
    for name in providers or ["postgres"]:
        home = _home(root, name)
        home.mkdir(parents=True, exist_ok=True)
        running[name] = registry.provider(name).local(str(home), detached=True)
    lines = [f"{n}: {s.url}" + (f" (process {s.pid})" if s.pid else "") for n, s in running.items()]
    data = {name: {"url": store.url, "pid": store.pid} for name, store in running.items()}
    answer(format_, "dev", {"stores": data}, lines)


@app.command()
def down(
    providers: Providers = None,
    root: Root = Path(),
    purge: Annotated[bool, typer.Option("--purge", help="delete the data as well")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Stops the local stores by their process ids. Their data stays unless --purge."""
    stopped = {}
    for name in providers or _known(root):
        home = _home(root, name)
        store = registry.provider(name).attached(str(home))
        stopped[name] = store is not None
        if store is not None:
            store.stop()
        if purge:
            shutil.rmtree(home, ignore_errors=True)
    lines = [f"{name}: {'stopped' if ran else 'was not running'}" for name, ran in stopped.items()]
    answer(format_, "dev", {"stopped": [name for name, ran in stopped.items() if ran]}, lines)


@app.command()
def status(root: Root = Path(), format_: FormatOption = Format.TEXT) -> None:
    """Tells which local stores run, and their URLs."""
    found = {name: registry.provider(name).attached(str(_home(root, name))) for name in _known(root)}
    lines = [f"{n}: running at {s.url}" if s is not None else f"{n}: stopped" for n, s in found.items()]
    data = {n: {"url": s.url, "pid": s.pid} if s is not None else None for n, s in found.items()}
    nothing = "no local store was started here; `apexplan dev up` starts one"
    answer(format_, "dev", {"stores": data}, lines or [nothing])


def _home(root: Path, name: str) -> Path:
    return root.resolve() / ".apexplan" / "dev" / name


def _known(root: Path) -> list[str]:
    base = root.resolve() / ".apexplan" / "dev"
    if not base.is_dir():
        return []
    return sorted(p.name for p in base.iterdir() if p.name in registry.names())
