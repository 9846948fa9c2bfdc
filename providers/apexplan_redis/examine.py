"""What `doctor` tells of a store: versions, how it is made up, abilities and privileges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apexplan.model.errors import StoreError
from apexplan.provider import Check
from apexplan_redis.server import Node, Servers

_NEEDED = (
    ("read functions", ("FUNCTION", "LIST"), "plan and drift"),
    ("read the configuration", ("CONFIG", "GET", "maxmemory"), "plan and drift"),
    ("read users", ("ACL", "USERS"), "plan and drift of users"),
    ("look at keys", ("SCAN", "0", "COUNT", "1"), "audits"),
)
_WRITING = (
    ("load functions", ("FUNCTION", "LOAD", "REPLACE", "#!lua name=x")),
    ("set the configuration", ("CONFIG", "SET", "maxmemory", "0")),
    ("change users", ("ACL", "SETUSER", "x")),
)
_ABILITIES = {
    "function": "the published contract, libraries",
    "ft.create": "search indexes",
    "client|no-touch": "audits that leave idle times as they are",
    "hexpire": "TTLs of single fields",
}


def examine(servers: Servers) -> Sequence[Check]:
    """Returns what is to be known. Never writes."""
    names = ", ".join(f"{node.name} ({node.role})" for node in servers.nodes)
    return [
        Check("version", servers.version),
        Check("servers", f"{servers.mode}: {names}"),
        *(
            Check(f"has {name}", "yes" if servers.has(name) else f"no: {what}")
            for name, what in _ABILITIES.items()
        ),
        *_privileges(servers.primaries[0]),
        *_persistence(servers.primaries[0]),
    ]


def _privileges(node: Node) -> Iterator[Check]:
    for name, command, what in _NEEDED:
        yield _may(name, node.call_many([command])[0], what)
    try:
        me = node.call("ACL", "WHOAMI")
    except StoreError as error:
        yield Check("write", error.text, None)
        return
    for name, command in _WRITING:
        yield _dry(name, node.call_many([("ACL", "DRYRUN", me, *command)])[0])


def _may(name: str, answer: object, what: str) -> Check:
    if isinstance(answer, StoreError):
        return Check(f"may {name}", answer.text, False, answer.mend or f"needed for {what}")
    return Check(f"may {name}", "yes", True)


def _dry(name: str, answer: object) -> Check:
    if isinstance(answer, StoreError):
        return Check(f"may {name}", "not known: ACL DRYRUN is not allowed")
    return Check(f"may {name}", "yes" if answer == b"OK" else "no: enough for plan and drift")


def _persistence(node: Node) -> Iterator[Check]:
    lines = dict(
        line.split(":", 1) for line in node.call("INFO", "server").decode().splitlines() if ":" in line
    )
    file = lines.get("config_file", "")
    told = file if file else "none: changes of parameters and users end with a restart"
    yield Check("configuration file", told)
