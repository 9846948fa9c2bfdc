"""The cache of the library `apex_cache`: made by apexplan codegen; do not edit.

Contract sha256:9ceb168668b9084381dca160e063a475361233df1561c904e2906ca0ad385d99
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import redis
import redis.asyncio
from redis.exceptions import OutOfMemoryError, ResponseError

_T = TypeVar("_T")
Client: TypeAlias = "redis.Redis | redis.RedisCluster"
AsyncClient: TypeAlias = "redis.asyncio.Redis | redis.asyncio.RedisCluster"

Value: TypeAlias = str | bytes
"""Text is stored in UTF-8. What comes back is bytes."""

Populated: TypeAlias = Literal["stored", "stale", "late", "ahead", "outdated", "full"]
"""stored; or why not: an event came meanwhile (stale), the reader took too long (late), the token is not of
this server (ahead), the contract changed since this module was made (outdated), the server's memory is full
(full). No reason is an error: the next reader tries again."""


class LibraryMissing(Exception):
    """The server has not the function library that this module was made for: apply the contract."""


class GroupMissing(Exception):
    """The outbox has no such consumer group: apply the contract."""


@dataclass(frozen=True, slots=True)
class Invalidated:
    """What an event did. `left`: how many entries were too many for one call; they are never served again,
    and their memory is freed by `sweep` or by their TTL."""

    clock: int
    unlinked: int
    left: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did. `waiting`: sets that still wait for one."""

    unlinked: int
    waiting: int


@dataclass(frozen=True, slots=True)
class StaleEvent:
    """One event of the outbox. `message`: its id in the stream."""

    message: str
    event: str
    subject: str
    id: str
    clock: int


def to_json(value: object) -> bytes:
    """Returns `value` as compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def from_json(value: bytes) -> Any:
    """Returns what `to_json` was given."""
    return json.loads(value)


Tags: TypeAlias = Mapping[str, list[str]]
"""Subject → ids of what a value was made from."""


class _Loaded(Protocol):
    """A value with the ids of the subjects that it was made from."""

    @property
    def value(self) -> Value: ...

    def tags(self) -> Tags: ...


class _Plain(NamedTuple):
    value: Value

    def tags(self) -> Tags:
        return {}


@dataclass(frozen=True, slots=True)
class _Call(Generic[_T]):
    """A command, and how its reply is read."""

    words: tuple[Value | int, ...]
    read: Callable[[Any], _T]

    @property
    def sent(self) -> tuple[Value, ...]:
        """The words as bytes, but for the command's name, by which redis-py finds its keys and its reply."""
        command, *arguments = self.words
        return (str(command), *map(_bytes, arguments))


