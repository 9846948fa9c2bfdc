"""Facts about the server: what `steps`, `obstacles` and `doctor` need beside the objects."""

from __future__ import annotations

from typing import Any, Final

from apexplan.model.errors import Unsupported
from apexplan_neo4j.connection import Graph

OLDEST: Final = (5, 0)
"""Before 5.0 there were BTREE indexes, and other rules for nearly everything here."""


def details(graph: Graph) -> dict[str, Any]:
    """Returns `version` ("5.26.12"), `edition` ("community", "enterprise") and `database`. Raises
    Unsupported for a server older than 5.0."""
    row = graph.rows(
        "CALL dbms.components() YIELD name, versions, edition "
        "WITH * WHERE name = 'Neo4j Kernel' RETURN versions[0] AS version, edition"
    )[0]
    refuse_old(graph.store, row["version"])
    return {"version": row["version"], "edition": row["edition"], "database": graph.settings.database}


def refuse_old(store: str, version: str) -> None:
    """Raises Unsupported for a server that is too old to be read exactly."""
    if numbers(version) < OLDEST:
        raise Unsupported(
            f"this is Neo4j {version}; apexplan needs {'.'.join(map(str, OLDEST))} or newer",
            store=store,
            mend="upgrade the server to Neo4j 5.26 LTS or newer",
        )


def numbers(version: str) -> tuple[int, ...]:
    """Returns the numbers of `5.26.12`, `2025.10.1` or `5.27-aura`, for comparison."""
    return tuple(int(part) for part in version.partition("-")[0].split(".") if part.isdigit())
