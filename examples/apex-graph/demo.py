"""The second half of `make demo`: a graph kept by scripts, then declared, changed, watched and rolled back.

Everything happens in a temporary directory and on a real Neo4j that is started for it and stopped at
the end, whatever happens. Where NEO4J_URI names a server, that one is used, if its database is empty;
it is emptied again at the end. Each command is shown as a person would type it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handmade_runner import pieces, run
from neo4j import GraphDatabase, Session
from pydantic import SecretStr

from apexplan_neo4j import local
from apexplan_neo4j.connection import Neo4jSettings

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from walk import WIDTH, Walk  # noqa: E402  # in the folder above

BASELINE = HERE / "migrations" / "0001_baseline.cypher"
DOCUMENTS, USERS = 5_000, 200

FILL = """
UNWIND range(1, $documents) AS i
CREATE (:Document {uuid: 'document-' + i, title: '  Report ' + i, user_id: 'user-' + (i % $users),
                   content: 'Quarterly numbers and the weather of day ' + i, created_at: datetime()})
"""
FILL_USERS = """
UNWIND range(1, $users) AS i
CREATE (:User {user_id: 'user-' + i, email: 'user-' + (CASE i WHEN 2 THEN 1 ELSE i END) + '@example.org'})
"""
KEYS = "MATCH (d:Document) WHERE d.title_key IS NOT NULL RETURN count(d) AS n"
SCHEMA = (
    "SHOW CONSTRAINTS YIELD createStatement AS made RETURN made ORDER BY made",
    "SHOW INDEXES YIELD name, type, owningConstraint, createStatement AS made "
    "WHERE type <> 'LOOKUP' AND owningConstraint IS NULL AND NOT name STARTS WITH '__apexplan' "
    "RETURN made ORDER BY made",
)
"""Without the two lookup indexes of every database, and without apexplan's marker."""
ANYTHING = "MATCH (n) RETURN n LIMIT 1"
OLD_TITLE = "document_title_idx: {label: Document, on: title}"
NEW_TITLE = (
    "document_title_text: "
    "{type: text, label: Document, on: title, lifecycle: {renamed_from: document_title_idx}}"
)
OLD_CONTENT = "document_content_fulltext: {type: fulltext, labels: [Document], on: [title, content]}"
NEW_CONTENT = OLD_CONTENT.replace("content]}", "content], analyzer: english}")
USER_ID = "user_id_unique: {unique: user_id, label: User}"
EMAIL = "user_email_unique: {unique: email, label: User}"
BY_HAND = "DROP INDEX chunk_index_idx"
MENDED_BY_HAND = "CREATE INDEX chunk_index_idx FOR (c:Chunk) ON (c.chunk_index)"


