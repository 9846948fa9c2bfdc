"""A place and credentials → a greeted connection.

The driver opens and greets it: TCP, TLS or a socket file, HELLO 3 with the credentials, SELECT. Then the
connection gets our name, so that CLIENT LIST tells who we are; a user that may not set it does without.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import redis.connection as driver_connection
from redis.exceptions import ResponseError

from apexplan.model.errors import StoreError, StoreUnreachable
from apexplan_redis.connection import RedisSettings
from apexplan_redis.errors import Origin
from apexplan_redis.server.failures import of_driver
from apexplan_redis.server.url import Place
from apexplan_redis.server.wire import Greeting, Wire

_NAME: Final = "apexplan"
_MENDS: Final = {
    "standalone": "write redis:// and the address of one server",
    "cluster": "write redis+cluster:// and the addresses of some of its servers",
    "sentinel": "write redis+sentinel://HOST:PORT/SERVICE, or the address of a server that keeps data",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """As whom we come."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)


def tls_context(store: str, settings: RedisSettings) -> ssl.SSLContext:
    """Returns whom to trust and who we are. Raises StoreError where a file is none of certificates."""
    trusted = settings.ca_file
    try:
        context = ssl.create_default_context(cafile=trusted)
        if settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file, password=lambda: b"")
    except OSError as error:
        text = f"`ca_file`, `cert_file` or `key_file` cannot be read: {_reason(error)}"
        raise StoreError(text, store=store, mend="name files in PEM; the key without a passphrase") from error
    return context


def _reason(error: OSError) -> str:
    return "it holds nothing of the kind" if isinstance(error, ssl.SSLError) else str(error.strerror)


class _TlsConnection(driver_connection.Connection):
    """The driver's own one trusts the system's certificates beside those of `ca_file`."""

    def __init__(self, context: ssl.SSLContext, **settings: Any) -> None:
        super().__init__(**settings)  # type: ignore[no-untyped-call]  # the driver has no types here
        self._context = context

    def _connect(self) -> ssl.SSLSocket:
        plain = super()._connect()  # type: ignore[no-untyped-call]  # the driver has no types here
        try:
            return self._context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


@dataclass(frozen=True, slots=True)
class Dialler:
    """Opens connections to servers of one kind. `mode`: what each of them must say it is."""

    store: str
    mode: str
    credentials: Credentials
    timeout_s: float
    context: ssl.SSLContext | None = None
    db: int = 0

    def open(self, place: Place, *, bulk: bool = False, first: Sequence[str] = ()) -> Wire:
        """Returns a connection. `bulk`: what is looked at stays as long unused as it was (CLIENT NO-TOUCH,
        from 7.2), and a lost connection is StoreUnreachable; else it is Ambiguous. `first`: a command that is
        sent before any other."""
        origin = self.origin(place)
        connection = self._connection(place)
        try:
            connection.connect()
            for command in [
                ("CLIENT", "SETNAME", _NAME),
                first,
                ("CLIENT", "NO-TOUCH", "ON") if bulk else (),
            ]:
                _ask(connection, command)
        except Exception as error:
            connection.disconnect()
            raise of_driver(error, origin, sent=False) from error
        failure = partial(_unreachable if bulk else _ambiguous, origin)
        greeting = _greeting(connection.handshake_metadata)
        wire = Wire(connection._get_socket(), connection.disconnect, failure, str(place), greeting)
        if greeting.mode != self.mode:
            wire.close()
            text = f"{place} is a server of the kind {greeting.mode}, not {self.mode}"
            raise StoreError(text, store=self.store, mend=_MENDS.get(greeting.mode, "check `url`"))
        return wire

    def origin(self, place: Place | str) -> Origin:
        """Returns what errors tell of a server."""
        return Origin(
            self.store, str(place), self.credentials.username or "default", self.context is not None
        )

    def _connection(self, place: Place) -> Any:
        settings: dict[str, Any] = {
            "db": self.db,
            "username": self.credentials.username,
            "password": self.credentials.password,
            "socket_timeout": self.timeout_s,
            "socket_connect_timeout": self.timeout_s,
            "protocol": 3,
            "driver_info": None,
        }
        kinds: Any = driver_connection  # its classes have no types
        if place.is_path:
            return kinds.UnixDomainSocketConnection(path=place.host, **settings)
        if self.context is not None:
            return _TlsConnection(self.context, host=place.host, port=place.port, **settings)
        return kinds.Connection(host=place.host, port=place.port, **settings)


def _ask(connection: Any, command: Sequence[str]) -> None:
    """Sends a command that an old server, or the user's rights, may refuse."""
    if command:
        connection.send_command(*command)
        try:
            connection.read_response(disconnect_on_error=False)
        except ResponseError:
            return


def _greeting(told: dict[bytes, Any]) -> Greeting:
    role = told.get(b"role", b"master")
    return Greeting(
        told.get(b"version", b"").decode(),
        told.get(b"mode", b"standalone").decode(),
        "primary" if role == b"master" else "replica",
    )


def _ambiguous(origin: Origin, error: Exception) -> StoreError:
    return of_driver(error, origin, sent=True)


def _unreachable(origin: Origin, error: Exception) -> StoreError:
    lost = of_driver(error, origin, sent=True)
    return StoreUnreachable(lost.text, store=origin.store, mend=lost.mend)
