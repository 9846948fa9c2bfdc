"""The cache example as it stands: applied, used, rolled back; and its demo, whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.home import ROOT
from tests.live.redis import servers
from tests.live.redis.places import CachePlace, told

pytestmark = [pytest.mark.live, pytest.mark.slow]
EXAMPLE = ROOT / "examples" / "apex-cache"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[CachePlace]:
    home = tmp_path / "project"
    shutil.copytree(EXAMPLE, home)
    with servers.server(tmp_path / "redis") as running:
        yield CachePlace(home, running.url)


def test_apex_cache_is_built_from_nothing_and_rolled_back(place: CachePlace) -> None:
    before = place.seen()
    told(place.command("apply", "--yes"))
    told(place.command("plan", "--detailed-exitcode"))
    told(place.command("drift"))
    told(place.command("rollback", "--yes", "--allow", "DOWNTIME", "--allow", "DELETES_DATA"))
    assert place.seen() == before


def test_the_client_beside_the_example_is_the_one_of_its_contract(place: CachePlace) -> None:
    told(place.command("codegen", "--check", "-o", str(EXAMPLE)))


def test_an_outdated_client_is_told(place: CachePlace) -> None:
    manifest = place.home / "schema" / "cache.yaml"
    manifest.write_text(manifest.read_text().replace("chunk_updated", "chunk_changed"))
    told(place.command("codegen", "--check", "-o", str(EXAMPLE)), 1)


def test_an_audit_of_an_empty_cache_finds_nothing(place: CachePlace) -> None:
    told(place.command("apply", "--yes"))
    assert "keeps to the contract" in told(place.command("audit", "--rate", "0"))


def test_an_audit_that_is_stopped_goes_on(place: CachePlace) -> None:
    told(place.command("apply", "--yes"))
    place.ask("EVAL", "for i=1,30000 do redis.call('SET', 'tmp:'..i, 1) end", 0)
    running = place.started("audit", "--rate", "3000")
    checkpoint = place.home / ".apexplan" / "audit" / "cache.json"
    servers.until(lambda: checkpoint.exists())
    running.terminate()
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "apexplan audit --resume" in said
    said = told(place.command("audit", "--rate", "0", "--resume"), 2)
    assert "tmp:{n:int}  30,000 keys" in said
    assert not checkpoint.exists()


def test_the_demo_tells_its_story() -> None:
    demo = [sys.executable, str(EXAMPLE / "demo.py"), "5000"]
    done = subprocess.run(demo, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "populate said: stale" in done.stdout
    assert "every read saw the newest title" in done.stdout
