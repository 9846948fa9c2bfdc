"""One request, one JSON answer, over a pool of connections that threads share.

Answers stay plain JSON: a field that a newer server adds survives. Floats stay floats both ways, to the last
bit of the 32 that the server keeps. Nothing is retried and no redirect is followed. `Accept-Encoding:
identity`: compressed, a page of 64 points took 45 ms instead of 1 (measured on 1.16.3).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx
import orjson

from apexplan.model.errors import Ambiguous, StoreError
from apexplan_qdrant.connection import QdrantSettings
from apexplan_qdrant.server import endpoint
from apexplan_qdrant.server.errors import Call, Origin, of_failure, of_status

_KEY: Final = re.compile(r"[\x21-\x7e]+")
_CONNECTIONS: Final = httpx.Limits(max_connections=32, max_keepalive_connections=16)
_HEADERS: Final = {"accept-encoding": "identity", "user-agent": "apexplan"}


def at(*parts: str, query: str = "") -> str:
    """Returns a path of literal parts: a name may hold a slash, a percent sign, or be two dots."""
    return "/" + "/".join(map(_part, parts)) + (f"?{query}" if query else "")


def _part(part: str) -> str:
    return "%2E" * len(part) if part in (".", "..") else quote(part, safe="")


def encoded(value: Any) -> bytes:
    """Returns JSON; 1.0 stays 1.0."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


class Client:
    """Asks one server. Raises our errors alone."""

    def __init__(
        self, store: str, settings: QdrantSettings, transport: httpx.BaseTransport | None = None
    ) -> None:
        where = endpoint.parsed(settings.url, store)
        key = _key(store, settings)
        self.origin: Final = Origin(store, where, key)
        self._timeout_s: Final = settings.timeout_s
        self._http: Final = httpx.Client(
            headers=_HEADERS | ({"api-key": key} if key else {}),
            auth=where.credentials,
            timeout=settings.timeout_s,
            verify=_trust(store, settings) if where.tls else False,  # http: loads no certificates
            trust_env=not where.loopback,
            limits=_CONNECTIONS,
            follow_redirects=False,
            transport=transport,
        )

    def close(self) -> None:
        self._http.close()

    def root(self) -> Any:
        """Returns the answer of GET /, whole."""
        return self._answer(Call("GET", "/", changes=False))

    def read(self, where: str) -> Any:
        """Returns the `result` of a GET."""
        return self._result(Call("GET", where, changes=False))

    def ask(self, where: str, body: Mapping[str, Any]) -> Any:
        """Returns the `result` of a POST that only reads."""
        return self._result(Call("POST", where, changes=False), encoded(body))

    def change(
        self, method: str, where: str, content: bytes | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """Returns the `result` of a request that may change something. `content` is JSON; `timeout_s` is how
        long the answer may take where the server builds before it answers."""
        return self._result(Call(method, where, changes=True), content, timeout_s)

    def _result(self, call: Call, content: bytes | None = None, timeout_s: float | None = None) -> Any:
        answer = self._answer(call, content, timeout_s)
        if not isinstance(answer, dict) or "result" not in answer:
            raise self._unreadable(call)
        return answer["result"]

    def _answer(self, call: Call, content: bytes | None = None, timeout_s: float | None = None) -> Any:
        response = self._response(call, content, timeout_s)
        if response.status_code != 200:
            raise of_status(self.origin, call, response)
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError:
            raise self._unreadable(call) from None

    def _response(self, call: Call, content: bytes | None, timeout_s: float | None) -> httpx.Response:
        headers = {"content-type": "application/json"} if content is not None else {}
        timeout = httpx.Timeout(self._timeout_s, read=timeout_s or self._timeout_s)
        url = self.origin.endpoint.base + call.path
        try:
            return self._http.request(call.method, url, content=content, headers=headers, timeout=timeout)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict) as error:
            raise of_failure(self.origin, call, error) from error

    def _unreadable(self, call: Call) -> StoreError:
        """Somebody else answered, who may or may not have passed the request on."""
        kind = Ambiguous if call.changes else StoreError
        text = f"{call}: the answer is not one of Qdrant's"
        return kind(text, store=self.origin.store, mend="check `url`, and what stands before the server")


def _key(store: str, settings: QdrantSettings) -> str:
    """Returns the key, or "". One that no header can carry is refused here: the client would quote it."""
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    if key and not _KEY.fullmatch(key):
        text = "`api_key` holds a character that no header can carry, such as a line break or a blank"
        raise StoreError(text, store=store, mend="take the key alone, without what stands around it")
    return key


def _trust(store: str, settings: QdrantSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        text = f"`ca_file` {settings.ca_file} cannot be read: {error.strerror or 'no certificate in it'}"
        raise StoreError(text, store=store, mend="name a file of certificates in PEM") from error
