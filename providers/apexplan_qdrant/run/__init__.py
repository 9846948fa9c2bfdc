"""Steps → target. One module a group of verbs; each verb has a `run` that is safe to repeat and a `probe`.

collections   create, delete, patch, retire, restore, purge
indexes       index, drop index
aliases       alias, switch, take over
copying       copy: the bulk load        comparing   verify: differences, and the last pass
recall        a sample of searches       ledger      marks of ownership
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_qdrant.run import aliases, collections, copying, indexes, verifying
from apexplan_qdrant.run.proof import Proof
from apexplan_qdrant.steps.aliases import POINT, TAKE_OVER
from apexplan_qdrant.steps.collection import CREATE, DELETE, PATCH, PURGE, RESTORE, RETIRE
from apexplan_qdrant.steps.copying import COPY, NOTHING, SETTLE, SWITCH, VERIFY
from apexplan_qdrant.steps.indexes import DROP_INDEX, INDEX
from apexplan_qdrant.target import Target


class _Run(Protocol):
    def __call__(self, target: Target, step: Step, watch: Watch) -> object: ...


class _Proven(Protocol):
    def __call__(self, target: Target, step: Step, watch: Watch, proof: Proof | None) -> None: ...


class _Probe(Protocol):
    def __call__(self, target: Target, step: Step) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Verb:
    """How a step is run and probed. `builds`: the target goes on in the background, and is waited for.
    `settles_before`: it must be at rest first, since it would answer "completed" and do nothing yet.
    `proven`: how it is run on two collections, with the proof of their comparison."""

    run: _Run
    probe: _Probe
    builds: bool = False
    settles_before: bool = False
    proven: _Proven | None = None


VERBS: Final[Mapping[str, Verb]] = {
    CREATE: Verb(collections.create, collections.probe_create),
    DELETE: Verb(collections.delete, collections.probe_delete),
    PATCH: Verb(collections.patch, collections.probe_patch, builds=True),
    RETIRE: Verb(collections.retire, collections.probe_retire),
    RESTORE: Verb(collections.restore, collections.probe_restore),
    PURGE: Verb(collections.purge, collections.probe_purge),
    INDEX: Verb(indexes.put, indexes.probe_put, builds=True, settles_before=True),
    DROP_INDEX: Verb(indexes.drop, indexes.probe_drop, settles_before=True),
    POINT: Verb(aliases.point, aliases.probe_point),
    SWITCH: Verb(aliases.switch, aliases.probe_switch, proven=aliases.switch),
    TAKE_OVER: Verb(aliases.take_over, aliases.probe_take_over, proven=aliases.take_over),
    COPY: Verb(copying.copy, copying.probe_copy),
    SETTLE: Verb(copying.settle, copying.probe_settle, builds=True),
    VERIFY: Verb(verifying.verify, verifying.probe_verify),
    NOTHING: Verb(collections.nothing, collections.probe_nothing),
}
