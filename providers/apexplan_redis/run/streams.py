"""Streams and groups: made, dropped with what is in them kept, and brought back."""

from __future__ import annotations

import json
from typing import Any, Final

from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_redis.read.streams import groups_of, type_of
from apexplan_redis.run.looking import Work
from apexplan_redis.server import Node

_PART: Final = "dump"
_DEADLINE: Final = "deadline"
_LASTING: Final = -1
_PENDING: Final = 1000
_DROP_UNCHANGED: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
if redis.sha1hex(redis.call('DUMP', KEYS[1])) ~= ARGV[1] then return 0 end
if redis.call('PEXPIRETIME', KEYS[1]) ~= tonumber(ARGV[2]) then return 0 end
redis.call('UNLINK', KEYS[1])
return 1
"""
"""Drops a key that still is what was kept of it."""


def run_stream(work: Work, step: Step, watch: Watch) -> None:
    """Makes an empty stream, or one of what a step kept, unless that would have expired by now."""
    node, key = _place(work, step)
    there = type_of(node, key)
    if there == "stream":
        return
    if there != "none":
        raise StoreError(
            f"the key is a {there}", address=step.address, code="WRONGTYPE", mend="take another name"
        )
    kept = dict(work.kept().kept(step.args["kept"])) if step.args.get("kept") else {}
    deadline = int(kept.get(_DEADLINE, _LASTING))
    if _PART in kept and (deadline == _LASTING or deadline > _now_ms(node)):
        node.call("RESTORE", key, max(deadline, 0), kept[_PART], "ABSTTL")
    else:
        node.call("XADD", key, "MAXLEN", 0, "0-1", "made", "by-apexplan")


def probe_stream(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    there = type_of(node, key)
    if there in ("stream", "none"):
        return Outcome.DONE if there == "stream" else Outcome.NOT_DONE
    return Outcome.UNKNOWN


def run_drop_stream(work: Work, step: Step, watch: Watch) -> None:
    """Keeps the stream in the state, then drops it on the condition that nothing came in meanwhile."""
    import hashlib

    node, key = _place(work, step)
    while not watch.stopping():
        dump, deadline = node.call("DUMP", key), node.call("PEXPIRETIME", key)
        if dump is None:
            return
        if step.args.get("keep"):
            work.kept().keep(step.id, _DEADLINE, str(deadline).encode())
            work.kept().keep(step.id, _PART, dump)
        sha = hashlib.sha1(dump, usedforsecurity=False).hexdigest()
        if node.call("EVAL", _DROP_UNCHANGED, 1, key, sha, deadline):
            return


def probe_drop_stream(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    return Outcome.DONE if type_of(node, key) == "none" else Outcome.NOT_DONE


def run_group(work: Work, step: Step, watch: Watch) -> None:
    """Makes a group, at the place and with the pending entries that a step kept of it."""
    node, key = _place(work, step)
    group = step.args["group"]
    if group in groups_of(node, key):
        return
    kept = dict(work.kept().kept(step.args["kept"])).get(_PART) if step.args.get("kept") else None
    if kept is None:
        node.call("XGROUP", "CREATE", key, group, step.args["start"], "MKSTREAM")
        return
    former = json.loads(kept)
    read = ("ENTRIESREAD", former["entries_read"]) if former["entries_read"] is not None else ()
    node.call("XGROUP", "CREATE", key, group, former["last"], "MKSTREAM", *read)
    for consumer in former["consumers"]:
        node.call("XGROUP", "CREATECONSUMER", key, group, consumer.encode(errors="surrogateescape"))
    for entry, consumer, since_ms, deliveries in former["pending"]:
        options = ("TIME", since_ms, "RETRYCOUNT", deliveries, "FORCE", "JUSTID")
        node.call("XCLAIM", key, group, consumer.encode(errors="surrogateescape"), 0, entry, *options)


def probe_group(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    return Outcome.DONE if step.args["group"] in groups_of(node, key) else Outcome.NOT_DONE


def run_drop_group(work: Work, step: Step, watch: Watch) -> None:
    node, key = _place(work, step)
    group = step.args["group"]
    if group not in groups_of(node, key):
        return
    if step.args.get("keep"):
        work.kept().keep(step.id, _PART, json.dumps(_exported(node, key, group)).encode())
    node.call("XGROUP", "DESTROY", key, group)


def probe_drop_group(work: Work, step: Step) -> Outcome:
    node, key = _place(work, step)
    return Outcome.NOT_DONE if step.args["group"] in groups_of(node, key) else Outcome.DONE


def _exported(node: Node, key: bytes, group: str) -> dict[str, Any]:
    """Returns where a group stands, its consumers, and what they have not confirmed."""
    told = next(
        one
        for one in node.call("XINFO", "GROUPS", key)
        if one[b"name"].decode(errors="surrogateescape") == group
    )
    now_ms = _now_ms(node)
    pending: list[list[Any]] = []
    start = "-"
    while True:
        rows = node.call("XPENDING", key, group, start, "+", _PENDING)
        pending += [
            [entry.decode(), consumer.decode(errors="surrogateescape"), now_ms - idle_ms, deliveries]
            for entry, consumer, idle_ms, deliveries in rows
        ]
        if len(rows) < _PENDING:
            break
        start = f"({pending[-1][0]}"
    read = told.get(b"entries-read")
    consumers = [
        one[b"name"].decode(errors="surrogateescape") for one in node.call("XINFO", "CONSUMERS", key, group)
    ]
    last = told[b"last-delivered-id"].decode()
    return {"last": last, "entries_read": read, "consumers": consumers, "pending": pending}


def _now_ms(node: Node) -> int:
    seconds, micros = node.call("TIME")
    return int(seconds) * 1000 + int(micros) // 1000


def _place(work: Work, step: Step) -> tuple[Node, bytes]:
    key = step.args["key"].encode(errors="surrogateescape")
    return work.servers.holder(key), key
