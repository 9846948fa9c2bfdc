"""What a contract says of keys → what is asked about them, and what an answer means. Pure.

A check is one command for all keys of a pattern. Where an answer departs, the kind tells how. A missing TTL
is only a doubt yet (see `inquiry`): an application that does SET and then EXPIRE shows every key without one
for a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_redis import kinds
from apexplan_redis.audit.commands import ENCODING, LENGTHS, MEMORY, PTTL, TYPE, Command
from apexplan_redis.patterns import Literal, Pattern, parse
from apexplan_redis.specs import KeyPattern, Stream

Keys: TypeAlias = Sequence[bytes]
Judge: TypeAlias = Callable[[Keys, Sequence[Any]], Mapping[str, list[bytes]]]
"""Takes keys and their answers, and returns the keys that depart, by kind. A key that is gone departs in no
way."""

_LASTING: Final = -1


@dataclass(frozen=True, slots=True)
class Check:
    """One command for all keys of a pattern."""

    command: Command
    judge: Judge


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked at in the keys of one pattern. `lengths`: the most elements, where the type decides how
    they are counted and the contract does not say it."""

    address: Address
    pattern: Pattern
    spec: KeyPattern
    checks: tuple[Check, ...]
    lengths: Judge | None = None

    @property
    def private(self) -> bool:
        return bool(self.spec.personal_data)


def rules(contract: Mapping[Address, Spec]) -> list[Rule]:
    """Returns a rule for each pattern of a contract, and then for each stream that no pattern names to the
    letter, sorted by address: a declared stream is no undeclared key."""
    ordered = sorted(contract.items())
    found = [_rule(address, spec) for address, spec in ordered if isinstance(spec, KeyPattern)]
    known = {rule.pattern for rule in found}
    streams = [address for address, spec in ordered if isinstance(spec, Stream)]
    return found + [rule for rule in map(_stream_rule, streams) if rule.pattern not in known]


def _stream_rule(address: Address) -> Rule:
    spec = KeyPattern(type="stream")
    return Rule(address, Pattern((Literal(address.name),)), spec, tuple(_checks(spec)))


def _rule(address: Address, spec: KeyPattern) -> Rule:
    lengths = None
    if spec.type is None and spec.max_length is not None:
        lengths = _at_most(spec.max_length, kinds.TOO_LONG)
    return Rule(address, parse(address.name), spec, tuple(_checks(spec)), lengths)


def _checks(spec: KeyPattern) -> Iterator[Check]:
    if spec.type is not None:
        yield Check(TYPE, _is_one_of({spec.type.encode()}, TYPE, kinds.WRONG_TYPE))
    if spec.ttl in ("required", "forbidden") or spec.ttl_max_s is not None:
        yield Check(PTTL, _ttl(spec))
    if spec.encodings is not None:
        right = {name.encode() for name in spec.encodings}
        yield Check(ENCODING, _is_one_of(right, ENCODING, kinds.WRONG_ENCODING))
    if spec.max_bytes is not None:
        yield Check(MEMORY, _at_most(spec.max_bytes, kinds.TOO_LARGE))
    if spec.type is not None and spec.max_length is not None:
        yield Check(LENGTHS[spec.type.encode()], _at_most(spec.max_length, kinds.TOO_LONG))


def _is_one_of(right: set[bytes], command: Command, kind: str) -> Judge:
    fine = {*right, command.absent}
    return lambda keys, answers: {
        kind: [key for key, answer in zip(keys, answers, strict=True) if answer not in fine]
    }


def _at_most(most: int, kind: str) -> Judge:
    return lambda keys, answers: {
        kind: [key for key, answer in zip(keys, answers, strict=True) if answer and answer > most]
    }


def _ttl(spec: KeyPattern) -> Judge:
    most_ms = float("inf") if spec.ttl_max_s is None else spec.ttl_max_s * 1000
    if spec.ttl == "forbidden":
        return lambda keys, left: {
            kinds.UNWANTED_TTL: [key for key, ms in zip(keys, left, strict=True) if ms >= 0]
        }
    long: Judge = lambda keys, left: {  # noqa: E731  # beside its brothers
        kinds.LONG_TTL: [key for key, ms in zip(keys, left, strict=True) if ms > most_ms]
    }
    if spec.ttl != "required":
        return long
    return lambda keys, left: {
        kinds.NO_TTL: [key for key, ms in zip(keys, left, strict=True) if ms == _LASTING],
        **long(keys, left),
    }
