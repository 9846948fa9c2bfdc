"""One session on one store. Importing this imports no driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from apexplan.model.address import Address
from apexplan.model.audit import Audit
from apexplan.model.change import Change
from apexplan.model.plan import Note, Size, Step
from apexplan.model.spec import Spec
from apexplan.provider import AuditOptions, Check, Live, Mark, Normal, Outcome, Safe, Scope, Watch
from apexplan_redis.connection import RedisSettings
from apexplan_redis.specs import KeyPattern, Keyspace
from apexplan_redis.steps.repairs import repairable

if TYPE_CHECKING:
    from apexplan_redis.audit import Audited
    from apexplan_redis.run import Work
    from apexplan_redis.server import Servers


class RedisSession:
    """See `apexplan.provider`. A server has no lock that would die with its client, so two runs with
    different states are told apart only by what they find: every step looks before and after."""

    def __init__(self, servers: Servers, settings: RedisSettings) -> None:
        self.servers = servers
        self._settings = settings
        self._safe: Safe | None = None
        self._audited: Audited | None = None
        self._repairable: Mapping[Address, frozenset[str]] | None = None

    def read(self, scope: Scope) -> Live:
        from apexplan_redis.read import read

        live = read(self.servers, scope)
        if self._audited is None:
            return live
        from apexplan_redis.read.judged import judged

        return judged(live, self._audited.report, self._repairable)

    def normalize(self, desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Normal:
        from apexplan_redis.normalize import normalize

        return normalize(self.servers, self._settings.passwords, desired, live)

    def measure(self, addresses: frozenset[Address]) -> Mapping[Address, Size]:
        from apexplan_redis.measure import measure

        return measure(self.servers, addresses, self._audited.sizes if self._audited else {})

    def obstacles(self, changes: Sequence[Change]) -> Sequence[Note]:
        from apexplan_redis.obstacles import obstacles

        return obstacles(self.servers, self._settings.password_hash, changes)

    def examine(self) -> Sequence[Check]:
        from apexplan_redis.examine import examine

        return examine(self.servers)

    def audit(self, contract: Mapping[Address, Spec], options: AuditOptions, watch: Watch) -> Audit:
        from apexplan_redis.audit import audit

        if not any(isinstance(spec, KeyPattern | Keyspace) for spec in contract.values()):
            self._audited = None
            return Audit(
                store=self.servers.store, remarks=("it declares no key patterns: no key was looked at",)
            )
        self._repairable = repairable(contract) if options.for_plan else None
        self._audited = audit(self.servers, contract, options, watch, default_rate=self._settings.audit_rate)
        return self._audited.report

    def keeping(self, safe: Safe) -> None:
        self._safe = safe

    def run(self, step: Step, watch: Watch) -> None:
        from apexplan_redis.run import VERBS

        self._audited = None  # what was found is no longer so

        VERBS[step.verb].run(self._work(), step, watch)

    def probe(self, step: Step) -> Outcome:
        from apexplan_redis.run import VERBS

        return VERBS[step.verb].probe(self._work(), step)

    def marks(self, project: str) -> Mapping[Address, Mark]:
        from apexplan_redis.run import ledger

        return ledger.marks(self.servers, project)

    def record(self, project: str, marks: Mapping[Address, Mark | None]) -> None:
        from apexplan_redis.run import ledger

        ledger.record(self.servers, project, marks)

    def _work(self) -> Work:
        from apexplan_redis.run import Work

        settings = self._settings
        return Work(self.servers, self._safe, settings.audit_rate, settings.persist, settings.password_hash)
