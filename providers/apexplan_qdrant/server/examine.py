"""What `doctor` tells of a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from apexplan.model.errors import AccessDenied, StoreError
from apexplan.provider import Check
from apexplan_qdrant.errors import NotThere
from apexplan_qdrant.server.client import Client, at
from apexplan_qdrant.server.versions import shown
from apexplan_qdrant.target import Version

_NO_COLLECTION: Final = at("collections", "apexplan-no-such-collection")
_NO_TELEMETRY: Final = "without it nobody can see what segments are really built with: allow it to the key"


def examine(client: Client, version: Version) -> Iterator[Check]:
    """Gives the checks. Never writes: the one PATCH is empty and to a collection that is not there."""
    yield Check("version", shown(version), True)
    yield _key(client)
    yield from _wire(client)
    yield _asked("cluster", lambda: _cluster(client.read("/cluster")))
    yield _asked("collections", lambda: str(len(client.read("/collections")["collections"])))
    yield _asked("telemetry", lambda: _readable(client), _NO_TELEMETRY)


def _key(client: Client) -> Check:
    """The key is looked at before the name: a read-only one gets 403, a full one 404 (1.16.3)."""
    try:
        client.change("PATCH", _NO_COLLECTION, b"{}")
    except AccessDenied:
        return Check("key", "read-only", None, "enough for plan and drift; apply needs the full key")
    except NotThere:
        pass
    except StoreError as error:
        return Check("key", f"not known: {error.text}", None)
    if client.origin.key:
        return Check("key", "full", True)
    return Check("key", "none is asked for: whoever gets here may change everything", None, "set one")


def _wire(client: Client) -> Iterator[Check]:
    where = client.origin.endpoint
    if client.origin.key and not where.tls and not where.loopback:
        yield Check("transport", "the key goes over the network in the clear", False, "use https://")


def _cluster(told: Any) -> str:
    if told.get("status") != "enabled":
        return "one node"
    return f"{len(told.get('peers') or ())} peers"


def _readable(client: Client) -> str:
    client.read("/telemetry")
    return "readable"


def _asked(name: str, question: Callable[[], str], mend: str = "") -> Check:
    try:
        return Check(name, question())
    except StoreError as error:
        return Check(name, f"not told: {error.text}", None, mend)
