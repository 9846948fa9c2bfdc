"""The search module, played: a server on loopback that answers FT.* itself and passes on everything else.

    with searching(running) as double: connect("cache", settings(double.url))

It is the command reference of RediSearch 2.4 to 2.10 (FT.CREATE, FT.INFO, FT._LIST, FT.ALIASADD,
FT.ALIASUPDATE, FT.ALIASDEL, FT.DROPINDEX, with the errors named there) put into a model. It is not a
recording of a real module, and proves no more than that our calls and the reference agree. It indexes
nothing: how long an index is incomplete is told to it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import hiredis

from tests.live.redis.servers import Running

_MORE: Final = object()
_BYTES: Final = 65536
_FLAGS: Final = (
    *("NOSTEM", "CASESENSITIVE", "WITHSUFFIXTRIE", "INDEXEMPTY", "SORTABLE", "UNF", "NOINDEX"),
    "INDEXMISSING",
)
_OPTIONS: Final = ("NOFREQS", "NOFIELDS", "NOOFFSETS", "NOHL", "MAXTEXTFIELDS")
_VALUES: Final = {
    "LANGUAGE_FIELD": "language_field",
    "SCORE_FIELD": "score_field",
    "PAYLOAD_FIELD": "payload_field",
}


class _Error(Exception):
    """An error reply, with the words of the reference."""


@dataclass(slots=True)
class Index:
    """What FT.CREATE made. `waits`: answers of FT.INFO for which it goes on indexing."""

    definition: dict[str, Any]
    attributes: list[dict[str, Any]]
    options: list[str] = field(default_factory=list)
    stopwords: list[str] | None = None
    waits: int = 0


@dataclass(slots=True)
class SearchDouble:
    """The module's state. `slow`: for how many answers a new index is incomplete. `flat`: FT.INFO answers
    with flat lists, as in RESP2. `version`: the module's. `failures`: documents that no index can take."""

    url: str = ""
    slow: int = 0
    flat: bool = False
    version: int = 21005
    failures: int = 0
    indexes: dict[str, Index] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    said: list[tuple[str, ...]] = field(default_factory=list)
    """The commands that changed something, as they came."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, words: Sequence[str]) -> Any:
        """Returns the reply to one command of the module."""
        name = words[0].upper()
        with self.lock:
            if name == "FT._LIST":
                return list(self.indexes)
            if name == "FT.INFO":
                return self._info(words[1])
            changes: dict[str, Callable[..., None]] = {
                "FT.CREATE": self._create,
                "FT.DROPINDEX": self._drop,
                "FT.ALIASADD": self._alias_add,
                "FT.ALIASUPDATE": self._alias_update,
                "FT.ALIASDEL": self._alias_delete,
            }
            changes[name](*words[1:])
            self.said.append(tuple(words))
            return "OK"

    def _create(self, name: str, *words: str) -> None:
        if name in self.indexes:
            raise _Error("Index already exists")
        self.indexes[name] = made = _created(words)
        made.waits = self.slow

    def _drop(self, name: str, *words: str) -> None:
        physical = self._resolved(name)
        del self.indexes[physical]
        self.aliases = {alias: index for alias, index in self.aliases.items() if index != physical}

    def _alias_add(self, alias: str, index: str) -> None:
        if alias in self.aliases:
            raise _Error("Alias already exists")
        self._alias_update(alias, index)

    def _alias_update(self, alias: str, index: str) -> None:
        if index not in self.indexes:
            raise _Error("Unknown index name (or name is an alias itself)")
        if alias in self.indexes:
            raise _Error("Alias conflicts with an existing index name")
        self.aliases[alias] = index

    def _alias_delete(self, alias: str) -> None:
        if alias not in self.aliases:
            raise _Error("Alias does not exist")
        del self.aliases[alias]

    def _resolved(self, name: str) -> str:
        physical = self.aliases.get(name, name)
        if physical not in self.indexes:
            raise _Error("Unknown Index name" if self.flat else f"{name}: no such index")
        return physical

    def _info(self, name: str) -> Any:
        physical = self._resolved(name)
        found = self.indexes[physical]
        waiting = found.waits > 0
        found.waits = max(0, found.waits - 1)
        told: dict[str, Any] = {
            "index_name": physical,
            "index_options": found.options,
            "index_definition": found.definition,
            "attributes": found.attributes,
            "num_docs": 0,
            "hash_indexing_failures": self.failures,
            "indexing": int(waiting),
            "percent_indexed": 0.4 if waiting else 1.0,
        }
        if found.stopwords is not None:
            told["stopwords_list"] = found.stopwords
        return _flattened(told) if self.flat else told


def _created(words: Sequence[str]) -> Index:
    """Returns the index that the words after its name say."""
    rest = iter(words)
    made = Index({"key_type": "HASH", "prefixes": [""], "default_score": 1.0}, [])
    for word in rest:
        match word.upper():
            case "ON":
                made.definition["key_type"] = next(rest).upper()
            case "PREFIX":
                made.definition["prefixes"] = [next(rest) for _ in range(int(next(rest)))]
            case "FILTER":
                made.definition["filter"] = next(rest)
            case "LANGUAGE":
                made.definition["default_language"] = next(rest)
            case "SCORE":
                made.definition["default_score"] = float(next(rest))
            case "STOPWORDS":
                made.stopwords = [next(rest) for _ in range(int(next(rest)))]
            case "SCHEMA":
                break
            case option if option in _VALUES:
                made.definition[_VALUES[option]] = next(rest)
            case option if option in _OPTIONS:
                made.options.append(option)
            case _:
                raise _Error(f"Unknown argument `{word}`")
    made.attributes = list(_attributes(list(rest), made.definition["key_type"]))
    return made


def _attributes(words: list[str], on: str) -> Iterator[dict[str, Any]]:
    while words:
        path = words.pop(0)
        name = words.pop(1) if words[0].upper() == "AS" else path
        if words[0].upper() == "AS":
            words.pop(0)
        kind = words.pop(0).upper()
        told: dict[str, Any] = {"identifier": path, "attribute": name, "type": kind}
        if kind == "TEXT":
            told["WEIGHT"] = 1.0
        if kind == "TAG":
            told["SEPARATOR"] = "," if on == "HASH" else ""
        if kind == "VECTOR":
            told |= _vector(words)
        flags: list[str] = []
        while words and (word := words[0].upper()) in (*_FLAGS, "WEIGHT", "SEPARATOR"):
            words.pop(0)
            if word in _FLAGS:
                flags.append(word)
            else:
                told[word] = float(words.pop(0)) if word == "WEIGHT" else words.pop(0)
        if kind == "NUMERIC" and "SORTABLE" in flags:
            flags.append("UNF")
        yield {**told, "flags": flags}


def _vector(words: list[str]) -> dict[str, Any]:
    algorithm, count = words.pop(0), int(words.pop(0))
    pairs = [words.pop(0) for _ in range(count)]
    said = dict(zip(pairs[::2], pairs[1::2], strict=True))
    told: dict[str, Any] = {
        "algorithm": algorithm,
        "data_type": said["TYPE"],
        "dim": int(said["DIM"]),
        "distance_metric": said["DISTANCE_METRIC"],
    }
    if algorithm == "HNSW":
        told |= {"M": int(said.get("M", 16)), "ef_construction": int(said.get("EF_CONSTRUCTION", 200))}
    return told


def _flattened(value: Any) -> Any:
    """Returns maps as lists of names and values; flags of an attribute stand behind them, alone."""
    if isinstance(value, dict):
        flags = value.get("flags", [])
        pairs = [(key, _flattened(one)) for key, one in value.items() if key != "flags"]
        return [*(word for pair in pairs for word in pair), *flags]
    return [_flattened(one) for one in value] if isinstance(value, list) else value


# ── the wire ──────────────────────────────────────────────────────────────────────────────────


@contextmanager
def searching(running: Running) -> Iterator[SearchDouble]:
    """Gives a server that has all that `running` has, and the module."""
    double = SearchDouble()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        double.url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        thread = threading.Thread(target=_accept, args=(listener, running.port, double), daemon=True)
        thread.start()
        try:
            yield double
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, port: int, double: SearchDouble) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, port, double), daemon=True).start()


def _serve(client: socket.socket, port: int, double: SearchDouble) -> None:
    """Answers one client's commands in their order, over a connection of its own to the real server."""
    reader: Any = hiredis.Reader(notEnoughData=_MORE)
    with suppress(OSError), client, socket.create_connection(("127.0.0.1", port)) as upstream:
        while data := client.recv(_BYTES):
            reader.feed(data)
            while (command := reader.gets()) is not _MORE:
                client.sendall(_replied(command, upstream, double))


