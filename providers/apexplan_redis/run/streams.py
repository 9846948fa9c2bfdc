"""Streams and groups: made, dropped with what is in them kept, and brought back.

What is dropped is kept first, and goes by a script that drops it only if it still is what was kept: after an
entry or a delivery in between it is kept anew. That it was dropped is kept too, since a producer may make the
stream again at once: what that one holds is not ours to drop, and may not take the place of what was kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from apexplan.model.errors import Interrupted, StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_redis.errors import NotThere
from apexplan_redis.read.streams import groups_of, type_of
from apexplan_redis.run.looking import Work, now_ms, sha1_of
from apexplan_redis.server import Node
from apexplan_redis.steps.streams import MOST_KEPT_BYTES

_PART: Final = "dump"
_DEADLINE: Final = "deadline"
_ADDED: Final = "added"
_DROPPED: Final = "dropped"
_LASTING: Final = -1
_PENDING: Final = 1000
_ATTEMPTS: Final = 100
"""How often something is kept anew that changes meanwhile. One attempt takes as long as the keeping."""
_DROP_UNCHANGED: Final = """
if redis.call('TYPE', KEYS[1]).ok ~= 'stream' then return 1 end
if redis.sha1hex(redis.call('DUMP', KEYS[1])) ~= ARGV[1] then return 0 end
if redis.call('PEXPIRETIME', KEYS[1]) ~= tonumber(ARGV[2]) then return 0 end
redis.call('UNLINK', KEYS[1])
return 1
"""
"""Drops a stream that still is what was kept of it."""
_DESTROY_UNCHANGED: Final = """
redis.setresp(3)
local function lines(group)
  local found = {group['last-delivered-id'], group['entries-read'] or '-'}
  for _, one in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    found[#found + 1] = one.map.name
  end
  for _, row in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', group.pending + 1)) do
    found[#found + 1] = row[1] .. ' ' .. row[4] .. ' ' .. row[2]
  end
  return found
end
local groups = redis.call('TYPE', KEYS[1]).ok == 'stream' and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}
for _, one in ipairs(groups) do
  if one.map.name == ARGV[1] then
    if redis.sha1hex(table.concat(lines(one.map), '\\n')) ~= ARGV[2] then return 0 end
    redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1])
  end
