"""`apexplan dev`: real local stores without Docker, kept under `.apexplan/dev` until they are stopped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from apexplan import registry
from apexplan.cli.options import Root
from apexplan.cli.output import say

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Start and stop real local stores, without Docker."
)

Providers = Annotated[
    list[str] | None, typer.Argument(metavar="[PROVIDER]...", help="postgres, …", show_default="postgres")
]


@app.command()
def up(providers: Providers = None, root: Root = Path()) -> None:
    """Starts a local store of each provider and prints its URL. One that runs already is left alone."""
    for name in providers or ["postgres"]:
        provider = registry.provider(name)
        home = _home(root, name)
        home.mkdir(parents=True, exist_ok=True)
        store = provider.local(str(home), detached=True)
        told = f" (process {store.pid})" if store.pid else ""
        say([f"{name}: {store.url}{told}"])


@app.command()
def down(
    providers: Providers = None,
    root: Root = Path(),
    purge: Annotated[bool, typer.Option("--purge", help="delete the data as well")] = False,
) -> None:
    """Stops the local stores by their process ids. Their data stays unless --purge."""
    for name in providers or _known(root):
        home = _home(root, name)
        store = registry.provider(name).attached(str(home))
        if store is not None:
            store.stop()
        if purge:
            shutil.rmtree(home, ignore_errors=True)
        say([f"{name}: {'stopped' if store is not None else 'was not running'}"])


@app.command()
def status(root: Root = Path()) -> None:
    """Tells which local stores run, and their URLs."""
    names = _known(root)
    for name in names:
        store = registry.provider(name).attached(str(_home(root, name)))
        text = f"running at {store.url}" if store is not None else "stopped"
        say([f"{name}: {text}"])
    if not names:
        say(["no local store was started here; `apexplan dev up` starts one"])


def _home(root: Path, name: str) -> Path:
    return root.resolve() / ".apexplan" / "dev" / name


def _known(root: Path) -> list[str]:
    base = root.resolve() / ".apexplan" / "dev"
    if not base.is_dir():
        return []
    return sorted(p.name for p in base.iterdir() if p.name in registry.names())
