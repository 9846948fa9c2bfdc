"""The schema of the PostgreSQL benchmark in its three forms: SQL, manifests, SQLAlchemy's MetaData.

Each table has 9 columns, a primary key and 6 indexes: composite, unique, gin on jsonb, partial, on
an expression, hnsw on a vector. All are empty, so that only the catalogue is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

PER_FILE: Final = 100
"""Tables in one manifest."""

OBJECTS_A_TABLE: Final = 1 + 9 + 1 + 6

AS_THE_SERVER: Final = {
    "status": "'draft'::text",
    "metadata": "'{}'::jsonb",
    "partial": "(status = 'draft'::text)",
}
AS_A_PERSON: Final = {"status": "'draft'", "metadata": "'{}'", "partial": "status = 'draft'"}
"""Both mean the same; `apexplan inspect` writes the first."""

_SQL = """
CREATE TABLE public.t{n} (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT t{n}_pkey PRIMARY KEY,
  tenant integer NOT NULL,
  parent bigint,
  title text NOT NULL,
  body text,
  status text NOT NULL DEFAULT 'draft',
  metadata jsonb NOT NULL DEFAULT '{{}}',
  embedding vector(8),
  created_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE INDEX t{n}_tenant_idx ON public.t{n} (tenant, created_at);
CREATE UNIQUE INDEX t{n}_title_key ON public.t{n} (tenant, title);
CREATE INDEX t{n}_metadata_idx ON public.t{n} USING gin (metadata jsonb_path_ops);
CREATE INDEX t{n}_draft_idx ON public.t{n} (created_at) WHERE status = 'draft';
CREATE INDEX t{n}_lower_idx ON public.t{n} (lower(title));
CREATE INDEX t{n}_embedding_idx ON public.t{n}
  USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
"""

_MANIFEST = """
  t{n}:
    columns:
      id: {{type: bigint, null: false, identity: always}}
      tenant: {{type: integer, null: false}}
      parent: bigint
      title: {{type: text, null: false}}
      body: text
      status: {{type: text, null: false, default: "{status}"}}
      metadata: {{type: jsonb, null: false, default: "{metadata}"}}
      embedding: vector(8)
      created_at: {{type: timestamp with time zone, null: false, default: now()}}
    primary_key: [id]
    indexes:
      t{n}_tenant_idx: {{on: [tenant, created_at]}}
      t{n}_title_key: {{on: [tenant, title], unique: true}}
      t{n}_metadata_idx: {{using: gin, on: [{{column: metadata, opclass: jsonb_path_ops}}]}}
      t{n}_draft_idx: {{on: [created_at], where: "{partial}"}}
      t{n}_lower_idx: {{on: [{{expression: lower(title)}}]}}
      t{n}_embedding_idx:
        using: hnsw
        on: [{{column: embedding, opclass: vector_cosine_ops}}]
        with: {{m: 16, ef_construction: 64}}
"""

_MODULE_HEAD = '''
"""What a team that uses Alembic has: its tables as Python."""
from sqlalchemy import (
    BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text, text
)
from sqlalchemy.dialects.postgresql import JSONB
from benchmarks.postgres_rival import Vector

metadata = MetaData()
'''

_MODULE = """
Table(
    "t{n}",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("tenant", Integer, nullable=False),
    Column("parent", BigInteger),
    Column("title", Text, nullable=False),
    Column("body", Text),
    Column("status", Text, nullable=False, server_default=text("'draft'")),
    Column("metadata", JSONB, nullable=False, server_default=text("'{{}}'")),
    Column("embedding", Vector(8)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("id", name="t{n}_pkey"),
    Index("t{n}_tenant_idx", "tenant", "created_at"),
    Index("t{n}_title_key", "tenant", "title", unique=True),
    Index("t{n}_metadata_idx", "metadata", postgresql_using="gin",
          postgresql_ops={{"metadata": "jsonb_path_ops"}}),
    Index("t{n}_draft_idx", "created_at", postgresql_where=text("status = 'draft'")),
    Index("t{n}_lower_idx", text("lower(title)")),
    Index("t{n}_embedding_idx", "embedding", postgresql_using="hnsw",
          postgresql_ops={{"embedding": "vector_cosine_ops"}},
          postgresql_with={{"m": 16, "ef_construction": 64}}),
)
"""


def statements(tables: int) -> Iterator[str]:
    """Yields what makes the database, one text a table."""
    yield "CREATE EXTENSION vector"
    for n in range(tables):
        yield _SQL.format(n=n)


def write_project(root: Path, tables: int, texts: Mapping[str, str]) -> None:
    """Writes a project whose store is at `${DATABASE_URL}`; `texts` spell the SQL in the manifests."""
    (root / "schema").mkdir(parents=True, exist_ok=True)
    (root / "apexplan.yaml").write_text(
        "version: 1\nproject: benchmark\nstores:\n"
        '  sql: {provider: postgres, url: "${DATABASE_URL}"}\nmanifests: [schema/*.yaml]\n'
    )
    for start in range(0, tables, PER_FILE):
        extension = "" if start else "extensions: {vector: {}}\n"
        parts = [
            _MANIFEST.format(n=n, **texts).lstrip("\n") for n in range(start, min(start + PER_FILE, tables))
        ]
        text = f"kind: PostgresSchema\nstore: sql\n{extension}tables:\n{''.join(parts)}"
        (root / "schema" / f"{start:05}.yaml").write_text(text)


def write_module(path: Path, tables: int) -> None:
    """Writes the Python module with the same tables for SQLAlchemy."""
    path.write_text(_MODULE_HEAD + "".join(_MODULE.format(n=n) for n in range(tables)))
