"""Facts about the server and the session, for planning and for `doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

# setting() knows no unit: these three are in kB, ms and pieces (manual 20.4, 20.11).
_DETAILS = """
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int AS version_num,
       current_database() AS database,
       current_user AS user,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       pg_is_in_recovery() AS in_recovery,
       current_setting('default_transaction_read_only')::bool AS read_only,
       has_database_privilege(current_database(), 'CREATE') AS can_create,
       has_database_privilege(current_database(), 'TEMP') AS can_use_temporary,
       (SELECT setting::bigint FROM pg_settings WHERE name = 'maintenance_work_mem')
         AS maintenance_work_mem_kb,
       current_setting('max_parallel_maintenance_workers')::int AS max_parallel_maintenance_workers,
       current_setting('max_locks_per_transaction')::int AS max_locks_per_transaction,
       (SELECT jsonb_object_agg(name, default_version) FROM pg_available_extensions)
         AS extensions_available,
       (SELECT coalesce(jsonb_object_agg(extname, extversion), '{}') FROM pg_extension)
         AS extensions_installed
"""


_VERSIONS = """
SELECT name, array_agg(version) FROM pg_available_extension_versions
WHERE name = ANY(%s) GROUP BY name
"""
# The server works the paths out between all pairs of versions: it is asked of what is wanted alone.
_UPDATES = """
SELECT e.extname, array_agg(p.target)
FROM pg_extension e CROSS JOIN LATERAL pg_extension_update_paths(e.extname) p
WHERE e.extname = ANY(%s) AND p.source = e.extversion AND p.path IS NOT NULL GROUP BY e.extname
"""


def details(connection: Connection[Any]) -> dict[str, Any]:
    """Returns the facts by name, as JSON values."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_DETAILS).fetchone()
    assert row is not None
    return row


def extension_details(connection: Connection[Any], names: Sequence[str]) -> dict[str, Any]:
    """Returns, for these extensions, the versions that the server can create (`extension_versions`)
    and those to which it can update what is installed (`extension_updates`)."""
    if not names:
        return {"extension_versions": {}, "extension_updates": {}}
    return {
        "extension_versions": dict(connection.execute(_VERSIONS, [list(names)]).fetchall()),
        "extension_updates": dict(connection.execute(_UPDATES, [list(names)]).fetchall()),
    }
