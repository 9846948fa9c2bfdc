"""The real command, killed by SIGKILL at the Nth thing that a script does: before it or right after it.

    python -m tests.live.postgres.script_killer N before|after COMMAND [ARGUMENT]...

Counted are statements, commits of a transaction and notes in the ledger. N = 0 kills nothing and
prints how many there were.
"""

from __future__ import annotations

import sys

import psycopg

from apexplan.cli.main import main
from apexplan_postgres.run.migration import _Work
from tests.live.killer import Killer

if __name__ == "__main__":
    killer = Killer(int(sys.argv[1]), sys.argv[2] == "after")
    for name in ("execute", "note", "forget"):
        setattr(_Work, name, killer.around(getattr(_Work, name)))
    psycopg.Transaction.__exit__ = killer.around(psycopg.Transaction.__exit__)  # type: ignore[method-assign]
    sys.argv = ["apexplan", *sys.argv[3:]]
    try:
        main()
    finally:
        print(f"writes: {killer.count}", file=sys.stderr)
