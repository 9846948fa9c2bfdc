"""Repairs keys in one pass over the keyspace, a batch at a time.

    SCAN ─▶ look ─▶ keep what they were in the state ─▶ change each key that still is as it was seen
                        │
                        └─ a crash from here on: a removal is carried out again, which removes nothing twice;
                           a TTL is not, as its deadline may be over by now: the new pass finds the key

Each key is changed by a script of its own, so that the look and the change are one; in a cluster no two keys
need share a slot. A key that changed meanwhile is left and counted. The parts of a step are numbered; one
more part says that the pass has ended, and how: that is what `probe` reads. Keys that break the contract
after the pass are the next audit's. Deadlines go by the clock of the server that has the key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from apexplan.model.errors import Interrupted, StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Safe, Watch
from apexplan_redis.audit.pace import Pace
from apexplan_redis.patterns import Classifier, Pattern, parse
from apexplan_redis.run.looking import Work, now_ms, sha1_of
from apexplan_redis.server import Node

_COUNT: Final = 500
_END: Final = "end"
_GONE: Final = -2
_LASTING: Final = -1

_SET_DEADLINE: Final = """
if redis.call('PEXPIRETIME', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
return redis.call('PEXPIREAT', KEYS[1], ARGV[2])
"""
_IS_ANOTHER: Final = """
return redis.call('PEXPIRETIME', KEYS[1]) ~= tonumber(ARGV[1]) and 1 or 0
"""
_RETURN_DEADLINE: Final = """
if redis.call('PEXPIRETIME', KEYS[1]) ~= tonumber(ARGV[2]) then return 0 end
if ARGV[1] == '-1' then return redis.call('PERSIST', KEYS[1]) end
return redis.call('PEXPIREAT', KEYS[1], ARGV[1])
"""
_LOOK: Final = """
local dump = redis.call('DUMP', KEYS[1])
return dump and {redis.sha1hex(dump), redis.call('PEXPIRETIME', KEYS[1])}
"""
"""What is not kept is not fetched either."""
_REMOVE: Final = """
local dump = redis.call('DUMP', KEYS[1])
if not dump then return 1 end
if redis.sha1hex(dump) ~= ARGV[1] or redis.call('PEXPIRETIME', KEYS[1]) ~= tonumber(ARGV[2]) then return 0 end
return redis.call('UNLINK', KEYS[1])
"""


@dataclass(slots=True)
class _Tally:
    """What a pass did so far."""

    changed: int = 0
    left: int = 0
    looked: int = 0
    kept_bytes: int = 0
    part: int = 0

    @property
    def phase(self) -> str:
        return f"{self.left:,} left as they changed meanwhile" if self.left else ""


@dataclass(slots=True)
class _Pass:
    """One pass of one step."""

    work: Work
    step: Step
    watch: Watch
    tally: _Tally = field(default_factory=_Tally)

    @property
    def safe(self) -> Safe:
        return self.work.kept()

    def batches(self, *match: bytes) -> Iterator[tuple[Node, list[bytes]]]:
        """Yields the keys of each primary, paced. Ends with Interrupted where that is wished."""
        pace = Pace(self.work.rate)
        for node in self.work.servers.primaries:
            cursor: Any = 0
            while True:
                if self.watch.stopping():
                    raise Interrupted("stopped between two batches; resume goes on")
                cursor, keys = node.call("SCAN", cursor, *match, "COUNT", _COUNT)
                pace.spend(_COUNT)
                self.tally.looked += len(keys)
                if keys:
                    yield node, keys
                self.watch.progress(self.tally.changed, None, "keys", self.tally.phase)
                if int(cursor) == 0:
                    break

    def keep(self, rows: Any) -> None:
        """Keeps a further part."""
        self.tally.part += 1
        self.keep_instead(rows)

    def keep_instead(self, rows: Any) -> None:
        """Keeps other rows in the place of the last part."""
        self.safe.keep(self.step.id, f"{self.tally.part:08d}", json.dumps(rows).encode())

    def end(self) -> None:
        """Says that the pass has ended. Also the last of all to be written."""
        told = {"changed": self.tally.changed, "left": self.tally.left, "looked": self.tally.looked}
        self.safe.keep(self.step.id, _END, json.dumps(told).encode())
        self.watch.progress(self.tally.changed, self.tally.changed, "keys", self.tally.phase)

    def has_room(self, size_bytes: int) -> bool:
        """True if so much more may be kept."""
        return bool(self.tally.kept_bytes + size_bytes <= self.step.args["keep_bytes"])

    def count(self, answers: Sequence[Any]) -> None:
        """Counts the answers of scripts: 1 for a key that was changed."""
        for answer in answers:
            if isinstance(answer, StoreError):
                raise answer
            if answer:
                self.tally.changed += 1
            else:
                self.tally.left += 1


def probe(work: Work, step: Step) -> Outcome:
    """Returns what the parts say: a pass is done when its end was written. Outside of a run nobody knows."""
    if work.safe is None:
        return Outcome.UNKNOWN
    names = work.safe.parts(step.id)
    if _END in names:
        return Outcome.DONE
    return Outcome.PARTIAL if names else Outcome.NOT_DONE


# ── TTLs ──────────────────────────────────────────────────────────────────────────────────────


def run_bound_ttl(work: Work, step: Step, watch: Watch) -> None:
    """Gives keys without TTL, or with too long a one, the contract's maximum from now on."""
    one = _begun(work, step, watch)
    for rows in _parts(one):
        # What an attempt before a crash has changed counts for the limit; the others are found again.
        one.count([answer for answer in _asked(one, _IS_ANOTHER, rows) if answer])
    mine = parse(step.args["pattern"])
    judge = _Judge([parse(text) for text in step.args["patterns"]], mine)
    for node, keys in one.batches(b"MATCH", mine.glob):
        left = step.args["limit"] - one.tally.changed
        if left <= 0:
            break
        rows = _too_long(node, [key for key in keys if judge.is_mine(key)], step.args["most_s"])[:left]
        if rows:
            one.keep(rows)
            one.count(_asked(one, _SET_DEADLINE, rows))
    one.end()


def run_return_ttl(work: Work, step: Step, watch: Watch) -> None:
    """Gives each key that still has the deadline of the repair what it had before."""
    one = _begun(work, step, watch)
    for rows in _kept_rows(one.safe, step.args["kept"]):
        one.count(_asked(one, _RETURN_DEADLINE, rows))
    one.end()


def _too_long(node: Node, keys: Sequence[bytes], most_s: int) -> list[list[Any]]:
    """Returns key, what its deadline is (-1: none), and what it is to be, of those that need one."""
    if not keys:
        return []
    deadline = now_ms(node) + most_s * 1000
    rows = []
    for key, seen in zip(keys, node.call_many([("PEXPIRETIME", key) for key in keys]), strict=True):
        if isinstance(seen, StoreError):
            raise seen
        if seen == _LASTING or seen > deadline:
            rows.append([_text(key), seen, deadline])
    return rows


def _asked(one: _Pass, script: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Returns what a script answers for each key, in no order, given what was seen and what is to be."""
    by_node: dict[Node, list[tuple[Any, ...]]] = {}
    for text, seen, deadline in rows:
        key = _bytes(text)
        command = ("EVAL", script, 1, key, seen, deadline)
        by_node.setdefault(one.work.servers.holder(key), []).append(command)
    return [answer for node, commands in by_node.items() for answer in node.call_many(commands)]


# ── undeclared keys ───────────────────────────────────────────────────────────────────────────


def run_remove(work: Work, step: Step, watch: Watch) -> None:
    """Removes keys that no pattern declares, that look like those of the plan, and that nobody used for long.
    What they were is kept as far as the bound goes; where all of it was promised to be kept, the pass ends
    there."""
    one = _begun(work, step, watch)
    for rows in _parts(one):
        one.tally.kept_bytes += sum(len(dump) * 3 // 4 for *_, dump in rows if dump is not None)
        _removed(one, rows)
    judge = _Judge([parse(text) for text in step.args["patterns"]], None)
    like = [parse(text) for text in step.args["like"]]
    for node, keys in one.batches():
        mine = [key for key in keys if judge.is_mine(key) and any(one.accepts(key) for one in like)]
        rows = _removable(one, node, _idle(node, mine, step.args["idle_s"]))
        if rows:
            one.keep(rows)
            removed = _removed(one, rows)
            if len(removed) < len(rows):
                # No rollback may bring back a key that was left, and that somebody deletes later.
                one.keep_instead(removed)
        full = step.args["keep_all"] and one.tally.kept_bytes >= step.args["keep_bytes"]
        if one.tally.changed >= step.args["limit"] or full:
            break
    one.end()


def run_return(work: Work, step: Step, watch: Watch) -> None:
    """Brings keys back that were removed. One that is there again, or whose time is over, is left."""
    one = _begun(work, step, watch)
    for rows in _kept_rows(one.safe, step.args["kept"]):
        for text, _, expires, dump in rows:
            if dump is None:
                one.tally.left += 1
            else:
                _return_key(one, _bytes(text), expires, base64.b64decode(dump))
    one.end()


def _return_key(one: _Pass, key: bytes, expires: int, dump: bytes) -> None:
    node = one.work.servers.holder(key)
    if 0 < expires < now_ms(node):
        one.tally.left += 1
        return
    try:
        node.call("RESTORE", key, max(expires, 0), dump, "ABSTTL")
        one.tally.changed += 1
    except StoreError as error:
        if error.code != "BUSYKEY":
            raise
        one.tally.left += 1


def _idle(node: Node, keys: Sequence[bytes], idle_s: int) -> list[bytes]:
    if not keys or idle_s == 0:
        return list(keys)
    answers = node.call_many([("OBJECT", "IDLETIME", key) for key in keys])
    for answer in answers:
        if isinstance(answer, StoreError):
            raise StoreError(
                f"how long a key was not used is not known: {answer.text}",
                code=answer.code,
                mend="under an lfu policy no server keeps it; say `idle: 0s`, or remove the keys by hand",
            ) from answer
    idle = zip(keys, cast("list[int | None]", answers), strict=True)
    return [key for key, seen in idle if seen is not None and seen >= idle_s]


def _removable(one: _Pass, node: Node, keys: Sequence[bytes]) -> list[list[Any]]:
    """Returns key, digest and deadline of what may go, with the dump where it is kept."""
    rows = []
    for key in keys[: one.step.args["limit"] - one.tally.changed]:
        size = node.call("MEMORY", "USAGE", key) or 0
        dump = node.call("DUMP", key) if one.has_room(size) else None
        expires = node.call("PEXPIRETIME", key)
        if dump is not None and expires != _GONE and one.has_room(len(dump)):  # MEMORY USAGE is an estimate
            one.tally.kept_bytes += len(dump)
            rows.append([_text(key), sha1_of(dump), expires, base64.b64encode(dump).decode()])
        elif not one.step.args["keep_all"]:
            seen = node.call("EVAL", _LOOK, 1, key)
            rows += [[_text(key), seen[0].decode(), seen[1], None]] if seen else []
    return rows


def _removed(one: _Pass, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Removes keys that still are as they were seen, and returns which."""
    holder = one.work.servers.holder
    keys = [(_bytes(text), sha, expires) for text, sha, expires, _ in rows]
    answers = [holder(key).call("EVAL", _REMOVE, 1, key, sha, expires) for key, sha, expires in keys]
    one.count(answers)
    return [row for row, gone in zip(rows, answers, strict=True) if gone]


# ── what both use ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Judge:
    """Says whose a key is: the most literal pattern's. `mine` None: nobody's."""

    patterns: Sequence[Pattern]
    mine: Pattern | None
    classifier: Classifier = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "classifier", Classifier(self.patterns))

    def is_mine(self, key: bytes) -> bool:
        index = self.classifier.index(key)
        return (index < 0) if self.mine is None else index >= 0 and self.patterns[index] == self.mine


def _begun(work: Work, step: Step, watch: Watch) -> _Pass:
    one = _Pass(work, step, watch)
    one.tally.part = len(one.safe.parts(step.id))
    return one


def _parts(one: _Pass) -> Iterator[list[list[Any]]]:
    """Yields the parts that an attempt before a crash had kept: whether it carried them out, nobody knows."""
    if one.safe.parts(one.step.id):
        yield from _kept_rows(one.safe, one.step.id)


def _kept_rows(safe: Safe, step: str) -> Iterator[list[list[Any]]]:
    for name, data in safe.kept(step):
        if name != _END:
            yield json.loads(data)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
