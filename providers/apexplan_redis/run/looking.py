"""What runs and probes of all kinds ask the servers, and how several answers make one outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apexplan.model.plan import Step
from apexplan.provider import Outcome, Safe, Watch
from apexplan_redis.read.libraries import library_of
from apexplan_redis.read.published import CONTRACT, Published, published

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers


@dataclass(frozen=True, slots=True)
class Work:
    """What a verb needs. `safe`: where overwritten data is kept, None outside of a run. `rate`: keys a second
    in passes over the keyspace, 0 for no bound. `persist`: servers write changes of theirs into their
    files. `password`: the hash of the one that we come in with."""

    servers: Servers
    safe: Safe | None
    rate: int
    persist: bool
    password: str | None

    def kept(self) -> Safe:
        """Returns the safe. Steps that need one are run by an apply, which has one."""
        assert self.safe is not None, "a run gives its safe before the first step"
        return self.safe


@dataclass(frozen=True, slots=True)
class Verb:
    """What `run` does for a step, and what `probe` asks."""

    run: Callable[[Work, Step, Watch], None]
    probe: Callable[[Work, Step], Outcome]


def now_ms(node: Node) -> int:
    """Returns the time by the server's clock, which is the one that deadlines go by."""
    seconds, micros = node.call("TIME")
    return int(seconds) * 1000 + int(micros) // 1000


def sha1_of(dump: bytes) -> str:
    """Returns the digest by which a script knows what was kept: Lua in the server has SHA-1 alone."""
    return hashlib.sha1(dump, usedforsecurity=False).hexdigest()


def together(answers: Iterable[bool]) -> Outcome:
    """Returns DONE where all servers are as wished, PARTIAL where some are, NOT_DONE otherwise."""
    found = list(answers)
    if all(found):
        return Outcome.DONE
    return Outcome.PARTIAL if any(found) else Outcome.NOT_DONE


def contract_of(node: Node) -> Published:
    return published(library_of(node, CONTRACT))


def own_library(servers: Servers, name: str) -> str | None:
    """Returns a library of apexplan's own, from the first primary that has it: one that has lost it, or that
    came to the cluster without it, must not empty it on the others."""
    return next((code for node in servers.primaries if (code := library_of(node, name))), None)


def publish(servers: Servers, change: Callable[[Published], Published]) -> None:
    """Changes the published contract on every primary. The contract is what the first has that has one, as in
    a plan: the others are brought to it."""
    former = published(own_library(servers, CONTRACT))
    code = change(former).code
    for node in servers.primaries:
        load(node, CONTRACT, code or None)


def load(node: Node, name: str, code: str | None) -> None:
    """Loads a library on one server, or deletes it there where `code` is None."""
    there = library_of(node, name)
    if there == code:
        return
    if code is None:
        node.call("FUNCTION", "DELETE", name)
    else:
        node.call("FUNCTION", "LOAD", "REPLACE", code)


def remember(servers: Servers, before: Mapping[str, str | None]) -> None:
    """Writes down what parameters and users were, where anything is to be written."""
    if before and any(not _remembers(node, before) for node in servers.primaries):
        publish(servers, lambda found: found.remembering(before))


def remembers(servers: Servers, before: Mapping[str, str | None]) -> bool:
    """True if every primary has written down what was before."""
    return not before or all(_remembers(node, before) for node in servers.primaries)


def _remembers(node: Node, before: Mapping[str, Any]) -> bool:
    found = contract_of(node).before
    return all(found.get(name) == value for name, value in before.items())
