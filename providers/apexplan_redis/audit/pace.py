"""Keeps a pass over the keyspace to so many keys a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """Lets `rate` keys a second go by, 0 for no bound. What was not used up is not saved up: after a pause
    the pace is the same."""

    rate: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _due: float = field(default=0.0, init=False)

    def spend(self, keys: int) -> None:
        """Waits until `keys` more may go by."""
        if self.rate <= 0:
            return
        now = self.clock()
        if self._due > now:
            self.sleep(self._due - now)
        self._due = max(self._due, now) + keys / self.rate

    def owe(self, keys: int) -> None:
        """Counts `keys` more that have gone by already: the next ones wait for them as well."""
        if self.rate > 0:
            self._due += keys / self.rate
