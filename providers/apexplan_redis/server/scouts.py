"""Where the servers of a store are: a URL alone, sentinels, a cluster. One scout for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from redis.exceptions import ResponseError

from apexplan.model.errors import Ambiguous, StoreError, StoreUnreachable, Transient
from apexplan_redis.errors import of_reply
from apexplan_redis.server.dial import Dialler
from apexplan_redis.server.node import Role, Seat
from apexplan_redis.server.slots import SLOTS, Shard, shards, without_slots
from apexplan_redis.server.url import Mode, Place, Target
from apexplan_redis.server.wire import Wire, packed

_ALL_SLOTS: Final = (range(SLOTS),)
_UNKNOWN: Final = "No such master"
_OUT_OF_SERVICE: Final = frozenset(("s_down", "o_down", "disconnected"))

_TRY_THE_NEXT: Final = (StoreUnreachable, Ambiguous, Transient)
"""What a server that is asked where the others are may fail with, without harm: another knows as well."""


@dataclass(frozen=True, slots=True)
class Share:
    """A primary, its replicas, and the slots of the keys that they hold."""

    primary: Seat
    replicas: tuple[Seat, ...] = ()
    slots: tuple[range, ...] = _ALL_SLOTS


class Scout(Protocol):
    """Knows where the servers are."""

    @property
    def mode(self) -> Mode: ...

    def shares(self) -> Sequence[Share]:
        """Returns where the servers are now. Asks sentinels or a cluster; connects to nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class Standalone:
    """One server, and perhaps a replica of it that the settings name."""

    server: Dialler
    place: Place
    replica: tuple[Dialler, Place] | None = None
    mode: Mode = "standalone"

    def shares(self) -> Sequence[Share]:
        replicas = (seat(*self.replica, "replica"),) if self.replica else ()
        return [Share(seat(self.server, self.place, "primary"), replicas)]


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Sentinels that know which server of a service is the primary. Each connection to it asks them first."""

    sentinel: Dialler
    server: Dialler
    target: Target
    mode: Mode = "sentinel"

    def shares(self) -> Sequence[Share]:
        primary = Seat(self.target.service, "primary", self._open_primary, self.server.origin)
        return [Share(primary, tuple(seat(self.server, place, "replica") for place in self._replicas()))]

    def _open_primary(self, *, bulk: bool) -> Wire:
        """Returns a connection to the server that a sentinel calls the primary and that agrees: for a while
        after a failover the others may name the former one."""
        failure: StoreError | None = None
        for told in self._told("GET-MASTER-ADDR-BY-NAME"):
            if told is None:
                continue
            host, port = told
            try:
                wire = self.server.open(Place(host.decode(), int(port)), bulk=bulk)
            except StoreUnreachable as error:
                failure = error
                continue
            if wire.greeting.role == "primary":
                return wire
            wire.close()
        raise failure or self._no_primary()

    def _replicas(self) -> Iterator[Place]:
        for replica in next((told for told in self._told("REPLICAS") if told is not None), ()):
            if not _OUT_OF_SERVICE & set(replica[b"flags"].decode().split(",")):
                yield Place(replica[b"ip"].decode(), int(replica[b"port"]))

    def _told(self, question: str) -> Iterator[Any]:
        """Yields what each sentinel that answers says of our service; None from one that does not know it."""
        failure: StoreError | None = None
        answered = False
        for place in self.target.places:
            try:
                answer = _asked(self.sentinel, place, "SENTINEL", question, self.target.service)
            except _TRY_THE_NEXT as error:
                failure = error
                continue
            answered = True
            if isinstance(answer, ResponseError) and _UNKNOWN not in str(answer):
                raise of_reply(str(answer), self.sentinel.origin(place), what=f"SENTINEL {question}")
            yield None if isinstance(answer, ResponseError) else answer
        if not answered and failure is not None:
            text = f"no sentinel answers; the last one: {failure.text}"
            raise StoreUnreachable(text, store=self.sentinel.store, mend=failure.mend) from failure

    def _no_primary(self) -> StoreError:
        text = f"no sentinel names a primary of the service {self.target.service}"
        mend = "check the service's name in `url`: SENTINEL MASTERS lists them"
        return StoreUnreachable(text, store=self.sentinel.store, mend=mend)


@dataclass(slots=True)
class Cluster:
    """The servers of a cluster, as one of them tells, those without slots last. Those that it told of the
    last time are asked first."""

    server: Dialler
    seeds: tuple[Place, ...]
    mode: Mode = "cluster"
    _known: tuple[Place, ...] = field(default=(), repr=False)

    def shares(self) -> Sequence[Share]:
        found = self._shards()
        self._known = tuple(shard.primary for shard in found)
        return [self._share(shard) for shard in found]

    def seat(self, place: Place) -> Seat:
        """Returns the seat of a primary that a redirection names."""
        return seat(self.server, place, "primary")

    def _share(self, shard: Shard) -> Share:
        replicas = (seat(self.server, place, "replica", first=("READONLY",)) for place in shard.replicas)
        return Share(self.seat(shard.primary), tuple(replicas), shard.slots)

    def _shards(self) -> tuple[Shard, ...]:
        failure: StoreError | None = None
        for place in dict.fromkeys((*self._known, *self.seeds)):
            try:
                answer = _asked(self.server, place, "CLUSTER", "SLOTS")
                more = _asked(self.server, place, "CLUSTER", "SHARDS")
            except _TRY_THE_NEXT as error:
                failure = error
                continue
            if isinstance(answer, ResponseError):
                raise of_reply(str(answer), self.server.origin(place), what="CLUSTER SLOTS") from answer
            if answer:
                return shards(answer, place) + self._without_slots(more, place)
        text = "no server of the cluster has a slot"
        raise failure or Transient(
            text, store=self.server.store, code="CLUSTERDOWN", mend="CLUSTER INFO says more"
        )

    def _without_slots(self, answer: Any, asked: Place) -> tuple[Shard, ...]:
        """Returns the shards that no key can be in; none where the server is too old to tell (before 7.0), or
        the user may not ask."""
        if isinstance(answer, ResponseError):
            return ()
        return without_slots(answer, asked, tls=self.server.context is not None)


def seat(server: Dialler, place: Place, role: Role, first: Sequence[str] = ()) -> Seat:
    """Returns the seat of a server that stays where it is."""
    return Seat(str(place), role, partial(server.open, place, first=first), server.origin)


def _asked(server: Dialler, place: Place, *question: str) -> Any:
    """Returns the raw answer to one command that only reads, over a connection of its own."""
    wire = server.open(place)
    try:
        wire.send(packed([question]))
        return wire.read()
    finally:
        wire.close()
