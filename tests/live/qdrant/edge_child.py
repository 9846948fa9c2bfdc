"""A process for tests to kill.

    python -m tests.live.qdrant.edge_child VERB DIRECTORY [NUMBER]

Prints one line after each thing that it has done, or once it holds what it shall hold, and goes on until it
is killed.
"""

from __future__ import annotations

import sys
from itertools import count

import qdrant_edge

from apexplan_qdrant.edge import connect, open_collection
from apexplan_qdrant.target import Point

from .edge_kit import SMALL, Watched


def changes(directory: str, number: str) -> None:
    """Makes a collection, puts it behind the alias, changes it, deletes the one before, again and again."""
    target = connect("v", directory)
    for n in count(int(number)):
        target.create(f"c{n}", SMALL)
        target.put_index(f"c{n}", "k", {"type": "keyword"})
        target.change_aliases([{"create_alias": {"alias_name": "docs", "collection_name": f"c{n}"}}])
        target.update(f"c{n}", {"metadata": {"number": n}, "hnsw_config": {"m": 8 + n % 8}})
        target.delete(f"c{n - 1}")
        say(n)


def inserts(directory: str, number: str) -> None:
    """Inserts ten points after the other."""
    target = connect("v", directory)
    for n in count(int(number), 10):
        target.insert("a", [Point(id_, [float(id_)] * 4, {"n": id_}) for id_ in range(n, n + 10)])
        say(n + 10)


def holds(directory: str) -> None:
    with open_collection(directory, "a"):
        say("held")
        sys.stdin.read()


def opens(directory: str) -> None:
    """Opens a shard as somebody who knows nothing of apexplan."""
    shard = qdrant_edge.EdgeShard.load(directory)
    say("held")
    sys.stdin.read()
    shard.close()


def rebuilds(directory: str) -> None:
    class Telling(Watched):
        def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
            say(phase)

    connect("v", directory).settle("a", Telling(), 60)


def say(word: object) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    {each.__name__: each for each in (changes, inserts, holds, opens, rebuilds)}[sys.argv[1]](*sys.argv[2:])
