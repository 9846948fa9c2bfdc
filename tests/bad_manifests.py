"""Bad manifests as files: each is wrong for the reasons that stand on top of it.

`# expect: CODE at LINE:COLUMN` names one error, `# warns: …` one warning, in order; `# says: TEXT` is
a text that one of them holds. Every provider has its own directory of them, and checks them alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apexplan.manifest.check import CheckedManifest
from apexplan.model.diagnostics import Severity

_CASES = Path(__file__).parent / "cases"


def cases(directory: str) -> list[Path]:
    """Returns the bad manifests of a directory below `cases`."""
    return sorted((_CASES / directory).glob("*.yaml"))


@dataclass(frozen=True)
class Judged:
    """What was found in a bad manifest, beside what its head says of it. `unsaid`: texts of the head that
    no diagnostic holds. `summaries`: all of them."""

    errors: list[str]
    expected: list[str]
    warnings: list[str]
    warned: list[str]
    unsaid: list[str]
    summaries: list[str]


def judged(case: Path, check: Callable[[str], CheckedManifest]) -> Judged:
    """Checks the manifest as loading does."""
    text = case.read_text(encoding="utf-8")
    found = check(text).diagnostics

    def places(severity: Severity) -> list[str]:
        return [
            f"{d.code} at {d.where.line}:{d.where.column}"
            for d in found
            if d.where and d.severity is severity
        ]

    def head(word: str) -> list[str]:
        return re.findall(rf"^# {word}: (.*)$", text, re.MULTILINE)

    said = "\n".join(f"{d.what}\n{d.why}\n{d.mend}" for d in found)
    return Judged(
        places(Severity.ERROR),
        head("expect"),
        places(Severity.WARNING),
        head("warns"),
        [text for text in head("says") if text not in said],
        [diagnostic.summary for diagnostic in found],
    )
