"""What `doctor` tells of a store: versions, how it is made up, abilities and privileges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from apexplan.model.errors import StoreError
from apexplan.provider import Check
from apexplan_redis.server import Node, Servers
from apexplan_redis.server.wire import Command

_NEEDED: Final[Sequence[tuple[str, Command, str]]] = (
    ("read functions", ("FUNCTION", "LIST"), "plan and drift"),
    ("read the configuration", ("CONFIG", "GET", "maxmemory"), "plan and drift of parameters"),
    ("read users", ("ACL", "USERS"), "plan and drift of users"),
    ("look at keys", ("SCAN", "0", "COUNT", "1"), "audits"),
)
_WRITING: Final[Sequence[tuple[str, Command]]] = (
    ("load functions", ("FUNCTION", "LOAD", "REPLACE", "#!lua name=x")),
    ("set the configuration", ("CONFIG", "SET", "maxmemory", "0")),
    ("change users", ("ACL", "SETUSER", "x")),
)
_ABILITIES: Final = {
    "function": "the published contract, libraries",
    "ft.create": "search indexes",
    "client|no-touch": "audits that leave idle times as they are",
    "hexpire": "TTLs of single fields",
}


def examine(servers: Servers) -> Sequence[Check]:
    """Returns what is to be known. Never writes. What may not be asked is told as not known."""
    names = ", ".join(f"{node.name} ({node.role})" for node in servers.nodes)
    several = len(servers.primaries) > 1
    return [
        Check("version", servers.version),
        Check("servers", f"{servers.mode}: {names}"),
        *(_ability(servers, name, what) for name, what in _ABILITIES.items()),
        *(
            check
            for node in servers.primaries
            for check in _of_primary(node, f" on {node.name}" if several else "")
        ),
    ]


def _ability(servers: Servers, name: str, what: str) -> Check:
    try:
        there = servers.has(name)
    except StoreError as error:
        return Check(f"has {name}", f"not known: {error.text}")
    return Check(f"has {name}", "yes" if there else f"no: {what}")


def _of_primary(node: Node, where: str) -> Iterator[Check]:
    """Yields privileges and files: each server of a cluster has users and files of its own."""
    for name, command, what in _NEEDED:
        yield _may(f"may {name}{where}", _answer(node, *command), what)
    me = _answer(node, "ACL", "WHOAMI")
    for name, command in _WRITING:
        tried = me if isinstance(me, StoreError) else _answer(node, "ACL", "DRYRUN", me, *command)
        yield _dry(f"may {name}{where}", tried)
    yield _file(f"configuration file{where}", _answer(node, "INFO", "server"))


def _answer(node: Node, *command: str | bytes | int | float) -> Any:
    """Returns the answer to a command, or the error that it gave."""
    return node.call_many([command])[0]


def _may(name: str, answer: Any, what: str) -> Check:
    if isinstance(answer, StoreError):
        return Check(name, answer.text, False, answer.mend or f"needed for {what}")
    return Check(name, "yes", True)


def _dry(name: str, answer: Any) -> Check:
    if isinstance(answer, StoreError):
        return Check(name, f"not known: {answer.text}")
    return Check(name, "yes" if answer == b"OK" else "no: enough for plan and drift")


def _file(name: str, answer: Any) -> Check:
    if isinstance(answer, StoreError):
        return Check(name, f"not known: {answer.text}")
    lines = dict(line.split(":", 1) for line in answer.decode().splitlines() if ":" in line)
    none = "none: changes of parameters and users end with a restart"
    return Check(name, lines.get("config_file", "") or none)
