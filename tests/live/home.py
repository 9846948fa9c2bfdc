"""A project directory with a state of its own, in which real commands are run on the store at a URL."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from tests.live import forked

ROOT = Path(__file__).parents[2]

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Home:
    """Where commands run: the project in `home`, whose one store is at `url`."""

    home: Path
    url: str
    env: Mapping[str, str] = field(default_factory=dict)

    variable: ClassVar[str]
    """The name by which the project file knows `url`."""
    head: ClassVar[str]
    """The project file."""

    def write(self, manifest: str, project: str | None = None) -> None:
        """Writes the project with its one manifest."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "apexplan.yaml").write_text(project or self.head)
        (self.home / "schema.yaml").write_text(manifest)

    def command(self, *arguments: str, kill: tuple[int, str] = (0, "after")) -> Done:
        """Runs one command; `kill` names the write of the journal at which it dies."""
        _, _, module, *rest = self.typed(*arguments, kill=kill)
        return forked.run(module, *rest, cwd=ROOT, env=self.environment)

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts one command and leaves it running."""
        return subprocess.Popen(
            self.typed(*arguments),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def typed(self, *arguments: str, kill: tuple[int, str] = (0, "after")) -> list[str]:
        number, when = kill
        head = [sys.executable, "-m", "tests.live.killer", str(number), when]
        return [*head, *arguments, "-C", str(self.home)]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, self.variable: self.url, **self.env}


def writes(done: Done) -> int:
    """Returns how often a command that ended by itself wrote its journal."""
    found = re.search(r"writes: (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])
