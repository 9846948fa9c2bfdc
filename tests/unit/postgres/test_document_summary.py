"""What a plan line says of an object."""

from __future__ import annotations

import pytest
from document_kit import spec

DOCUMENT = """
extensions: {vector: {version: "0.8"}}
functions:
  touch(): {returns: trigger, language: plpgsql, body: "BEGIN RETURN NEW; END"}
tables:
  t:
    columns:
      id: {type: bigint, identity: always}
      title: {type: text, null: false, default: "'x'"}
      total: {type: int, generated: "a + b"}
    primary_key: [id, title]
    checks: {c: {expression: "id > 0", validated: false}}
    foreign_keys: {f: {columns: [id], references: "users(id)", on_delete: cascade}}
    exclude: {x: {using: gist, on: [{column: during, operator: "&&"}]}}
    indexes:
      v: {using: hnsw, on: [{column: embedding, opclass: vector_cosine_ops}], where: id > 0}
      u:
        on: [{expression: lower(title), collation: C, order: desc}, {column: id, nulls: first}]
        unique: true
        include: [a]
    triggers: {g: {timing: before, events: [insert, update], update_of: [title], function: touch()}}
"""


@pytest.mark.parametrize(
    ("address", "summary"),
    [
        ("extension.vector", "0.8"),
        ("function.public.touch()", "returns trigger, plpgsql"),
        ("table.public.t", ""),
        ("column.public.t.id", "bigint generated always as identity"),
        ("column.public.t.title", "text not null default 'x'"),
        ("column.public.t.total", "int generated as (a + b)"),
        ("primary_key.public.t.t_pkey", "(id, title)"),
        ("check.public.t.c", "(id > 0) not valid"),
        ("foreign_key.public.t.f", "(id) references public.users(id) on delete cascade"),
        ("exclude.public.t.x", "gist (during with &&)"),
        ("index.public.v", "hnsw (embedding vector_cosine_ops) where id > 0"),
        ("index.public.u", 'unique btree ((lower(title)) collate "C" desc, id nulls first) include (a)'),
        ("trigger.public.t.g", "before insert or update of title, calls public.touch()"),
    ],
)
def test_a_summary_says_what_an_object_is(address: str, summary: str) -> None:
    assert spec(DOCUMENT, address).summary() == summary
