"""A project directory with a Qdrant, in which real commands are run."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from apexplan_state import open_state
from tests.live.home import Done, Home

from .bench import Bench

PROJECT = """
version: 1
project: place
stores:
  vectors: {provider: qdrant, url: "${QDRANT_URL}"}
manifests: [schema.yaml]
"""
HEAD = "kind: QdrantSchema\nstore: vectors\n"


@dataclass(frozen=True)
class QdrantPlace(Home):
    """A project of one Qdrant store. `kill` of a command names a call of the target, not a write of the
    journal."""

    variable: ClassVar[str] = "QDRANT_URL"
    head: ClassVar[str] = PROJECT

    @property
    def bench(self) -> Bench:
        """The same Qdrant, as an application sees it."""
        return Bench(self.url)

    def declare(self, manifest: str, project: str | None = None) -> None:
        """Writes the project with its one manifest, whose head is added."""
        self.write(HEAD + manifest, project)

    def typed(self, *arguments: str, kill: tuple[int, str] = (0, "after")) -> list[str]:
        number, when = kill
        head = [sys.executable, "-m", "tests.live.qdrant.target_killer", str(number), when]
        return [*head, *arguments, "-C", str(self.home)]

    def waits(self) -> bool:
        """True if an interrupted run waits for `resume` or `rollback`."""
        url = f"sqlite:///{self.home / '.apexplan' / 'state.db'}"
        with open_state(url, clock=lambda: datetime.now(UTC), by="test") as state:
            return state.open_run() is not None

    def seen(self) -> dict[str, Any]:
        """All that counts of the store: names, configurations without marks, indexes and points."""
        bench = self.bench
        with bench.target() as target:
            infos = {name: target.info(name) for name in target.collections()}
        return {
            "names": bench.names(),
            "configs": {name: _without_marks(info["config"]) for name, info in infos.items()},
            "indexes": {name: sorted(info["payload_schema"]) for name, info in infos.items()},
            "points": {name: bench.points(name) for name in infos},
        }


def _without_marks(config: dict[str, Any]) -> dict[str, Any]:
    metadata = {k: v for k, v in (config.get("metadata") or {}).items() if not k.startswith("apexplan")}
    return {**config, "metadata": metadata}


def told(done: Done, code: int = 0) -> str:
    """Returns all that a command said; it must have ended with `code`, and without a traceback."""
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert "Traceback" not in text, text
    return text


def calls(done: Done) -> int:
    """Returns how many calls of the target a command made that ended by itself."""
    found = re.search(r"calls: (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])