def _replied(command: list[bytes], upstream: socket.socket, double: SearchDouble) -> bytes:
    words = [part.decode(errors="surrogateescape") for part in command]
    first = words[0].upper()
    try:
        if first.startswith("FT."):
            return _encoded(double.answer(words))
        if [one.upper() for one in words[:2]] == ["COMMAND", "INFO"] and words[2].lower().startswith("ft."):
            return _encoded([[words[2].lower(), -2]])
        if [one.upper() for one in words] == ["MODULE", "LIST"]:
            return _encoded([{"name": "search", "ver": double.version}])
    except _Error as error:
        return b"-" + str(error).encode() + b"\r\n"
    return _passed_on(command, upstream)


def _passed_on(command: list[bytes], upstream: socket.socket) -> bytes:
    """Returns the real server's reply, byte for byte."""
    pack: Any = hiredis.pack_command
    upstream.sendall(pack(tuple(command)))
    reader: Any = hiredis.Reader(notEnoughData=_MORE)
    reply = b""
    while True:
        data = upstream.recv(_BYTES)
        if not data:
            raise ConnectionResetError("the real server is gone")
        reply += data
        reader.feed(data)
        if reader.gets() is not _MORE:
            return reply


def _encoded(value: Any) -> bytes:
    """Returns a value in RESP3."""
    match value:
        case "OK":
            return b"+OK\r\n"
        case str():
            data = value.encode(errors="surrogateescape")
            return b"$%d\r\n%b\r\n" % (len(data), data)
        case int():
            return b":%d\r\n" % value
        case float():
            return f",{value:g}\r\n".encode()
        case dict():
            parts = [_encoded(one) for pair in value.items() for one in pair]
            return b"%%%d\r\n%b" % (len(value), b"".join(parts))
        case _:
            return b"*%d\r\n%b" % (len(value), b"".join(map(_encoded, value)))
