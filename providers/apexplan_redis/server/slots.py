"""CLUSTER SLOTS, taken apart, and CLUSTER SHARDS.

Every version gives the first, and managed clusters too. A primary without slots is in the second alone (from
7.0): it holds no key, but configuration, users and libraries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.crc import key_slot

from apexplan_redis.server.url import Place

SLOTS: Final = 16384


@dataclass(frozen=True, slots=True)
class Shard:
    """A primary, its replicas, and the slots that it holds."""

    primary: Place
    replicas: tuple[Place, ...] = ()
    slots: tuple[range, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Which primary has each slot, and the replicas of each, by their names."""

    holders: Sequence[str | None]
    replicas: Mapping[str, frozenset[str]]

    def moved(self, later: Layout) -> int:
        """Returns how many slots have gone to another server. A replica that took its primary's place has the
        same keys."""
        pairs = zip(self.holders, later.holders, strict=True)
        known = [(was, now) for was, now in pairs if was is not None and now is not None]
        return sum(now != was and now not in self.replicas[was] for was, now in known)


def slot_of(key: bytes) -> int:
    """Returns the slot of a key: of its hash tag, where it has one that is not empty."""
    return int(key_slot(key))


def shards(answer: Sequence[Any], asked: Place) -> tuple[Shard, ...]:
    """Returns the shards, in the order of their first slots. `asked`: who gave the answer, and may have left
    out its own host."""
    found: dict[Place, tuple[tuple[Place, ...], list[range]]] = {}
    for first, last, primary, *replicas in sorted(answer, key=lambda entry: int(entry[0])):
        _, slots = found.setdefault(_place(primary, asked), (tuple(_place(r, asked) for r in replicas), []))
        slots.append(range(first, last + 1))
    return tuple(Shard(primary, replicas, tuple(slots)) for primary, (replicas, slots) in found.items())


def without_slots(answer: Sequence[Any], asked: Place, *, tls: bool) -> tuple[Shard, ...]:
    """Returns the shards of CLUSTER SHARDS that hold no slot, without servers that have failed."""
    found = []
    for shard in answer:
        there = [node for node in shard[b"nodes"] if node[b"health"] != b"fail"]
        primary = next((_endpoint(node, asked, tls) for node in there if node[b"role"] == b"master"), None)
        if primary is not None and not shard[b"slots"]:
            replicas = (_endpoint(node, asked, tls) for node in there if node[b"role"] != b"master")
            found.append(Shard(primary, tuple(replicas)))
    return tuple(sorted(found, key=lambda shard: str(shard.primary)))


def redirection(said: str, asked: str) -> Place:
    """Returns where `MOVED 3999 HOST:PORT` points, or an ASK. An empty host is the one of who was asked."""
    host, _, port = said.split(" ")[2].rpartition(":")
    return Place((host or asked.rpartition(":")[0]).strip("[]"), int(port))


def _place(entry: Sequence[Any], asked: Place) -> Place:
    """Returns where a server is. Its host is empty where it is the one that was asked, and `?` where it is to
    be called by a name that nobody set: then its address stands among the rest."""
    host, port, *rest = entry
    if host == b"?":
        more = rest[1] if len(rest) > 1 else {}
        host = (more if isinstance(more, dict) else dict(zip(more[::2], more[1::2], strict=False))).get(b"ip")
    return Place(host.decode() if host else asked.host, port)


def _endpoint(node: Mapping[bytes, Any], asked: Place, tls: bool) -> Place:
    port = (node.get(b"tls-port") if tls else None) or node[b"port"]
    return _place((node[b"endpoint"], port, node[b"id"], {b"ip": node[b"ip"]}), asked)
