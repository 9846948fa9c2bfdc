"""Streams and groups of consumers: made empty, and dropped with what is in them kept for a rollback."""

from __future__ import annotations

from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, RollbackClass, Size, Step
from apexplan_redis.names import group_parts
from apexplan_redis.specs import Group, Stream
from apexplan_redis.steps.base import Planning, hazard, line

STREAM: Final = "stream"
DROP_STREAM: Final = "drop stream"
GROUP: Final = "group"
DROP_GROUP: Final = "drop group"

MOST_KEPT_BYTES: Final = 64 << 20
"""A stream that takes more memory is not kept: its rollback makes an empty one."""


def stream_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step of one stream. Its groups go with it."""
    address = change.address
    if change.action is not Action.DELETE:
        return [_undone_by(_make(address), _drop_stream(address), "entries that came in since")]
    step = _drop(address, planning.size(address))
    inside = tuple(
        other
        for other, spec in planning.facts.live.items()
        if isinstance(spec, Group)
        and spec.parent(other) == address
        and other in planning.facts.owned
        and other not in planning.facts.desired
    )
    return [step.model_copy(update={"covers": (address, *inside)})]


def group_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step of one group."""
    address = change.address
    if change.action is not Action.DELETE:
        start = change.desired.start if isinstance(change.desired, Group) else None
        step = _step(address, GROUP, f"make group {address.name}", {"start": start or "$"})
        since = "what its consumers have got since and not confirmed"
        return [_undone_by(step, _destroy_group(address), since)]
    return [_drop_group(address, planning.size(address))]


def _undone_by(made: Step, drop: Step, since: str) -> Step:
    """Returns `made` with `drop` as its inverse. What has come in since goes by a rollback, which must be
    allowed. It is kept until that has ended: one that fails, and is itself undone, brings it back."""
    deletes = hazard(HazardKind.DELETES_DATA, f"{since}: it goes, unless the rollback fails")
    back = drop.model_copy(
        update={"id": f"{drop.id}/back", "hazards": (deletes,), "args": {**drop.args, "keep": True}}
    )
    return made.model_copy(update={"inverse": back, "args": {**made.args, "kept": back.id}})


def _make(address: Address) -> Step:
    statement = line("XADD", address.name, "MAXLEN", "0", "0-1", "made", "by-apexplan")
    return _step(address, STREAM, f"make stream {address.name}", {}, statement)


def _drop_stream(address: Address) -> Step:
    statement = line("UNLINK", address.name)
    return _step(address, DROP_STREAM, f"drop stream {address.name}", {}, statement, removes=True)


def _drop(address: Address, size: Size | None) -> Step:
    step = _drop_stream(address)
    large = size is not None and (size.size_bytes or 0) > MOST_KEPT_BYTES
    restore = _make(address).model_copy(
        update={
            "id": f"{step.id}/back",
            "title": f"make stream {address.name} again" + ("" if large else " with what was in it"),
            "args": {"kept": "" if large else step.id, "key": address.name},
        }
    )
    hazards = [] if size is not None and size.empty else [_deletes(size, "entries")]
    return step.model_copy(
        update={
            "inverse": restore,
            "size": size,
            "hazards": tuple(hazards),
            "rollback": RollbackClass.LOSSY if large else RollbackClass.LOSSLESS,
            "args": {**step.args, "keep": not large},
        }
    )


def _destroy_group(address: Address) -> Step:
    statement = line("XGROUP", "DESTROY", *group_parts(address))
    return _step(address, DROP_GROUP, f"drop group {address.name}", {}, statement, removes=True)


def _drop_group(address: Address, size: Size | None) -> Step:
    step = _destroy_group(address)
    restore = _step(
        address, GROUP, f"make group {address.name} again, where it was", {"start": "$", "kept": step.id}
    )
    hazards = (
        [] if size is not None and size.empty else [_deletes(size, "entries that no consumer has confirmed")]
    )
    return step.model_copy(
        update={
            "inverse": restore.model_copy(update={"id": f"{step.id}/back"}),
            "size": size,
            "hazards": tuple(hazards),
            "args": {**step.args, "keep": True},
        }
    )


def _deletes(size: Size | None, what: str) -> Hazard:
    count = f"{size.count:,} {what}" if size is not None else what
    return hazard(HazardKind.DELETES_DATA, f"{count} go; they are kept in the state for a rollback")


def _step(
    address: Address,
    verb: str,
    title: str,
    args: dict[str, Any],
    statement: str = "",
    *,
    removes: bool = False,
) -> Step:
    if address.kind == Stream.kind:
        names = {"key": address.name}
    else:
        stream, group = group_parts(address)
        names = {"key": stream, "group": group}
        statement = statement or line(
            "XGROUP", "CREATE", stream, group, str(args.get("start", "$")), "MKSTREAM"
        )
    return Step(
        id=f"{address}/{verb}",
        address=address,
        covers=(address,),
        verb=verb,
        title=title,
        statements=(statement,),
        args={**names, **args},
        removes=removes,
    )
