"""How much is at stake: what an audit counted, the entries of streams, what a group has not confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from apexplan.model.address import Address
from apexplan.model.errors import StoreError
from apexplan.model.plan import Size
from apexplan_redis.names import group_parts
from apexplan_redis.server import Servers
from apexplan_redis.specs import Group, Stream


def measure(
    servers: Servers, addresses: Iterable[Address], counted: Mapping[Address, Size]
) -> dict[Address, Size]:
    """Returns the sizes of those of `addresses` that hold data. `counted`: what an audit found."""
    found: dict[Address, Size] = {}
    for address in addresses:
        size = counted.get(address)
        if address.kind == Stream.kind:
            size = _stream(servers, address.name)
        elif address.kind == Group.kind:
            size = _group(servers, *group_parts(address))
        if size is not None:
            found[address] = size
    return found


def _stream(servers: Servers, name: str) -> Size | None:
    key = name.encode(errors="surrogateescape")
    length, memory = servers.holder(key).call_many([("XLEN", key), ("MEMORY", "USAGE", key)])
    if isinstance(length, StoreError):
        return None
    bytes_ = None if isinstance(memory, StoreError) else memory
    return Size(count=length, unit="entries", exact=True, size_bytes=bytes_)


def _group(servers: Servers, stream: str, group: str) -> Size | None:
    key = stream.encode(errors="surrogateescape")
    try:
        pending = servers.holder(key).call("XPENDING", key, group)
    except StoreError:
        return None
    return Size(count=pending[0], unit="pending entries", exact=True)
