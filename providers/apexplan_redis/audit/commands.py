"""The commands that an audit asks about keys, packed by hand for many keys at once.

Packing a command with the driver costs as much as Redis needs to carry it out. Here what stands before and
behind the key is packed once, and a batch is a join of bytes.

What counts into `keyspace_hits` and `keyspace_misses` was measured on 7.0.15: all of these but MEMORY USAGE,
SCAN and DBSIZE, a refused type (WRONGTYPE) included. None of TYPE, PTTL, EXISTS, OBJECT and MEMORY touches a
key's idle time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Command:
    """A command with one key. `absent`: the answer where there is no such key; it also stands for one that
    was refused. `tells`: the server gives it for no other reason. `counts`: as a hit or a miss. `needed`: no
    audit without it."""

    words: tuple[bytes, ...]
    behind: tuple[bytes, ...] = ()
    absent: Any = None
    tells: bool = False
    counts: bool = True
    needed: bool = False
    _head: bytes = field(init=False, repr=False)
    _tail: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count = len(self.words) + 1 + len(self.behind)
        object.__setattr__(self, "_head", b"*%d\r\n" % count + b"".join(bulks(self.words)))
        object.__setattr__(self, "_tail", b"".join(bulks(self.behind)))

    @property
    def name(self) -> str:
        return b" ".join(self.words).decode()

    def packed(self, keys: Sequence[bytes]) -> bytes:
        """Returns the command for each of `keys`, which are `bulks` already and at least one."""
        return self._head + (self._tail + self._head).join(keys) + self._tail

    def of(self, key: bytes) -> tuple[bytes, ...]:
        """Returns the command for one key, not packed."""
        return (*self.words, key, *self.behind)


def bulks(keys: Iterable[bytes]) -> list[bytes]:
    """Returns keys as a server reads them."""
    return [b"$%d\r\n%b\r\n" % (len(key), key) for key in keys]


TYPE: Final = Command((b"TYPE",), absent=b"none", tells=True, needed=True)
PTTL: Final = Command((b"PTTL",), absent=-2, tells=True, needed=True)
EXISTS: Final = Command((b"EXISTS",), absent=0, tells=True, needed=True)
MEMORY: Final = Command((b"MEMORY", b"USAGE"), (b"SAMPLES", b"5"), counts=False)
ENCODING: Final = Command((b"OBJECT", b"ENCODING"), tells=True)
GET: Final = Command((b"GET",))
HKEYS: Final = Command((b"HKEYS",), absent=())

VALUE: Final = "value"
"""The field of a cached entry's hash that has a JSON Schema."""
HGET: Final = Command((b"HGET",), (VALUE.encode(),))
HSTRLEN: Final = Command((b"HSTRLEN",), (VALUE.encode(),), absent=-1)

LENGTHS: Final = {
    kind: Command((word,), absent=-1)
    for kind, word in {
        b"string": b"STRLEN",
        b"list": b"LLEN",
        b"set": b"SCARD",
        b"zset": b"ZCARD",
        b"hash": b"HLEN",
        b"stream": b"XLEN",
    }.items()
}
"""By what TYPE answers. A key of another type is refused; then its length is not known, which is -1."""


def scan(cursor: int, count: int) -> bytes:
    """Returns one SCAN, packed."""
    text = b"%d" % cursor
    number = b"%d" % count
    return b"*4\r\n$4\r\nSCAN\r\n$%d\r\n%b\r\n$5\r\nCOUNT\r\n$%d\r\n%b\r\n" % (
        len(text),
        text,
        len(number),
        number,
    )
