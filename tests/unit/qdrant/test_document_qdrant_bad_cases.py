"""Each file in tests/cases/bad_manifests_qdrant is wrong for the reasons that stand on top of it.

`# expect: CODE at LINE:COLUMN` names one error, `# warns: …` one warning, in order; `# says: TEXT` is
a text that one of them holds.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from qdrant_document_kit import check

from apexplan.model.diagnostics import Severity

CASES = sorted(Path(__file__).parents[2].joinpath("cases", "bad_manifests_qdrant").glob("*.yaml"))


def _headers(text: str, word: str) -> list[str]:
    return re.findall(rf"^# {word}: (.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_bad_manifest_is_refused_for_its_reason_at_its_place(case: Path) -> None:
    text = case.read_text(encoding="utf-8")

    found = check(text).diagnostics

    def places(severity: Severity) -> list[str]:
        return [
            f"{d.code} at {d.where.line}:{d.where.column}"
            for d in found
            if d.where and d.severity is severity
        ]

    assert places(Severity.ERROR) == _headers(text, "expect")
    assert places(Severity.WARNING) == _headers(text, "warns")
    said = "\n".join(f"{d.what}\n{d.why}\n{d.mend}" for d in found)
    assert [text for text in _headers(text, "says") if text not in said] == []


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_summary_holds_no_text_of_the_user(case: Path) -> None:
    for diagnostic in check(case.read_text(encoding="utf-8")).diagnostics:
        assert "`" not in diagnostic.summary


def test_there_are_cases() -> None:
    assert len(CASES) > 80
