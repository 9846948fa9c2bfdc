"""New pairs of files."""

from __future__ import annotations

import pytest
from migrations_kit import TALE

from apexplan.migrations.template import next_version, pair, version_of


@pytest.mark.parametrize(
    ("versions", "following"),
    [
        ([], "0001"),
        (["0001", "0009"], "0010"),
        (["1", "9"], "10"),
        (["0099", "100"], "101"),
        (["20261124093000"], "20261124093001"),
    ],
)
def test_the_next_version_is_as_wide_as_those_before(versions: list[str], following: str) -> None:
    assert next_version(versions) == following


@pytest.mark.parametrize(
    ("file", "version"),
    [("0001_a.tale", "0001"), ("2_b.rollback.tale", "2"), ("0003_c.sql", None), ("README.md", None)],
)
def test_the_version_stands_in_the_name_of_both_files(file: str, version: str | None) -> None:
    assert version_of(file, "tale") == version


def test_a_new_pair_has_no_statement_and_claims_nothing() -> None:
    texts = pair("0001", "a", TALE)
    assert list(texts) == ["0001_a.tale", "0001_a.rollback.tale"]
    assert all(line.startswith("# ") for text in texts.values() for line in text.splitlines() if line)
    assert not any(line.startswith("# irreversible") for text in texts.values() for line in text.splitlines())
