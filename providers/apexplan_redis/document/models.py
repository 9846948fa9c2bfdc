"""The document `kind: RedisContract` as pydantic models: what may be written, and in which short forms.

The models say what a file looks like and no more. What a document means is in `expand`, what is wrong with it
across fields in the modules of checks. A field that is left out is not managed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from apexplan.document import UNSAID, Block, LifecycleBlock
from apexplan_redis.specs.index import Algorithm, Datatype, Distance, DocumentType, FieldType
from apexplan_redis.specs.keyspace import Undeclared
from apexplan_redis.specs.pattern import KeyType, Repair, TtlMode

Text: TypeAlias = Annotated[str, Field(min_length=1)]
Identifier: TypeAlias = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]
Whole: TypeAlias = Annotated[int, Field(ge=0)]
Positive: TypeAlias = Annotated[int, Field(ge=1)]
Duration: TypeAlias = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=r"^[1-9][0-9]*(s|m|h|d)$")]
"""Seconds, or 90s, 15m, 1h, 7d."""
Idle: TypeAlias = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^[0-9]+(s|m|h|d)$")]
"""As a duration, and 0s: whether it is used or not."""
Bytes: TypeAlias = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=r"^[1-9][0-9]*(b|kb|mb|gb)$")]
"""Bytes, or 64kb, 10mb, 1gb: powers of 1024, as in Redis."""
FieldWord: TypeAlias = Literal["required", "optional"]


class TtlBlock(Block):
    """How long keys live."""

    policy: Literal["required", "forbidden", "optional"] = "required"
    max: Duration = UNSAID
    """What may be left at most."""
    min: Duration = UNSAID
    """What a key is made with at least; for readers, since an audit sees only what is left."""
    mode: TtlMode = "fixed"
    """fixed: set once; sliding: set anew by use; capped: set anew, but not beyond a time."""


class CachedBlock(Block):
    """The keys are entries of a cache that events make stale: hashes that the function library writes."""

    name: Identifier = UNSAID
    """What functions, counters and the client call such an entry; by default from the pattern's literals."""
    about: dict[Identifier, Identifier] = Field(default_factory=dict)
    """Subject → the placeholder that holds its id: `{document: id}` where the key names the document."""
    made_of: tuple[Identifier, ...] = ()
    """Subjects whose ids are named when an entry is put in: those that it was made of."""


class RepairBlock(Block):
    """What `plan --audit` repairs in keys of a pattern."""

    fix: tuple[Repair, ...] = ("ttl",)
    """ttl: keys without TTL, or with more than the contract's maximum, get that maximum."""
    limit: Positive = 100_000
    """How many keys one plan may change."""


class KeyBlock(Block):
    """What is said of the keys of one pattern."""

    type: KeyType = UNSAID
    ttl: Duration | Literal["none"] | TtlBlock = UNSAID
    """Short for `{policy: required, max: …}`; none: keys have no TTL."""
    encodings: tuple[Text, ...] = UNSAID
    """As OBJECT ENCODING names them, such as listpack."""
    max_bytes: Bytes = UNSAID
    """Memory of a key with its value."""
    max_length: Positive = UNSAID
    """Elements, fields of a hash, bytes of a string."""
    value: dict[str, Any] = UNSAID
    """JSON Schema of the value; an audit validates a sample."""
    fields: dict[Text, FieldWord] = UNSAID
    """Fields of a hash; no others are allowed."""
    owner: Text = UNSAID
    personal_data: bool = UNSAID
    """True: names of such keys are left out of reports."""
    description: Text = UNSAID
    examples: tuple[Text, ...] = UNSAID
    """Names of keys that the pattern matches: a test of the pattern."""
    cached: CachedBlock = UNSAID
    repair: RepairBlock | Literal["ttl"] = UNSAID
    lifecycle: LifecycleBlock = LifecycleBlock()


