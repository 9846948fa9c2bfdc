"""What `doctor` tells of a database."""

from __future__ import annotations

from typing import Any

import pytest

from apexplan.provider import Check
from apexplan_neo4j.connection import Graph, Row
from tests.live.neo4j.bench import Bench

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]


def examined(bench: Bench) -> dict[str, Check]:
    """Returns the checks by name."""
    with bench.session() as session:
        return {check.name: check for check in session.examine()}


def answering(patch: pytest.MonkeyPatch, beginning: str, rows: list[Row]) -> None:
    """Makes the server answer `rows` to statements that begin so."""
    ask = Graph.rows

    def answers(graph: Graph, text: str, *rest: Any, **named: Any) -> list[Row]:
        return rows if text.strip().startswith(beginning) else ask(graph, text, *rest, **named)

    patch.setattr(Graph, "rows", answers)


def test_it_tells_version_and_edition(bench: Bench) -> None:
    version = bench.does("CALL dbms.components() YIELD versions RETURN versions[0] AS v")[0]["v"]
    assert examined(bench)["version"] == Check("version", f"{version} (community)", True)


def test_it_tells_which_constraints_community_lacks(bench: Bench) -> None:
    check = examined(bench)["constraints"]
    assert (check.ok, "need Enterprise" in check.value) == (None, True)


def test_it_tells_that_enterprise_has_all_constraints(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "CALL dbms.components()", [{"version": "5.26.12", "edition": "enterprise"}])
    assert examined(bench)["constraints"] == Check("constraints", "all", True)


def test_it_tells_the_database_and_that_it_takes_writes(bench: Bench) -> None:
    assert examined(bench)["database"] == Check("database", "neo4j (primary, read-write, online)", True)


@pytest.mark.parametrize("field", [{"access": "read-only"}, {"writer": False}])
def test_a_database_that_takes_no_writes_is_told_with_a_mend(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, field: dict[str, Any]
) -> None:
    row = {"name": "neo4j", "access": "read-write", "writer": True, "role": "x", "currentStatus": "online"}
    answering(monkeypatch, "SHOW DATABASES", [row | field])
    check = examined(bench)["database"]
    assert check.ok is False
    assert "neo4j:// URI" in check.mend


def test_it_tells_as_whom_it_is_logged_in(bench: Bench) -> None:
    assert examined(bench)["user"] == Check("user", "neo4j")


def test_a_server_without_authentication_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "SHOW CURRENT USER", [{"user": ""}])
    check = examined(bench)["user"]
    assert (check.value, check.ok) == ("none: authentication is disabled", False)


def test_no_time_out_of_transactions_is_fine(bench: Bench) -> None:
    assert examined(bench)["db.transaction.timeout"] == Check("db.transaction.timeout", "none", True)


def test_a_time_out_of_transactions_is_told_with_what_it_does_to_a_long_apply(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, "SHOW SETTINGS", [{"value": "5m"}])
    check = examined(bench)["db.transaction.timeout"]
    assert (check.value, check.ok) == ("5m", None)
    assert "loses its lock" in check.mend


def test_healthy_indexes_are_counted(bench: Bench) -> None:
    assert examined(bench)["indexes"] == Check("indexes", "2, none failed or left over", True)


def test_nothing_is_written(bench: Bench) -> None:
    examined(bench)
    assert bench.does("MATCH (n) RETURN count(n) AS n") == [{"n": 0}]
