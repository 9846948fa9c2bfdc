"""API keys: none, the full one, the read-only one."""

from __future__ import annotations

from collections.abc import Mapping

from .faults import Fault
from .settings import Settings


class Unauthorized(Exception):
    """401, whose body is plain text."""


def check(settings: Settings, headers: Mapping[str, str], *, writes: bool) -> None:
    """Raises Unauthorized for a missing or wrong key, 403 for a change with the read-only key."""
    if settings.api_key is None:
        return
    key = headers.get("api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if not key:
        raise Unauthorized("Must provide an API key or an Authorization bearer token")
    if key == settings.api_key:
        return
    if key != settings.read_only_api_key:
        raise Unauthorized("Invalid API key or JWT")
    if writes:
        raise Fault(403, "Forbidden: Global manage access is required")
