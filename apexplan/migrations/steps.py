"""From changes of migrations to steps, the same for every store. Pure.

    pending            migrate        the script            undo: migrate back, or the reason why not
    to be taken back   migrate back   the rollback script   undo: migrate
    baseline           mark           nothing               undo: unmark

A step carries all of its statements and, in `args`, what the ledger has to say of the script:
what is journaled is enough to take it back when the files are gone. How statements are grouped
into transactions is the session's own matter, so no step is in a group.

How well a script can be undone is its author's promise. It is taken as kept where neither script has
data statements and the one that runs deletes nothing; otherwise the step is called lossy. The one
that takes back is marked as removing what it covers: it waits for no other, but for `after`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from apexplan.migrations.deletions import deleting
from apexplan.migrations.script import Statement, Topic
from apexplan.migrations.spec import Migration
from apexplan.migrations.status import goes_back, number_of, refused
from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.errors import PlanError
from apexplan.model.plan import Hazard, HazardKind, RollbackClass, Step
from apexplan.model.spec import Spec

MIGRATE: Final = "migrate"
MIGRATE_BACK: Final = "migrate back"
MARK: Final = "mark"
UNMARK: Final = "unmark"
VERBS: Final = frozenset({MIGRATE, MIGRATE_BACK, MARK, UNMARK})


def migration_steps(changes: Sequence[Change]) -> list[Step]:
    """Returns the steps of all migrations of one store: up in ascending order, back in descending.

    Raises one PlanError that names every migration which cannot be carried out.
    """
    _raise_refusals(changes)
    back = sorted((c for c in changes if goes_back(c)), key=_version, reverse=True)
    up = sorted((c for c in changes if not goes_back(c)), key=_version)
    return [*_in_order([_back(c) for c in back]), *_in_order([_up(c) for c in up])]


def _raise_refusals(changes: Sequence[Change]) -> None:
    notes = list(refused(changes))
    if notes:
        mends = dict.fromkeys(note.mend for note in notes)
        raise PlanError("; ".join(f"{n.address}: {n.text}" for n in notes), mend="; ".join(mends))


def _version(change: Change) -> int:
    return number_of(_migration(change.spec))


def _migration(spec: Spec) -> Migration:
    assert isinstance(spec, Migration)
    return spec


def _in_order(steps: Sequence[Step]) -> list[Step]:
    """Makes each step wait for the one before it."""
    waits = [(), *((step.id,) for step in steps)]
    return [step.model_copy(update={"after": after}) for step, after in zip(steps, waits, strict=False)]


def _up(change: Change) -> Step:
    spec = _migration(change.spec)
    if spec.baseline:
        return _there_and_back(change.address, spec, MARK, UNMARK)
    if spec.irreversible is None:
        return _there_and_back(change.address, spec, MIGRATE, MIGRATE_BACK)
    step = _step(change.address, spec, MIGRATE)
    hazard = Hazard(kind=HazardKind.IRREVERSIBLE, text=f"it cannot be taken back: {spec.irreversible}")
    return step.model_copy(
        update={
            "hazards": (hazard, *step.hazards),
            "rollback": RollbackClass.IMPOSSIBLE,
            "reason": "",
            "no_inverse": spec.irreversible,
        }
    )


def _back(change: Change) -> Step:
    return _there_and_back(change.address, _migration(change.spec), MIGRATE_BACK, MIGRATE)


def _there_and_back(address: Address, spec: Migration, verb: str, undo: str) -> Step:
    step, inverse = _step(address, spec, verb), _step(address, spec, undo)
    return step.model_copy(update={"inverse": inverse.model_copy(update={"id": f"{step.id}/undo"})})


def _step(address: Address, spec: Migration, verb: str) -> Step:
    statements = _STATEMENTS[verb](spec)
    deletions = deleting(statements)
    both = (*spec.script, *spec.rollback) if statements else ()
    plainly = not deletions and all(statement.topic is Topic.SCHEMA for statement in both)
    return Step(
        id=f"{address}/{verb}",
        address=address,
        covers=(address,),
        verb=verb,
        title=_TITLES[verb].format(name=address.name, counted=_counted(statements)),
        statements=tuple(s.text for s in statements),
        args=_args(spec, statements),
        reason="" if plainly else "how well this is undone is the promise of whoever wrote both scripts",
        hazards=tuple(_hazards(deletions)),
        rollback=RollbackClass.LOSSLESS if plainly else RollbackClass.LOSSY,
        removes=verb in (MIGRATE_BACK, UNMARK),
    )


_STATEMENTS: Final[dict[str, Callable[[Migration], tuple[Statement, ...]]]] = {
    MIGRATE: lambda spec: spec.script,
    MIGRATE_BACK: lambda spec: spec.rollback,
    MARK: lambda spec: (),
    UNMARK: lambda spec: (),
}
_TITLES: Final = {
    MIGRATE: "run {name}: {counted}",
    MIGRATE_BACK: "take back {name}: {counted}",
    MARK: "mark {name} as applied without running it",
    UNMARK: "take away the mark of {name}",
}


def _args(spec: Migration, statements: Sequence[Statement]) -> dict[str, Any]:
    return {
        "version": spec.version,
        "name": spec.name,
        "checksum": spec.checksum,
        "rollback_checksum": spec.rollback_checksum,
        "statements": [[s.line, s.column, str(s.way), str(s.topic)] for s in statements],
    }


def _hazards(deletions: Sequence[Statement]) -> list[Hazard]:
    if not deletions:
        return []
    lines = ", ".join(str(statement.line) for statement in deletions[:5]) + ", …" * (len(deletions) > 5)
    word = "line" if len(deletions) == 1 else "lines"
    return [Hazard(kind=HazardKind.DELETES_DATA, text=f"by its words, the script deletes at {word} {lines}")]


def _counted(statements: Sequence[Statement]) -> str:
    topics = {statement.topic for statement in statements}
    word = topics.pop() if len(topics) == 1 else f"{Topic.SCHEMA} and {Topic.DATA}"
    return f"{len(statements)} {word} statement{'s' * (len(statements) != 1)}"
