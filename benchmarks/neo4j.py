"""`apexplan plan` of 1,000 Neo4j indexes with nothing to change, their making, and builds over nodes.

There is no rival: no tool in use compares indexes with files. The server is the local one, with its
small heap, so builds are what a test machine does and not what a graph server does.
"""

from __future__ import annotations

import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from apexplan_neo4j import local
from apexplan_neo4j.connection import Neo4jSettings, opened
from apexplan_neo4j.cypher import CYPHER
from benchmarks.measuring import Usage, apexplan, best, run, table

INDEXES: Final = 1_000
NODES: Final = 200_000
SCRIPT_MB: Final = 10
TIMES: Final = 5

_PROJECT: Final = """\
version: 1
project: benchmark
stores:
  graph: {provider: neo4j, uri: "${NEO4J_URI}"}
manifests: [schema.yaml]
"""
_FILL: Final = """
UNWIND range(1, $nodes) AS i
CALL (i) { CREATE (:Big {id: i, text: 'text number ' + i + ' of many'}) } IN TRANSACTIONS OF 10000 ROWS
"""
_BUILDS: Final = {
    "a unique constraint": "constraints: {big_id: {unique: id, label: Big}}",
    "a full-text index": "indexes: {big_text: {type: fulltext, labels: [Big], on: [text]}}",
}


def section() -> str:
    """Returns the Markdown of this benchmark."""
    with tempfile.TemporaryDirectory() as home:
        server = local.start(f"{home}/neo4j")
        try:
            indexes = _indexes(Path(home) / "many", server.url)
            builds = _builds(Path(home) / "big", server.url)
        finally:
            server.stop()
    return "\n".join([indexes, builds, _scripts()])


def _indexes(root: Path, url: str) -> str:
    many = [f"  i{n:04}: {{label: L{n % 50}, on: p{n}}}" for n in range(INDEXES)]
    _write(root, "indexes:\n" + "\n".join(many))
    first = run(apexplan("plan"), cwd=root, env={"NEO4J_URI": url})
    made = run(apexplan("apply", "--yes"), cwd=root, env={"NEO4J_URI": url})
    usage = best(apexplan("plan"), TIMES, cwd=root, env={"NEO4J_URI": url})
    assert f"{INDEXES:,} objects in sync" in usage.output, usage.output[-500:]
    rows = [
        _row("`apexplan plan`, nothing to change", usage),
        _row("`apexplan plan` that makes all", first),
        _row("`apexplan apply` that makes all", made),
    ]
    title = f"## Neo4j: {INDEXES:,} indexes\n\n"
    told = f"Whole commands; the first line is the median of {TIMES} runs.\n\n"
    return title + told + table(["", "wall", "CPU", "memory"], rows)


def _builds(root: Path, url: str) -> str:
    with opened("graph", Neo4jSettings.model_validate({"uri": url})) as graph:
        graph.rows(_FILL, {"nodes": NODES})
    rows = []
    for name, block in _BUILDS.items():
        _write(root / name.replace(" ", "-"), block)
        usage = run(apexplan("apply", "--yes"), cwd=root / name.replace(" ", "-"), env={"NEO4J_URI": url})
        rows.append(_row(f"{name} over {NODES:,} nodes", usage))
    return "The whole `apexplan apply`, until ONLINE.\n\n" + table(["", "wall", "CPU", "memory"], rows)


def _scripts() -> str:
    one = "// a comment; 'quoted'\nMATCH (n:L {name: 'a; b // c'}) /* more; */ SET n.`x;y` = \"z\";\n"
    text = one * (SCRIPT_MB * 1_000_000 // len(one))
    started = time.perf_counter()
    split = CYPHER.split(text)
    sha256(text.encode()).hexdigest()
    seconds = time.perf_counter() - started
    assert len(split.statements) == text.count("MATCH")
    assert not split.mistakes
    return (
        f"A script of {SCRIPT_MB} MB, {len(split.statements):,} statements, is split and its checksum made "
        f"in {seconds:.2f} s.\n"
    )


def _write(root: Path, manifest: str) -> None:
    root.mkdir(parents=True)
    (root / "apexplan.yaml").write_text(_PROJECT)
    (root / "schema.yaml").write_text(f"kind: Neo4jSchema\nstore: graph\n{manifest}\n")


def _row(name: str, usage: Usage) -> list[str]:
    return [name, f"{usage.wall_s:.2f} s", f"{usage.cpu_s:.2f} s", f"{usage.memory_mb:.0f} MB"]
