"""Every command that tells something tells it as JSON too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """version: 1
project: told
stores:
  shelf: {provider: fake, file: store.json}
manifests: [schema.yaml]
"""
MANIFEST = "kind: FakeSchema\nstore: shelf\nboxes:\n  red: {color: red}\n  blue: {needs: [red]}\n"


def told(home: Path, *arguments: str) -> dict[str, object]:
    """Runs one command with --format json and returns its document."""
    command = [str(Path(sys.executable).with_name("apexplan")), *arguments, "--format", "json"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "apexplan.yaml").write_text(PROJECT)
    (tmp_path / "schema.yaml").write_text(MANIFEST)
    return tmp_path


def apply(home: Path) -> None:
    command = [str(Path(sys.executable).with_name("apexplan")), "apply", "--yes"]
    subprocess.run(command, cwd=home, capture_output=True, timeout=60, check=True)


def test_forget_and_adopt_name_what_they_took(home: Path) -> None:
    apply(home)
    assert told(home, "forget", "shelf.box.red")["forgotten"] == ["shelf.box.red"]
    assert told(home, "adopt")["adopted"] == ["shelf.box.red"]


def test_recover_names_what_it_found(home: Path) -> None:
    apply(home)
    for path in (home / ".apexplan").glob("state.db*"):
        path.unlink()
    found = told(home, "state", "recover", "--yes")
    assert sorted(map(str, found["recovered"])) == ["shelf.box.blue", "shelf.box.red"]  # type: ignore[call-overload]
    assert found["gone"] == []


def test_the_graph_names_what_each_object_requires(home: Path) -> None:
    requires = told(home, "graph")["requires"]
    assert requires == {"shelf.box.red": [], "shelf.box.blue": ["shelf.box.red"]}


def test_fmt_names_the_files_that_it_changed(home: Path) -> None:
    assert told(home, "fmt")["changed"] == []
    (home / "schema.yaml").write_text(MANIFEST + "\n\n\n")
    assert told(home, "fmt")["changed"] == ["schema.yaml"]


def test_init_names_what_it_wrote(tmp_path: Path) -> None:
    assert told(tmp_path, "init", "postgres")["wrote"] == ["apexplan.yaml", "schema/sql.yaml"]


def test_dev_names_the_stores(home: Path) -> None:
    stores = told(home, "dev", "up", "fake")["stores"]
    assert isinstance(stores, dict)
    assert stores["fake"]["url"].endswith("fake.json")
    assert told(home, "dev", "status")["stores"] == stores
    assert told(home, "dev", "down")["stopped"] == ["fake"]
