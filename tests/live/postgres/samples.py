"""A schema with one of everything that is read, and short ways to make and read schemas."""

from __future__ import annotations

import psycopg

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Scope
from apexplan_postgres.provider import PostgresSession

EVERYTHING = """
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'the application';
CREATE EXTENSION vector;
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = public, app AS $$
BEGIN
  NEW.changed := now();
  RETURN NEW;
END $$;
COMMENT ON FUNCTION app.touch() IS 'keeps changed';
CREATE FUNCTION public.score(a integer, b integer DEFAULT 1) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT a * b';
CREATE FUNCTION public.double(a integer) RETURNS integer LANGUAGE sql RETURN a * 2;
CREATE TABLE app.people (
  id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5 CACHE 10) PRIMARY KEY,
  dropped text,
  name varchar(20) COLLATE "C" NOT NULL DEFAULT 'x',
  mood mood,
  changed timestamptz DEFAULT now(),
  size numeric(10, 2) CHECK (size > 0),
  shout text GENERATED ALWAYS AS (upper(name)) STORED
) WITH (fillfactor = 80, autovacuum_enabled = false);
ALTER TABLE app.people DROP COLUMN dropped;
ALTER TABLE app.people ALTER COLUMN shout SET STORAGE external;
ALTER TABLE app.people ALTER COLUMN shout SET COMPRESSION pglz;
ALTER TABLE app.people ALTER COLUMN name SET STATISTICS 500;
COMMENT ON TABLE app.people IS 'who is who';
COMMENT ON COLUMN app.people.name IS 'short';
ALTER TABLE app.people ADD CONSTRAINT people_kind CHECK (name IN ('a', 'b')) NOT VALID;
ALTER TABLE app.people ADD CONSTRAINT people_name_key UNIQUE (name) INCLUDE (size)
  DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE public.documents (
  id bigint PRIMARY KEY,
  author bigint,
  editor bigint REFERENCES app.people ON UPDATE CASCADE,
  title text,
  body jsonb,
  during int4range,
  embedding vector(3)
);
ALTER TABLE documents ADD CONSTRAINT documents_author_fkey FOREIGN KEY (author)
  REFERENCES app.people (id) MATCH FULL ON DELETE SET NULL DEFERRABLE NOT VALID;
ALTER TABLE documents ADD CONSTRAINT documents_no_overlap
  EXCLUDE USING gist (during WITH &&) WHERE (id > 0);
CREATE INDEX documents_title_idx ON documents (lower(title) DESC, author NULLS FIRST) INCLUDE (id)
  WITH (fillfactor = 70) WHERE title IS NOT NULL AND author > 5;
CREATE UNIQUE INDEX documents_pattern_idx ON documents (title text_pattern_ops, (title || 'x') COLLATE "C");
CREATE INDEX documents_body_idx ON documents USING gin (body jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops)
  WITH (m = 8, ef_construction = 40);
CREATE INDEX documents_block_idx ON documents USING brin (id)
  WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX documents_gist_idx ON documents
  USING gist (to_tsvector('english', title) tsvector_ops (siglen = 100));
COMMENT ON INDEX documents_title_idx IS 'by title';
CREATE TRIGGER people_touch BEFORE INSERT OR UPDATE OF name, size ON app.people
  FOR EACH ROW WHEN (NEW.size > 5) EXECUTE FUNCTION app.touch();
CREATE TRIGGER people_rows AFTER UPDATE ON app.people REFERENCING OLD TABLE AS gone NEW TABLE AS come
  FOR EACH STATEMENT EXECUTE FUNCTION app.touch('one', 'two');
ALTER TABLE app.people DISABLE TRIGGER people_rows;
CREATE SCHEMA "Odd Name";
CREATE TABLE "Odd Name"."a.b" ("c.d" integer);
"""


def execute(url: str, ddl: str) -> None:
    """Runs statements, each in its own transaction unless they say otherwise."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ddl.encode())


def address(text: str) -> Address:
    return Address.parse(f"sql.{text}")


def everything(session: PostgresSession) -> dict[Address, Spec]:
    """Reads the whole store."""
    return dict(session.read(Scope("sql", everything=True)).objects)


def one(session: PostgresSession, text: str) -> Spec:
    """Reads one object by its address without the store's name."""
    return everything(session)[address(text)]