@dataclass(frozen=True, slots=True)
class _Library:
    """The functions of the contract's library. `reads`: the command that calls `get`."""

    name: str
    prefix: str
    group: str
    reads: Literal["FCALL", "FCALL_RO"]

    def begin(self) -> _Call[int]:
        return self._on_clock("begin", (), int)

    def invalidate(self, event: str, id: str) -> _Call[Invalidated]:
        words = (event, _fits("id", id, _ID))
        return self._on_clock("invalidate", words, lambda reply: Invalidated(*reply))

    def sweep(self) -> _Call[Swept]:
        return self._on_clock("sweep", (), lambda reply: Swept(*reply))

    def counters(self) -> _Call[dict[str, int]]:
        return _Call(("HGETALL", f"{self.prefix}counters"), _counters)

    def reader(self, group: str | None, consumer: str) -> _Reader:
        return _Reader(f"{self.prefix}outbox", self.group if group is None else group, consumer)

    def _on_clock(self, function: str, args: tuple[Value, ...], read: Callable[[Any], _T]) -> _Call[_T]:
        return _Call(("FCALL", f"{self.name}_{function}", 1, f"{self.prefix}clock", *args), read)


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of an entry. `own`: subject → its id, as the key has it."""

    library: _Library
    name: str
    shape: str
    parts: tuple[str, ...]
    ttl_s: int
    own: Mapping[str, str]

    @property
    def key(self) -> str:
        return "".join(self.parts)

    def get(self) -> _Call[bytes | None]:
        return _Call((self.library.reads, f"{self.library.name}_get", 1, self.key, self.name), _maybe)

    def populate(self, loaded: _Loaded, token: int, ttl_s: int | None) -> _Call[Populated]:
        ttl_s = self.ttl_s if ttl_s is None else ttl_s
        if not 0 < ttl_s <= self.ttl_s:
            raise ValueError(f"{self.name}: a TTL of {ttl_s} s is not within 1 and {self.ttl_s}")
        function = ("FCALL", f"{self.library.name}_populate", 1, self.key, self.name, self.shape)
        own = [f"{subject}:{id}" for subject, id in self.own.items()]
        return _Call((*function, token, ttl_s * 1000, loaded.value, *own, *_tags(loaded)), _populated)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A consumer of a group of the outbox."""

    stream: str
    group: str
    consumer: str

    def read(self, after: str, count: int, block_ms: int) -> _Call[list[_Message]]:
        wait = ("BLOCK", block_ms) if block_ms else ()
        words = ("XREADGROUP", "GROUP", self.group, self.consumer, "COUNT", count, *wait)
        return _Call((*words, "STREAMS", self.stream, after), _messages)

    def acknowledge(self, message: _Message) -> _Call[int]:
        return _Call(("XACK", self.stream, self.group, message.id), int)


class _Message(NamedTuple):
    """`event`: None where the stream was trimmed past a message that is still to be acknowledged."""

    id: str
    event: StaleEvent | None


def _tags(loaded: _Loaded) -> list[str]:
    tags = loaded.tags().items()
    return sorted({f"{subject}:{_fits(subject, id, _ID)}" for subject, ids in tags for id in ids})


_ID: Final = re.compile(rb"[^\n]+")


def _fits(name: str, value: str | int, pattern: re.Pattern[bytes]) -> str:
    """Returns `value` as the text of a key. Raises ValueError where the contract has no such key."""
    text = str(value)
    if not pattern.fullmatch(_bytes(text)):
        raise ValueError(f"{name}: {text!r} is not of the form that the contract gives")
    return text


def _all_fit(name: str, values: Iterable[str | int], pattern: re.Pattern[bytes]) -> list[str]:
    """Returns the texts of ids. One that no event can name would never make its value stale; neither would
    the letters of an id that stands alone."""
    if isinstance(values, str | bytes):
        raise TypeError(f"{name}: {values!r} is one id; give a list of them")
    return [_fits(name, value, pattern) for value in values]


def _bytes(word: Value | int) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogateescape")


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


def _maybe(reply: Any) -> bytes | None:
    return None if reply is None else bytes(reply)


def _populated(reply: Any) -> Populated:
    outcome: Populated = _text(reply)  # type: ignore[assignment]  # the library says nothing else
    return outcome


def _counters(reply: Mapping[bytes, bytes]) -> dict[str, int]:
    return {_text(name): int(number) for name, number in reply.items()}


def _messages(reply: Any) -> list[_Message]:
    """Reads a reply of XREADGROUP for one stream, which redis-py gives in three shapes, by its settings."""
    if not reply:
        return []
    batch = next(iter(reply.values())) if isinstance(reply, dict) else reply[0][1]
    if batch and isinstance(batch[0], list):
        batch = batch[0]
    return [_message(_text(id), fields) for id, fields in batch]


def _message(id: str, fields: Mapping[bytes, bytes] | None) -> _Message:
    if not fields:
        return _Message(id, None)
    event, subject, about, clock = (_text(fields[name]) for name in (b"event", b"subject", b"id", b"clock"))
    return _Message(id, StaleEvent(id, event, subject, about, int(clock)))