class Demo(Walk):
    """One run of the demo: the projects in `home`, the database of `session`, which is the one at `url`."""

    def __init__(self, home: Path, url: str, session: Session) -> None:
        super().__init__(home, {"NEO4J_URI": url})
        self.url = url
        self.session = session
        self.project = home / "scripts"

    # ------------------------------------------------------------------------ what a person does

    def cypher(self, text: str) -> None:
        """Runs a statement as somebody with cypher-shell would."""
        print(f"cypher> {text}", flush=True)
        self.session.run(text).consume()

    def edit(self, before: str, after: str) -> None:
        """Changes lines of the declared schema, and shows them."""
        path = self.project / "schema" / "graph.yaml"
        path.write_text(path.read_text().replace(before, after))
        for sign, text in (("-", before), ("+", after)):
            for line in text.splitlines():
                print(f"{path.name}: {sign} {line.strip()}")

    # -------------------------------------------------------------------------- what is looked at

    def schema(self) -> list[str]:
        """Returns every constraint and index, each as the server says that it is made."""
        return [made for query in SCHEMA for made in self.session.run(query).value("made")]

    def same(self, what: str, live: list[str], before: list[str]) -> None:
        """Says that two schemas are equal to the byte; ends the demo where they are not."""
        if live != before:
            sys.exit(f"the demo broke: {what}: NOT EQUAL: {sorted(set(live) ^ set(before))}")
        print(f"→ {what}: {len(live)} constraints and indexes, equal to the byte\n")

    # ---------------------------------------------------------------------------------- the story

    def run(self) -> None:
        """Tells the whole story."""
        made = self.scripts()
        self.handmade()
        self.scripts_again(made)
        self.take_over()
        self.change()
        self.duplicate()
        self.drift()
        self.roll_back(made)
        self.summary()

    def scripts(self) -> list[str]:
        """Up and back; returns the schema that the scripts made."""
        self.chapter(
            "Three scripts, each with its way back",
            f"A real Neo4j Community; {DOCUMENTS:,} documents, {USERS} users, and no schema yet.",
        )
        self.session.run(FILL, documents=DOCUMENTS, users=USERS).consume()
        self.session.run(FILL_USERS, users=USERS).consume()
        empty = self.schema()
        self.apexplan("migrate", "status")
        self.apexplan("plan")

        self.chapter("Up, and back before the first", "Checked by the server before, recorded in the store.")
        self.apexplan("migrate", "up", "--yes")
        made = self.schema()
        keys = self.session.run(KEYS).single(strict=True)["n"]
        print(f"→ {len(made)} constraints and indexes, {keys:,} title keys\n")
        self.apexplan("migrate", "rollback", "--to", "none", "--yes", "--allow", "DELETES_DATA")
        self.same("before the first script and now", self.schema(), empty)
        return made

    def handmade(self) -> None:
        """Runs the first script as a common hand-written runner does, and takes that away again."""
        self.chapter(
            "The same script in a hand-written runner",
            "It cuts the file at each `;` and passes over what begins with `//`. It reports no error.",
        )
        script = BASELINE.read_text()
        ran, wanted = run(self.session, script), script.count(";\n")
        constraints = self.session.run(SCHEMA[0]).value("made")
        print(f"ran {ran} of {wanted} statements; {len(constraints)} of 4 constraints are there")
        for piece in pieces(script):
            words = piece.split()
            self.session.run(f"DROP INDEX {words[words.index('INDEX') + 1]}").consume()

    def scripts_again(self, made: list[str]) -> None:
        self.chapter(
            "The same schema, declared",
            "A manifest is compared with the database at each plan. Here still with an empty one; the notes\n"
            "tell of Graphiti, which makes indexes by itself.",
        )
        self.project = self.home / "declared"
        self.apexplan("plan")
        self.project = self.home / "scripts"
        print("\nThe scripts once more, so that there is something to take over:\n")
        self.apexplan("migrate", "up", "--yes")
        self.same("after the first time and now", self.schema(), made)

    def take_over(self) -> None:
        self.chapter(
            "Take it over", "`inspect` writes the manifest of what is there; owning it touches nothing."
        )
        self.project = self.home / "declared"
        self.apexplan("inspect", "-w", "inspected")
        self.apexplan("apply", "--yes")
        self.apexplan("plan")

    def change(self) -> None:
        self.chapter(
            "What will this change do?",
            "Neo4j can alter no index. Under another name it is built beside the old one, which goes last;\n"
            "under its own name there is none for a while, and the plan says so: INDEX_GAP.",
        )
        self.edit(OLD_TITLE, NEW_TITLE)
        self.edit(OLD_CONTENT, NEW_CONTENT)
        self.apexplan("plan", "--check", "-o", "plan.json")
        self.apexplan("apply", "plan.json")

    def duplicate(self) -> None:
        self.chapter(
            "A constraint that the data violates", "Found by the plan, not half-way through an apply."
        )
        self.edit(USER_ID, f"{USER_ID}\n  {EMAIL}")
        self.apexplan("plan", expect=1)
        self.edit(f"{USER_ID}\n  {EMAIL}", USER_ID)

    def drift(self) -> None:
        self.chapter("Somebody changes the database by hand", "And the nightly drift job tells.")
        self.cypher(BY_HAND)
        self.apexplan("drift", expect=2)
        self.cypher(MENDED_BY_HAND)
        self.apexplan("drift")

    def roll_back(self, made: list[str]) -> None:
        self.chapter("Rolled back", "A rollback is a plan like any other.")
        self.apexplan("rollback", "--yes")
        self.same("before the change and now", self.schema(), made)
        self.apexplan("history")

    def summary(self) -> None:
        """Says what was shown and where to go on."""
        print(f"\n{'━' * WIDTH}")
        print(
            f"Done in {self.seconds:.0f} s: scripts up and back, taken over, changed, a duplicate and drift\n"
            "found, rolled back. Go on with docs/guides/neo4j.md and examples/apex-graph (these files)."
        )


@contextmanager
def server(home: Path) -> Iterator[str]:
    """Gives the URI of the server that the environment names, or of one that is started below `home`."""
    if given := os.environ.get("NEO4J_URI"):
        yield given
        return
    running = local.start(str(home / "neo4j"))
    try:
        yield running.url
    finally:
        running.stop()


@contextmanager
def emptied(url: str) -> Iterator[Session]:
    """Gives a session on a database that holds nothing, and leaves it so. Refuses any other one."""
    uri, auth = Neo4jSettings(uri=SecretStr(url)).target()
    with GraphDatabase.driver(uri, auth=auth) as driver, driver.session() as session:
        if session.run(ANYTHING).single() or any(session.run(query).single() for query in SCHEMA):
            sys.exit(
                "the database of NEO4J_URI is not empty, and the demo would empty it: give it another one"
            )
        try:
            yield session
        finally:
            empty(session)


def empty(session: Session) -> None:
    """Removes everything but the two lookup indexes that every database has."""
    for kind, rows in (
        ("CONSTRAINT", "SHOW CONSTRAINTS YIELD name"),
        ("INDEX", "SHOW INDEXES YIELD name, type"),
    ):
        where = "" if kind == "CONSTRAINT" else " WHERE type <> 'LOOKUP'"
        for name in session.run(f"{rows}{where}").value("name"):
            session.run(f"DROP {kind} $name", name=name).consume()
    session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS").consume()


def projects(home: Path) -> None:
    """Puts the example's two projects into `home`."""
    (home / "scripts").mkdir()
    for name in ("apexplan.yaml", "migrations.yaml"):
        shutil.copy(HERE / name, home / "scripts")
    shutil.copytree(HERE / "migrations", home / "scripts" / "migrations")
    shutil.copytree(HERE / "declared", home / "declared")


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="apexplan-demo-"))
    try:
        projects(home)
        with server(home) as url, emptied(url) as session:
            Demo(home, url, session).run()
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
