"""One server: commands, pipelines, connections for bulk work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias

from redis.exceptions import ResponseError

from apexplan.model.errors import StoreError
from apexplan_redis.errors import Origin, ReadOnly, code_of, of_reply
from apexplan_redis.server.wire import Command, Part, Wire, packed

Role: TypeAlias = Literal["primary", "replica"]

_CONTAINERS: Final = {
    *("ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "MODULE"),
    *("OBJECT", "SCRIPT", "SENTINEL", "SLOWLOG", "XGROUP", "XINFO"),
}
"""Commands whose second word belongs to the name. Of all others only the first may be shown."""
_ELSEWHERE: Final = ("MOVED", "ASK")


class Open(Protocol):
    """Opens a connection to the server of a seat, wherever it is now."""

    def __call__(self, *, bulk: bool) -> Wire: ...


@dataclass(frozen=True, slots=True)
class Seat:
    """A server's part in the whole: what it is called, what it is there for, and the way to it."""

    name: str
    role: Role
    open: Open = field(compare=False, repr=False)
    origin: Callable[[str], Origin] = field(compare=False, repr=False)


Follow: TypeAlias = Callable[["Node", Command, str], Any]
"""Takes a command and the redirection that it met, and returns the raw answer from where the slot is."""


class Node:
    """One server process. A connection that was lost is opened again by the next call, never by the same one:
    nobody knows what became of what was sent."""

    def __init__(self, seat: Seat, follow: Follow | None = None) -> None:
        self.seat: Final = seat
        self._follow: Final = follow
        self._wire: Wire | None = None
        self._name = seat.name
        self._role: Role = seat.role

    @property
    def name(self) -> str:
        """Where it listens, as far as is known: host and port, or the path of its socket."""
        return self._name

    @property
    def role(self) -> Role:
        """What the server said it is when it was last connected to."""
        return self._role

    @property
    def version(self) -> str:
        """The server's version. Connects."""
        return self.ready().greeting.version

    def call(self, *parts: Part) -> Any:
        """Returns the raw answer to one command; raises its error."""
        answer = self._settled(parts, self.exchange([parts])[0])
        if isinstance(answer, StoreError):
            raise answer
        return answer

    def call_many(self, commands: Sequence[Command]) -> list[Any | StoreError]:
        """Returns the answer to each command, or its error; sent in one go, without MULTI.

        Raises where nothing was sent. Where the connection is lost on the way, what was answered is kept and
        the rest is Ambiguous. What a cluster's server sends elsewhere is done after the others.
        """
        answers = self.exchange(commands)
        return [self._settled(parts, answer) for parts, answer in zip(commands, answers, strict=True)]

    @contextmanager
    def wire(self) -> Iterator[Wire]:
        """Gives a connection of its own for bulk work, on which looking at a key leaves its idle time as it
        is, where the server can (7.2). A lost connection is StoreUnreachable there."""
        wire = self._opened(bulk=True)
        try:
            yield wire
        finally:
            wire.close()

    def ready(self) -> Wire:
        """Returns the connection, opened if there is none. One that the server closed while it lay idle is
        found out before anything is sent: opening another is no repetition."""
        if self._wire is not None and not self._wire.usable:
            self.close()
        if self._wire is None:
            self._wire = self._opened(bulk=False)
        return self._wire

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Returns raw answers, error replies as `redis.ResponseError`, and errors of ours for those that did
        not come."""
        wire = self.ready()
        request = packed(commands)
        answers: list[Any] = []
        try:
            wire.send(request)
            for _ in commands:
                answers.append(wire.read())
        except StoreError as lost:
            self.close()
            answers += [lost] * (len(commands) - len(answers))
        except BaseException:
            self.close()  # an answer that nobody reads would be taken for the next command's
            raise
        return answers

    def close(self) -> None:
        """Closes the connection. The next call opens another."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _opened(self, *, bulk: bool) -> Wire:
        wire = self.seat.open(bulk=bulk)
        self._name, self._role = wire.place, wire.greeting.role
        return wire

    def _settled(self, parts: Command, answer: Any) -> Any:
        """Returns an answer, or an error of ours, and follows a redirection once."""
        if self._follow is not None and isinstance(answer, ResponseError) and _is_elsewhere(answer):
            try:
                answer = self._follow(self, parts, str(answer))
            except StoreError as failure:
                return failure
        return self._refused(parts, answer) if isinstance(answer, ResponseError) else answer

    def _refused(self, parts: Command, answer: ResponseError) -> StoreError:
        error = of_reply(str(answer), self.seat.origin(self._name), what=_name_of(parts))
        error.__cause__ = answer
        if isinstance(error, ReadOnly):
            self.close()  # it may have been the primary: the next call asks anew who is
        return error


def _is_elsewhere(answer: ResponseError) -> bool:
    return code_of(str(answer)) in _ELSEWHERE


def _name_of(parts: Command) -> str:
    """Returns what a command is called, without its arguments."""
    words = [str(part, "ascii", "replace") if isinstance(part, bytes) else str(part) for part in parts[:2]]
    first = words[0].upper()
    return f"{first} {words[1].upper()}" if first in _CONTAINERS and len(words) > 1 else first