def _rate(counters: Mapping[str, int], entry: str | None) -> float | None:
    def total(what: str) -> int:
        names = (name for name in counters if name.startswith(f"{what}|"))
        return sum(counters[name] for name in names if entry in (None, name.partition("|")[2]))

    reads = total("hit") + total("miss")
    return total("hit") / reads if reads else None


def _explained(error: ResponseError) -> Exception:
    """Returns the error that tells what to do, or `error` itself."""
    text = str(error)
    if "Function not found" in text:
        return LibraryMissing("apply the contract: the server has not the functions of this module")
    if text.startswith("NOGROUP"):
        return GroupMissing("apply the contract: the outbox has no consumer group of the declared name")
    return error


# Replies stay bytes whatever the client decodes: a value need not be text.
_RAW: Final = {"NEVER_DECODE": True}


def _run(client: Client, call: _Call[_T]) -> _T:
    send: Callable[..., Any] = client.execute_command
    try:
        reply = send(*call.sent, **_RAW)
    except ResponseError as error:
        raise _explained(error) from error
    return call.read(reply)


async def _run_async(client: AsyncClient, call: _Call[_T]) -> _T:
    send: Callable[..., Awaitable[Any]] = client.execute_command
    try:
        reply = await send(*call.sent, **_RAW)
    except ResponseError as error:
        raise _explained(error) from error
    return call.read(reply)


class _Entry:
    """One key of the cache."""

    def __init__(self, client: Client, key: _Key) -> None:
        self._client = client
        self._key = key

    @property
    def key(self) -> str:
        """The key on the server."""
        return self._key.key

    def get(self) -> bytes | None:
        """Returns the value, or None where there is none that may still be served."""
        return _run(self._client, self._key.get())

    def begin(self) -> int:
        """Returns a token for `populate`. To be called before the source of truth is read."""
        return _run(self._client, self._key.library.begin())

    def _populate(self, loaded: _Loaded, token: int, ttl_s: int | None) -> Populated:
        try:
            return _run(self._client, self._key.populate(loaded, token, ttl_s))
        except OutOfMemoryError:
            return "full"

    def _fetch(self, load: Callable[[], _Loaded], ttl_s: int | None) -> bytes:
        found = self.get()
        if found is not None:
            return found
        token = self.begin()
        loaded = load()
        self._populate(loaded, token, ttl_s)
        return _bytes(loaded.value)


class _AsyncEntry:
    """One key of the cache."""

    def __init__(self, client: AsyncClient, key: _Key) -> None:
        self._client = client
        self._key = key

    @property
    def key(self) -> str:
        """The key on the server."""
        return self._key.key

    async def get(self) -> bytes | None:
        """Returns the value, or None where there is none that may still be served."""
        return await _run_async(self._client, self._key.get())

    async def begin(self) -> int:
        """Returns a token for `populate`. To be called before the source of truth is read."""
        return await _run_async(self._client, self._key.library.begin())

    async def _populate(self, loaded: _Loaded, token: int, ttl_s: int | None) -> Populated:
        try:
            return await _run_async(self._client, self._key.populate(loaded, token, ttl_s))
        except OutOfMemoryError:
            return "full"

    async def _fetch(self, load: Callable[[], Awaitable[_Loaded]], ttl_s: int | None) -> bytes:
        found = await self.get()
        if found is not None:
            return found
        token = await self.begin()
        loaded = await load()
        await self._populate(loaded, token, ttl_s)
        return _bytes(loaded.value)


