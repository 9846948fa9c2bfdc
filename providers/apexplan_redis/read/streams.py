"""Streams and their groups of consumers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from apexplan.model.errors import StoreError
from apexplan_redis.errors import NotThere
from apexplan_redis.read.everywhere import text_of

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers

MOST_FOUND = 1000
"""Streams that `inspect` lists at most."""
_COUNT = 1000


def read_streams(servers: Servers, names: Collection[str]) -> dict[str, list[str]]:
    """Returns the groups of those of `names` that are streams."""
    found = {}
    for name in sorted(names):
        key = name.encode()
        node = servers.holder(key)
        if type_of(node, key) == "stream":
            found[name] = groups_of(node, key)
    return found


def find_streams(servers: Servers) -> list[str]:
    """Returns the names of streams in the keyspace that are text, at most `MOST_FOUND`. Reads all keys'
    types on the server, a thousand a call."""
    found: list[str] = []
    for node in servers.primaries:
        for key in _scanned(node):
            try:
                found.append(key.decode())
            except UnicodeDecodeError:
                continue
            if len(found) >= MOST_FOUND:
                return found
    return found


def type_of(node: Node, key: bytes) -> str:
    """Returns the type of a key, `none` where there is none."""
    told: bytes = node.call("TYPE", key)
    return told.decode()


def groups_of(node: Node, key: bytes) -> list[str]:
    """Returns the names of a stream's groups, none where the stream is gone."""
    try:
        answer = node.call("XINFO", "GROUPS", key)
    except NotThere:
        return []
    except StoreError as error:
        if error.code == "WRONGTYPE":
            return []
        raise
    return [text_of(one[b"name"]) for one in answer]


def _scanned(node: Node) -> Iterator[bytes]:
    cursor: bytes | int = 0
    while True:
        cursor, keys = node.call("SCAN", cursor, "COUNT", _COUNT, "TYPE", "stream")
        yield from keys
        if int(cursor) == 0:
            return
