"""What the demos of all examples do: tell a story in chapters, and type commands as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

WIDTH = min(shutil.get_terminal_size().columns, 100)


class Walk:
    """One run of a demo in `home`. `project` is the directory that commands are typed in, `home` itself
    unless there are several; `env`: what they find in their environment."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self.home = home
        self.project = home
        self.env = {**os.environ, **env}
        self.started = time.monotonic()
        self.number = 0

    def chapter(self, title: str, text: str) -> None:
        """Begins a chapter: a rule with its number and title, and what is about to be seen."""
        self.number += 1
        head = f"━━ {self.number}. {title} "
        print(f"\n{head}{'━' * max(0, WIDTH - len(head))}")
        print(f"{text}\n", flush=True)

    def apexplan(self, *arguments: str, expect: int = 0) -> None:
        """Types one command and shows what it says; ends the demo where it ends otherwise than expected."""
        where = "" if self.project == self.home else self.project.name
        print(f"{where}$ apexplan {' '.join(arguments)}", flush=True)
        code = subprocess.run(self.typed(*arguments), cwd=self.project, env=self.env, check=False).returncode
        if code != expect:
            sys.exit(f"the demo broke: exit {code} where {expect} was expected")
        if code:
            print(f"(exit {code})")

    def typed(self, *arguments: str) -> list[str]:
        """Returns a command of ours as it is run."""
        return [str(Path(sys.executable).with_name("apexplan")), *arguments]

    def expect(self, true: bool, what: str) -> None:
        """Ends the demo where something is not as it must be."""
        if not true:
            sys.exit(f"the demo broke: {what}")

    @property
    def seconds(self) -> float:
        """How long the demo has taken so far."""
        return time.monotonic() - self.started
