"""What Alembic does for the same question: import the tables, compare them with the database.

python -m benchmarks.postgres_rival MODULE.py URL types|defaults

`types` is Alembic's own default, `defaults` compares server defaults as well. Prints one JSON line.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType


class Vector(UserDefinedType[Any]):
    """The type of pgvector, as much of it as a comparison needs."""

    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        self.length = length

    def get_col_spec(self, **_: Any) -> str:
        return f"VECTOR({self.length})"


def main() -> None:
    """Prints the seconds of import and comparison, and how many differences were found."""
    started = time.monotonic()
    metadata = runpy.run_path(sys.argv[1])["metadata"]
    imported = time.monotonic()
    ischema_names["vector"] = Vector
    with create_engine(sys.argv[2].replace("postgresql://", "postgresql+psycopg://")).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": sys.argv[3] == "defaults"}
        )
        found = compare_metadata(context, metadata)
    ended = time.monotonic()
    seconds = {"import": imported - started, "compare": ended - imported}
    print(json.dumps({"differences": len(found), "first": repr(found[:3]), **seconds}))


if __name__ == "__main__":
    main()
