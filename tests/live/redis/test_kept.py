"""What the state keeps of a store's data: how long, and what a purge leaves of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.live.home import Home
from tests.live.redis import servers
from tests.live.redis.places import CachePlace, told

pytestmark = [pytest.mark.live, pytest.mark.slow]

HEAD = "kind: RedisContract\nstore: cache\nkeys: {'doc:{id}': {type: string}}\n"
PURGE = ("state", "purge", "--older-than", "0", "--yes")
VALUE = Random(1).randbytes(20_000)
"""Of so many bytes that it takes pages of its own, and that a server does not compress."""
PIECES = [VALUE[at : at + 16] for at in range(0, len(VALUE), 200)]


class Place(CachePlace):
    """One whose commands may be of two words."""

    typed = Home.typed


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place in which a run has dropped a stream with an entry."""
    with servers.server(tmp_path / "redis") as running:
        found = Place(tmp_path / "home", running.url)
        found.write(HEAD + "streams: {jobs: {}}")
        told(found.command("apply", "--yes"))
        found.ask("XADD", "jobs", "1-0", "text", VALUE)
        found.write(HEAD)
        told(found.command("apply", "--yes", "--allow", "DELETES_DATA"))
        assert found.ask("EXISTS", "jobs") == 0
        yield found


def kept_bytes(place: Place) -> dict[str, int]:
    found: dict[str, int] = json.loads(told(place.command("state", "show", "--format", "json")))["kept_bytes"]
    return found


def holding(place: Place) -> list[str]:
    """Returns the files of the state in which a piece of the value can be found."""
    files = sorted((place.home / ".apexplan").iterdir())
    return [path.name for path in files if any(map(path.read_bytes().__contains__, PIECES))]


def test_a_rollback_takes_along_what_was_kept_for_it(place: Place) -> None:
    assert list(kept_bytes(place).values()) > [len(VALUE)]
    told(place.command("rollback", "--yes"))
    assert (place.ask("XRANGE", "jobs", "-", "+"), kept_bytes(place)) == ([[b"1-0", [b"text", VALUE]]], {})


def test_how_much_is_kept_is_shown(place: Place) -> None:
    assert re.search(r"^kept for rollbacks: \d+ kB of 1 run$", told(place.command("state", "show")), re.M)


def test_a_purge_leaves_nothing_in_the_files_of_the_state(place: Place) -> None:
    assert holding(place)
    told(place.command(*PURGE))
    assert not holding(place)


def test_a_run_that_was_purged_is_not_rolled_back(place: Place) -> None:
    told(place.command(*PURGE))
    refused = place.command("rollback", "--yes")
    assert refused.returncode == 1
    assert "can no longer be rolled back: what its steps had kept was purged at" in refused.stderr


def test_a_purge_stands_in_the_history(place: Place) -> None:
    told(place.command(*PURGE))
    assert re.search(r"purge  \d+ kB of 1 run that was kept for rollbacks", told(place.command("history")))


def test_a_purge_leaves_what_is_younger(place: Place) -> None:
    before = kept_bytes(place)
    said = told(place.command("state", "purge", "--older-than", "1", "--yes"))
    assert said == "nothing is kept of runs that are so old\n"
    assert kept_bytes(place) == before
