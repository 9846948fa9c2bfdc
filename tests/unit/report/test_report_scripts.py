"""What became of the scripts, in columns and as JSON."""

from __future__ import annotations

from apexplan.migrations.spec import Migration
from apexplan.migrations.status import Placed, Standing
from apexplan.model.address import Address
from apexplan.report.scripts import script_data, script_lines

TOLD = {
    "applied_at": "2026-01-31T12:00:00Z",
    "by": "ann@host",
    "run": "r1",
    "duration_ms": 1234,
    "baseline": False,
}


def placed(version: str, name: str, standing: Standing) -> Placed:
    spec = Migration(version=version, name=name)
    return Placed(Address("sql", "migration", f"{version}_{name}"), spec, standing)


def test_scripts_stand_in_columns_with_what_the_ledger_says() -> None:
    data = [
        script_data(placed("1", "people", Standing.APPLIED), TOLD),
        script_data(placed("20", "rows", Standing.OUT_OF_ORDER), {}),
        script_data(placed("30", "all", Standing.APPLIED), {**TOLD, "baseline": True}),
    ]
    assert [line.plain for line in script_lines("sql", data)] == [
        "sql",
        "  1   people  applied       2026-01-31T12:00:00Z  1,234 ms  by ann@host  run r1",
        "  20  rows    out of order",
        "  30  all     applied       2026-01-31T12:00:00Z  marked  by ann@host  run r1",
    ]


def test_a_pending_script_has_no_time_and_nobody() -> None:
    data = script_data(placed("1", "people", Standing.PENDING), {})
    assert (data["address"], data["state"], data["wrong"]) == ("sql.migration.1_people", "pending", False)
    assert [data[key] for key in ("applied_at", "by", "run", "duration_ms", "baseline")] == [None] * 5


def test_a_store_without_scripts_is_only_named() -> None:
    assert [line.plain for line in script_lines("sql", [])] == ["sql"]
