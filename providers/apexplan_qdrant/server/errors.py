"""What a server answers and what a connection dies of, as our errors.

A status decides first, the text second. A connection that breaks leaves a change in doubt (Ambiguous), a
question can simply be asked again (Transient); before anything was sent, nothing was changed.

Texts are the server's own words without the values that it quotes from a body: those may be data. Nothing of
the key, and nothing of the URL but host and port, gets here.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import unquote

import httpx
import orjson

from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan_qdrant.errors import Full, NotThere, Taken
from apexplan_qdrant.server.endpoint import GRPC_PORT, REST_PORT, Endpoint

_Verdict: TypeAlias = tuple[type[StoreError], str, str]
"""Class, text, how to mend it."""

_MOST_CHARACTERS: Final = 500
"""Of the server's words. A name that is too long is quoted in full."""
_QUOTED: Final = re.compile(r'(invalid (?:type|value): string )"(?:[^"\\]|\\.)*"')
_POINT_ID: Final = re.compile(r"\bvalue .*? is not a valid point ID", re.DOTALL)
_DISK: Final = re.compile(r"no space left|disk is full|not enough (?:disk )?space", re.IGNORECASE)
_ALIAS: Final = "Alias with the same name already exists"
_IN_BETWEEN: Final = frozenset({408, 502, 504})
"""Answers of somebody who gave up waiting for the one who does the work."""
_TRY_AGAIN: Final = frozenset({429, 503})
_NO_SUCH_THING: Final = frozenset({405, 501})

_NOTHING_SENT: Final = (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)
_TOO_LATE_TO_CONNECT: Final = (httpx.ConnectTimeout, httpx.PoolTimeout)
_BROKEN: Final = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as errors tell of it. `changes`: it may leave something behind."""

    method: str
    path: str
    changes: bool

    def __str__(self) -> str:
        return f"{self.method} {unquote(self.path.partition('?')[0])}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who was asked: the store, where it is, and the key that went along, "" where there is none."""

    store: str
    endpoint: Endpoint
    key: str = field(default="", repr=False)


def of_status(origin: Origin, call: Call, response: httpx.Response) -> StoreError:
    """Returns our error for an answer that is not 200."""
    status = response.status_code
    words = clean(_words(response.content), origin.key)
    kind, text, mend = _judged(origin, call, status, words, response.text)
    return kind(text, store=origin.store, code=str(status), mend=mend)


def _judged(origin: Origin, call: Call, status: int, words: str, body: str) -> _Verdict:
    said = f"{call}: {words}" if words else f"{call}: the answer is not one of Qdrant's"
    if status in (401, 403):
        return _denied(origin, call, status)
    if status == 409 or (status == 400 and _ALIAS in words):
        return Taken, said, "choose another name, or look who has this one"
    if status == 404 and words:
        return NotThere, said, ""
    if status in _NO_SUCH_THING or status == 404:
        text = f"{call}: the server has no such endpoint"
        return Unsupported, text, "use a newer Qdrant; if it is new, check the path in `url`"
    if status in _IN_BETWEEN:
        return _in_doubt(call, f"{call}: {words or 'no answer came in time'}")
    if status in _TRY_AGAIN:
        return Transient, f"{call}: {words or 'the server is busy'}", ""
    if status >= 500 and is_full(words):
        return Full, said, "make room on the server's disk, then resume"
    if 300 <= status < 400:
        return StoreError, f"{call}: the answer is a redirect", "write the URL that it leads to into `url`"
    return StoreError, said, "" if words else _stranger(origin, body)


def _denied(origin: Origin, call: Call, status: int) -> _Verdict:
    if status == 403:
        mend = "use the full key: a read-only one is enough for plan and drift alone"
        return AccessDenied, f"this key may not {call}", mend
    if origin.key:
        return AccessDenied, "the server does not accept this API key", "correct `api_key`"
    return AccessDenied, "the server asks for an API key, and none is set", "set `api_key`"


def _stranger(origin: Origin, body: str) -> str:
    if not origin.endpoint.tls and "HTTPS" in body:
        return "write https:// instead of http://"
    return "check `url`, and what stands between here and the server"


def _words(content: bytes) -> str:
    """Returns the text of `{"status": {"error": …}}`, or ""."""
    try:
        said = orjson.loads(content)["status"]["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return said if isinstance(said, str) else ""


def is_full(words: str) -> bool:
    """True if the server says that its disk is full."""
    return _DISK.search(words) is not None


def clean(words: str, key: str = "") -> str:
    """Returns a server's words on one line, of bearable length, without the values that they quote, and
    without the key, should somebody have put it in."""
    said = _POINT_ID.sub("value … is not a valid point ID", _QUOTED.sub(r'\1"…"', words))
    if key:
        said = said.replace(key, "…")
    line = " ".join(said.split())
    return line if len(line) <= _MOST_CHARACTERS else line[:_MOST_CHARACTERS] + "…"


def of_failure(origin: Origin, call: Call, error: Exception) -> StoreError:
    """Returns our error for one of httpx's."""
    kind, text, mend = _cause(origin, call, error)
    return kind(text, store=origin.store, mend=mend)


def _cause(origin: Origin, call: Call, error: Exception) -> _Verdict:
    where = origin.endpoint
    if isinstance(error, _NOTHING_SENT):
        return _unreachable(where, error)
    if isinstance(error, _TOO_LATE_TO_CONNECT):
        return Transient, f"{where} does not answer in time", _reach(where)
    if isinstance(error, _BROKEN):
        late = isinstance(error, httpx.TimeoutException)
        what = f"no answer came from {where} in time" if late else f"the connection to {where} broke"
        return _in_doubt(call, f"{call}: {what}", _misdialled(where))
    return StoreError, f"{call}: the HTTP client failed ({type(error).__name__})", "please report this"


def _in_doubt(call: Call, text: str, mend: str = "") -> _Verdict:
    return (Ambiguous if call.changes else Transient), text, mend


def _unreachable(where: Endpoint, error: Exception) -> _Verdict:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return StoreUnreachable, f"the name {where.host} is not known", "check `url`"
        if isinstance(cause, ssl.SSLCertVerificationError):
            text = f"the certificate of {where} is not trusted: {cause.verify_message}"
            return StoreUnreachable, text, "name the certificates to trust in `ca_file`"
        if isinstance(cause, ssl.SSLError):
            return StoreUnreachable, f"{where} speaks no TLS", "write http:// if that is how it is meant"
    if isinstance(error, httpx.ProxyError):
        return StoreUnreachable, f"the proxy does not lead to {where}", "check HTTPS_PROXY and NO_PROXY"
    return StoreUnreachable, f"nobody answers at {where}", _reach(where)


def _causes(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _reach(where: Endpoint) -> str:
    return _misdialled(where) or "check `url`, that the server runs, and what lies between"


def _misdialled(where: Endpoint) -> str:
    """Returns what an answer that is no HTTP may come from."""
    if where.port == GRPC_PORT:
        return f"{GRPC_PORT} is the port of gRPC: REST is spoken at {REST_PORT}"
    return "" if where.tls else "if the server speaks TLS, write https://"
