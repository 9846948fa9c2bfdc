"""How long an audit waits for what passes by itself: a script that runs, a server that loads its data, a
cluster that elects a primary."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from apexplan.model.errors import Transient

PATIENCE_S: Final = 60.0
"""A replica that copies some gigabytes anew is back within a minute, and so is a cluster that fails over. A
script that runs longer needs somebody to end it."""
_AGAIN_S: Final = 0.25


@dataclass(slots=True)
class Patience:
    """Waits in short turns, `PATIENCE_S` together, and anew each time that something came of it."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _since: float | None = field(default=None, init=False)

    def wait(self, refused: Transient) -> None:
        """Waits a moment. Raises `refused` where that was often enough."""
        now = self.clock()
        if self._since is None:
            self._since = now
        if now - self._since >= PATIENCE_S:
            raise refused
        self.sleep(_AGAIN_S)

    def rewarded(self) -> None:
        """Says that the server works again."""
        self._since = None
