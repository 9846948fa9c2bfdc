"""Each file in tests/cases/bad_manifests_redis is wrong for the reasons that stand on top of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis_document_kit import check

from tests.bad_manifests import cases, judged

CASES = cases("bad_manifests_redis")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_bad_manifest_is_refused_for_its_reason_at_its_place(case: Path) -> None:
    found = judged(case, check)
    assert found.errors == found.expected
    assert found.warnings == found.warned
    assert found.unsaid == []


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_summary_holds_no_text_of_the_user(case: Path) -> None:
    for summary in judged(case, check).summaries:
        assert "`" not in summary


def test_there_are_cases() -> None:
    assert len(CASES) > 80
