"""Drift as JUnit XML: one test case an object that drifts, so that a CI shows it like a failed test."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from apexplan.engine.drift import Drift, DriftKind, Finding
from apexplan.report import view

_VALUE = 400
"""Characters of a value in a message."""
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def drift_junit(drift: Drift, *, project: str, at: str) -> str:
    """Returns the report. A waived drift is a skipped case; objects in sync are one passed case."""
    open_, waived = len(drift.open), len(drift.findings) - len(drift.open)
    suite = ElementTree.Element(
        "testsuite",
        name=printable(f"apexplan drift: {project}"),
        tests=str(len(drift.findings) + 1),
        failures=str(open_),
        skipped=str(waived),
        errors="0",
        timestamp=at.removesuffix("Z"),
    )
    ElementTree.SubElement(suite, "testcase", classname="apexplan.drift", name=f"{drift.checked} checked")
    for finding in drift.findings:
        _case(suite, finding)
    ElementTree.indent(suite, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    address = finding.address
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"{address.store}.{address.kind}",
        name=printable(f"{address.name} {finding.field}".strip()),
    )
    if finding.waived is not None:
        waiver = finding.waived
        text = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
        ElementTree.SubElement(case, "skipped", message=printable(text))
        return
    text = sentence(finding)
    failure = ElementTree.SubElement(case, "failure", message=printable(text), type=str(finding.kind))
    failure.text = printable(f"{address}: {text}")


def sentence(finding: Finding) -> str:
    """Returns what drifted, in one sentence."""
    if finding.kind is DriftKind.MISSING:
        return "recorded, but no longer there"
    recorded, live = view.contrast(finding.recorded, finding.live, _VALUE)
    return f"{finding.field}: recorded {recorded}, live {live}"


def printable(text: str) -> str:
    """Returns `text` with a mark for every character that XML 1.0 forbids."""
    return _FORBIDDEN.sub("\ufffd", text)
