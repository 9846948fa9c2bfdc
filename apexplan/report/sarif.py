"""Drift as SARIF 2.1.0, for code scanning. A finding's fingerprint stays the same between runs."""

from __future__ import annotations

import json
from typing import Any

from apexplan import __version__
from apexplan.engine.drift import Drift, DriftKind, Finding
from apexplan.report.junit import sentence

_RULES = {
    DriftKind.MISSING: "A recorded object is no longer in its store.",
    DriftKind.CHANGED: "A managed field of an object is not as the last apply left it.",
}


def drift_sarif(drift: Drift) -> str:
    """Returns the report. The place of every result is the project file: drift has no line."""
    driver = {
        "name": "apexplan",
        "version": __version__,
        "rules": [
            {"id": f"drift-{kind}", "shortDescription": {"text": text}} for kind, text in _RULES.items()
        ],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(f) for f in drift.findings]}],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _result(finding: Finding) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": "apexplan.yaml"}, "region": {"startLine": 1}}
    result: dict[str, Any] = {
        "ruleId": f"drift-{finding.kind}",
        "level": "error" if finding.kind is DriftKind.MISSING else "warning",
        "message": {"text": f"{finding.address}: {sentence(finding)}"},
        "locations": [
            {
                "physicalLocation": place,
                "logicalLocations": [{"fullyQualifiedName": str(finding.address)}],
            }
        ],
        "partialFingerprints": {"apexplanDrift/v1": finding.id},
    }
    if finding.waived is not None:
        waiver = finding.waived
        text = f"{waiver.owner}, until {waiver.expires}: {waiver.reason}"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": text}]
    return result
