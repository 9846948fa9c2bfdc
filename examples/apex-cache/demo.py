"""The fourth part of `make demo`: a key contract, cached values that events make stale, an audit, repairs.

Everything happens in a temporary directory, on a real redis-server that is started there and stopped at the
end. Each command is shown as a person would type it; what an application does is marked by an arrow.

    python examples/apex-cache/demo.py [KEYS]      100,000 keys that somebody else has left
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from pathlib import Path

import redis

HERE = Path(__file__).parent
sys.path += [str(HERE.parent), str(HERE)]

from apex_cache_client import Cache  # noqa: E402  # beside this file, written by `apexplan codegen`
from app import Documents  # noqa: E402
from walk import WIDTH, Walk  # noqa: E402

from apexplan_redis import local  # noqa: E402

KEYS, SEED = 100_000, 20_260
DOCUMENTS, READS, EVERY = 200, 4_000, 50
"""So many documents and reads, and a change every so many reads."""
PASSWORD = "only-for-the-example"


class Demo(Walk):
    """One run of the demo: the project in `home`, the server at `url`, and `keys` of somebody else's."""

    def __init__(self, home: Path, url: str, keys: int) -> None:
        super().__init__(home, {"REDIS_URL": url})
        self.admin = redis.Redis.from_url(url)
        self.url = url
        self.keys = keys
        self.random = random.Random(SEED)

    def run(self) -> None:
        """Tells the whole story."""
        self.contract()
        self.events()
        self.race()
        self.audit()
        self.repair()
        self.drift()
        self.roll_back()
        self.summary()

    def contract(self) -> None:
        self.chapter(
            "A contract for a cache",
            "Patterns of keys, memory and eviction, a user, and a function library made from the events.",
        )
        self.apexplan("plan", "-o", "plan.json")
        self.apexplan("apply", "plan.json")
        self.apexplan("codegen", "--check", "-o", str(HERE))

    def events(self) -> None:
        self.chapter(
            "Events make cached values stale, and nothing else",
            "An application reads through the generated client, as the user `app`, and says what happened.",
        )
        documents = self.application()
        for number in range(READS):
            self.read(documents)
            if number % EVERY == 0:
                id = f"d{self.random.randrange(DOCUMENTS)}"
                documents.update(id, title=f"{self.random.choice(WORDS)} {number}")
        rate = documents.cache.hit_rate()
        self.expect(rate is not None and rate > 0.7, f"the hit rate is {rate}")
        print(f"→ {READS:,} reads, {READS // EVERY} changes, and every read saw the newest title")
        print(f"→ the rows were asked {documents.asked:,} times; hit rate {rate:.0%}, as counted\n")

    def read(self, documents: Documents) -> None:
        """Reads something, and ends the demo where it is not what the rows say."""
        number = self.random.randrange(DOCUMENTS)
        word = self.random.choice(WORDS)
        match self.random.randrange(3):
            case 0:
                right = documents.get(f"d{number}") == documents.rows[f"d{number}"]
            case 1:
                found = documents.search(word)
                right = set(found) <= {id for id, row in documents.rows.items() if word in row["title"]}
            case _:
                right = set(documents.of_user(f"u{number % 20}")) == {
                    id for id, row in documents.rows.items() if row["user"] == f"u{number % 20}"
                }
        self.expect(right, "a stale value was read")

    def application(self) -> Documents:
        """Returns the service with its documents, connected as the user of the contract."""
        client = redis.Redis.from_url(self.url, username="app", password=PASSWORD)
        documents = Documents(Cache(client))
        for number in range(DOCUMENTS):
            title = f"{self.random.choice(WORDS)} {number}"
            documents.rows[f"d{number}"] = {"title": title, "user": f"u{number % 20}", "entities": []}
        return documents

    def race(self) -> None:
        self.chapter(
            "A slow reader comes too late",
            "It reads the row, the row changes, and only then does it put the old value into the cache.",
        )
        documents = self.application()
        entry = documents.cache.doc("d1")
        token = entry.begin()
        old = documents.rows["d1"]["title"]
        documents.update("d1", title="the newest title")
        became = entry.populate(old, token)
        print(f"→ populate said: {became}")
        self.expect(became == "stale", "the old value went in")
        found = documents.get("d1")
        print(f"→ and a reader gets: {found['title'] if found else None}\n")

    def audit(self) -> None:
        self.chapter(
            "What else is in there",
            "Another application wrote keys of its own, and sessions that never end. An audit finds them.",
        )
        with self.admin.pipeline(transaction=False) as pipe:
            for number in range(self.keys):
                pipe.set(f"tmp:export:{number}", "x" * 20)
                if number % 10 == 0:
                    pipe.set(f"session:{number:016x}", "{}")
                if number % 5_000 == 0:
                    pipe.execute()
            pipe.execute()
        self.apexplan("audit", "--rate", "0", expect=2)

    def repair(self) -> None:
        self.chapter(
            "Repairs are planned like anything else",
            "Only what the contract asks to repair, only keys that still are as they were seen.",
        )
        self.apexplan("plan", "--audit", "--rate", "0", "-o", "repair.json")
        self.apexplan("apply", "repair.json", "--rate", "0", "--allow", "DELETES_DATA")
        print(f"→ TTL of session:{0:016x}: {self.admin.ttl(f'session:{0:016x}'):,} s\n")

    def drift(self) -> None:
        self.chapter("Somebody helps by hand", "A parameter, and a function library that was flushed.")
        self.admin.config_set("maxmemory-policy", "noeviction")
        self.admin.execute_command("FUNCTION", "DELETE", "apex_cache")
        print("→ CONFIG SET maxmemory-policy noeviction; FUNCTION DELETE apex_cache\n")
        self.apexplan("drift", "--no-audit", expect=2)
        self.apexplan("apply", "--yes")

    def roll_back(self) -> None:
        self.chapter("All of it back", "The run that mended the drift, and the repair before it.")
        self.apexplan("rollback", "--yes", "--allow", "DOWNTIME")
        self.apexplan("rollback", "--yes")
        print(f"→ TTL of session:{0:016x}: {self.admin.ttl(f'session:{0:016x}')} (none)")

    def summary(self) -> None:
        """Says what was shown and where to go on."""
        print(f"\n{'━' * WIDTH}")
        print(
            f"Done in {self.seconds:.0f} s: a contract applied, cached values made stale by events, a late\n"
            "reader turned away, keys audited, repaired and given back. Go on with docs/guides/redis.md,\n"
            "docs/guides/redis-invalidation.md and examples/apex-cache (these files)."
        )


WORDS = ("alpha", "beta", "gamma", "delta", "omega")


def main() -> None:
    keys = int(sys.argv[1]) if sys.argv[1:] else KEYS
    home = Path(tempfile.mkdtemp(prefix="apexplan-demo-"))
    try:
        shutil.copy(HERE / "apexplan.yaml", home)
        shutil.copytree(HERE / "schema", home / "schema")
        server = local.start(str(home / "redis"))
        try:
            Demo(home, server.url, keys).run()
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