class _Cache:
    """What every contract's cache can do."""

    def __init__(self, client: Client, library: _Library) -> None:
        self._client = client
        self._library = library

    def sweep(self) -> Swept:
        """Frees a chunk of the memory that events left behind. Once more while `waiting` is above 0."""
        return _run(self._client, self._library.sweep())

    def counters(self) -> dict[str, int]:
        """Returns `what|name` → how often, such as `hit|doc`, since the server keeps them."""
        return _run(self._client, self._library.counters())

    def stale_events(
        self, consumer: str, *, group: str | None = None, count: int = 100, block_ms: int = 0
    ) -> Iterator[StaleEvent]:
        """Gives the events of the outbox, first those that `consumer` got and did not acknowledge. An event
        is acknowledged when the next one is asked for, so each is given at least once. Ends when nothing
        came for `block_ms`, which is less than the client's socket timeout; 0: at once."""
        reader = self._library.reader(group, consumer)
        after = "0"
        while True:
            messages = _run(self._client, reader.read(after, count, block_ms))
            for message in messages:
                if message.event:
                    yield message.event
                _run(self._client, reader.acknowledge(message))
            if not messages and after == ">":
                return
            after = after if messages else ">"


class _AsyncCache:
    """What every contract's cache can do."""

    def __init__(self, client: AsyncClient, library: _Library) -> None:
        self._client = client
        self._library = library

    async def sweep(self) -> Swept:
        """Frees a chunk of the memory that events left behind. Once more while `waiting` is above 0."""
        return await _run_async(self._client, self._library.sweep())

    async def counters(self) -> dict[str, int]:
        """Returns `what|name` → how often, such as `hit|doc`, since the server keeps them."""
        return await _run_async(self._client, self._library.counters())

    async def stale_events(
        self, consumer: str, *, group: str | None = None, count: int = 100, block_ms: int = 0
    ) -> AsyncIterator[StaleEvent]:
        """Gives the events of the outbox, first those that `consumer` got and did not acknowledge. An event
        is acknowledged when the next one is asked for, so each is given at least once. Ends when nothing
        came for `block_ms`, which is less than the client's socket timeout; 0: at once."""
        reader = self._library.reader(group, consumer)
        after = "0"
        while True:
            messages = await _run_async(self._client, reader.read(after, count, block_ms))
            for message in messages:
                if message.event:
                    yield message.event
                await _run_async(self._client, reader.acknowledge(message))
            if not messages and after == ">":
                return
            after = after if messages else ">"


# What follows is particular to the contract.

_LIBRARY: Final = _Library(
    name="apex_cache",
    prefix="apex:",
    group="search-index",
    reads="FCALL",
)
_DOC__ID: Final = re.compile(b"[^:]+", re.DOTALL)
_QUERY__REST: Final = re.compile(b".+", re.DOTALL)
_USER_DOCS__ID: Final = re.compile(b"[^:]+", re.DOTALL)


def _doc_key(id: str) -> _Key:
    return _Key(
        _LIBRARY,
        name="doc",
        shape="756b0a5c",
        parts=(
            "doc:",
            _fits("id", id, _DOC__ID),
        ),
        ttl_s=3600,
        own={"document": _fits("id", id, _ID)},
    )


def _query_key(rest: str) -> _Key:
    return _Key(
        _LIBRARY,
        name="query",
        shape="1a1f3617",
        parts=(
            "query:",
            _fits("rest", rest, _QUERY__REST),
        ),
        ttl_s=3600,
        own={},
    )


def _user_docs_key(id: str) -> _Key:
    return _Key(
        _LIBRARY,
        name="user_docs",
        shape="be3325a7",
        parts=(
            "user:docs:",
            _fits("id", id, _USER_DOCS__ID),
        ),
        ttl_s=3600,
        own={"user": _fits("id", id, _ID)},
    )


@dataclass(frozen=True, slots=True)
class QueryLoaded:
    """A value of `query`, and the ids of what it was made from."""

    value: Value
    document: Iterable[str]
    entity: Iterable[str]

    def tags(self) -> Tags:
        return {
            "document": _all_fit("document", self.document, _DOC__ID),
            "entity": _all_fit("entity", self.entity, _ID),
        }


@dataclass(frozen=True, slots=True)
class UserDocsLoaded:
    """A value of `user_docs`, and the ids of what it was made from."""

    value: Value
    document: Iterable[str]

    def tags(self) -> Tags:
        return {
            "document": _all_fit("document", self.document, _DOC__ID),
        }


