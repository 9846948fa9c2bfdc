"""What programs read: JSON, JUnit, SARIF, Prometheus, graphs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from xml.etree import ElementTree

import jsonschema
import pytest
from report_kit import SAMPLE, at, changed, drift, missing, waiver

from apexplan.cli.schema import all_schemas
from apexplan.engine import planfile
from apexplan.engine.drift import Age, Drift
from apexplan.report import graph
from apexplan.report.json_ import drift_json
from apexplan.report.junit import drift_junit
from apexplan.report.prometheus import drift_prometheus
from apexplan.report.sarif import drift_sarif

AT = "2026-01-02T03:04:05Z"
DRIFTED = drift(
    missing("sql.table.u"),
    changed("sql.column.t.b", "type", {"a": [1, None]}, "text", age=Age.PERSISTING),
    changed("sql.column.t.a", "type", "int", "text", waived=waiver("sql.column.t.a")),
    resolved=("sql.table.w",),
    expired=(waiver("sql.table.x", "2026-01-01"),),
    unmanaged=(at("sql.table.z"),),
)
NASTY = drift(missing('sql.table.a"b\\c\n\x00\x1b\ufffe<&>'))


def as_json(found: Drift) -> str:
    return drift_json(found, project="memory", environment="prod", at=AT)


def test_the_plan_file_is_what_its_schema_says() -> None:
    jsonschema.Draft202012Validator(all_schemas()["plan"]).validate(json.loads(planfile.dump(SAMPLE)))


@pytest.mark.parametrize("found", [DRIFTED, NASTY, drift()], ids=["drifted", "nasty", "none"])
def test_the_drift_report_is_what_its_schema_says(found: Drift) -> None:
    jsonschema.Draft202012Validator(all_schemas()["drift"]).validate(json.loads(as_json(found)))


def test_the_schema_of_the_drift_report_refuses_what_it_does_not_know() -> None:
    report = {**json.loads(as_json(DRIFTED)), "more": 1}
    assert not jsonschema.Draft202012Validator(all_schemas()["drift"]).is_valid(report)


def test_waived_drift_alone_is_in_sync() -> None:
    found = drift(missing("sql.table.u", waived=waiver("sql.table.u")))
    assert json.loads(as_json(found))["in_sync"] is True


# ── JUnit ─────────────────────────────────────────────────────────────────────────────────────


def junit(found: Drift) -> ElementTree.Element:
    return ElementTree.fromstring(drift_junit(found, project="memory", at=AT))


def test_junit_counts_what_it_holds() -> None:
    suite = junit(DRIFTED)
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    assert len(suite.findall("testcase")) == 4
    assert len(suite.findall("testcase/failure")) == 2


def test_junit_names_the_object_and_says_what_drifted() -> None:
    case = junit(drift(changed("sql.column.t.b", "type", "int", "text"))).findall("testcase")[1]
    failure = case.find("failure")
    assert failure is not None
    assert (case.get("classname"), case.get("name")) == ("sql.column", "t.b type")
    assert (failure.get("message"), failure.get("type")) == ("type: recorded int, live text", "changed")


def test_junit_says_who_waived_a_drift() -> None:
    skipped = junit(DRIFTED).find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "waived by ann until 2026-12-31: the migration runs until then"


def test_junit_stands_characters_that_xml_forbids() -> None:
    names = [case.get("name") or "" for case in junit(NASTY).findall("testcase")]
    assert names[1].startswith('a"b\\c') and names[1].endswith("���<&>")


def test_junit_of_no_drift_has_one_passed_case() -> None:
    assert [case.get("name") for case in junit(drift(checked=12))] == ["12 checked"]


# ── SARIF ─────────────────────────────────────────────────────────────────────────────────────


def test_sarif_has_the_parts_that_code_scanning_asks_for() -> None:
    log = json.loads(drift_sarif(DRIFTED))
    (run,) = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert log["version"] == "2.1.0"
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "apexplan.yaml" and place["region"]["startLine"] == 1


def test_sarif_of_something_gone_is_an_error_and_of_a_change_a_warning() -> None:
    (run,) = json.loads(drift_sarif(DRIFTED))["runs"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "warning"]


def test_sarif_suppresses_what_is_waived() -> None:
    (run,) = json.loads(drift_sarif(DRIFTED))["runs"]
    assert [len(result.get("suppressions", [])) for result in run["results"]] == [0, 0, 1]


def fingerprints(found: Drift) -> list[str]:
    (run,) = json.loads(drift_sarif(found))["runs"]
    return [result["partialFingerprints"]["apexplanDrift/v1"] for result in run["results"]]


def test_a_fingerprint_stays_when_the_value_drifts_on() -> None:
    before = drift(changed("sql.column.t.b", "type", "int", "text"))
    after = drift(changed("sql.column.t.b", "type", "int", "json"))
    assert fingerprints(before) == fingerprints(after)


def test_two_fields_of_one_object_have_two_fingerprints() -> None:
    one, other = fingerprints(
        drift(changed("sql.column.t.b", "type", 1, 2), changed("sql.column.t.b", "null", 1, 2))
    )
    assert one != other


# ── Prometheus ────────────────────────────────────────────────────────────────────────────────

_SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (?P<value>\d+)\Z'
)
_UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"')


def samples(text: str) -> dict[str, list[tuple[Mapping[str, str], int]]]:
    """Parses the text format: every line is a comment or a sample; a metric has HELP and TYPE first."""
    found: dict[str, list[tuple[Mapping[str, str], int]]] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            found[line.split()[2]] = []
            continue
        if line.startswith("# HELP "):
            continue
        match = _SAMPLE.match(line)
        assert match is not None, line
        labels = {
            name: re.sub(r'\\[\\"n]', lambda m: _UNESCAPED[m[0]], value)
            for name, value in _LABEL.findall(match["labels"])
        }
        found[match["name"]].append((labels, int(match["value"])))
    return found


def test_prometheus_counts_by_store_kind_and_drift() -> None:
    found = samples(drift_prometheus(DRIFTED, project="memory", environment="prod"))
    here = {"project": "memory", "environment": "prod"}
    assert found["apexplan_drift_findings"] == [
        ({**here, "store": "sql", "kind": "column", "drift": "changed"}, 1),
        ({**here, "store": "sql", "kind": "table", "drift": "missing"}, 1),
    ]
    assert found["apexplan_in_sync"] == [(here, 0)]
    assert found["apexplan_drift_expired_waivers"] == [(here, 1)]


def test_prometheus_escapes_labels() -> None:
    name = 'a"b\\c\nd'
    found = samples(drift_prometheus(drift(), project=name, environment=""))
    assert found["apexplan_drift_checked"] == [({"project": name, "environment": ""}, 10)]


# ── graphs ────────────────────────────────────────────────────────────────────────────────────

EDGES = {at('sql.index.t"<#>'): [at("sql.table.t")], at("sql.table.t"): []}


def test_dot_quotes_names() -> None:
    assert '"sql.index.t\\"<#>" -> "sql.table.t";' in graph.dot(EDGES)


def test_mermaid_escapes_names_and_points_at_what_is_required() -> None:
    drawn = graph.mermaid(EDGES)
    assert 'n0["index t#quot;#lt;#35;#gt;"]' in drawn
    assert "  n0 --> n1" in drawn


def test_the_text_form_puts_what_is_needed_below() -> None:
    assert graph.tree(EDGES) == 'sql.index.t"<#>\n  needs sql.table.t\nsql.table.t\n'
