"""The project is put together as its files say: packages, entry points, layers, imports."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROVIDERS = sorted(p.name for p in (ROOT / "providers").glob("apexplan_*") if any(p.glob("*.py")))


def test_there_is_a_provider() -> None:
    assert "apexplan_postgres" in PROVIDERS


@pytest.mark.parametrize("package", PROVIDERS)
def test_a_provider_is_packaged_registered_layered_and_typed(package: str) -> None:
    name = package.removeprefix("apexplan_")
    tool = PROJECT["tool"]
    assert f"providers/{package}" in tool["hatch"]["build"]["targets"]["wheel"]["packages"]
    points = PROJECT["project"]["entry-points"]["apexplan.providers"]
    assert points[name] == f"{package}.provider:PROVIDER"
    assert package in tool["importlinter"]["root_packages"]
    assert package in tool["mypy"]["packages"]
    contracts = {c["name"]: c for c in tool["importlinter"]["contracts"]}
    assert any(package in layer for layer in contracts["imports point down"]["layers"])
    for contract in (
        "providers know the model and the provider interface alone",
        "only report and cli print",
        "only manifest reads YAML",
    ):
        assert package in contracts[contract]["source_modules"], contract
    assert package in tool["ruff"]["lint"]["isort"]["known-first-party"]


@pytest.mark.parametrize("package", PROVIDERS)
def test_a_provider_has_the_file_names_that_every_provider_has(package: str) -> None:
    wanted = {
        "__init__",
        "provider",
        "specs",
        "document",
        "read",
        "normalize",
        "steps",
        "run",
        "errors",
        "local",
    }
    there = {p.stem for p in (ROOT / "providers" / package).iterdir()}
    assert wanted <= there


DRIVERS = ("psycopg", "neo4j", "redis", "qdrant_client", "sqlalchemy", "alembic")


def imported_by(statement: str) -> set[str]:
    """Returns which drivers a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*sorted(set({DRIVERS!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("package", PROVIDERS)
def test_importing_a_provider_imports_no_driver(package: str) -> None:
    assert imported_by(f"import {package}.provider") == set()


@pytest.mark.parametrize("module", ["apexplan.engine.planner", "apexplan.manifest", "apexplan.registry"])
def test_the_engine_and_the_manifests_import_no_driver(module: str) -> None:
    assert imported_by(f"import {module}") == set()
