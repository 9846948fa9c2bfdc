"""A project whose one manifest names a directory of scripts, in which real commands are run."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

from tests.live.places import Place

from .scripts import PAIRS, Pairs, files

MANIFEST = "kind: Migration\nstore: sql\ndirectory: m\n"
SHAPE = """
SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
"""


@dataclass(frozen=True)
class Scripts(Place):
    """A place with scripts. `kill` names what a script does at which the command dies."""

    def typed(self, *arguments: str, kill: tuple[int, str] = (0, "after")) -> list[str]:
        number, when = kill
        head = [sys.executable, "-m", "tests.live.postgres.script_killer", str(number), when]
        return [*head, *arguments, "-C", str(self.home)]

    def write_scripts(self, *names: str) -> None:
        """Writes the project with these of PAIRS and no others."""
        self.write_pairs({name: PAIRS[name] for name in names})

    def write_pairs(self, pairs: Pairs) -> None:
        """Writes the project with these pairs and no others."""
        self.write(MANIFEST)
        shutil.rmtree(self.home / "m", ignore_errors=True)
        (self.home / "m").mkdir()
        for file in files(pairs):
            (self.home / file.name).write_text(file.text)

    def shape(self) -> object:
        """The tables and indexes in `public`."""
        return self.one(SHAPE)
