"""Repairs of keys: TTLs that are missing or too long, and keys that no pattern declares.

A step says what is repaired, how, and how many keys at most; which keys these are is found when it runs, key
by key, since a plan of names would be stale before it was read. What each key was is kept in the state
before it is touched, and a key that is no longer as it was seen is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Hazard, HazardKind, RollbackClass, Size, Step
from apexplan.model.spec import Spec
from apexplan_redis.kinds import TTL_KINDS, UNDECLARED
from apexplan_redis.patterns import parse
from apexplan_redis.specs import KeyPattern, Keyspace
from apexplan_redis.steps.base import Planning, hazard, line

BOUND_TTL: Final = "bound ttl"
RETURN_TTL: Final = "return ttl"
REMOVE: Final = "remove keys"
RETURN: Final = "return keys"

LIMIT: Final = 100_000
KEEP_BYTES: Final = 64 << 20
IDLE_S: Final = 7 * 86_400


def repairable(contract: Mapping[Address, Spec]) -> dict[Address, frozenset[str]]:
    """Returns the ways to depart that a plan is asked to repair, by object."""
    found: dict[Address, frozenset[str]] = {}
    for address, spec in contract.items():
        if isinstance(spec, KeyPattern) and "ttl" in (spec.repair or ()):
            found[address] = TTL_KINDS
        elif isinstance(spec, Keyspace) and spec.undeclared == "remove":
            found[address] = frozenset({UNDECLARED})
    return found


def repair_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step that mends what an audit found of one object."""
    if isinstance(change.desired, KeyPattern):
        return [_bound_ttl(change, change.desired, planning)]
    assert isinstance(change.desired, Keyspace)
    return [_remove(change, change.desired, planning)]


def _bound_ttl(change: Change, desired: KeyPattern, planning: Planning) -> Step:
    name, most_s = change.address.name, desired.ttl_max_s
    assert most_s is not None, "a repair of TTLs needs a maximum"
    limit = desired.repair_limit or LIMIT
    size = planning.size(change.address)
    step = _step(
        change,
        BOUND_TTL,
        f"bound the TTL of {_keys(size)} of {name} at {most_s:,} s, of at most {limit:,}",
        (
            line("SCAN", "CURSOR", "MATCH", _glob(name)),
            line("PEXPIREAT", "KEY", f"now+{most_s}s") + "   # where there is none, or a later one",
        ),
        {"pattern": name, "patterns": _patterns(planning), "most_s": most_s, "limit": limit},
    )
    back = _step(change, RETURN_TTL, f"give keys of {name} the TTL back that they had", (), {"kept": step.id})
    expire = f"{_keys(size)} expire within {most_s:,} s: what has expired by then, no rollback brings back"
    return step.model_copy(
        update={
            "inverse": back,
            "size": size,
            "hazards": (hazard(HazardKind.DELETES_DATA, expire), _scans()),
            "rollback": RollbackClass.RETENTION,
        }
    )


def _remove(change: Change, desired: Keyspace, planning: Planning) -> Step:
    limit, keep = desired.repair_limit or LIMIT, desired.keep_bytes or KEEP_BYTES
    idle_s = IDLE_S if desired.idle_s is None else desired.idle_s
    size = planning.size(change.address)
    lossy = size is None or size.size_bytes is None or size.size_bytes > keep
    like: Sequence[str] = planning.facts.details["strangers"]
    step = _step(
        change,
        REMOVE,
        f"remove undeclared keys that nobody used for {idle_s:,} s, at most {limit:,}",
        (line("SCAN", "CURSOR"), line("UNLINK", "KEY") + "   # of " + ", ".join(like)),
        {
            "like": list(like),
            "patterns": _patterns(planning),
            "idle_s": idle_s,
            "limit": limit,
            "keep_bytes": keep,
            "keep_all": not lossy,
        },
    )
    back = _step(
        change,
        RETURN,
        "bring the removed keys back",
        (line("RESTORE", "KEY", "TTL", "DUMP", "ABSTTL"),),
        {"kept": step.id},
    )
    kept = "" if lossy else "; they are kept in the state for a rollback"
    return step.model_copy(
        update={
            "inverse": back,
            "size": size,
            "hazards": (hazard(HazardKind.DELETES_DATA, f"{_keys(size)} go{kept}"), _scans()),
            "rollback": RollbackClass.LOSSY if lossy else RollbackClass.LOSSLESS,
        }
    )


def _step(change: Change, verb: str, title: str, statements: tuple[str, ...], args: dict[str, Any]) -> Step:
    return Step(
        id=f"{change.address}/{verb}",
        address=change.address,
        covers=(change.address,),
        verb=verb,
        title=title,
        statements=statements,
        args=args,
    )


def _patterns(planning: Planning) -> list[str]:
    """Returns all declared patterns: the most literal one has a key."""
    found = {**planning.facts.live, **planning.facts.desired}
    strangers = planning.facts.details.get("strangers", ())
    return sorted(
        a.name for a, spec in found.items() if isinstance(spec, KeyPattern) and a.name not in strangers
    )


def _glob(pattern: str) -> str:
    return parse(pattern).glob.decode(errors="backslashreplace")


def _keys(size: Size | None) -> str:
    return f"{size.count:,} key{'s' * (size.count != 1)}" if size is not None else "keys"


def _scans() -> Hazard:
    return hazard(
        HazardKind.SCANS_DATA, "every key of the store is looked at, at the rate of the store's audits"
    )
