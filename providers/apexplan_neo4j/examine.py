"""What `doctor` tells of a Neo4j database: version and edition, who we are, what may be in the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from neo4j import exceptions

from apexplan.provider import Check
from apexplan_neo4j.connection import Graph
from apexplan_neo4j.errors import clean
from apexplan_neo4j.read import indexes

_TIMEOUTS: Final = "SHOW SETTINGS 'db.transaction.timeout' YIELD name, value RETURN value"
_DATABASE: Final = """
SHOW DATABASES YIELD name, access, writer, role, currentStatus WHERE name = $name RETURN *
"""


def examine(graph: Graph, details: Mapping[str, Any]) -> tuple[Check, ...]:
    """Returns the checks of one session. Never writes."""
    return (
        Check("version", f"{details['version']} ({details['edition']})", True),
        _constraints(details),
        *_database(graph),
        *_user(graph),
        *_timeout(graph),
        *_indexes(graph),
    )


def _constraints(details: Mapping[str, Any]) -> Check:
    if details["edition"] == "community":
        return Check("constraints", "uniqueness; existence, key and property type need Enterprise", None)
    return Check("constraints", "all", True)


def _database(graph: Graph) -> Iterator[Check]:
    for row in graph.rows(_DATABASE, {"name": graph.settings.database}):
        writable = row["access"] == "read-write" and row.get("writer") is not False
        told = f"{row['name']} ({row['role']}, {row['access']}, {row['currentStatus']})"
        mend = "" if writable else "connect to the leader with a neo4j:// URI, or make the database writable"
        yield Check("database", told, writable, mend)


def _user(graph: Graph) -> Iterator[Check]:
    name = graph.rows("SHOW CURRENT USER YIELD user RETURN user")[0]["user"]
    if not name:
        yield Check("user", "none: authentication is disabled", False, "set dbms.security.auth_enabled=true")
    else:
        yield Check("user", name)


def _timeout(graph: Graph) -> Iterator[Check]:
    """A time-out of the server's ends the transaction that holds the lock of a long apply."""
    try:
        rows = graph.rows(_TIMEOUTS)
    except exceptions.Neo4jError as error:
        yield Check("db.transaction.timeout", f"not readable: {clean(error.message or '')}", None)
        return
    for row in rows:
        none = row["value"] in ("0s", "0")
        mend = "" if none else "a longer apply loses its lock, and stops where another one comes in"
        yield Check("db.transaction.timeout", "none" if none else row["value"], none or None, mend)


def _indexes(graph: Graph) -> Iterator[Check]:
    rows, orphans = indexes.settled(indexes.index_rows(graph), graph)
    failed = sorted(row["name"] for row in rows if row["state"] == "FAILED")
    if failed:
        yield Check("failed indexes", ", ".join(failed), False, "plan and apply make them anew")
    if orphans:
        named = ", ".join(sorted(orphans))
        mend = "; ".join(f"DROP INDEX {name}" for name in sorted(orphans))
        yield Check("left by unfinished constraints", named, False, mend)
    if not failed and not orphans:
        yield Check("indexes", f"{len(rows)}, none failed or left over", True)
