"""A whole audit: every server in turn, what is kept on the way, and the report.

A server's keys are read from a replica where there is one, so that nobody waits and nobody's statistics
change. Where the replica fails, its primary is asked instead, from the beginning: a cursor of the one means
nothing to the other.

Where a cluster's slots go elsewhere meanwhile, keys may be counted twice or not at all. That is told: which
keys they were, nobody remembers.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from redis.exceptions import ResponseError

from apexplan.model.address import Address
from apexplan.model.audit import Audit
from apexplan.model.errors import (
    AccessDenied,
    Interrupted,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan.model.plan import Size
from apexplan.model.spec import Spec
from apexplan.provider import AuditOptions, Watch
from apexplan_redis.audit import course, hits, progress, report
from apexplan_redis.audit.batch import Batch
from apexplan_redis.audit.commands import Command
from apexplan_redis.audit.hits import Counters
from apexplan_redis.audit.inquiry import Inquiry
from apexplan_redis.audit.pace import Pace
from apexplan_redis.audit.patience import Patience
from apexplan_redis.audit.progress import Part
from apexplan_redis.audit.rules import Rule, rules
from apexplan_redis.audit.tally import Tally
from apexplan_redis.audit.values import Validate, compiled, not_known
from apexplan_redis.audit.walk import Walk
from apexplan_redis.errors import code_of, of_reply
from apexplan_redis.patterns import Classifier
from apexplan_redis.server import Node, Servers
from apexplan_redis.specs import Keyspace

T = TypeVar("T")

_SAVED_EVERY_S: Final = 5.0
_TOLD_EVERY_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Audited:
    """A report, and how many keys are at stake for each object of which some depart."""

    report: Audit
    sizes: Mapping[Address, Size]


def audit(
    servers: Servers,
    contract: Mapping[Address, Spec],
    options: AuditOptions,
    watch: Watch,
    *,
    default_rate: int,
) -> Audited:
    """Returns how the keys of all servers depart from `contract`. `default_rate`: keys a second where the
    options name no rate, 0 for no bound. Raises Interrupted where the watch wishes it, and StoreError; what
    was counted until then is kept in the checkpoint, and the next audit of this contract goes on from it."""
    rate = default_rate if options.rate is None else options.rate
    whole = _Whole(servers, contract, options, watch, Pace(rate))
    try:
        whole.run()
    except BaseException:
        whole.save()
        raise
    whole.forget()
    return whole.audited()


class _Whole:
    """An audit on its way: what its walks ask for (see `walk.Help`), and what they counted."""

    def __init__(
        self,
        servers: Servers,
        contract: Mapping[Address, Spec],
        options: AuditOptions,
        watch: Watch,
        pace: Pace,
    ) -> None:
        self.servers, self.watch, self.pace = servers, watch, pace
        self.rules: list[Rule] = rules(contract)
        self.classifier = Classifier([rule.pattern for rule in self.rules])
        self.remarks: list[str] = []
        self.inquiry = Inquiry(self.rules, dict(self._validators()), _reports_strangers(contract))
        self.contract = progress.contract_digest(contract, servers.db)
        self.checkpoint = options.checkpoint if options.sample is None else None
        self.parts: dict[str, Part] = {}
        self.patience = Patience()
        self.resumed = False
        self.counters = Counters()
        kept = self._kept()
        former = {name: part.reader for name, part in kept.items()}
        self.readers = {
            primary.seat.name: servers.reader(primary, former.get(primary.seat.name, ""))
            for primary in servers.primaries
        }
        self.keys = {name: int(reader.call("DBSIZE")) for name, reader in self.readers.items()}
        self.items = sum(self.keys.values())
        wanted = options.sample
        self.sample = wanted if wanted is not None and wanted < self.items else None
        self.started = self.saved = self.told = time.monotonic()
        self.reader: Node = servers.primaries[0]
        self.part = Part("", "")
        self.layout, self.moved = servers.layout(), 0
        self._go_on(kept)

    # ── the servers in turn ───────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Returns when all keys were counted."""
        for primary in self.servers.primaries:
            self._audit_of(primary)
        self._look_for_moved_slots()
        self._tell(force=True)

    def _go_on(self, kept: dict[str, Part]) -> None:
        """Takes what an earlier process kept, of those servers that are still the same processes."""
        for primary in self.servers.primaries:
            name, part = primary.seat.name, self._part(primary, self.readers[primary.seat.name])
            former = kept.pop(name, None)
            if former is not None and (why := part.anew(former)):
                self.remarks.append(f"{why}, and was begun anew")
            elif former is not None:
                self.resumed, part = True, former
            self.parts[name] = part
        self.remarks += [f"{name} is no primary any more: what it had is counted anew" for name in kept]
        self._take_quotas()

    def _take_quotas(self) -> None:
        """Says how many values were looked at in what is counted, and not in what was given up."""
        taken = {
            (number, kind): count + seen.unread
            for number, seen in self.tally().seen.items()
            for kind, count in seen.sampled.items()
        }
        self.inquiry.resume(taken)

    def _kept(self) -> dict[str, Part]:
        told = self.checkpoint.load() if self.checkpoint is not None else None
        found = progress.loaded(told, self.contract)
        if told and not found:
            self.remarks.append("the audit before was of another contract or database: this one began anew")
        return found

    def _part(self, primary: Node, reader: Node) -> Part:
        """Returns the part of a server of which nothing is counted yet."""
        slots = " ".join(f"{span.start}-{span.stop - 1}" for span in self.servers.slots_of(primary))
        return Part(reader.name, _run_id(reader), slots)

    def _audit_of(self, primary: Node) -> None:
        name = primary.seat.name
        reader = self.readers[name]
        if reader is primary and self.servers.replicas(primary):
            why = "none of its replicas follows it and lets this user ask (INFO replication)"
            self.remarks.append(f"{primary.name} itself was read: {why}")
        try:
            self._walk(name, reader)
        except (StoreUnreachable, Transient) as error:
            if reader is primary:
                raise
            self.remarks.append(
                f"{reader.name}, a replica, failed ({error.text}); "
                f"{primary.name} was asked instead, from the beginning"
            )
            self.parts[name] = self._part(primary, primary)
            self._take_quotas()
            self._walk(name, primary)

    def _walk(self, name: str, reader: Node) -> None:
        self.reader, self.part = reader, self.parts[name]
        if self.part.cursor is None:
            return
        before = self._patiently(partial(hits.told, reader))
        with reader.wire() as wire:
            walk = Walk(wire, self._course(name), self.classifier, self.inquiry, self.pace, self)
            walk.run()
        self.counters.add(walk.hits, before, self._patiently(partial(hits.told, reader)))
        self.keys[name] = max(self.keys[name], int(self._patiently(partial(reader.call, "DBSIZE"))))
        if reader.role == "replica":
            self.remarks.append(f"{reader.name}, a replica, was read; its primary counted nothing")

    def _look_for_moved_slots(self) -> None:
        if self.servers.mode != "cluster":
            return
        self._patiently(self.servers.refresh)
        self.moved = self.layout.moved(self.servers.layout())

    def _course(self, name: str) -> course.Course:
        if self.sample is None:
            return course.whole(self.part.cursor or 0)
        most = max(1, round(self.sample * self.keys[name] / max(1, self.items)))
        return course.sample(most, random.Random())

    # ── what walks ask for ────────────────────────────────────────────────────────────────────

    def heed(self) -> None:
        self._stop_where_wished()
        self._tell()
        if self.checkpoint is not None and time.monotonic() - self.saved > _SAVED_EVERY_S:
            self.save()

    def _stop_where_wished(self) -> None:
        if self.watch.stopping():
            looked = self.tally().looked
            goes_on = "the same audit goes on from there" if self.checkpoint else "it will begin anew"
            raise Interrupted(f"stopped after {looked:,} of {self.items:,} keys", mend=goes_on)

    def bide(self, refused: Transient) -> None:
        self._stop_where_wished()
        self.told = time.monotonic()
        self._progress(f"waits for {self.reader.name}: {refused.text}")
        self.patience.wait(refused)

    def _patiently(self, question: Callable[[], T]) -> T:
        """Returns the answer to a question that may be asked again."""
        while True:
            try:
                answer = question()
            except Transient as refused:
                self.bide(refused)
            else:
                self.patience.rewarded()
                return answer

    def commit(self, batch: Batch) -> None:
        self.patience.rewarded()
        self.part.tally.add(batch.tally)
        self.part.groups.add_many(batch.strangers)
        self.part.cursor = batch.after

    def share(self, scanned: int) -> float:
        looked = sum(part.tally.looked for part in self.parts.values()) + scanned
        return looked / max(1, looked, self._total)

    def refusal(self, name: str, refused: ResponseError) -> StoreError:
        error = of_reply(str(refused), self.reader.seat.origin(self.reader.name), what=name)
        error.__cause__ = refused
        return error

    def settle(self, command: Command, key: bytes, refused: ResponseError, batch: Batch) -> Any:
        code = code_of(str(refused))
        if code == "WRONGTYPE":
            return command.absent
        if code in ("MOVED", "ASK"):
            batch.tally.moved += 1
            return self._elsewhere(command, key)
        error = self.refusal(command.name, refused)
        if command.needed or not isinstance(error, AccessDenied | Unsupported):
            raise error
        self.inquiry.refused.setdefault(command.name, error.text)
        return command.absent

    def _elsewhere(self, command: Command, key: bytes) -> Any:
        answer = self.servers.holder(key).call_many([command.of(key)])[0]
        if isinstance(answer, StoreError):
            if answer.code != "WRONGTYPE":
                raise answer
            return command.absent
        return answer

    # ── on the way ────────────────────────────────────────────────────────────────────────────

    @property
    def _total(self) -> int:
        return self.items if self.sample is None else self.sample

    def tally(self) -> Tally:
        """Returns what was counted, of all servers together."""
        total = Tally()
        for part in self.parts.values():
            total.add(part.tally)
        return total

    def _tell(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self.told >= _TOLD_EVERY_S:
            self.told = now
            self._progress(f"at {self.reader.name}")

    def _progress(self, phase: str) -> None:
        looked = sum(part.tally.looked for part in self.parts.values())
        self.watch.progress(looked, max(self._total, looked), "keys", phase)

    def save(self) -> None:
        self.saved = time.monotonic()
        if self.checkpoint is not None:
            self.checkpoint.save(progress.dumped(self.parts, self.contract))

    def forget(self) -> None:
        """Says in the checkpoint that the next audit begins anew."""
        if self.checkpoint is not None:
            self.checkpoint.save({})

    # ── the report ────────────────────────────────────────────────────────────────────────────

    def audited(self) -> Audited:
        """Returns the report of what was counted."""
        tally, seconds = self.tally(), time.monotonic() - self.started
        scale = self.items / tally.looked if self.sample is not None and tally.looked else 1.0
        found = report.departures(self.rules, tally, scale=scale)
        undeclared = report.strangers([part.strangers() for part in self.parts.values()])
        made = Audit(
            store=self.servers.store,
            items=self.items,
            looked=tally.looked,
            seconds=round(seconds, 3),
            sampled=self.sample is not None,
            resumed=self.resumed,
            bound=min(1.0, 3 / tally.looked) if self.sample is not None and tally.looked else None,
            departures=found,
            strangers=undeclared,
            remarks=(*self.remarks, *self._remarks(tally, seconds)),
        )
        exact = self.sample is None
        return Audited(made, report.sizes(self.servers.store, found, undeclared, tally, exact=exact))

    def _remarks(self, tally: Tally, seconds: float) -> Iterator[str]:
        if self.resumed:
            yield "what an audit had counted that was stopped before is counted in"
        elif self.sample is None and not self.moved:
            yield f"all keys were looked at, in {seconds:.1f} s"
        for name, text in self.inquiry.refused.items():
            yield f"what {name} tells was not looked at: {text}"
        yield from report.remarks_of(self.rules, tally)
        yield from self._repeated(tally.looked)
        yield self.counters.remark()

    def _repeated(self, looked: int) -> Iterator[str]:
        """Yields why keys may be counted twice."""
        most = sum(self.keys.values())
        if self.moved:
            went = "1 slot of the cluster" if self.moved == 1 else f"{self.moved:,} slots of the cluster"
            yield f"{went} went to another server meanwhile: their keys may be counted twice, or not at all"
        elif looked > most:
            yield (
                f"SCAN gave {looked:,} keys, and there were never more than {most:,}: "
                "it repeats keys while the table is resized, so some may be counted twice"
            )

    def _validators(self) -> Iterator[tuple[int, Validate]]:
        for number, rule in enumerate(self.rules):
            if rule.spec.value is None:
                continue
            unknown = sorted(set(not_known(rule.spec.value)))
            if unknown:
                words = ", ".join(unknown)
                self.remarks.append(f"{rule.address.name}: of the schema, {words} is not looked at")
            try:
                yield number, compiled(rule.spec.value)
            except ValueError as error:
                self.remarks.append(f"{rule.address.name}: values were not validated: {error}")


def _reports_strangers(contract: Mapping[Address, Spec]) -> bool:
    return not any(isinstance(spec, Keyspace) and spec.undeclared == "allow" for spec in contract.values())


def _run_id(node: Node) -> str:
    return hits.info(node, "server").get("run_id", "")
