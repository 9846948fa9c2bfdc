"""From what went wrong on the way to a server to an error of ours.

What a server said is judged by its words (`errors.of_reply`). What the driver says itself is never passed on:
it quotes addresses, credentials and paths. Whether a command was sent decides between StoreUnreachable and
Ambiguous.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final, TypeAlias

from redis import exceptions as driver

from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan_redis.errors import Origin, of_reply

_Verdict: TypeAlias = tuple[type[StoreError], str, str]

_DENIED: Final = (driver.AuthenticationError, driver.AuthorizationError, driver.ExternalAuthProviderError)
_BROKEN: Final = (driver.ConnectionError, driver.TimeoutError, OSError)
_LATE: Final = (driver.TimeoutError, TimeoutError)
_CERTIFICATE: Final = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "UNKNOWN_CA")
"""Parts of what OpenSSL calls the alerts of a server that wants another certificate, or one at all."""
_REACH: Final = "check `url`, and that the server runs"


def of_driver(error: Exception, origin: Origin, *, sent: bool) -> StoreError:
    """Returns our error for the driver's, or a socket's. `sent`: a command may have reached the server."""
    said = _said(error)
    if said:
        return of_reply(said, origin)
    kind, text, mend = _judged(error, origin, sent)
    return kind(text, store=origin.store, mend=mend)


def _said(error: Exception) -> str:
    """Returns the server's words, "" where the driver speaks for itself. It takes the code off what it has a
    class for, and keeps it apart."""
    code = getattr(error, "status_code", None)
    words = str(error.args[0]) if error.args else ""
    if code:
        return f"{code} {words}"
    return words if isinstance(error, driver.ResponseError) else ""


def _judged(error: Exception, origin: Origin, sent: bool) -> _Verdict:
    if isinstance(error, _DENIED):
        return (
            AccessDenied,
            "the server does not accept these credentials",
            "correct `username` and `password`",
        )
    if isinstance(error, driver.BusyLoadingError):
        return Transient, "the server is loading its data", "wait a little and try again"
    if isinstance(error, driver.InvalidResponse):
        return Unsupported, f"what answers at {origin.place} is no Redis", "check `url`"
    if isinstance(error, (driver.ClusterError, driver.TryAgainError)):
        return Transient, "the cluster does not answer for this slot", "wait a little and try again"
    if isinstance(error, _BROKEN):
        return _lost(error, origin) if sent else _unreachable(error, origin)
    return StoreError, f"the driver failed ({type(error).__name__})", "please report this"


def _lost(error: Exception, origin: Origin) -> _Verdict:
    if isinstance(error, _LATE):
        return (
            Ambiguous,
            f"no answer came from {origin.place} in time",
            "look what it is doing: SLOWLOG, INFO",
        )
    return Ambiguous, f"the connection to {origin.place} was lost", "look whether the server still runs"


def _unreachable(error: Exception, origin: Origin) -> _Verdict:
    place = origin.place
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return StoreUnreachable, f"the name in {place} is not known", "check `url`"
        if isinstance(cause, ssl.SSLError):
            return StoreUnreachable, *_of_tls(cause, place)
        if isinstance(cause, PermissionError):
            return AccessDenied, f"{place} may not be opened", "check the permissions of the socket"
        if isinstance(cause, ConnectionRefusedError | FileNotFoundError):
            return StoreUnreachable, f"nobody answers at {place}", _REACH
    silent = "does not answer in time" if isinstance(error, _LATE) else "gives no answer"
    other = "no TLS, write redis://" if origin.tls else "TLS, write rediss://"
    return StoreUnreachable, f"{place} {silent}", f"{_REACH}; if it speaks {other}"


def _of_tls(cause: ssl.SSLError, place: str) -> tuple[str, str]:
    if isinstance(cause, ssl.SSLCertVerificationError):
        text = f"the certificate of {place} is not trusted: {cause.verify_message}"
        return text, "name the certificates to trust in `ca_file`, and the host as the certificate does"
    # A server that misses a certificate hangs up after the handshake; its alert may or may not be read.
    if isinstance(cause, ssl.SSLEOFError) or any(part in (cause.reason or "") for part in _CERTIFICATE):
        return f"{place} does not take our certificate, or misses one", "set `cert_file` and `key_file`"
    return f"{place} speaks no TLS that we understand", "write redis:// if it is to be without TLS"


def _causes(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
