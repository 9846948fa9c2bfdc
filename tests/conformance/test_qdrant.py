"""The Qdrant provider passes the suite: on Edge, and on the double of a server (or a real one, where the
environment names it)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pytest

from apexplan.engine.survey import StoreConfig
from apexplan.model.plan import HazardKind
from apexplan.testing import chaos
from apexplan.testing.conformance import Case, ProviderSuite
from apexplan.testing.faults import Fault
from apexplan_qdrant.connection import QdrantSettings, opened
from apexplan_qdrant.provider import PROVIDER
from apexplan_qdrant.target import Point
from tests.live.qdrant.bench import objects, some
from tests.live.qdrant.servers import an_empty_one, one_at_a_time

pytestmark = [pytest.mark.live, pytest.mark.slow]

SCANS = HazardKind.SCANS_DATA
GAP = HazardKind.INDEX_GAP
MEMORY = HazardKind.COSTS_MEMORY
REBUILDS = HazardKind.REBUILDS
DOWNTIME = HazardKind.DOWNTIME


def filled(name: str, points: Sequence[Point]) -> Callable[[StoreConfig], None]:
    """Returns what puts points into the store of a case, under a name that its readers use."""

    def fill(config: StoreConfig) -> None:
        assert isinstance(config.settings, QdrantSettings)
        with opened(config.name, config.settings) as target:
            physical = target.resolve(name)
            assert physical is not None
            target.upsert(physical, points)

    return fill


FILL = filled("documents", some(300))

PLAIN = """
collections:
  documents:
    vectors: {size: 4, distance: Cosine}
"""
OTHER = "  other: {vectors: {size: 2, distance: Dot}}\n"
INDEXED = PLAIN + "    payload_indexes: {user: keyword, n: integer}\n"
COPIED = (
    PLAIN + "    on_replace: copy\n    copy: {sample: 0, batch: 64}\n    payload_indexes: {user: keyword}\n"
)
EVERYTHING = """
collections:
  documents:
    vectors:
      text: {size: 4, distance: Cosine, on_disk: true, hnsw: {m: 32}}
      image: {size: 8, distance: Dot, datatype: uint8, quantization: {scalar: {type: int8, always_ram: true}}}
      rows: {size: 4, distance: Dot, multivector: max_sim}
    sparse_vectors: {words: {modifier: idf, on_disk: true}}
    hnsw: {m: 24, ef_construct: 128, full_scan_threshold: 5000, payload_m: 8}
    quantization: {binary: {always_ram: true, encoding: two_bits, query_encoding: scalar4bits}}
    optimizers: {indexing_threshold: 5000, deleted_threshold: 0.3, vacuum_min_vector_number: 500}
    on_disk_payload: true
    metadata: {owner: search}
    payload_indexes:
      k: keyword
      tenant: {type: keyword, is_tenant: true}
      i: {type: integer, lookup: true, range: false}
      f: {type: float, is_principal: true}
      b: bool
      g: geo
      d: {type: datetime, on_disk: true}
      u: uuid
      t: {type: text, tokenizer: whitespace, min_token_len: 2, max_token_len: 20, lowercase: false}
      "a.b[]": keyword
  plain:
    vectors: {size: 2, distance: Euclid}
aliases:
  search: documents
  other: {collection: plain}
"""

CASES = (
    Case("everything there is", {}, objects(EVERYTHING), chaos=False),
    Case("a first collection", {}, objects(INDEXED + "aliases: {search: documents}"), chaos=True),
    Case("everything goes", objects(INDEXED + "aliases: {search: documents}"), {}, fill=FILL),
    Case(
        "a denser graph and other limits, in one PATCH",
        objects(PLAIN + "    hnsw: {m: 16}\n    optimizers: {indexing_threshold: 10000}\n"),
        objects(PLAIN + "    hnsw: {m: 32}\n    optimizers: {indexing_threshold: 20000}\n"),
        frozenset({REBUILDS, MEMORY}),
        fill=FILL,
    ),
    Case(
        "compressed, and back",
        objects(PLAIN),
        objects(PLAIN + "    quantization: {scalar: {type: int8, always_ram: true}}\n"),
        frozenset({REBUILDS, MEMORY}),
        fill=FILL,
    ),
    Case(
        "an index more, one less, one of another type",
        objects(INDEXED),
        objects(PLAIN + "    payload_indexes: {user: uuid, created: datetime}\n"),
        frozenset({SCANS, GAP}),
        fill=FILL,
    ),
    Case(
        "a text index that is replaced",
        objects(PLAIN + "    payload_indexes: {body: {type: text, tokenizer: word}}\n"),
        objects(PLAIN + "    payload_indexes: {body: {type: text, tokenizer: whitespace}}\n"),
        frozenset({SCANS, GAP, DOWNTIME}),
        fill=FILL,
        chaos=False,
    ),
    Case(
        "metadata and an alias elsewhere",
        objects(PLAIN + "    metadata: {owner: a}\n" + OTHER + "aliases: {s: documents}"),
        objects(PLAIN + "    metadata: {owner: b, team: c}\n" + OTHER + "aliases: {s: other}"),
        fill=FILL,
    ),
    Case(
        "copied into another datatype, with an alias that follows",
        objects(COPIED + "aliases: {search: documents}"),
        objects(COPIED.replace("Cosine}", "Cosine, datatype: float16}") + "aliases: {search: documents}"),
        frozenset({SCANS, MEMORY}),
        fill=FILL,
    ),
    Case(
        "copied with another index and a denser graph",
        objects(COPIED),
        objects(
            COPIED.replace("Cosine}", "Cosine, datatype: float16}").replace(
                "user: keyword", "user: keyword, n: integer"
            )
            + "    hnsw: {m: 32}\n"
        ),
        frozenset({SCANS, MEMORY}),
        fill=FILL,
        chaos=False,
    ),
    Case(
        "a bare collection, hidden by an alias",
        objects(PLAIN),
        objects(COPIED.replace("Cosine}", "Cosine, datatype: float16}") + "    over: shadow\n"),
        frozenset({SCANS, MEMORY}),
        fill=FILL,
    ),
    Case(
        "read under another name",
        objects(COPIED),
        objects(COPIED.replace("documents:", "texts:") + "    lifecycle: {renamed_from: documents}\n"),
        fill=FILL,
    ),
)


class _Qdrant(ProviderSuite):
    provider = PROVIDER
    cases = CASES

    def mishaps(self, life: chaos.Life) -> Iterator[chaos.Mishap]:
        """Each place once: the recoveries take turns."""
        recoveries = list(chaos.Recovery)
        for write in range(1, life.writes + 1):
            yield chaos.Mishap(write=write, after=True, recovery=recoveries[write % 2])
        for call in range(1, life.calls + 1):
            for fault in (Fault.FINAL_AFTER, Fault.CRASH_AFTER):
                yield chaos.Mishap(calls=((call, fault),), recovery=recoveries[call % 2])


class TestServer(_Qdrant):
    pytestmark = one_at_a_time

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        with an_empty_one() as settings:
            yield StoreConfig("vectors", PROVIDER, settings)


class TestEdge(_Qdrant):
    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        with TemporaryDirectory() as directory:
            yield StoreConfig("vectors", PROVIDER, QdrantSettings(url=f"edge:{directory}/qdrant"))
