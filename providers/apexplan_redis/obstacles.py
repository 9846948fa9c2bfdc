"""What would make an apply fail, seen before: parameters that take a restart or do not exist, a key of
another type in a stream's place, a server that takes no writes, keys of one call in different slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apexplan.model.change import Action, Change
from apexplan.model.plan import Note
from apexplan_redis.document.parameters import RESTART
from apexplan_redis.read.streams import type_of
from apexplan_redis.server import Servers
from apexplan_redis.specs import Config, Keyspace, Library, Stream


def obstacles(servers: Servers, changes: Sequence[Change]) -> list[Note]:
    """Returns one note for each thing that stands in the way of `changes`."""
    return [
        *_read_only(servers, changes),
        *(note for change in changes for note in _of_one(servers, change)),
    ]


def _read_only(servers: Servers, changes: Sequence[Change]) -> Iterator[Note]:
    acting = [change for change in changes if change.action not in (Action.ADOPT, Action.FORGET)]
    if acting and servers.read_only:
        yield Note(
            text=f"{servers.primaries[0].name} is a replica, which takes no writes",
            address=acting[0].address,
            blocks=True,
            mend="give the primary's address as `url`, and this one as `replica_url`",
        )


def _of_one(servers: Servers, change: Change) -> Iterator[Note]:
    match change.desired:
        case Config() if change.live is None:
            yield _block(
                change,
                f"the server ({servers.version}) has no parameter {change.address.name}",
                "correct the name, or leave it out for this server",
            )
        case Config() if change.address.name in RESTART and change.fields:
            yield _block(
                change,
                f"{change.address.name} cannot be changed while the server runs",
                "set it in the server's configuration file and restart it, or leave it out of the manifest",
            )
        case Stream() if change.live is None:
            yield from _stream(servers, change)
        case Library() if change.action in (Action.CREATE, Action.UPDATE):
            yield from _slots(servers, change)
        case Keyspace() if change.changed("findings") is not None:
            yield from _idle(servers, change)
        case _:
            pass


def _stream(servers: Servers, change: Change) -> Iterator[Note]:
    key = change.address.name.encode(errors="surrogateescape")
    there = type_of(servers.holder(key), key)
    if there not in ("none", "stream"):
        yield _block(change, f"the key is a {there}", "remove or rename the key, or take another name")


def _slots(servers: Servers, change: Change) -> Iterator[Note]:
    """A library that is made from events knows keys by a prefix; whether it goes with a cluster is checked in
    the document, where `cluster` says that it is one."""
    code = change.desired.code if isinstance(change.desired, Library) else None
    if servers.mode == "cluster" and "local CONTRACT = {" in (code or ""):
        yield Note(
            text="this store is a cluster: keys of one call must share a slot",
            address=change.address,
            mend="say `cluster: true` in the manifest, which then checks the hash tags of all patterns",
        )


def _idle(servers: Servers, change: Change) -> Iterator[Note]:
    policy = servers.primaries[0].call("CONFIG", "GET", "maxmemory-policy")
    idle_s = getattr(change.desired, "idle_s", None)
    if any(b"lfu" in value for value in policy.values()) and idle_s != 0:
        yield _block(
            change,
            "under an lfu policy no server knows how long a key was not used",
            "say `idle: 0s`, which removes undeclared keys however they are used, or remove them by hand",
        )


def _block(change: Change, text: str, mend: str) -> Note:
    return Note(text=text, address=change.address, blocks=True, mend=mend)
