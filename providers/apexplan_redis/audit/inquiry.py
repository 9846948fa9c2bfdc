"""What is asked about the keys of a batch, and what follows from the answers.

    every key        the checks of its rule
    some values      TYPE ─▶ STRLEN or HSTRLEN ─▶ GET or HGET, where it is not too long ─▶ JSON Schema
    some hashes      TYPE ─▶ HLEN ─▶ HKEYS, where there are not more than are declared
    doubtful keys    a second later: PTTL where it had no TTL, EXISTS where no rule has it
    some strangers   MEMORY USAGE

A question is one command for many keys; what its answers lead to are further questions. Sending and reading
is the walk's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeAlias

from apexplan_redis import kinds
from apexplan_redis.audit.batch import Batch
from apexplan_redis.audit.commands import (
    EXISTS,
    GET,
    HGET,
    HKEYS,
    HSTRLEN,
    LENGTHS,
    MEMORY,
    PTTL,
    TYPE,
    Command,
    bulks,
)
from apexplan_redis.audit.rules import Judge, Rule
from apexplan_redis.audit.values import LONGEST_BYTES, Quota, Validate, fits

_UNKNOWN: Final = -1
_CHUNK_BYTES: Final = 4 << 20
"""Of values that are asked for at once."""

_STRING, _HASH = b"string", b"hash"


@dataclass(slots=True)
class Question:
    """One command for many keys of a batch. `weight`: bytes that the answers may have, where it is much."""

    command: Command
    keys: Sequence[bytes]
    packed: bytes
    batch: Batch
    take: Take
    weight: int = 0

    def about(self, keys: Sequence[bytes]) -> Question:
        """Returns the same question about other keys."""
        return replace(self, keys=keys, packed=self.command.packed(bulks(keys)))


Take: TypeAlias = Callable[[Question, Sequence[Any]], Iterable[Question]]


@dataclass(slots=True)
class Inquiry:
    """The questions of one audit. `validators`: by the number of the rule, where its values have a schema.
    `refused`: commands that the user may not run, with what is to be told; they are not asked again."""

    rules: Sequence[Rule]
    validators: Mapping[int, Validate]
    reports_strangers: bool = True
    refused: dict[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    _quotas: dict[tuple[int, str], Quota] = field(default_factory=dict)

    def begin(self, batch: Batch, indexes: Sequence[int], keys: Sequence[bytes]) -> Iterator[Question]:
        """Yields what is asked first. `indexes`: the number of the rule that has each of `keys`."""
        batch.tally.looked += len(keys)
        groups: dict[int, list[bytes]] = {}
        for index, key in zip(indexes, keys, strict=True):
            groups.setdefault(index, []).append(key)
        strangers = groups.pop(_UNKNOWN, [])
        if self.reports_strangers:
            batch.doubt((_UNKNOWN, kinds.UNDECLARED), strangers, self.clock())
        for number, mine in groups.items():
            yield from self._first(batch, number, mine)

    def again(self, batch: Batch) -> Iterator[Question]:
        """Yields what is asked about doubtful keys, which have waited."""
        for (number, kind), keys in batch.doubted().items():
            if kind == kinds.UNDECLARED:
                yield self._question(EXISTS, keys, batch, self._strangers)
            else:
                yield self._question(PTTL, keys, batch, partial(self._still, number, kind))

    def resume(self, taken: Mapping[tuple[int, str], int]) -> None:
        """Takes how many were looked at already, by rule and kind."""
        self._quotas = {which: Quota(count) for which, count in taken.items()}

    def _first(self, batch: Batch, number: int, keys: list[bytes]) -> Iterator[Question]:
        rule, packed = self.rules[number], bulks(keys)
        batch.tally.of(number).looked += len(keys)
        for place, check in enumerate(rule.checks):
            if check.command.name not in self.refused:
                take = partial(self._judged, number, check.judge, place == 0)
                yield Question(check.command, keys, check.command.packed(packed), batch, take)
        if rule.lengths is not None:
            yield self._question(TYPE, keys, batch, partial(self._lengths, number, rule.lengths))
        if number in self.validators:
            yield from self._some(batch, number, kinds.BAD_VALUE, keys, self._values)
        if rule.spec.fields is not None:
            yield from self._some(batch, number, kinds.BAD_FIELDS, keys, self._hashes)

    def _some(
        self, batch: Batch, number: int, kind: str, keys: Sequence[bytes], take: Callable[..., Any]
    ) -> Iterator[Question]:
        """Yields the first question about those of `keys` that are chosen."""
        chosen = keys[: self._quota(number, kind).take(len(keys), batch.share)]
        if chosen:
            yield self._question(TYPE, chosen, batch, partial(take, number))

    def _quota(self, number: int, kind: str) -> Quota:
        return self._quotas.setdefault((number, kind), Quota())

    def _question(
        self, command: Command, keys: Sequence[bytes], batch: Batch, take: Take, weight: int = 0
    ) -> Question:
        return Question(command, keys, command.packed(bulks(keys)), batch, take, weight)

    # ── every key ─────────────────────────────────────────────────────────────────────────────

    def _judged(
        self, number: int, judge: Judge, is_first: bool, asked: Question, answers: Sequence[Any]
    ) -> Iterable[Question]:
        batch, rule = asked.batch, self.rules[number]
        if is_first and asked.command.tells and asked.command.name not in self.refused:
            self._gone(number, batch, answers.count(asked.command.absent))
        for kind, keys in judge(asked.keys, answers).items():
            if kind == kinds.NO_TTL:
                batch.doubt((number, kind), keys, self.clock())
            else:
                batch.depart(number, rule, kind, keys)
        return ()

    def _gone(self, number: int, batch: Batch, count: int) -> None:
        batch.tally.looked -= count
        batch.tally.of(number).looked -= count

    def _lengths(
        self, number: int, judge: Judge, asked: Question, types: Sequence[Any]
    ) -> Iterator[Question]:
        for kind, keys in _by_answer(asked.keys, types).items():
            if kind in LENGTHS:
                take = partial(self._judged, number, judge, False)
                yield self._question(LENGTHS[kind], keys, asked.batch, take)

    # ── doubtful keys ─────────────────────────────────────────────────────────────────────────

    def _still(self, number: int, kind: str, asked: Question, left: Sequence[Any]) -> Iterable[Question]:
        keys = [key for key, ms in zip(asked.keys, left, strict=True) if ms == -1]
        asked.batch.depart(number, self.rules[number], kind, keys)
        return ()

    def _strangers(self, asked: Question, there: Sequence[Any]) -> Iterator[Question]:
        batch = asked.batch
        keys = [key for key, one in zip(asked.keys, there, strict=True) if one]
        batch.strangers += keys
        batch.tally.looked -= len(asked.keys) - len(keys)
        chosen = keys[: self._quota(_UNKNOWN, kinds.UNDECLARED).take(len(keys), batch.share)]
        if chosen and MEMORY.name not in self.refused:
            yield self._question(MEMORY, chosen, batch, _sized)

    # ── values and fields of some ─────────────────────────────────────────────────────────────

    def _values(self, number: int, asked: Question, types: Sequence[Any]) -> Iterator[Question]:
        wanted = self.rules[number].spec.type
        groups = _by_answer(asked.keys, types)
        for kind, length, read in ((_STRING, LENGTHS[_STRING], GET), (_HASH, HSTRLEN, HGET)):
            if kind in groups and wanted in (None, kind.decode()):
                take = partial(self._readable, number, read)
                yield self._question(length, groups[kind], asked.batch, take)

    def _readable(
        self, number: int, read: Command, asked: Question, lengths: Sequence[Any]
    ) -> Iterator[Question]:
        known = [pair for pair in zip(asked.keys, lengths, strict=True) if pair[1] >= 0]
        short = [pair for pair in known if pair[1] <= LONGEST_BYTES]
        asked.batch.tally.of(number).unread += len(known) - len(short)
        for keys, weight in _chunks(short):
            yield self._question(read, keys, asked.batch, partial(self._valid, number), weight)

    def _valid(self, number: int, asked: Question, values: Sequence[Any]) -> Iterable[Question]:
        seen, validate = asked.batch.tally.of(number), self.validators[number]
        there = [pair for pair in zip(asked.keys, values, strict=True) if pair[1] is not None]
        seen.sample(kinds.BAD_VALUE, len(there))
        for key, value in there:
            reason = validate(value)
            if reason:
                seen.reason = seen.reason or ("" if self.rules[number].private else reason)
                asked.batch.depart(number, self.rules[number], kinds.BAD_VALUE, [key])
        return ()

    def _hashes(self, number: int, asked: Question, types: Sequence[Any]) -> Iterator[Question]:
        keys = _by_answer(asked.keys, types).get(_HASH, [])
        if keys:
            yield self._question(LENGTHS[_HASH], keys, asked.batch, partial(self._fields, number))

    def _fields(self, number: int, asked: Question, lengths: Sequence[Any]) -> Iterator[Question]:
        pairs = list(zip(asked.keys, lengths, strict=True))
        most = len(self.rules[number].spec.fields or ())
        small = [key for key, length in pairs if 0 < length <= most]
        large = [key for key, length in pairs if length > most]
        self._unfit(number, asked.batch, large, len(large))  # whatever their names, one is too many
        if small:
            yield self._question(HKEYS, small, asked.batch, partial(self._named, number))

    def _named(self, number: int, asked: Question, names: Sequence[Any]) -> Iterable[Question]:
        fields = self.rules[number].spec.fields or {}
        there = [pair for pair in zip(asked.keys, names, strict=True) if pair[1]]
        unfit = [key for key, found in there if not fits(fields, found)]
        self._unfit(number, asked.batch, unfit, len(there))
        return ()

    def _unfit(self, number: int, batch: Batch, keys: list[bytes], looked: int) -> None:
        batch.tally.of(number).sample(kinds.BAD_FIELDS, looked)
        batch.depart(number, self.rules[number], kinds.BAD_FIELDS, keys)


def _sized(asked: Question, sizes: Sequence[Any]) -> Iterable[Question]:
    known = [size for size in sizes if size is not None]
    asked.batch.tally.sized += len(known)
    asked.batch.tally.sized_bytes += sum(known)
    return ()


def _by_answer(keys: Sequence[bytes], answers: Sequence[Any]) -> dict[Any, list[bytes]]:
    groups: dict[Any, list[bytes]] = {}
    for key, answer in zip(keys, answers, strict=True):
        groups.setdefault(answer, []).append(key)
    return groups


def _chunks(sized: Sequence[tuple[bytes, int]]) -> Iterator[tuple[list[bytes], int]]:
    """Yields keys whose values are of bearable size together, and that size."""
    keys: list[bytes] = []
    weight = 0
    for key, size in sized:
        if keys and weight + size > _CHUNK_BYTES:
            yield keys, weight
            keys, weight = [], 0
        keys.append(key)
        weight += size
    if keys:
        yield keys, weight
