"""Bytes out, answers in, over the socket of a connection that the driver opened and greeted.

An audit reads millions of answers, and to read one costs a fifth of what the driver's own way costs (measured
with redis-py 8.1 and hiredis 3.5). Answers are raw; an error reply is a value, a `redis.ResponseError` with
all of the server's words.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import hiredis
from redis import exceptions as driver

from apexplan.model.errors import StoreError

Part: TypeAlias = str | bytes | int | float
Command: TypeAlias = Sequence[Part]

_BUFFER_BYTES: Final = 65536
_MORE: Final = object()


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server told of itself in HELLO."""

    version: str
    mode: str
    role: Literal["primary", "replica"]


def packed(commands: Sequence[Command]) -> bytes:
    """Returns commands as a server reads them, one behind the other."""
    pack: Any = hiredis.pack_command  # typed for one argument alone
    return b"".join([pack(tuple(command)) for command in commands])


class Wire:
    """One connection. As many answers must be read as commands were sent, in their order.

    A lost connection, and an answer that does not come in time, raise what `failure` makes of it; the wire is
    of no more use then.
    """

    __slots__ = ("_buffer", "_close", "_failure", "_next", "_reader", "_socket", "greeting", "place")

    def __init__(
        self,
        connected: socket.socket,
        close: Callable[[], None],
        failure: Callable[[Exception], StoreError],
        place: str,
        greeting: Greeting,
    ) -> None:
        self.place: Final = place
        self.greeting: Final = greeting
        self._socket: Final = connected
        self._close: Final = close
        self._failure: Final = failure
        self._buffer: Final = bytearray(_BUFFER_BYTES)
        self._reader: Final[Any] = hiredis.Reader(
            protocolError=driver.InvalidResponse, replyError=driver.ResponseError, notEnoughData=_MORE
        )
        self._next: Final = self._reader.gets

    def send(self, commands: bytes) -> None:
        """Sends commands that are packed already; see `packed`."""
        try:
            self._socket.sendall(commands)
        except OSError as error:
            raise self._failure(error) from error

    def read(self) -> Any:
        """Returns the next answer, and waits for it as long as the settings allow."""
        try:
            while (answer := self._next()) is _MORE:
                self._fill()
        except (OSError, driver.InvalidResponse) as error:
            raise self._failure(error) from error
        return answer

    def _fill(self) -> None:
        count = self._socket.recv_into(self._buffer)
        if not count:
            raise ConnectionResetError("closed by the server")
        self._reader.feed(self._buffer, 0, count)

    @property
    def usable(self) -> bool:
        """True if the connection waits for a command: a server that closed it, or said something unasked
        before it did so, has made it readable."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not self._reader.has_data() and not poll.poll(0)

    def close(self) -> None:
        """Closes the connection. Idempotent."""
        self._close()
