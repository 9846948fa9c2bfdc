"""What `doctor` tells of a PostgreSQL: versions, pgvector, privileges, and what may be in the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from apexplan.provider import Check
from apexplan_postgres.names import ASIDE, quote

if TYPE_CHECKING:
    from psycopg import Connection

# Prepared transactions keep their locks until someone ends them; an hour is long for any.
_OLD_TRANSACTIONS = """
SELECT count(*) FROM pg_prepared_xacts
WHERE database = current_database() AND prepared < now() - interval '1 hour'
"""

# What steps make aside for a while; a finished or undone run leaves none of it.
_LEFT_OVER = """
SELECT relname FROM pg_class WHERE starts_with(relname, %(aside)s)
UNION ALL SELECT attname FROM pg_attribute WHERE starts_with(attname, %(aside)s) AND NOT attisdropped
  AND attrelid IN (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p'))
UNION ALL SELECT proname FROM pg_proc WHERE starts_with(proname, %(aside)s)
UNION ALL SELECT conname FROM pg_constraint WHERE starts_with(conname, %(aside)s)
ORDER BY 1
"""

_SCHEMAS = """
SELECT nspname FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT has_schema_privilege(oid, 'CREATE')
ORDER BY 1
"""


def examine(connection: Connection[Any], details: Mapping[str, Any]) -> tuple[Check, ...]:
    """Returns the checks of one session. Never writes."""
    return (
        Check("version", details["version"], True),
        _vector(details),
        Check("database", details["database"]),
        Check("user", details["user"] + (" (superuser)" if details["superuser"] else "")),
        _writable(details),
        *_privileges(connection, details),
        _prepared(connection),
        _left_over(connection),
        Check("maintenance_work_mem", f"{details['maintenance_work_mem_kb']} kB"),
    )


def _vector(details: Mapping[str, Any]) -> Check:
    installed = details["extensions_installed"].get("vector")
    available = details["extensions_available"].get("vector")
    if installed:
        return Check("pgvector", f"{installed} (the server has {available})", True)
    if available:
        return Check("pgvector", f"not in this database; the server has {available}", None)
    return Check("pgvector", "not on this server", None, "install pgvector on the server if you need it")


def _writable(details: Mapping[str, Any]) -> Check:
    if details["in_recovery"]:
        return Check("may write", "no: this is a standby", False, "connect to the primary to apply")
    if details["read_only"]:
        mend = f"ALTER ROLE {quote(details['user'])} RESET default_transaction_read_only"
        return Check("may write", "no: this role's transactions are read-only", False, mend)
    return Check("may write", "yes", True)


def _privileges(connection: Connection[Any], details: Mapping[str, Any]) -> Iterator[Check]:
    database, user = quote(details["database"]), quote(details["user"])
    temporary, create = details["can_use_temporary"], details["can_create"]
    yield Check(
        "TEMP on the database (to compare SQL texts in temporary objects that are rolled back)",
        "granted" if temporary else "missing: texts that differ are shown as not proven equal",
        temporary,
        "" if temporary else f"GRANT TEMPORARY ON DATABASE {database} TO {user}",
    )
    yield Check(
        "CREATE on the database (for schemas and extensions)",
        "granted" if create else "missing",
        create or None,
        "" if create else f"GRANT CREATE ON DATABASE {database} TO {user}",
    )
    closed = [name for (name,) in connection.execute(_SCHEMAS).fetchall()]
    yield Check(
        "CREATE on the schemas",
        "missing on " + ", ".join(closed) if closed else "granted",
        not closed or None,
        f"GRANT CREATE ON SCHEMA {', '.join(map(quote, closed))} TO {user}" if closed else "",
    )


def _prepared(connection: Connection[Any]) -> Check:
    row = connection.execute(_OLD_TRANSACTIONS).fetchone()
    number = row[0] if row else 0
    mend = "look at pg_prepared_xacts; COMMIT PREPARED or ROLLBACK PREPARED what was forgotten"
    return Check("prepared transactions older than an hour", str(number), not number, mend if number else "")


def _left_over(connection: Connection[Any]) -> Check:
    found = [name for (name,) in connection.execute(_LEFT_OVER, {"aside": ASIDE}).fetchall()]
    mend = "`apexplan resume` or `apexplan rollback` the run that waits; where none does, drop them by hand"
    told = ", ".join(dict.fromkeys(found)) or "none"
    return Check("left by unfinished runs", told, not found, mend if found else "")
