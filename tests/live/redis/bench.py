"""A Redis on a bench: see `tests.live.bench`. Beside it, what an application does: keys written and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from apexplan.engine import audit as audits
from apexplan.engine import survey
from apexplan.model.address import Address
from apexplan.model.audit import Audit
from apexplan.model.change import Declared
from apexplan.model.plan import Plan
from apexplan.provider import AuditOptions, Watch
from apexplan_redis.connection import RedisSettings
from apexplan_redis.provider import PROVIDER
from tests.live import bench
from tests.live.bench import Heard, Objects, applied, child, declared_by, failure, waited_for

__all__ = ["STORE", "Bench", "Heard", "Objects", "applied", "child", "failure", "objects", "waited_for"]

STORE = "cache"


def objects(manifest: str) -> Objects:
    """Returns what a manifest declares; its head is added."""
    return declared_by("RedisContract", STORE, PROVIDER, manifest)


@dataclass(slots=True)
class Bench(bench.Bench):
    """One Redis with a state of its own. `options` are fields of the store's block."""

    url: str
    options: dict[str, Any] = field(default_factory=lambda: {"audit_rate": 0})

    @property
    def config(self) -> survey.StoreConfig:
        return survey.StoreConfig(STORE, PROVIDER, RedisSettings(url=self.url, **self.options))

    @contextmanager
    def audited(
        self, desired: Mapping[Address, Declared], watch: Watch | None = None, **options: Any
    ) -> Iterator[tuple[Mapping[str, survey.OpenStore], Audit]]:
        """Gives the store with its data looked at, and what was found."""
        with self.stores() as stores:
            how = {STORE: AuditOptions(**{"for_plan": True, **options})}
            (found,) = audits.audit(stores, audits.declared(desired), how, watch or Heard())
            yield stores, found

    def plan_audited(self, desired: Mapping[Address, Declared], **options: Any) -> Plan:
        """As `plan --audit`."""
        with self.audited(desired, **options) as (stores, _):
            return self.plan_in(stores, desired)

    def apply_audited(self, desired: Mapping[Address, Declared]) -> Any:
        """As `apply --audit`."""
        with self.audited(desired) as (stores, _):
            return self.start_in(stores, self.plan_in(stores, desired))

    def ask(self, *command: Any) -> Any:
        """Returns the raw answer to one command, sent to whoever has the key."""
        with self.stores() as stores:
            session: Any = stores[STORE].session
            servers = session.servers
            node = servers.holder(command[1].encode()) if len(command) > 1 else servers.primaries[0]
            return node.call(*command)

    def fill(self, commands: list[tuple[Any, ...]]) -> None:
        """Runs many commands on one server."""
        with self.stores() as stores:
            session: Any = stores[STORE].session
            for answer in session.servers.primaries[0].call_many(commands):
                assert not isinstance(answer, Exception), answer
