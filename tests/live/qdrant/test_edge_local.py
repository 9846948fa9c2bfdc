"""A local Qdrant is a directory for Edge."""

from __future__ import annotations

from pathlib import Path

import pytest

from apexplan.provider import LocalStore
from apexplan_qdrant.connection import QdrantSettings, opened
from apexplan_qdrant.local import attach, start

pytestmark = pytest.mark.live


def test_what_was_started_is_found(tmp_path: Path) -> None:
    started: LocalStore = start(str(tmp_path / "q"), detached=True)
    assert attach(str(tmp_path / "q")) == started


def test_nothing_is_found_where_nothing_was_started(tmp_path: Path) -> None:
    assert attach(str(tmp_path)) is None


def test_its_url_is_one_of_a_store(tmp_path: Path) -> None:
    settings = QdrantSettings.model_validate({"url": start(str(tmp_path)).url})
    with opened("v", settings) as target:
        target.create("a", {"vectors": {"size": 4, "distance": "Dot"}})
        assert target.collections() == ["a"]


def test_starting_again_leaves_what_is_there(tmp_path: Path) -> None:
    settings = QdrantSettings.model_validate({"url": start(str(tmp_path)).url})
    with opened("v", settings) as target:
        target.create("a", {"vectors": {"size": 4, "distance": "Dot"}})
    start(str(tmp_path)).stop()
    with opened("v", settings) as target:
        assert target.collections() == ["a"]


def test_it_has_no_process(tmp_path: Path) -> None:
    assert start(str(tmp_path)).pid is None
