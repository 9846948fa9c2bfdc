"""A program: optimizes the shard in the directory that its argument names, and ends. See `rebuild`.

It imports nothing of apexplan: it starts as fast as Edge loads.
"""

from __future__ import annotations

import sys

import qdrant_edge


def main() -> int:
    """Returns 0, or 1 with Edge's own words on standard error."""
    try:
        shard = qdrant_edge.EdgeShard.load(sys.argv[1])
        shard.optimize()
        shard.close()
    except Exception as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
