"""A full disk: refused before the engine would be ended by it, and the registry stays whole."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apexplan_qdrant.edge import disk, rebuild
from apexplan_qdrant.edge.errors import of_engine
from apexplan_qdrant.errors import Full

from .edge_kit import SMALL, Watched, edge, points

pytestmark = pytest.mark.live


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 192 MiB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> None:
    with (place / "filler").open("wb") as file:
        file.write(bytes(80 << 20))


def test_a_write_on_a_full_disk_is_refused_and_nothing_is_lost(small_disk: Path) -> None:
    with edge(small_disk) as target:
        target.create("a", SMALL)
        target.insert("a", points(10))
        fill(small_disk)
        with pytest.raises(Full, match="MiB are free") as found:
            target.insert("a", points(10, start=10))
        (small_disk / "filler").unlink()
        assert "room" in found.value.mend
        assert target.count("a") == 10


def test_a_collection_is_not_made_on_a_full_disk(small_disk: Path) -> None:
    with edge(small_disk) as target:
        target.create("a", SMALL)
        fill(small_disk)
        with pytest.raises(Full):
            target.create("b", SMALL)
        assert target.collections() == ["a"]


def test_names_are_read_on_a_full_disk(small_disk: Path) -> None:
    with edge(small_disk) as target:
        target.create("a", SMALL)
    fill(small_disk)
    with edge(small_disk) as target:
        assert target.collections() == ["a"]


def test_a_later_process_is_told_of_a_full_disk(small_disk: Path) -> None:
    with edge(small_disk) as target:
        target.create("a", SMALL)
    fill(small_disk)
    with edge(small_disk) as target, pytest.raises(Full):
        target.count("a")


def test_a_rebuild_needs_the_room_of_what_it_rebuilds(tmp_path: Path) -> None:
    with pytest.raises(Full):
        disk.require("v", tmp_path, size_bytes=1 << 60)


def test_a_rebuild_that_a_full_disk_ended_says_so(tmp_path: Path) -> None:
    ended = ("sh", "-c", "kill -BUS $$")
    with (tmp_path / "lock").open("w") as lock, pytest.raises(Full, match="the disk was full"):
        rebuild.watched(ended, "v", "a", lock.fileno(), Watched(), 60)


@pytest.mark.parametrize(
    "said",
    [
        'Can\'t init WAL: Os { code: 27, kind: FileTooLarge, message: "File too large" }',
        "IO Error: No space left on device (os error 28)",
    ],
)
def test_words_of_a_full_disk_are_known(said: str) -> None:
    assert isinstance(of_engine("v", "a", said), Full)


def test_a_limit_of_file_sizes_is_a_full_disk(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with edge(tmp_path) as target:
        target.create("a", SMALL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, hard))
        try:
            with pytest.raises(Full, match="File too large"):
                target.create("b", SMALL)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert target.collections() == ["a"]
