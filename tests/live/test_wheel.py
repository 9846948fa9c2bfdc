"""The built wheel, installed into a clean environment, works from there: nothing of it depends on the
checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from .places import open_up

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the programs of an environment that holds the wheel and nothing else."""
    base = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(base), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    wheel = next(base.glob("*.whl"))
    venv.create(base / "env", with_pip=True)
    programs = base / "env" / "bin"
    install = [programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[local]"]
    subprocess.run(install, check=True, capture_output=True, text=True, cwd=base)
    return programs


def run(programs: Path, *arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed `apexplan` far away from the checkout."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "APEXPLAN", "VIRTUAL_ENV"))}
    command = [programs / "apexplan", *arguments]
    return subprocess.run(
        command, cwd=cwd, env={**clean, **env}, capture_output=True, text=True, timeout=120, check=False
    )


def test_it_tells_its_version(installed: Path, tmp_path: Path) -> None:
    assert run(installed, "--version", cwd=tmp_path).stdout.startswith("apexplan ")


def test_the_project_that_init_writes_is_valid(installed: Path, tmp_path: Path) -> None:
    assert run(installed, "init", "postgres", cwd=tmp_path).returncode == 0
    done = run(installed, "validate", cwd=tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 0, done.stderr


def test_it_plans_applies_and_rolls_back_on_a_server_of_its_own(installed: Path, tmp_path: Path) -> None:
    open_up(tmp_path)
    open_up(installed)
    run(installed, "init", "postgres", cwd=tmp_path)
    up = run(installed, "dev", "up", "postgres", cwd=tmp_path)
    assert up.returncode == 0, up.stderr
    try:
        url = up.stdout.split(": ", 1)[1].split(" (")[0].strip()
        for command in (
            ["plan"],
            ["apply", "--yes"],
            ["drift"],
            ["rollback", "--yes", "--allow", "DELETES_DATA"],
        ):
            done = run(installed, *command, cwd=tmp_path, DATABASE_URL=url)
            assert done.returncode == 0, done.stdout + done.stderr
    finally:
        down = run(installed, "dev", "down", "--purge", cwd=tmp_path)
    assert down.returncode == 0, down.stderr


def test_the_conformance_kit_is_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = "import apexplan.testing.chaos, apexplan.testing.fake, apexplan.testing.faults"
    done = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
