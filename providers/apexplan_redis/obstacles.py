"""What would make an apply fail, seen before: parameters that take a restart or do not exist, a key of
another type in a stream's place, a server that takes no writes, keys of one call in different slots, search
indexes where the module is not, or is too old to tell what it holds, the user that apexplan itself comes in
as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from apexplan.model.change import Action, Change
from apexplan.model.errors import StoreError
from apexplan.model.plan import Note
from apexplan_redis.document.parameters import RESTART
from apexplan_redis.read.indexes import LIST, search_node
from apexplan_redis.read.streams import type_of
from apexplan_redis.read.users_own import OTHER_USER, shut_out
from apexplan_redis.server import Servers
from apexplan_redis.specs import Config, Keyspace, Library, SearchIndex, Stream, User
from apexplan_redis.steps.users import afterwards

_MODULES: Final = (b"search", b"searchlight")
_TELLS_VECTORS: Final = 21000
"""FT.INFO tells all of vector fields from 2.10 on, and from late releases of 2.8."""


def obstacles(servers: Servers, password: str | None, changes: Sequence[Change]) -> list[Note]:
    """Returns one note for each thing that stands in the way of `changes`. `password`: the hash of the one
    that we come in with."""
    return [
        *_read_only(servers, changes),
        *(note for change in changes for note in _of_one(servers, change)),
        *(note for change in changes for note in _own_user(servers, password, change)),
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
        case SearchIndex() if change.action in (Action.CREATE, Action.REPLACE):
            yield from _search(servers, change, change.desired)
        case Keyspace() if change.changed("findings") is not None:
            yield from _idle(servers, change)
        case _:
            pass


def _own_user(servers: Servers, password: str | None, change: Change) -> Iterator[Note]:
    live, desired = change.live, change.desired
    if not isinstance(live, User) or change.action not in (Action.UPDATE, Action.DELETE):
        return
    after = afterwards(change.address.name, live, desired if isinstance(desired, User) else None)
    user = None if after is None else User.model_validate(after)
    why = shut_out(servers.primaries[0], change.address.name, user, password)
    if why:
        yield _block(change, why, OTHER_USER)


def _stream(servers: Servers, change: Change) -> Iterator[Note]:
    key = change.address.name.encode(errors="surrogateescape")
    there = type_of(servers.holder(key), key)
    if there not in ("none", "stream"):
        yield _block(change, f"the key is a {there}", "remove or rename the key, or take another name")


def _search(servers: Servers, change: Change, desired: SearchIndex) -> Iterator[Note]:
    if not servers.has(LIST):
        yield _block(
            change,
            "FT.* needs the search module (Redis Stack, Redis 8); this server has none",
            "load the module, or leave `indexes` out for this server",
        )
        return
    version = _module_version(servers)
    if version < _TELLS_VECTORS and any(field.type == "vector" for field in desired.fields or ()):
        yield _block(
            change,
            f"the search module ({version}) does not tell the settings of vector fields: nothing could be "
            "compared",
            "use 2.10 or newer (Redis Stack 7.4, Redis 8)",
        )


def _module_version(servers: Servers) -> int:
    """Returns the search module's version as it counts it, 21005 for 2.10.5; where nobody may ask, one that
    will do."""
    try:
        modules = search_node(servers).call("MODULE", "LIST")
    except StoreError:
        return _TELLS_VECTORS
    return max((int(one[b"ver"]) for one in modules if one[b"name"] in _MODULES), default=_TELLS_VECTORS)


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
