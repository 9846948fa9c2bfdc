"""All servers of a store: who holds a key, who may be read from, what they can do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from apexplan.model.errors import StoreError, Transient
from apexplan_redis.connection import RedisSettings
from apexplan_redis.server import slots
from apexplan_redis.server.dial import Credentials, Dialler, tls_context
from apexplan_redis.server.node import Node, Seat
from apexplan_redis.server.scouts import Cluster, Scout, Sentinels, Standalone
from apexplan_redis.server.url import Mode, Place, Target, parsed
from apexplan_redis.server.wire import Command


def connect(store: str, settings: RedisSettings) -> Servers:
    """Returns the servers of a store, every primary connected. Raises StoreUnreachable, AccessDenied,
    Unsupported, or StoreError for settings that make no sense."""
    target = parsed(settings.url, store)
    servers = Servers(store, target.db, _scout(store, settings, target))
    try:
        for primary in servers.primaries:
            primary.ready()
    except BaseException:
        servers.close()
        raise
    return servers


class Servers:
    """The servers of a store. A topology is learnt at the beginning, by `refresh`, and when a command is sent
    elsewhere; nodes that are still there stay the same objects."""

    def __init__(self, store: str, db: int, scout: Scout) -> None:
        self.store: Final = store
        self.db: Final = db
        self._scout: Final = scout
        self._nodes: dict[Seat, Node] = {}
        self._groups: list[tuple[Node, list[Node]]] = []
        self._holders: list[Node | None] = []
        self._slots: dict[Node, tuple[range, ...]] = {}
        self._reached: list[Node] | None = None
        self._has: dict[str, bool] = {}
        self.refresh()

    @property
    def mode(self) -> Mode:
        return self._scout.mode

    @property
    def primaries(self) -> Sequence[Node]:
        """Who takes writes; those of a cluster that have no slots are the last. A single server counts,
        though it be a replica: then `read_only`."""
        return [primary for primary, _ in self._groups]

    @property
    def nodes(self) -> Sequence[Node]:
        """The primaries, then the replicas that could be reached when they were first asked for."""
        if self._reached is None:
            self._reached = [node for _, replicas in self._groups for node in replicas if _reachable(node)]
        return [*self.primaries, *self._reached]

    @property
    def read_only(self) -> bool:
        """True if the URL names a replica."""
        return self.mode == "standalone" and self.primaries[0].role == "replica"

    @property
    def version(self) -> str:
        """The lowest version among the nodes. Connects to those that are not."""
        return min((node.version for node in self.nodes), key=_comparable)

    def holder(self, key: bytes) -> Node:
        """Returns the primary that has the key's slot. Raises Transient where none has it."""
        slot = slots.slot_of(key)
        found = self._holders[slot]
        if found is None:
            text = f"no server of the cluster has the slot {slot}"
            raise Transient(text, store=self.store, code="CLUSTERDOWN", mend="give the slot to a server")
        return found

    def reader(self, primary: Node, preferred: str = "") -> Node:
        """Returns a replica that follows `primary` at this moment, the one of the name `preferred` before
        others; where none does, the primary itself."""
        replicas = sorted(self.replicas(primary), key=lambda replica: replica.name != preferred)
        return next((replica for replica in replicas if _follows(replica, primary)), primary)

    def replicas(self, primary: Node) -> Sequence[Node]:
        """Returns all that are there to follow `primary`, whether they do or not."""
        return next((replicas for node, replicas in self._groups if node is primary), ())

    def slot(self, key: bytes) -> int:
        return slots.slot_of(key)

    def slots_of(self, primary: Node) -> Sequence[range]:
        """Returns the slots that `primary` has."""
        return self._slots.get(primary, ())

    def layout(self) -> slots.Layout:
        """Returns who had which slot when that was last learnt."""
        replicas = {node.seat.name: frozenset(one.seat.name for one in of) for node, of in self._groups}
        holders = [holder.seat.name if holder is not None else None for holder in self._holders]
        return slots.Layout(holders, replicas)

    def has(self, command: str) -> bool:
        """Returns whether every primary knows a command, asked by COMMAND INFO and remembered. Subcommands as
        `client|no-touch`, from Redis 7."""
        if command not in self._has:
            self._has[command] = all(_knows(primary, command) for primary in self.primaries)
        return self._has[command]

    def refresh(self) -> None:
        """Learns anew where the servers are: after a failover, or when slots have moved."""
        shares = self._scout.shares()
        seats = [seat for share in shares for seat in (share.primary, *share.replicas)]
        for gone in self._nodes.keys() - set(seats):
            self._nodes.pop(gone).close()
        self._groups = [
            (self._node(share.primary), [self._node(replica) for replica in share.replicas])
            for share in shares
        ]
        self._slots = {self._node(share.primary): share.slots for share in shares}
        self._holders = self._by_slot()
        self._reached = None

    def close(self) -> None:
        """Closes all connections. Idempotent."""
        for node in self._nodes.values():
            node.close()

    def _node(self, seat: Seat) -> Node:
        if seat not in self._nodes:
            self._nodes[seat] = Node(seat, self._followed if self.mode == "cluster" else None)
        return self._nodes[seat]

    def _by_slot(self) -> list[Node | None]:
        holders: list[Node | None] = [None] * slots.SLOTS
        for primary, spans in self._slots.items():
            for span in spans:
                holders[span.start : span.stop] = [primary] * len(span)
        return holders

    def _followed(self, node: Node, command: Command, said: str) -> Any:
        """Returns the raw answer from where a redirection points. Who gave it has executed nothing."""
        assert isinstance(self._scout, Cluster)
        target = self._scout.seat(slots.redirection(said, asked=node.name))
        if said.startswith("ASK"):
            return self._node(target).exchange([("ASKING",), command])[1]
        self.refresh()
        return self._node(target).exchange([command])[0]


