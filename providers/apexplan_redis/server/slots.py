"""CLUSTER SLOTS, taken apart. Every version gives it, and managed clusters too.

A primary without slots is not in it: it holds no key.
"""

from __future__ import annotations

from collections.abc import Sequence
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
