"""The URL of a server, taken apart: what may be shown of it, and what must not.

A URL without a port means 6333, as it does for Qdrant's own clients.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from apexplan.model.errors import StoreError

REST_PORT: Final = 6333
GRPC_PORT: Final = 6334
_MEND: Final = (
    "write http://host:6333 or https://host:6333; the key belongs into `api_key`, and in a password "
    "/ ? # @ and : must be percent-encoded"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens. `credentials`: user and password for what stands before the server."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self._bracketed}:{self.port}"

    @property
    def base(self) -> str:
        """The URL that paths are appended to, without user and password."""
        return f"{self.scheme}://{self}{self.prefix}"

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def loopback(self) -> bool:
        """True if no network lies between: nobody else can listen, and no proxy is of use."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parsed(url: str, store: str) -> Endpoint:
    """Returns the endpoint of `url`. Raises StoreError for what is no URL of a server, and quotes nothing of
    it: what stands in a wrong place may be the key."""
    endpoint = _endpoint(url)
    if endpoint is None:
        raise StoreError("`url` is not one of a Qdrant server", store=store, mend=_MEND)
    return endpoint


def _endpoint(url: str) -> Endpoint | None:
    try:
        parts = urlsplit(url)
        port = parts.port or REST_PORT
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return None
    # An @ behind the host is the rest of a password that holds a slash.
    unexpected = parts.query or parts.fragment or "@" in parts.path
    if parts.scheme not in ("http", "https") or not parts.hostname or unexpected:
        return None
    return Endpoint(parts.scheme, parts.hostname, port, parts.path.rstrip("/"), _credentials(parts))


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None and parts.password is None:
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")