class UndeclaredBlock(Block):
    """What becomes of keys that no pattern declares."""

    action: Undeclared = "report"
    """remove: `plan --audit` plans to remove them, and that needs `--allow DELETES_DATA`."""
    idle: Idle = "7d"
    """Only keys that nobody used for so long are removed."""
    limit: Positive = 10_000
    """How many keys one plan may remove."""
    keep: Bytes = "64mb"
    """How much of what is removed is kept for a rollback; a plan that may remove more is lossy."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class SelectorBlock(Block):
    """A further set of rules; a command that one set allows is allowed."""

    commands: Text | tuple[Text, ...] = ()
    keys: tuple[Text, ...] = ()
    channels: tuple[Text, ...] = ()


class UserBlock(Block):
    """An ACL user: all that it may do. What is not said, it may not do."""

    enabled: bool = True
    passwords: tuple[Text, ...] = ()
    """Names of `passwords` in the store's block of the project file, or `sha256:` and 64 hex digits."""
    nopass: bool = False
    """Any password is right."""
    commands: Text | tuple[Text, ...] = ()
    """Rules in their order, such as `+@read +@write -@dangerous`."""
    keys: tuple[Text, ...] = ()
    """Globs, with `%R~` or `%W~` in front where only reading or writing is allowed."""
    patterns: tuple[Text, ...] = ()
    """Patterns of this contract whose keys the user may read and write."""
    channels: tuple[Text, ...] = ()
    """Globs of channels of pub/sub."""
    selectors: tuple[SelectorBlock, ...] = ()
    sanitize_payload: bool = True
    """False: what the user RESTOREs is loaded unchecked, where `sanitize-dump-payload` is `clients`."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class LibraryBlock(Block):
    """A function library: its text, or the file with it."""

    code: Text = UNSAID
    """The whole text, with the line `#!lua name=…`."""
    file: Text = UNSAID
    """A path in the project."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class GroupBlock(Block):
    """A group of consumers."""

    start: Annotated[str, Field(pattern=r"^(\$|[0-9]+(-[0-9]+)?)$")] = "$"
    """Where it begins to read when it is made: $, 0, or the id of an entry."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class StreamBlock(Block):
    """A stream."""

    groups: dict[Text, GroupBlock] = Field(default_factory=dict)
    lifecycle: LifecycleBlock = LifecycleBlock()


class IndexFieldBlock(Block):
    """One attribute of a search index."""

    type: FieldType
    path: Text = UNSAID
    """A field of the hash, by default of the same name; or a path in the JSON document, by default $.NAME."""
    weight: Annotated[float, Field(gt=0)] = UNSAID
    separator: Annotated[str, Field(min_length=1, max_length=1)] = UNSAID
    """What parts tags, by default a comma in hashes and nothing in JSON."""
    no_stem: bool = UNSAID
    case_sensitive: bool = UNSAID
    suffix_trie: bool = UNSAID
    index_empty: bool = UNSAID
    sortable: bool = UNSAID
    unf: bool = UNSAID
    """Sort by the value as it is, not by its lower case."""
    no_index: bool = UNSAID
    index_missing: bool = UNSAID
    algorithm: Algorithm = UNSAID
    dim: Annotated[int, Field(ge=1, le=32_768)] = UNSAID
    """Components of a vector."""
    distance: Distance = UNSAID
    datatype: Datatype = UNSAID
    """By default float32."""
    m: Positive = UNSAID
    """hnsw: edges of a node, by default 16."""
    ef_construction: Positive = UNSAID
    """hnsw: how widely a new vector's neighbours are looked for, by default 200."""


class IndexBlock(Block):
    """A search index, by the alias that applications ask for. Needs the search module."""

    on: DocumentType = "hash"
    prefixes: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What names of documents begin with; `*` alone: all keys."""
    fields: Annotated[dict[Text, IndexFieldBlock | FieldType], Field(min_length=1)]
    """By the name of the attribute. A type alone is a field without options."""
    language: Annotated[str, Field(pattern=r"^[a-z]+$")] = UNSAID
    stopwords: tuple[Text, ...] = UNSAID
    """Words that are not indexed; []: every word is."""
    filter: Text = UNSAID
    """An expression of the module's; documents for which it is false are left out."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class EventBlock(Block):
    """Something that happens to a subject, after which cached values are stale."""

    subject: Identifier
    """What it happens to, such as document. Its id comes with the event."""
    stale: tuple[Text, ...] = ()
    """Patterns of this contract."""
    description: Text = UNSAID


class InvalidationBlock(Block):
    """How the events come into the server: a function library, and keys of its own."""

    library: Identifier
    """The name of the library, and the beginning of its functions' names."""
    prefix: Text = "apex:"
    """What the library's own keys and its channel begin with."""
    groups: tuple[Text, ...] = ()
    """Groups of consumers of the outbox."""
    populate_within: Duration = 60
    """How long making a value may take; what comes later is not put in."""
    chunk: Positive = 500
    """How many keys one call unlinks at most; the rest is stale by its version."""
    count_reads: bool = True
    """Count hits and misses in the server; each read is a write to one hash then."""
    outbox_maxlen: Positive = 10_000
    """How many entries the outbox keeps, roughly."""


class RedisContract(Block):
    """What one Redis holds: names and form of its keys, its configuration, users, functions, streams, and
    which events make which cached values stale."""

    kind: Literal["RedisContract"]
    store: Text
    """A store of the project file."""
    keys: dict[Text, KeyBlock | Duration] = Field(default_factory=dict)
    """By pattern: literals and placeholders {name:type}. A number alone is a TTL."""
    undeclared: Undeclared | UndeclaredBlock = UNSAID
    """Keys that no pattern declares."""
    config: dict[Text, str | int | bool] = Field(default_factory=dict)
    """Parameters, as in redis.conf."""
    users: dict[Text, UserBlock] = Field(default_factory=dict)
    libraries: dict[Text, LibraryBlock | Text] = Field(default_factory=dict)
    """A text alone is the path of a file."""
    streams: dict[Text, StreamBlock] = Field(default_factory=dict)
    indexes: dict[Text, IndexBlock] = Field(default_factory=dict)
    """Search indexes, where the server has the search module."""
    events: dict[Identifier, EventBlock] = Field(default_factory=dict)
    invalidation: InvalidationBlock = UNSAID
    cluster: bool = False
    """True: the store is a cluster, or may be one: keys of one call must share a slot."""
