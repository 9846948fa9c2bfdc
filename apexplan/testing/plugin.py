"""The pytest plugin. Fixtures for tests of providers and of projects that use apexplan; nothing is
imported before a fixture is asked for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from apexplan.provider import LocalStore


@pytest.fixture(scope="session")
def local_store() -> Iterator[Callable[[str], LocalStore]]:
    """Returns a function from a provider's name to a real local store, started once a session and
    stopped at its end by its own process id, whatever the tests did."""
    from apexplan import registry

    running: dict[str, LocalStore] = {}
    homes: list[Path] = []

    def start(provider: str) -> LocalStore:
        if provider not in running:
            home = Path(tempfile.mkdtemp(prefix=f"apexplan-{provider}-"))
            home.chmod(0o755)
            homes.append(home)
            running[provider] = registry.provider(provider).local(str(home))
        return running[provider]

    try:
        yield start
    finally:
        for store in running.values():
            store.stop()
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)
