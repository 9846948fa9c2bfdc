"""The files that are made from the code are as the code makes them."""

from __future__ import annotations

import runpy
from pathlib import Path

import jsonschema
import pytest

from apexplan.cli.schema import all_schemas

ROOT = Path(__file__).resolve().parents[2]
GENERATED: dict[Path, str] = runpy.run_path(str(ROOT / "tests" / "generate.py"))["generated"]()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_a_checked_in_file_is_what_the_code_makes(path: Path) -> None:
    assert path.exists(), "run `python -m tests.generate`"
    assert path.read_text(encoding="utf-8") == GENERATED[path], "run `python -m tests.generate`"


@pytest.mark.parametrize("folder", ["schemas/v1", "docs/kinds"])
def test_no_file_is_left_of_what_the_code_makes_no_more(folder: str) -> None:
    assert set((ROOT / folder).iterdir()) <= set(GENERATED)


@pytest.mark.parametrize("name", all_schemas())
def test_every_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(all_schemas()[name])
