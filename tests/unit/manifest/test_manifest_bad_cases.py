"""Each file in tests/cases/bad_manifests is wrong for the reasons that stand on top of it.

`# expect: CODE at LINE:COLUMN` names one diagnostic, in order; `# says: TEXT` is a text that one
of them holds. Files called project-… are project files, the others manifests.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from manifest_kit import MANIFEST, PROJECT, problems, write

CASES = sorted(Path(__file__).parents[2].joinpath("cases", "bad_manifests").glob("*.yaml"))


def _headers(raw: bytes, word: str) -> list[str]:
    return re.findall(rf"^# {word}: (.*)$", raw.decode("latin-1"), re.MULTILINE)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_bad_manifest_is_refused_for_its_reason_at_its_place(case: Path, tmp_path: Path) -> None:
    raw = case.read_bytes()
    is_project = case.name.startswith("project-")
    name = "apexplan.yaml" if is_project else "schema/case.yaml"
    write(tmp_path, {"apexplan.yaml": PROJECT, "schema/case.yaml": MANIFEST})
    (tmp_path / name).write_bytes(raw)

    found = problems(tmp_path)

    assert [f"{d.code} at {d.where.line}:{d.where.column}" for d in found if d.where] == _headers(
        raw, "expect"
    )
    assert {d.where.file for d in found if d.where} == {name}
    texts = "\n".join(f"{d.what}\n{d.why}\n{d.mend}" for d in found)
    assert [said for said in _headers(raw, "says") if said not in texts] == []


def test_there_are_cases() -> None:
    assert len(CASES) > 50
