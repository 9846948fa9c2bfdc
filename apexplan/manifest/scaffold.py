"""The files of a new project, commented, for `apexplan init`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apexplan.manifest.project import FILE_NAME


@dataclass(frozen=True, slots=True)
class _Starter:
    """How a project begins with one provider: the store's name, its block, its first manifest."""

    store: str
    block: str
    manifest: str = ""


_POSTGRES_MANIFEST = """\
# What the database is to hold. What is left out here is not managed: neither compared nor changed.
# `apexplan plan` shows what would be done, `apexplan apply` does it.
kind: PostgresSchema
store: sql

extensions:
  vector: {}                      # pgvector, for the type vector(n)

tables:
  documents:
    columns:
      document_id: {type: uuid, null: false, default: gen_random_uuid()}
      title: {type: text, null: false}
      embedding: {type: vector(1536)}     # as many components as your embedding model has
    primary_key: [document_id]
    indexes:
      # m and ef_construction: a denser graph finds more, costs memory and takes longer to build.
      documents_embedding_hnsw_idx:
        using: hnsw
        on: [{column: embedding, opclass: vector_cosine_ops}]
        with: {m: 16, ef_construction: 64}
"""

_NEO4J_MANIFEST = """\
# What the graph is to hold. What is left out here is not managed: neither compared nor changed.
# `apexplan plan` shows what would be done, `apexplan apply` does it.
kind: Neo4jSchema
store: graph

constraints:
  # Without it, two clients that MERGE at once make two nodes.
  document_uuid_unique: {unique: uuid, label: Document}

indexes:
  document_created_at_idx: {label: Document, on: created_at}
  document_content_fulltext: {type: fulltext, labels: [Document, Chunk], on: [title, content]}
  chunk_embedding_vector:
    type: vector
    label: Chunk
    on: embedding
    dimensions: 1536                # as many as your embedding model has
    similarity: cosine
"""

_QDRANT_MANIFEST = """\
# What the vector store is to hold. What is left out here is not managed: neither compared nor changed.
# `apexplan plan` shows what would be done, `apexplan apply` does it.
kind: QdrantSchema
store: vectors

collections:
  documents:
    vectors: {size: 1536, distance: Cosine}     # as many components as your embedding model has
    # m and ef_construct: a denser graph finds more, costs memory and takes longer to build.
    hnsw: {m: 16, ef_construct: 100}
    # A byte for each component: a quarter of the memory, for a little less exactness.
    quantization: {scalar: {quantile: 0.99, always_ram: true}}
    # Without an index, a filter reads every payload.
    payload_indexes:
      user_id: {type: keyword, is_tenant: true}
      created_at: datetime
      title: {type: text, tokenizer: word, lowercase: true}
    # Size and distance are fixed once a collection is made: for others, the points are copied into a new one.
    on_replace: copy
"""

_REDIS_MANIFEST = """\
# What the cache is to hold. What is left out here is not managed: neither compared nor changed.
# `apexplan plan` shows what would be done, `apexplan apply` does it, `apexplan audit` looks at every key.
kind: RedisContract
store: cache

# Names of keys: literals and typed placeholders. A number is the most that a key may have left to live, in
# seconds; `cached` entries are written and read through functions, and made stale by events.
keys:
  "doc:{id}":
    ttl: 1h
    cached: {about: {document: id}}
    owner: documents
  "query:{hash}":
    ttl: 1h
    cached: {made_of: [document]}     # whoever puts a result in names the documents that it was made of
  "session:{id}": 7d

# Keys of no pattern are told by an audit: report, allow or remove.
undeclared: report

# The server evicts what was used least as soon as this much memory is taken.
config: {maxmemory: 256mb, maxmemory-policy: allkeys-lru}

# What happens, and which cached values are stale after it.
events:
  document_updated: {subject: document, stale: ["doc:{id}", "query:{hash}"]}
  document_deleted: {subject: document, stale: ["doc:{id}", "query:{hash}"]}

# The functions that carry the events into the server. `apexplan codegen` writes a Python client of them.
invalidation: {library: my_cache, prefix: "cache:"}
"""

_STARTERS = {
    "postgres": _Starter("sql", 'provider: postgres\nurl: "${DATABASE_URL}"', _POSTGRES_MANIFEST),
    "neo4j": _Starter(
        "graph",
        "# Instead of in the URI, user and password may stand on lines of their own: user: …, password: …\n"
        'provider: neo4j\nuri: "${NEO4J_URI:?such as bolt://neo4j:password@localhost:7687}"\ndatabase: neo4j',
        _NEO4J_MANIFEST,
    ),
    "qdrant": _Starter(
        "vectors", 'provider: qdrant\nurl: "${QDRANT_URL:-edge:.apexplan/qdrant}"', _QDRANT_MANIFEST
    ),
    "redis": _Starter(
        "cache", 'provider: redis\nurl: "${REDIS_URL:-redis://localhost:6379/0}"', _REDIS_MANIFEST
    ),
    "graphiti": _Starter("memory", "provider: graphiti\ngraph: graph    # the store that holds the graph"),
}

_HEAD = """\
# The project: its stores, its manifests, and where the record of what it owns is kept.
# ${NAME} is an environment variable, ${NAME:-x} has a default, ${NAME:?why} must be set.
version: 1
project: my-project

# The names are yours: manifests and addresses (sql.table.public.documents) use them.
stores:
"""

_MANIFESTS = """
# One manifest for a store or a topic. Paths are relative to this file.
manifests:
"""

_TAIL = """
# The record of what was applied. For a team: a postgresql:// URL, from a variable.
state: {url: "sqlite:///.apexplan/state.db"}

# What is different in one environment.
# environments:
#   prod:
#     state: {url: "${STATE_URL}"}
#     policy: {deny: [DELETES_DATA]}     # no flag lets such a step through
"""


def init_files(providers: Sequence[str]) -> dict[str, str]:
    """Returns the texts of a new project with one store for each provider, by path."""
    starters = [_STARTERS.get(name, _Starter(name, f"provider: {name}")) for name in dict.fromkeys(providers)]
    manifests = {f"schema/{s.store}.yaml": s.manifest for s in starters if s.manifest}
    blocks = "".join(f"  {s.store}:\n{_indented(s.block.splitlines(), '    ')}" for s in starters)
    lines = _indented((f"- {path}" for path in manifests or ["schema/*.yaml"]), "  ")
    return {FILE_NAME: _HEAD + blocks + _MANIFESTS + lines + _TAIL} | manifests


def _indented(lines: Iterable[str], indent: str) -> str:
    return "".join(f"{indent}{line}\n" for line in lines)