class DocEntry(_Entry):
    """A value at `doc:{id}`, kept for at most 3600 s."""

    def populate(
        self,
        value: Value,
        token: int,
        *,
        ttl_s: int | None = None,
    ) -> Populated:
        """Stores the value unless an event came since `token`, and returns what became of it."""
        return self._populate(_Plain(value), token, ttl_s)

    def fetch(
        self,
        load: Callable[[], Value],
        *,
        ttl_s: int | None = None,
    ) -> bytes:
        """Returns the value from the cache, or else that of `load`, which is stored if it may be."""

        def loaded() -> _Plain:
            return _Plain(load())

        return self._fetch(loaded, ttl_s)


class QueryEntry(_Entry):
    """A value at `query:*`, kept for at most 3600 s."""

    def populate(
        self,
        value: Value,
        token: int,
        *,
        document: Iterable[str],
        entity: Iterable[str],
        ttl_s: int | None = None,
    ) -> Populated:
        """Stores the value unless an event came since `token`, and returns what became of it."""
        return self._populate(QueryLoaded(value, document, entity), token, ttl_s)

    def fetch(
        self,
        load: Callable[[], QueryLoaded],
        *,
        ttl_s: int | None = None,
    ) -> bytes:
        """Returns the value from the cache, or else that of `load`, which is stored if it may be."""
        return self._fetch(load, ttl_s)


class UserDocsEntry(_Entry):
    """A value at `user:docs:{id}`, kept for at most 3600 s."""

    def populate(
        self,
        value: Value,
        token: int,
        *,
        document: Iterable[str],
        ttl_s: int | None = None,
    ) -> Populated:
        """Stores the value unless an event came since `token`, and returns what became of it."""
        return self._populate(UserDocsLoaded(value, document), token, ttl_s)

    def fetch(
        self,
        load: Callable[[], UserDocsLoaded],
        *,
        ttl_s: int | None = None,
    ) -> bytes:
        """Returns the value from the cache, or else that of `load`, which is stored if it may be."""
        return self._fetch(load, ttl_s)


class AsyncDocEntry(_AsyncEntry):
    """A value at `doc:{id}`, kept for at most 3600 s."""

    async def populate(
        self,
        value: Value,
        token: int,
        *,
        ttl_s: int | None = None,
    ) -> Populated:
        """Stores the value unless an event came since `token`, and returns what became of it."""
        return await self._populate(_Plain(value), token, ttl_s)

    async def fetch(
        self,
        load: Callable[[], Awaitable[Value]],
        *,
        ttl_s: int | None = None,
    ) -> bytes:
        """Returns the value from the cache, or else that of `load`, which is stored if it may be."""

        async def loaded() -> _Plain:
            return _Plain(await load())

        return await self._fetch(loaded, ttl_s)


class AsyncQueryEntry(_AsyncEntry):
    """A value at `query:*`, kept for at most 3600 s."""

    async def populate(
        self,
        value: Value,
        token: int,
        *,
        document: Iterable[str],
        entity: Iterable[str],
        ttl_s: int | None = None,
    ) -> Populated:
        """Stores the value unless an event came since `token`, and returns what became of it."""
        return await self._populate(QueryLoaded(value, document, entity), token, ttl_s)

    async def fetch(
        self,
        load: Callable[[], Awaitable[QueryLoaded]],
        *,
        ttl_s: int | None = None,
    ) -> bytes:
        """Returns the value from the cache, or else that of `load`, which is stored if it may be."""
        return await self._fetch(load, ttl_s)


