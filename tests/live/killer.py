"""The real command, killed by SIGKILL at the Nth write of its journal: before it or right after it.

    python -m tests.live.killer N before|after COMMAND [ARGUMENT]...

N = 0 kills nothing and prints how many writes there were.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from apexplan.cli.main import main
from apexplan_state.store import SqlState

WRITES = ("begin", "append", "keep", "pause", "finish")


class Killer:
    """Counts the writes and ends this process at one of them."""

    def __init__(self, at: int, after: bool) -> None:
        self.at = at
        self.after = after
        self.count = 0

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """Returns `write` with the killer around it."""

        def killing(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count == self.at and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = write(*arguments, **named)
            if self.count == self.at and self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return killing


if __name__ == "__main__":
    killer = Killer(int(sys.argv[1]), sys.argv[2] == "after")
    for name in WRITES:
        setattr(SqlState, name, killer.around(getattr(SqlState, name)))
    sys.argv = ["apexplan", *sys.argv[3:]]
    try:
        main()
    finally:
        print(f"writes: {killer.count}", file=sys.stderr)