end
return 1
"""
"""Drops a group that still is what was kept of it: see `_lines`."""
_MAKE_AGAIN: Final = """
local make = {'XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM'}
if ARGV[3] ~= '' then make[7], make[8] = 'ENTRIESREAD', ARGV[3] end
redis.call(unpack(make))
for i = 5, #ARGV do redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[1], ARGV[i]) end
for entry, since, count, who in string.gmatch(ARGV[4], '(%S+) (%S+) (%S+) (%S+)') do
  local options = {'TIME', since, 'RETRYCOUNT', count, 'FORCE', 'JUSTID'}
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[5 + who], 0, entry, unpack(options))
end
"""
"""Makes a group with its consumers, and with what they have not confirmed, in one: a group that is there has
all of it."""


# ── streams ───────────────────────────────────────────────────────────────────────────────────


def run_stream(work: Work, step: Step, watch: Watch) -> None:
    """Makes an empty stream, or one of what a step kept, unless that would have expired by now."""
    node, key = _place(work, step)
    there = type_of(node, key)
    if there == "stream":
        _check_same(work, node, key, step)
        return
    if there != "none":
        raise StoreError(
            f"the key is a {there}", address=step.address, code="WRONGTYPE", mend="take another name"
        )
    kept = _kept(work, step)
    deadline = int(kept.get(_DEADLINE, _LASTING))
    if _PART in kept and not _is_over(deadline, node):
        node.call("RESTORE", key, max(deadline, 0), kept[_PART], "ABSTTL")
    else:
        node.call("XADD", key, "MAXLEN", 0, "0-1", "made", "by-apexplan")


def probe_stream(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    there = type_of(node, key)
    if there == "none":
        return Outcome.NOT_DONE
    same = there == "stream" and not _is_another(work, node, key, step)
    return Outcome.DONE if same else Outcome.UNKNOWN


def run_drop_stream(work: Work, step: Step, watch: Watch) -> None:
    """Keeps the stream in the state, unless it is too large for that, and drops it. A key of another type in
    its place is left."""
    node, key = _place(work, step)

    def dropped() -> bool:
        if type_of(node, key) != "stream":
            return True
        if not step.args.get("keep"):
            return bool(node.call("UNLINK", key))
        _check_size(node, key, step)
        dump, deadline = node.call("DUMP", key), node.call("PEXPIRETIME", key)
        if dump is None:
            return True
        added = node.call("XINFO", "STREAM", key)[b"entries-added"]
        for part, number in ((_ADDED, added), (_DEADLINE, deadline)):
            work.kept().keep(step.id, part, str(number).encode())
        work.kept().keep(step.id, _PART, dump)
        return bool(node.call("EVAL", _DROP_UNCHANGED, 1, key, sha1_of(dump), deadline))

    _drop(work, step, watch, dropped)


def probe_drop_stream(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    gone = _was_dropped(work, step) or type_of(node, key) != "stream"
    return Outcome.DONE if gone else Outcome.NOT_DONE


def _is_another(work: Work, node: Node, key: bytes, step: Step) -> bool:
    """True if the stream that is there is not the one that a step kept, nor one in place of what would have
    expired: less was ever added to it."""
    if work.safe is None or not step.args.get("kept"):
        return False
    kept = dict(islice(work.safe.kept(step.args["kept"]), 2))  # the two before the dump, which is large
    if _is_over(int(kept.get(_DEADLINE, _LASTING)), node):
        return False
    return bool(node.call("XINFO", "STREAM", key)[b"entries-added"] < int(kept.get(_ADDED, 0)))


def _is_over(deadline: int, node: Node) -> bool:
    return deadline != _LASTING and deadline <= now_ms(node)


def _check_same(work: Work, node: Node, key: bytes, step: Step) -> None:
    if _is_another(work, node, key, step):
        raise StoreError(
            "somebody has made the stream again; what was kept of it is in the state, and stays there",
            address=step.address,
            mend="RENAME that stream, go on with resume or rollback, and join the two",
        )


def _check_size(node: Node, key: bytes, step: Step) -> None:
    """Raises where a stream has grown beyond what is kept of one, which the plan did not say."""
    size = node.call("MEMORY", "USAGE", key) or 0
    if size > MOST_KEPT_BYTES:
        raise StoreError(
            f"the stream takes {size:,} bytes by now; at most {MOST_KEPT_BYTES:,} are kept for a rollback",
            address=step.address,
            mend="trim it (XTRIM), or take it out of the manifest and apply: that plan says that it is lossy",
        )


# ── groups ────────────────────────────────────────────────────────────────────────────────────


def run_group(work: Work, step: Step, watch: Watch) -> None:
    """Makes a group, at the place and with the pending entries that a step kept of it."""
    node, key = _place(work, step)
    group = step.args["group"]
    if group in groups_of(node, key):
        return
    kept = _kept(work, step).get(_PART)
    if kept is None:
        node.call("XGROUP", "CREATE", key, group, step.args["start"], "MKSTREAM")
        return
    former = json.loads(kept)
    number = {consumer: place for place, consumer in enumerate(former["consumers"])}
    pending = (f"{entry} {since} {count} {number[who]}" for entry, who, since, count in former["pending"])
    read = former["entries_read"]
    consumers = (consumer.encode(errors="surrogateescape") for consumer in former["consumers"])
    place = (former["last"], "" if read is None else read, "\n".join(pending))
    node.call("EVAL", _MAKE_AGAIN, 1, key, group, *place, *consumers)


def probe_group(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    return Outcome.DONE if step.args["group"] in groups_of(node, key) else Outcome.NOT_DONE


def run_drop_group(work: Work, step: Step, watch: Watch) -> None:
    """Keeps the group in the state, and drops it."""
    node, key = _place(work, step)
    group = step.args["group"]

    def dropped() -> bool:
        former = _exported(node, key, group)
        if former is None:
            return True
        work.kept().keep(step.id, _PART, json.dumps(former).encode())
        return bool(node.call("EVAL", _DESTROY_UNCHANGED, 1, key, group, sha1_of(_lines(former))))

    _drop(work, step, watch, dropped)


def probe_drop_group(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    gone = _was_dropped(work, step) or step.args["group"] not in groups_of(node, key)
    return Outcome.DONE if gone else Outcome.NOT_DONE


def _exported(node: Node, key: bytes, group: str) -> dict[str, Any] | None:
    """Returns where a group stands, its consumers, and what they have not confirmed; None where it is gone.
    Read in pages, so that the server is not held up; what changes meanwhile is found before it goes."""
    try:
        groups = node.call("XINFO", "GROUPS", key)
        told = next((one for one in groups if _text(one[b"name"]) == group), None)
        if told is None:
            return None
        consumers = [_text(one[b"name"]) for one in node.call("XINFO", "CONSUMERS", key, group)]
        pending = _pending(node, key, group)
    except NotThere:
        return None
    last = told[b"last-delivered-id"].decode()
    read = told.get(b"entries-read")
    return {"last": last, "entries_read": read, "consumers": consumers, "pending": pending}


def _pending(node: Node, key: bytes, group: str) -> list[list[Any]]:
    """Returns entry, consumer, when it was delivered, and how often."""
    now = now_ms(node)
    found: list[list[Any]] = []
    start = "-"
    while True:
        rows = node.call("XPENDING", key, group, start, "+", _PENDING)
        found += [[entry.decode(), _text(who), now - idle_ms, count] for entry, who, idle_ms, count in rows]
        if len(rows) < _PENDING:
            return found
        start = f"({found[-1][0]}"


def _lines(former: Mapping[str, Any]) -> bytes:
    """Returns what a group must still be to be dropped, as `_DESTROY_UNCHANGED` writes it. How long entries
    are with a consumer is not among it."""
    read = former["entries_read"]
    rows = (f"{entry} {count} {who}" for entry, who, _, count in former["pending"])
    lines = [former["last"], "-" if read is None else str(read), *former["consumers"], *rows]
    return "\n".join(lines).encode(errors="surrogateescape")


# ── what both use ─────────────────────────────────────────────────────────────────────────────


def _drop(work: Work, step: Step, watch: Watch, dropped: Callable[[], bool]) -> None:
    """Tries until it is dropped, and keeps that it was."""
    for _ in range(_ATTEMPTS):
        if dropped():
            work.kept().keep(step.id, _DROPPED, b"")
            return
        if watch.stopping():
            raise Interrupted(f"stopped: {step.address} changes while it is kept; resume tries again")
    raise StoreError(
        f"it changed {_ATTEMPTS} times while it was kept",
        address=step.address,
        mend="stop who writes to the stream and who reads from it, then apply again",
    )


def _was_dropped(work: Work, step: Step) -> bool:
    return work.safe is not None and _DROPPED in work.safe.parts(step.id)


def _kept(work: Work, step: Step) -> dict[str, bytes]:
    """Returns what a step has kept for this one."""
    return dict(work.kept().kept(step.args["kept"])) if step.args.get("kept") else {}


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")


def _place(work: Work, step: Step) -> tuple[Node, bytes]:
    key = step.args["key"].encode(errors="surrogateescape")
    return work.servers.holder(key), key