def _scout(store: str, settings: RedisSettings, target: Target) -> Scout:
    mode = "cluster" if target.mode == "cluster" else "standalone"
    server = _dialler(store, settings, target, mode, _credentials(settings, target))
    if target.mode == "cluster":
        return Cluster(server, target.places)
    if target.mode == "sentinel":
        secret = settings.sentinel_password
        credentials = Credentials(settings.sentinel_username, secret.get_secret_value() if secret else None)
        return Sentinels(_dialler(store, settings, target, "sentinel", credentials), server, target)
    return Standalone(server, target.places[0], _replica(store, settings, target.db))


def _replica(store: str, settings: RedisSettings, db: int) -> tuple[Dialler, Place] | None:
    if settings.replica_url is None:
        return None
    target = parsed(settings.replica_url, store, field="replica_url")
    if target.mode != "standalone":
        raise StoreError(
            "`replica_url` names more than one server", store=store, mend="write redis:// and one address"
        )
    if target.db not in (0, db):
        text = f"`replica_url` names the database {target.db}, and `url` the database {db}"
        raise StoreError(text, store=store, mend="leave it out of `replica_url`: it is that of `url`")
    target = replace(target, db=db)
    return _dialler(store, settings, target, "standalone", _credentials(settings, target)), target.places[0]


def _dialler(
    store: str, settings: RedisSettings, target: Target, mode: str, credentials: Credentials
) -> Dialler:
    context = tls_context(store, settings) if target.tls else None
    db = 0 if mode == "sentinel" else target.db
    return Dialler(store, mode, credentials, settings.timeout_s, context, db)


def _credentials(settings: RedisSettings, target: Target) -> Credentials:
    secret = settings.password.get_secret_value() if settings.password else target.password
    return Credentials(settings.username or target.username, secret)


def _reachable(node: Node) -> bool:
    try:
        node.ready()
    except StoreError:
        return False
    return True


def _follows(replica: Node, primary: Node) -> bool:
    """Returns whether a replica's link is up and it copies what `primary` has: then both tell the same
    replication id. Where the user may not ask, it does not count as one."""
    try:
        told = _replication(replica)
        return told.get("master_link_status") == "up" and (
            told["master_replid"] == _replication(primary)["master_replid"]
        )
    except StoreError:
        return False


def _replication(node: Node) -> dict[str, str]:
    lines = node.call("INFO", "replication").decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _knows(node: Node, command: str) -> bool:
    return bool(node.call("COMMAND", "INFO", command)[0])


def _comparable(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
