"""The third part of `make demo`: collections in two versions, copied and switched, watched and rolled back.

Everything happens in a temporary directory, with Qdrant's own engine in the process (Edge): no server is
needed. The vectors are made up by a fixed seed, in a space of few dimensions, as embeddings lie. Each command
is shown as a person would type it.

    python examples/apex-vectors/demo.py [POINTS]      20,000 documents, and a tenth of it chunks
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from qdrant_edge import PayloadSchemaType, Point, Query, QueryRequest, UpdateOperation

from apexplan_qdrant.edge import connect, open_collection
from apexplan_qdrant.edge.disk import size_bytes

Vectors: TypeAlias = NDArray[np.float32]

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from walk import WIDTH, Walk  # noqa: E402  # in the folder above

POINTS, COMPONENTS, DIMENSIONS, SEED = 20_000, 1536, 48, 20_260
LOADED_AT_ONCE = 1_000
QUERIES, HITS = 5, 5
LINE_OF_INDEXES = "    payload_indexes:\n"
COMPRESSED = "    quantization: {scalar: {type: int8, always_ram: true}}\n"


class Demo(Walk):
    """One run of the demo: the project in `home`, with `points` documents."""

    def __init__(self, home: Path, points: int) -> None:
        self.edge = str(home / ".apexplan" / "qdrant")
        super().__init__(home, {"QDRANT_URL": f"edge:{self.edge}"})
        self.points = points
        self.figures: list[str] = []

    # ------------------------------------------------------------------------ what a person does

    def told(self, *arguments: str) -> Any:
        """Returns what a command tells as JSON."""
        command = self.typed(*arguments, "--format", "json")
        done = subprocess.run(command, cwd=self.home, env=self.env, check=True, capture_output=True)
        return json.loads(done.stdout)

    def declare(self, version: str) -> None:
        """Puts the manifest of one version into the project."""
        shutil.copy(HERE / version / "vectors.yaml", self.manifest)

    @property
    def manifest(self) -> Path:
        return self.home / "schema" / "vectors.yaml"

    # ------------------------------------------------------------------------- what an application does

    def load(self, name: str, points: int) -> None:
        """Writes points into what is found under `name`."""
        started = time.monotonic()
        with open_collection(self.edge, name) as shard:
            for part in made(name, points):
                shard.update(UpdateOperation.upsert_points(part))
        seconds = time.monotonic() - started
        print(f"→ {points:,} points of {COMPONENTS:,} components into {name}: {seconds:.1f} s")

    def search(self) -> list[list[int | str]]:
        """Returns the best hits of each query in what is found under `documents` now."""
        print(f"→ documents is {self.behind('documents')}; nearest documents of {QUERIES} questions:")
        found = []
        with open_collection(self.edge, "documents") as shard:
            for query in questions(self.points):
                hits = shard.query(QueryRequest(HITS, query=Query.Nearest(query.tolist())))
                found.append([hit.id if isinstance(hit.id, int) else str(hit.id) for hit in hits])
        for ids in found:
            print("  " + "  ".join(f"{one!s:>6}" for one in ids))
        return found

    def same(self, found: list[list[int | str]], before: list[list[int | str]]) -> None:
        """Says that two searches found the same; ends the demo where they did not."""
        if found != before:
            sys.exit(f"the demo broke: other hits than before: {before}")
        print("→ the same hits as before, in the same order\n")

    def behind(self, name: str) -> str:
        """Returns the collection that readers of `name` are given."""
        target = connect("vectors", self.edge)
        try:
            return target.resolve(name) or "not there"
        finally:
            target.close()

    def megabytes(self, physical: str) -> float:
        """Returns what a collection takes up on the disk."""
        (shard,) = Path(self.edge, "shards").glob(f"{physical}-*")
        return size_bytes(shard) / 1e6

    # ---------------------------------------------------------------------------------- the story

    def run(self) -> None:
        """Tells the whole story."""
        before = self.begin()
        self.compress()
        self.plan()
        self.copy(before)
        self.roll_back(before)
        self.again(before)
        self.drift()
        self.purge()
        self.summary()

    def begin(self) -> list[list[int | str]]:
        """Makes version 1 and fills it; returns what searches find."""
        self.chapter("Version 1", "Two collections, each behind the name that readers use. Empty so far.")
        self.declare("v1")
        self.apexplan("apply", "--yes")
        self.load("documents", self.points)
        self.load("chunks", self.points // 10)
        return self.search()

    def compress(self) -> None:
        self.chapter(
            "Compression alone is one PATCH",
            "No second collection and no copy: Qdrant compresses in the background, and answers meanwhile.",
        )
        text = self.manifest.read_text()
        self.manifest.write_text(text.replace(LINE_OF_INDEXES, COMPRESSED + LINE_OF_INDEXES, 1))
        print(f"{self.manifest.name}: + {COMPRESSED.strip()}")
        self.apexplan("plan", "-v")

    def plan(self) -> None:
        self.chapter(
            "What version 2 will do",
            "float16 halves the vectors, and is fixed when a collection is made: it needs new ones. Readers\n"
            "stay on the old ones until the new ones are proven equal.",
        )
        self.declare("schema")
        self.apexplan("plan", "-o", "plan.json")

    def copy(self, before: list[list[int | str]]) -> None:
        self.chapter(
            "Copied, indexed, compared, switched",
            "Insert-only, then compared point by point, and a sample of searches; then the alias is turned.",
        )
        self.apexplan("apply", "plan.json")
        self.note_copy()
        self.same(self.search(), before)

    def note_copy(self) -> None:
        """Takes down how long the copy of the documents took, from the journal of the run."""
        run = self.told("history")["runs"][0]["id"]
        journal = self.told("show", run)["journal"]
        verbs = {e["unit"]: e["data"]["steps"][0]["id"] for e in journal if e["entry"] == "intent"}
        took = {verbs[e["unit"]]: e["data"]["seconds"] for e in journal if e["entry"] == "done"}
        step = "vectors.collection.documents/{} documents_v2"
        copied, indexed, compared = (took[step.format(verb)] for verb in ("copy", "settle", "verify"))
        old, new = self.megabytes("documents_v1"), self.megabytes("documents_v2")
        self.figures += [
            f"documents        {self.points:,} points of {COMPONENTS:,} components",
            f"  copied         in {copied:.1f} s, {self.points / copied:,.0f} points a second",
            f"  indexed        in {indexed:.1f} s",
            f"  compared       in {compared:.1f} s, {self.points / compared:,.0f} points a second",
            f"  on disk        {old:.0f} MB of version 1 (float32, not indexed)",
            f"                 {new:.0f} MB of version 2 (float16, int8, a graph)",
        ]

    def roll_back(self, before: list[list[int | str]]) -> None:
        self.chapter(
            "Rolled back",
            "The old collection was kept, so the way back is the alias turned again: no point is copied.\n"
            "The new one is deleted only after every point of it was found in the old one.",
        )
        self.apexplan("rollback", "--yes")
        self.same(self.search(), before)

    def again(self, before: list[list[int | str]]) -> None:
        self.chapter("And forward again", "Rolled back is not undone for good.")
        self.apexplan("apply", "--yes")
        self.same(self.search(), before)
        self.apexplan("plan")

    def drift(self) -> None:
        self.chapter("Somebody drops an index by hand", "And the nightly drift job tells.")
        print('qdrant> delete the payload index "language" of documents', flush=True)
        with open_collection(self.edge, "documents") as shard:
            shard.update(UpdateOperation.delete_field_index("language"))
        self.apexplan("drift", expect=2)
        print('qdrant> create the keyword index "language" of documents', flush=True)
        with open_collection(self.edge, "documents") as shard:
            shard.update(UpdateOperation.create_field_index("language", PayloadSchemaType.Keyword))
        self.apexplan("drift")

    def purge(self) -> None:
        self.chapter(
            "What is kept, and what a purge would delete",
            "The old collections stay until somebody says how old they may be, and allows it by name.",
        )
        self.apexplan("plan", "--purge", "0")

    def summary(self) -> None:
        """Says what was shown and where to go on."""
        print(f"\n{'━' * WIDTH}")
        print("\n".join(self.figures))
        print(
            f"Done in {self.seconds:.0f} s: filled, copied, switched, rolled back, copied again, drift\n"
            "found. Go on with docs/guides/qdrant.md and examples/apex-vectors (these files)."
        )


# ------------------------------------------------------------------------------------- what is made up


def made(name: str, points: int) -> Iterator[list[Point]]:
    """Yields the points of a collection, some at a time."""
    for first in range(0, points, LOADED_AT_ONCE):
        ids = range(first, min(first + LOADED_AT_ONCE, points))
        yield [
            Point(one, vector.tolist(), PAYLOADS[name](one))
            for one, vector in zip(ids, embeddings(ids), strict=True)
        ]


def embeddings(ids: Sequence[int]) -> Vectors:
    """Returns one vector for each id, always the same: a place in a space of few dimensions."""
    space = np.random.default_rng(SEED).normal(size=(DIMENSIONS, COMPONENTS))
    places = np.stack([np.random.default_rng([SEED, one]).normal(size=DIMENSIONS) for one in ids])
    return (places @ space).astype(np.float32)


def questions(points: int) -> Vectors:
    """Returns vectors that lie near some documents."""
    there = embeddings([points * one // QUERIES for one in range(QUERIES)])
    return there + np.float32(0.2) * embeddings(range(-QUERIES % 2**31, -QUERIES % 2**31 + QUERIES))


def document(one: int) -> dict[str, Any]:
    return {
        "document_id": f"document-{one}",
        "user_id": f"user-{one % 50}",
        "title": f"Report {one}",
        "tags": [f"tag-{one % 20}", f"year-{2020 + one % 6}"],
        "source_type": ("pdf", "web", "mail")[one % 3],
        "language": ("en", "de")[one % 2],
        "created_at": f"2026-{1 + one % 12:02}-01T00:00:00Z",
    }


def chunk(one: int) -> dict[str, Any]:
    return {
        "document_id": f"document-{one // 4}",
        "user_id": f"user-{one // 4 % 50}",
        "chunk_index": one % 4,
        "entity_mentions": [f"entity-{one % 30}"],
        "created_at": f"2026-{1 + one % 12:02}-01T00:00:00Z",
    }


PAYLOADS = {"documents": document, "chunks": chunk}


def main() -> None:
    points = int(sys.argv[1]) if sys.argv[1:] else POINTS
    home = Path(tempfile.mkdtemp(prefix="apexplan-demo-"))
    try:
        shutil.copy(HERE / "apexplan.yaml", home)
        (home / "schema").mkdir()
        Demo(home, points).run()
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
