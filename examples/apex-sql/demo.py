"""The demo of `make demo`: a database that grew by hand, taken over, changed, watched and rolled back.

Everything happens in a temporary directory and on a real PostgreSQL that is started for it and
stopped at the end, whatever happens. Each command is shown as a person would type it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from apexplan_postgres import local

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from walk import WIDTH, Walk  # noqa: E402  # in the folder above

DOCUMENTS, CHUNKS = 5_000, 2_500

FILL = """
INSERT INTO documents (user_id, title, content, metadata, embedding, created_at)
SELECT 'user-' || i % 50,
       'Report ' || i,
       repeat('Quarterly numbers, machine learning and the weather of day ' || i || '. ', 8),
       jsonb_build_object('source_type', (ARRAY['pdf', 'web', 'mail'])[1 + i % 3],
                          'tags', jsonb_build_array('tag-' || i % 20, 'year-' || 2020 + i % 6)),
       (SELECT array_agg(random() - 0.5) FROM generate_series(1, 1536) WHERE i = i)::vector,
       timestamptz '2026-01-01' + i * interval '1 minute'
FROM generate_series(1, {documents}) AS i;

INSERT INTO chunks (document_id, chunk_index, content, embedding)
SELECT document_id, 0, left(content, 200), embedding FROM documents ORDER BY created_at LIMIT {chunks};

INSERT INTO entities (entity_type, name, created_at)
SELECT (ARRAY['person', 'company', 'place'])[1 + i % 3], 'Entity ' || i,
       timestamptz '2026-01-01' + i * interval '1 h'
FROM generate_series(1, 1000) AS i;

INSERT INTO structured_data (name, data)
SELECT 'row ' || i, jsonb_build_object('n', i) FROM generate_series(1, 1000) AS i;

ANALYZE;
"""
COUNTS = """
SELECT 'documents', count(*) FROM documents UNION ALL
SELECT 'chunks', count(*) FROM chunks UNION ALL
SELECT 'entities', count(*) FROM entities UNION ALL
SELECT 'structured_data', count(*) FROM structured_data
"""
BY_HAND = """
ALTER TABLE documents ALTER COLUMN user_id DROP NOT NULL;
DROP INDEX documents_metadata_gin_idx;
"""
MENDED_BY_HAND = """
UPDATE documents SET user_id = 'nobody' WHERE user_id IS NULL;
ALTER TABLE documents ALTER COLUMN user_id SET NOT NULL;
CREATE INDEX documents_metadata_gin_idx ON documents USING gin (metadata);
"""


class Demo(Walk):
    """One run of the demo in `home`, against the database at `url`."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home, {"DATABASE_URL": url})
        self.url = url

    def sql(self, text: str, *, show: bool = True) -> None:
        """Runs SQL as somebody with psql would."""
        if show:
            for line in text.strip().splitlines():
                print(f"sql> {line}")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(text.encode())

    def inspected(self) -> str:
        """Returns the whole live schema as manifests."""
        return subprocess.run(
            [Path(sys.executable).with_name("apexplan"), "inspect"],
            cwd=self.home,
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def rows(self) -> dict[str, int]:
        """Returns the number of rows of each table."""
        with psycopg.connect(self.url) as connection:
            return dict(connection.execute(COUNTS.encode()).fetchall())

    def manifests(self, version: str) -> None:
        """Puts one version of the example's manifests into the project."""
        shutil.rmtree(self.home / "schema", ignore_errors=True)
        shutil.copytree(HERE / version, self.home / "schema")

    def run(self) -> None:
        """Tells the whole story."""
        self.chapter(
            "A database that grew by hand",
            f"A real PostgreSQL with pgvector; {DOCUMENTS:,} documents with 1,536-component vectors.",
        )
        self.sql((HERE / "before.sql").read_text(), show=False)
        self.sql(FILL.format(documents=DOCUMENTS, chunks=CHUNKS), show=False)
        print(", ".join(f"{table}: {count:,} rows" for table, count in self.rows().items()))

        self.chapter(
            "Take it over", "The manifests describe what is there: nothing is touched, all is owned."
        )
        self.manifests("v1")
        self.apexplan("apply", "--yes")
        before, rows = self.inspected(), self.rows()

        self.chapter("What will the new version do?", "The manifests of v2 come with a pull request.")
        self.manifests("schema")
        self.apexplan("plan", "-o", "plan.json")

        self.chapter("Apply the approved plan", "Readers and writers go on; every step has its inverse.")
        self.apexplan("apply", "plan.json")
        self.apexplan("plan")

        self.chapter("Somebody changes the database by hand", "And the nightly drift job tells.")
        self.sql(BY_HAND)
        self.apexplan("drift", expect=2)

        self.chapter("Set right by hand, then rolled back", "A rollback is a plan like any other.")
        self.sql(MENDED_BY_HAND)
        self.apexplan("drift")
        self.apexplan("rollback", "--yes", "--allow", "DELETES_DATA")

        self.chapter("Is it as it was?", "The live schema before v2 and now, and the rows.")
        same = self.inspected() == before and self.rows() == rows
        print("schema and rows are equal to the byte" if same else "NOT EQUAL")
        self.apexplan("history")
        if not same:
            sys.exit(1)
        self.summary()

    def summary(self) -> None:
        """Says what was shown and where to go on."""
        print(f"\n{'━' * WIDTH}")
        print(
            f"Done in {self.seconds:.0f} s: adopted, planned, applied online, drift found, rolled back.\n"
            "Go on with README.md (a tour on your own database), examples/apex-sql (these manifests),\n"
            "and docs/architecture.md (how it is built)."
        )


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="apexplan-demo-"))
    home.chmod(0o755)  # as root the server runs as another user, who must get in
    try:
        server = local.start(str(home / "postgres"))
        try:
            url = local.create_database(server.url, "apex")
            project = home / "project"
            project.mkdir()
            shutil.copy(HERE / "apexplan.yaml", project)
            Demo(project, url).run()
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
