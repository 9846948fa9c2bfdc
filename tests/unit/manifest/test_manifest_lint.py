"""Warnings that need no store."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from manifest_kit import MANIFEST, PROJECT, load, write

from apexplan.manifest.lint import lint

TODAY = datetime.date(2026, 6, 1)


def _warnings(root: Path, project: str = "", lifecycle: str = "{}") -> list[str]:
    manifest = MANIFEST.replace("body: {type: text}", f"body: {{type: text, lifecycle: {lifecycle}}}")
    write(root, {"apexplan.yaml": PROJECT + project, "schema/sql.yaml": manifest})
    return [f"{d.severity} {d.code} {d.what}" for d in lint(load(root), today=TODAY)]


def test_an_ordinary_project_has_no_warnings(tmp_path: Path) -> None:
    assert _warnings(tmp_path) == []


@pytest.mark.parametrize(("day", "expired"), [("2026-05-31", True), ("2026-06-01", False)])
def test_a_waiver_expires_after_its_last_day(day: str, expired: bool, tmp_path: Path) -> None:
    waiver = f"waivers: [{{address: sql.column.a.b, owner: ann, reason: known, expires: {day}}}]\n"
    found = [f"warning waiver-expired `sql.column.a.b`, ann, on {day}"] if expired else []
    assert _warnings(tmp_path, waiver) == found


def test_a_hazard_that_is_allowed_and_denied_is_pointed_out(tmp_path: Path) -> None:
    policy = "policy: {allow: [DOWNTIME, REBUILDS], deny: [DOWNTIME]}\n"
    assert _warnings(tmp_path, policy) == ["warning allowed-and-denied `DOWNTIME`"]


def test_ignoring_a_field_that_does_not_exist_is_pointed_out(tmp_path: Path) -> None:
    assert _warnings(tmp_path, lifecycle="{ignore: [typ]}") == [
        "warning ignores-unknown-field `typ` of `sql.column.documents.body`"
    ]


def test_an_object_whose_every_field_is_ignored_is_pointed_out(tmp_path: Path) -> None:
    assert _warnings(tmp_path, lifecycle="{ignore: [type]}") == [
        "warning nothing-managed `sql.column.documents.body`"
    ]


def test_warnings_of_the_kinds_are_among_them(tmp_path: Path) -> None:
    write(tmp_path, {"schema/two.yaml": "kind: ShelfSchema\nstore: sql\ntables: {empty: {columns: {}}}\n"})
    assert _warnings(tmp_path) == ["warning no-columns empty"]
