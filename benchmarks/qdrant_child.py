"""What the Qdrant benchmarks need in processes of their own.

python -m benchmarks.qdrant_child fill DIRECTORY COLLECTION POINTS   points in Edge, indexed
python -m benchmarks.qdrant_child bare DIRECTORY COLLECTION          its points copied by a loop over Edge
python -m benchmarks.qdrant_child serve COLLECTIONS INDEXES          a double of the server, until stdin ends;
                                                                     for each line, how many requests it had
python -m benchmarks.qdrant_child plan PROJECT                       one plan inside of the process, as JSON
python -m benchmarks.qdrant_child rival URL                          the same reading with qdrant-client
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from apexplan.cli.main import calm_collector
from apexplan.engine import planner, survey
from apexplan.manifest import load_workspace
from apexplan_qdrant.provider import PROVIDER
from apexplan_qdrant.run.comparing import BATCH
from apexplan_qdrant.target import Point
from apexplan_state import open_state
from tests.live.qdrant.double import Double

SIZE: Final = 1536
_POOL: Final = 500_000
"""Random numbers that vectors are windows of: no two points have the same vector, and making one is quick."""


class _Quiet:
    """A watch that nobody reads."""

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None: ...

    def stopping(self) -> bool:
        return False


def fill(directory: str, collection: str, count: str) -> None:
    """Writes points into a collection of Edge, and builds its graph."""
    from apexplan_qdrant.edge import connect

    target = connect("vectors", directory)
    batch: list[Point] = []
    for point in _points(int(count)):
        batch.append(point)
        if len(batch) == BATCH:
            target.upsert(collection, batch)
            batch = []
    target.upsert(collection, batch)
    target.settle(collection, _Quiet(), 600)
    target.close()


def _points(count: int) -> Iterator[Point]:
    chance = random.Random(1)
    pool = [chance.gauss(0, 1) for _ in range(_POOL)]
    for n in range(count):
        start = chance.randrange(_POOL - SIZE)
        payload = {"n": n, "user": f"u{n % 97}", "text": f"part {n} of a document"}
        yield Point(n, pool[start : start + SIZE], payload)


def bare(directory: str, collection: str) -> None:
    """Prints the wall seconds in which a loop over Edge alone copies a collection, page by page."""
    import qdrant_edge as edge

    from apexplan_qdrant.edge import connect

    target = connect("vectors", directory)
    target.create("bare", {"vectors": {"size": SIZE, "distance": "Cosine"}})
    source, goal = target.shard(collection), target.shard("bare")
    started, following = time.perf_counter(), None
    while True:
        request = edge.ScrollRequest(offset=following, limit=BATCH, with_payload=True, with_vector=True)
        records, following = source.scroll(request)
        points = [edge.Point(one.id, one.vector or {}, one.payload) for one in records]
        goal.update(edge.UpdateOperation.upsert_points(points))
        if following is None:
            break
    _tell({"seconds": time.perf_counter() - started, "points": target.count("bare")})
    target.close()


def serve(collections: str, indexes: str) -> None:
    """Runs the double with so many collections, each with so many payload indexes of all types."""
    from apexplan_qdrant.connection import QdrantSettings, opened

    with Double() as double:
        with opened("vectors", QdrantSettings.model_validate({"url": double.url})) as target:
            for n in range(int(collections)):
                target.create(f"c{n:03}", {"vectors": {"size": SIZE, "distance": "Cosine"}})
                for k in range(int(indexes)):
                    target.put_index(f"c{n:03}", f"f{k}", {"type": index_type(k)})
        print(double.url, flush=True)
        for _ in sys.stdin:
            print(len(double.requests), flush=True)


def index_type(number: int) -> str:
    """Returns the type of the payload index of that number."""
    types = ("keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid")
    return types[number % len(types)]


def plan(project: str) -> None:
    """Prints the wall seconds of connecting and of one plan, and how many objects are in sync."""
    calm_collector()  # as the command does
    workspace = load_workspace(Path(project), environment=None, variables=os.environ)
    desired = planner.Desired(workspace.project.name, "", workspace.declared, workspace.digest)
    blocks = workspace.project.stores.values()
    with open_state(workspace.project.state_url, clock=lambda: datetime.now(UTC), by="benchmark") as state:
        recorded, head = state.recorded(), state.head()
    started = time.perf_counter()
    with survey.opened([survey.StoreConfig(b.name, PROVIDER, b.settings) for b in blocks]) as stores:
        connected = time.perf_counter()
        made = planner.plan(desired, recorded, head, stores, created="now")
        planned = time.perf_counter()
    _tell({"connect": connected - started, "plan": planned - connected, "in_sync": made.in_sync})


def rival(url: str) -> None:
    """Prints the wall seconds in which qdrant-client reads names, aliases and every collection."""
    from qdrant_client import QdrantClient

    started = time.perf_counter()
    client = QdrantClient(url=url)
    connected = time.perf_counter()
    client.get_aliases()
    names = [one.name for one in client.get_collections().collections]
    read = [client.get_collection(name) for name in names]
    seconds = time.perf_counter() - connected
    indexes = sum(len(one.payload_schema) for one in read)
    _tell({"connect": connected - started, "read": seconds, "objects": len(read) + indexes})


def _tell(found: dict[str, Any]) -> None:
    print(json.dumps(found))


_VERBS: Final[Mapping[str, Callable[..., None]]] = {
    "fill": fill,
    "bare": bare,
    "serve": serve,
    "plan": plan,
    "rival": rival,
}

if __name__ == "__main__":
    _VERBS[sys.argv[1]](*sys.argv[2:])
