"""Streams and their groups of consumers. What matters of both is that they are there."""

from __future__ import annotations

from typing import Annotated, ClassVar

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, OnChange, Spec
from apexplan_redis.names import group_parts


class Stream(Spec):
    """A stream, by its key."""

    kind: ClassVar[str] = "stream"

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"key {address.name}"})


class Group(Spec):
    """A group of consumers of a stream."""

    kind: ClassVar[str] = "group"

    start: Annotated[str | None, OnChange(IGNORE, "where a new group begins to read")] = None
    """$: what comes from now on; 0: from the beginning; or the id of an entry."""

    def parent(self, address: Address) -> Address | None:
        return Address(address.store, Stream.kind, group_parts(address)[0])

    def requires(self, address: Address) -> frozenset[Address]:
        return frozenset({Address(address.store, Stream.kind, group_parts(address)[0])})
