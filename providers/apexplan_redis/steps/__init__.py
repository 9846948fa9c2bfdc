"""Changes of one Redis → steps. Pure.

published   key patterns and the keyspace, as the contract that the server publishes
repairs     keys that depart from their pattern, and keys of none
config      parameters        users       ACL users
libraries   functions         streams     streams and their groups
indexes     search indexes and their aliases
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Step
from apexplan.model.spec import Spec
from apexplan.provider import Facts
from apexplan_redis.specs import Config, Group, KeyPattern, Keyspace, Library, SearchIndex, Stream, User
from apexplan_redis.steps.base import Planning
from apexplan_redis.steps.config import config_steps
from apexplan_redis.steps.indexes import index_steps
from apexplan_redis.steps.libraries import library_steps
from apexplan_redis.steps.published import is_published, publish_steps
from apexplan_redis.steps.repairs import repair_steps
from apexplan_redis.steps.streams import group_steps, stream_steps
from apexplan_redis.steps.users import user_steps


def plan_steps(changes: Sequence[Change], facts: Facts) -> list[Step]:
    """Returns the steps for all changes of one store."""
    planning = Planning(facts)
    contract = [change for change in changes if isinstance(change.spec, KeyPattern | Keyspace)]
    steps = publish_steps([change for change in contract if is_published(change)], planning)
    steps += config_steps([change for change in changes if isinstance(change.spec, Config)], planning)
    for change in changes:
        if change.changed("findings") is not None:
            steps += repair_steps(change, planning)
        match change.spec:
            case User():
                steps += user_steps(change, planning)
            case Library():
                steps += library_steps(change, planning)
            case Stream():
                steps += stream_steps(change, planning)
            case Group() if not _goes_with_its_stream(change, changes):
                steps += group_steps(change, planning)
            case SearchIndex():
                steps += index_steps(change, planning)
            case _:
                pass
    return steps


def _goes_with_its_stream(change: Change, changes: Sequence[Change]) -> bool:
    if change.action is not Action.DELETE:
        return False
    stream = change.spec.parent(change.address)
    return any(other.address == stream and other.action is Action.DELETE for other in changes)


def renamed(
    live: Mapping[Address, Spec], renames: Mapping[Address, Address]
) -> Mapping[Address, tuple[Address, Spec]]:
    """Returns the objects under their new names. None lives in another or speaks of one by name."""
    return {former: (address, live[former]) for former, address in renames.items()}
