"""Function libraries, of all primaries: replicas follow theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apexplan_redis.names import OWN_LIBRARIES
from apexplan_redis.read.everywhere import Spread, asked, text_of

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers


def read_libraries(servers: Servers) -> dict[str, Spread[str]]:
    """Returns the code of all libraries, apexplan's own among them. Raises AccessDenied where they may not be
    read, Unsupported by a server without functions."""
    return asked(servers.primaries, _codes)


def others(libraries: dict[str, Spread[str]]) -> dict[str, Spread[str]]:
    """Returns the libraries without apexplan's own."""
    return {name: code for name, code in libraries.items() if not name.startswith(OWN_LIBRARIES)}


def library_of(node: Node, name: str) -> str | None:
    """Returns the code of one library of one server."""
    return _listed(node.call("FUNCTION", "LIST", "LIBRARYNAME", name, "WITHCODE")).get(name)


def _codes(node: Node) -> dict[str, str]:
    return _listed(node.call("FUNCTION", "LIST", "WITHCODE"))


def _listed(answer: list[dict[bytes, bytes]]) -> dict[str, str]:
    return {text_of(one[b"library_name"]): text_of(one[b"library_code"]) for one in answer}
