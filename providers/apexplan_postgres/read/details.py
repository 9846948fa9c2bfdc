"""Facts about the server and the session, for planning and for `doctor`."""

from __future__ import annotations

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


def details(connection: Connection[Any]) -> dict[str, Any]:
    """Returns the facts by name, as JSON values."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_DETAILS).fetchone()
    assert row is not None
    return row
