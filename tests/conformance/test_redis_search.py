"""The suite that every provider passes, for search indexes: on a real Redis with the module played by a
double, see `tests.live.redis.search_double`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from apexplan.engine.survey import StoreConfig
from apexplan.model.plan import HazardKind
from apexplan.testing.conformance import Case, ProviderSuite
from apexplan_redis.provider import PROVIDER
from tests.live.redis import servers
from tests.live.redis.same_kit import STORE, objects
from tests.live.redis.search_double import searching

pytestmark = pytest.mark.live

VECTOR = {"type": "vector", "algorithm": "hnsw", "dim": 4, "distance": "cosine"}
DOCS = objects(
    indexes={"docs": {"prefixes": ["doc:"], "fields": {"title": "text", "tags": "tag", "embedding": VECTOR}}}
)
OTHERWISE = objects(
    indexes={
        "docs": {
            "on": "json",
            "prefixes": ["doc:", "note:"],
            "fields": {"title": {"type": "text", "weight": 2, "sortable": True}, "year": "numeric"},
            "language": "german",
            "stopwords": [],
            "filter": "@year > 1900",
        }
    }
)


def bare(config: StoreConfig) -> None:
    """Makes an index as somebody does who knows of no alias."""
    with PROVIDER.connect(STORE, config.settings) as session:
        session.servers.primaries[0].call("FT.CREATE", "docs", "PREFIX", 1, "old:", "SCHEMA", "title", "TEXT")


BUILDS = frozenset({HazardKind.SCANS_DATA, HazardKind.COSTS_MEMORY})
CASES = (
    Case("an-index-is-made", {}, DOCS, BUILDS),
    Case("an-index-is-made-anew", DOCS, OTHERWISE, BUILDS),
    Case(
        "an-index-of-the-bare-name-is-made-anew",
        {},
        DOCS,
        BUILDS | {HazardKind.ADOPTS_UNMANAGED, HazardKind.INDEX_GAP, HazardKind.DOWNTIME},
        fill=bare,
    ),
    Case("an-index-goes", OTHERWISE, {}, frozenset({HazardKind.DOWNTIME})),
)


class TestRedisSearch(ProviderSuite):
    """One server. A new index is incomplete for an answer of FT.INFO."""

    provider = PROVIDER
    cases: ClassVar[tuple[Case, ...]] = CASES

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self._directory, self._number = tmp_path, 0

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        self._number += 1
        with servers.server(self._directory / str(self._number)) as running, searching(running) as double:
            double.slow = 1
            yield StoreConfig(STORE, PROVIDER, servers.settings(double.url))
