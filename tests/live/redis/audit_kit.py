"""A contract in a few words, and an audit of a server by it.

contract = declared({"doc:{id}": KeyPattern(type="string")})
report = audited(url, contract)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from apexplan.model.address import Address
from apexplan.model.audit import Audit, Departure
from apexplan.model.spec import Spec
from apexplan.provider import AuditOptions
from apexplan_redis.audit import Audited, audit
from apexplan_redis.names import KEYSPACE
from apexplan_redis.server import Servers, connect
from apexplan_redis.specs import KeyPattern, Keyspace

from .servers import settings

Contract = Mapping[Address, Spec]


def declared(patterns: Mapping[str, KeyPattern], undeclared: str | None = None) -> dict[Address, Spec]:
    """Returns a contract of these patterns."""
    found: dict[Address, Spec] = {Address("cache", "pattern", name): spec for name, spec in patterns.items()}
    if undeclared is not None:
        found[KEYS] = Keyspace.model_validate({"undeclared": undeclared})
    return found


KEYS = Address("cache", "keyspace", KEYSPACE)


@dataclass(slots=True)
class Watching:
    """A watch that asks for a stop, or does something, when so many keys were looked at."""

    at: Callable[[], object] = lambda: None
    stops: bool = False
    heeded: int = 0
    when: int = 0
    told: list[tuple[float, float | None, str]] = field(default_factory=list)

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.told.append((done, total, unit))

    def stopping(self) -> bool:
        self.heeded += 1
        if self.when and self.heeded == self.when:
            self.at()
            return self.stops
        return False


@dataclass(slots=True)
class Waiting(Watching):
    """A watch that ends what the audit waits for once it has told so."""

    end: Callable[[], object] = lambda: None
    waited: str = ""

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        if "waits for" in phase and not self.waited:
            self.waited = phase
            self.end()


@dataclass(slots=True)
class Kept:
    """A checkpoint in memory."""

    progress: Mapping[str, Any] | None = None
    saved: int = 0

    def load(self) -> Mapping[str, Any] | None:
        return self.progress

    def save(self, progress: Mapping[str, Any]) -> None:
        self.progress = progress
        self.saved += 1


@contextmanager
def connected(url: str, **more: Any) -> Iterator[Servers]:
    servers = connect("cache", settings(url, **more))
    try:
        yield servers
    finally:
        servers.close()


def audited(url: str, contract: Contract, watch: Watching | None = None, **options: Any) -> Audit:
    """Returns the report of an audit without a bound of its pace, unless `rate` says so."""
    return audited_fully(url, contract, watch, **options).report


def audited_fully(url: str, contract: Contract, watch: Watching | None = None, **options: Any) -> Audited:
    with connected(url) as servers:
        return audit(servers, contract, AuditOptions(**options), watch or Watching(), default_rate=0)


def kinds(report: Audit) -> dict[str, int]:
    """Returns the counts by kind."""
    found: dict[str, int] = {}
    for departure in report.departures:
        found[departure.kind] = found.get(departure.kind, 0) + departure.count
    return found


def only(report: Audit) -> Departure:
    """Returns the one departure."""
    (departure,) = report.departures
    return departure
