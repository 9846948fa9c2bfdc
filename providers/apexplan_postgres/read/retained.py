"""What earlier plans dropped by moving it aside, as our ledger in the database knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apexplan.model.address import Address
from apexplan_postgres.read.catalog import LEDGER_SCHEMA
from apexplan_postgres.specs import Retained

if TYPE_CHECKING:
    from psycopg import Connection

_THERE = "SELECT to_regclass(%s) IS NOT NULL"
_KEPT = """
SELECT name, former, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM apexplan.retained
"""


def retained(connection: Connection[Any], store: str) -> dict[Address, Retained]:
    """Returns what is kept aside, by its present name; nothing where no ledger was ever written."""
    row = connection.execute(_THERE, [f"{LEDGER_SCHEMA}.retained"]).fetchone()
    if row is None or not row[0]:
        return {}
    return {
        Address(store, "retained", name): Retained(former=former, since=since)
        for name, former, since in connection.execute(_KEPT).fetchall()
    }
