"""Functions that move, with a kill between every two lines of the journal and a fault at every call."""

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
from tests.live.redis.libraries_kit import libraries
from tests.live.redis.same_kit import STORE
from tests.live.redis.servers import server, settings

pytestmark = pytest.mark.live


class TestMoves(ProviderSuite):
    """One server."""

    provider = PROVIDER
    cases: ClassVar[tuple[Case, ...]] = (
        Case(
            "a-function-moves",
            libraries(a="f g", b="h"),
            libraries(a="g", b="f h"),
            frozenset({HazardKind.DOWNTIME}),
        ),
        Case(
            "two-functions-change-places",
            libraries(a="f x", b="g y"),
            libraries(a="g x", b="f y"),
            frozenset({HazardKind.DOWNTIME}),
        ),
    )

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self._directory, self._number = tmp_path, 0

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        self._number += 1
        with server(self._directory / str(self._number)) as running:
            yield StoreConfig(STORE, PROVIDER, settings(running.url))