class AsyncUserDocsEntry(_AsyncEntry):
    """A value at `user:docs:{id}`, kept for at most 3600 s."""

    async def populate(
        self,
        value: Value,
        token: int,
        *,
        document: Iterable[str],
        ttl_s: int | None = None,
    ) -> Populated:
        """Stores the value unless an event came since `token`, and returns what became of it."""
        return await self._populate(UserDocsLoaded(value, document), token, ttl_s)

    async def fetch(
        self,
        load: Callable[[], Awaitable[UserDocsLoaded]],
        *,
        ttl_s: int | None = None,
    ) -> bytes:
        """Returns the value from the cache, or else that of `load`, which is stored if it may be."""
        return await self._fetch(load, ttl_s)


class Cache(_Cache):
    """Entries and events of the contract. Errors of redis-py come as they are."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, _LIBRARY)

    def doc(self, id: str) -> DocEntry:
        """Returns the entry at `doc:{id}`, without asking the server."""
        return DocEntry(self._client, _doc_key(id))

    def query(self, rest: str) -> QueryEntry:
        """Returns the entry at `query:*`, without asking the server."""
        return QueryEntry(self._client, _query_key(rest))

    def user_docs(self, id: str) -> UserDocsEntry:
        """Returns the entry at `user:docs:{id}`, without asking the server."""
        return UserDocsEntry(self._client, _user_docs_key(id))

    def document_updated(self, id: str) -> Invalidated:
        """Makes `doc`, `query`, `user_docs` of this document stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("document_updated", _fits("id", id, _DOC__ID))
        return _run(self._client, call)

    def document_deleted(self, id: str) -> Invalidated:
        """Makes `doc`, `query`, `user_docs` of this document stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("document_deleted", _fits("id", id, _DOC__ID))
        return _run(self._client, call)

    def entity_updated(self, id: str) -> Invalidated:
        """Makes `query` of this entity stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("entity_updated", _fits("id", id, _ID))
        return _run(self._client, call)

    def chunk_updated(self, id: str) -> Invalidated:
        """Makes `query` of this document stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("chunk_updated", _fits("id", id, _DOC__ID))
        return _run(self._client, call)

    def hit_rate(self, entry: Literal["doc", "query", "user_docs"] | None = None) -> float | None:
        """Returns hits per read of one entry or of all, as the server counts; None before one."""
        return _rate(self.counters(), entry)


class AsyncCache(_AsyncCache):
    """Entries and events of the contract. Errors of redis-py come as they are."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__(client, _LIBRARY)

    def doc(self, id: str) -> AsyncDocEntry:
        """Returns the entry at `doc:{id}`, without asking the server."""
        return AsyncDocEntry(self._client, _doc_key(id))

    def query(self, rest: str) -> AsyncQueryEntry:
        """Returns the entry at `query:*`, without asking the server."""
        return AsyncQueryEntry(self._client, _query_key(rest))

    def user_docs(self, id: str) -> AsyncUserDocsEntry:
        """Returns the entry at `user:docs:{id}`, without asking the server."""
        return AsyncUserDocsEntry(self._client, _user_docs_key(id))

    async def document_updated(self, id: str) -> Invalidated:
        """Makes `doc`, `query`, `user_docs` of this document stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("document_updated", _fits("id", id, _DOC__ID))
        return await _run_async(self._client, call)

    async def document_deleted(self, id: str) -> Invalidated:
        """Makes `doc`, `query`, `user_docs` of this document stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("document_deleted", _fits("id", id, _DOC__ID))
        return await _run_async(self._client, call)

    async def entity_updated(self, id: str) -> Invalidated:
        """Makes `query` of this entity stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("entity_updated", _fits("id", id, _ID))
        return await _run_async(self._client, call)

    async def chunk_updated(self, id: str) -> Invalidated:
        """Makes `query` of this document stale.

        To be called after the change is committed: a reader that begins later sees it.
        """
        call = _LIBRARY.invalidate("chunk_updated", _fits("id", id, _DOC__ID))
        return await _run_async(self._client, call)

    async def hit_rate(self, entry: Literal["doc", "query", "user_docs"] | None = None) -> float | None:
        """Returns hits per read of one entry or of all, as the server counts; None before one."""
        return _rate(await self.counters(), entry)
