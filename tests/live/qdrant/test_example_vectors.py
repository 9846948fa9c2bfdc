"""The vector example as it stands: built from nothing, from version 1 to 2 and back; and its demo."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from apexplan_qdrant.target import Point
from tests.live.home import ROOT

from .qdrant_places import QdrantPlace

pytestmark = [pytest.mark.live, pytest.mark.slow]
EXAMPLE = ROOT / "examples" / "apex-vectors"
BOTH = {"documents": "documents_v2", "chunks": "chunks_v2", "structured_data": "structured_data_v1"}


@pytest.fixture
def place(tmp_path: Path) -> QdrantPlace:
    """The example's project, with version 2 declared and nothing made yet."""
    home = tmp_path / "project"
    shutil.copytree(EXAMPLE, home)
    return QdrantPlace(home, f"edge:{tmp_path / 'edge'}")


def done(place: QdrantPlace, *arguments: str, expect: int = 0) -> str:
    """Runs one command, which must end so, and returns what it printed."""
    found = place.command(*arguments)
    assert found.returncode == expect, found.stdout + found.stderr
    return found.stdout


def version(place: QdrantPlace, folder: str) -> None:
    shutil.copy(EXAMPLE / folder / "vectors.yaml", place.home / "schema" / "vectors.yaml")


def filled_v1(place: QdrantPlace) -> None:
    version(place, "v1")
    done(place, "apply", "--yes")
    place.bench.write("documents", points(1, 150))
    place.bench.write("chunks", points(1, 40))


def points(first: int, count: int) -> list[Point]:
    """Returns points with vectors that are the same in every run."""
    chance = random.Random(first)
    return [
        Point(one, [chance.gauss(0, 1) for _ in range(1536)], {"user_id": f"user-{one % 7}"})
        for one in range(first, first + count)
    ]


def aliases(place: QdrantPlace) -> dict[str, str]:
    return {name: physical for name, physical in place.bench.names().items() if name != physical}


def test_version_2_is_built_from_nothing(place: QdrantPlace) -> None:
    done(place, "apply", "--yes")
    assert aliases(place) == BOTH
    done(place, "plan", "--detailed-exitcode")


def test_version_2_is_copied_from_version_1(place: QdrantPlace) -> None:
    filled_v1(place)
    version(place, "schema")
    assert "2 to replace" in done(place, "plan", "--detailed-exitcode", expect=2)
    done(place, "apply", "--yes")
    assert aliases(place) == BOTH
    assert set(place.bench.points("documents")) == set(range(1, 151))
    done(place, "plan", "--detailed-exitcode")
    done(place, "drift")


def test_the_copied_collection_has_nothing_of_its_own_that_version_2_does_not_say(place: QdrantPlace) -> None:
    """The vector follows its collection, as in one that is built from nothing."""
    filled_v1(place)
    version(place, "schema")
    done(place, "apply", "--yes")
    with place.bench.target() as target:
        config = target.info("documents_v2")["config"]
    assert set(config["params"]["vectors"]) <= {"size", "distance", "datatype", "on_disk"}
    assert config["quantization_config"] == {"scalar": {"type": "int8", "always_ram": True}}


def test_a_rollback_gives_readers_version_1(place: QdrantPlace) -> None:
    filled_v1(place)
    before = place.bench.points("documents")
    version(place, "schema")
    done(place, "apply", "--yes")
    done(place, "rollback", "--yes")
    assert aliases(place) == {"documents": "documents_v1", "chunks": "chunks_v1"}
    assert place.bench.points("documents") == before
    assert "documents_v2" not in place.bench.names()


def test_a_rollback_keeps_points_that_only_version_2_has(place: QdrantPlace) -> None:
    filled_v1(place)
    version(place, "schema")
    done(place, "apply", "--yes")
    place.bench.write("documents", points(1001, 1))
    done(place, "rollback", "--yes")
    assert 1001 in place.bench.points("documents_v2")
    assert 1001 not in place.bench.points("documents")


def test_compression_alone_is_one_patch(place: QdrantPlace) -> None:
    filled_v1(place)
    manifest = place.home / "schema" / "vectors.yaml"
    text = manifest.read_text()
    indexes = "    payload_indexes:\n"
    compressed = "    quantization: {scalar: {type: int8, always_ram: true}}\n"
    manifest.write_text(text.replace(indexes, compressed + indexes, 1))
    told = done(place, "plan", "-v")
    assert "1 to change. 1 step" in told
    assert "PATCH /collections/documents_v1 " in told


def test_the_demo_runs_to_its_end() -> None:
    """With few points: what it shows is the same."""
    demo = subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py"), "600"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout[-3000:] + demo.stderr[-3000:]
    assert demo.stdout.count("the same hits as before") == 3
    assert "documents        600 points" in demo.stdout
