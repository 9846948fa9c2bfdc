"""The real command, killed by SIGKILL at the Nth call that it makes of its Qdrant: before it or after it.

    python -m tests.live.qdrant.target_killer N before|after COMMAND [ARGUMENT]...

N = 0 kills nothing and prints how many calls there were.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from apexplan.cli.main import main
from apexplan_qdrant.edge.target import EdgeTarget
from apexplan_qdrant.server.target import ServerTarget
from apexplan_qdrant.target import Target

CALLS: Final = (
    *("create", "update", "delete", "change_aliases", "put_index", "delete_index", "settle"),
    *("page", "insert", "upsert", "remove", "count"),
)


class Killer:
    """Counts the calls and ends this process at one of them."""

    def __init__(self, at: int, after: bool) -> None:
        self.at = at
        self.after = after
        self.count = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Returns `call` with the killer around it."""

        def killing(target: Target, *arguments: Any, **named: Any) -> Any:
            counts = not _writes_the_cursor(arguments)
            self.count += counts
            here = counts and self.count == self.at
            if here and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(target, *arguments, **named)
            if here and self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return killing


def _writes_the_cursor(arguments: tuple[Any, ...]) -> bool:
    """True for what a clock decides: how often a copy writes how far it has got."""
    body = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], dict) else {}
    marks = (body.get("metadata") or {}).get("apexplan") or {}
    return (marks.get("copied") or {}).get("state") == "loading"


if __name__ == "__main__":
    killer = Killer(int(sys.argv[1]), sys.argv[2] == "after")
    for kind in (EdgeTarget, ServerTarget):
        for name in CALLS:
            setattr(kind, name, killer.around(getattr(kind, name)))
    sys.argv = ["apexplan", *sys.argv[3:]]
    try:
        main()
    finally:
        print(f"calls: {killer.count}", file=sys.stderr)
