"""Versioned scripts in SQL as the specs that a directory of them declares."""

from __future__ import annotations

from apexplan.migrations.kind import MigrationFiles, MigrationKind
from apexplan.migrations.spec import Migration
from apexplan.model.address import Address
from apexplan.provider import SourceFile
from apexplan_postgres.script import SQL

KIND = MigrationKind(SQL)

PEOPLE = """\
CREATE TABLE people (id bigint PRIMARY KEY, name text);
CREATE INDEX people_name_idx ON people (name);
"""
PEOPLE_BACK = "DROP TABLE people;\n"
ROWS = "INSERT INTO people SELECT n, 'p' || n FROM generate_series(1, 10) n;\n"
ROWS_BACK = "DELETE FROM people WHERE id <= 10;\n"
MIXED = """\
ALTER TABLE people ADD COLUMN size int;
UPDATE people SET size = length(name);

-- outside of any transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS people_size_idx ON people (size);
INSERT INTO people (id, name, size) VALUES (100, 'last', 4);
"""
MIXED_BACK = """\
DROP INDEX CONCURRENTLY IF EXISTS people_size_idx;
DELETE FROM people WHERE id = 100;
ALTER TABLE people DROP COLUMN IF EXISTS size;
"""
PAIRS = {
    "0001_people": (PEOPLE, PEOPLE_BACK),
    "0002_rows": (ROWS, ROWS_BACK),
    "0003_mixed": (MIXED, MIXED_BACK),
}

Pairs = dict[str, tuple[str, str]]


def files(pairs: Pairs) -> list[SourceFile]:
    """Returns the files of these pairs, script and rollback script by name."""
    found = []
    for name, (script, rollback) in pairs.items():
        found += [SourceFile(f"m/{name}.sql", script), SourceFile(f"m/{name}.rollback.sql", rollback)]
    return sorted(found, key=lambda file: file.name)


def declared(pairs: Pairs, **update: object) -> dict[Address, Migration]:
    """Returns what the files of these pairs declare; `update` changes every spec."""
    document = MigrationFiles.model_validate({"kind": "Migration", "store": "sql", "directory": "m"})
    expansion = KIND.expand_files(document, files(pairs))
    assert expansion.problems == ()
    found = {}
    for one in expansion.declared:
        assert isinstance(one.spec, Migration)
        found[one.address] = one.spec.model_copy(update=update)
    return found


def some(*names: str) -> Pairs:
    """Returns those of PAIRS."""
    return {name: PAIRS[name] for name in names}
