"""What an interrupted CREATE INDEX CONCURRENTLY of a script left, before the statement runs again.

Its invalid index has the name already: without IF NOT EXISTS the second attempt would fail, and
with it succeed in leaving it invalid. An index that is valid, or that stands on another table, is
not touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from apexplan_postgres.run.connections import execute

if TYPE_CHECKING:
    from psycopg import Connection

_NAME: Final = r'(?:"(?:[^"]|"")+"|[^\s."()]+)'
_BUILD: Final = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"(?P<index>{_NAME})\s+ON\s+(?:ONLY\s+)?(?P<table>{_NAME}(?:\s*\.\s*{_NAME})?)",
    re.IGNORECASE,
)
_INVALID: Final = """
SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = to_regclass(%s) AND c.relname = (parse_ident(%s))[1] AND NOT i.indisvalid
"""


def drop_half_built(own: Connection[Any], statement: str) -> None:
    """Drops the invalid index that `statement`, run once more, would find in its way."""
    build = _BUILD.match(statement)
    if build is None:
        return
    found = own.execute(_INVALID, [build["table"], build["index"]]).fetchone()
    if found is not None:
        execute(own, f"DROP INDEX CONCURRENTLY {found[0]}")
