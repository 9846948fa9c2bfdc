"""Whether apexplan could still come in, and take a change back, once a user is as a plan has it.

A run that saws off the branch it sits on cannot be undone by it: the next call is refused, and nobody can say
what became of the step. So such a change is refused, in the plan and again when it would be made.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from apexplan.model.errors import StoreError
from apexplan_redis.names import OWN_USERS
from apexplan_redis.read.users import rules
from apexplan_redis.specs import User

if TYPE_CHECKING:
    from apexplan_redis.server import Node

_WAY_BACK: Final[Sequence[tuple[str, ...]]] = (
    ("INFO",),
    ("ACL", "USERS"),
    ("ACL", "GETUSER", "x"),
    ("ACL", "SETUSER", "x"),
    ("FUNCTION", "LIST"),
)
"""What it takes to look at a user, and to give it its former rules."""

OTHER_USER: Final = (
    "connect as another user for this (`username`, `password`), or let this one keep what it takes"
)


def shut_out(node: Node, name: str, user: User | None, password: str | None) -> str:
    """Returns how the user that apexplan comes in as could not do so any more, or not take the change back;
    "" where it could, and for any other user. `user`: what it would be, every field set; None: deleted.
    `password`: the hash of the one in use. Asks the server about a user of another name, which it removes."""
    if name != node.seat.origin(node.name).user:
        return ""
    why = _closed(user, password) or _too_little(node, user)
    return f"apexplan itself comes in as this user, {why}" if why else ""


def _closed(user: User | None, password: str | None) -> str:
    if user is None:
        return "which would be deleted"
    if not user.enabled:
        return "which would be disabled"
    known = user.nopass or password in (user.passwords or ())
    return "" if known else "which would not have the password in use any more"


def _too_little(node: Node, user: User | None) -> str:
    lost = ", ".join(" ".join(command[:2]) for command in _lost(node, user)) if user is not None else ""
    return f"which might not {lost} any more" if lost else ""


def _lost(node: Node, user: User) -> list[Sequence[str]]:
    """Returns what a user could not do; nothing where we may not try."""
    name = f"{OWN_USERS}{secrets.token_hex(6)}"
    bare = user.model_copy(update={"enabled": False, "nopass": False, "passwords": ()})
    *_, done = node.call_many(
        [
            ("MULTI",),
            ("ACL", "SETUSER", name, "reset", *rules(bare)),
            *(("ACL", "DRYRUN", name, *command) for command in _WAY_BACK),
            ("ACL", "DELUSER", name),
            ("EXEC",),
        ]
    )
    if isinstance(done, StoreError) or isinstance(done[0], Exception):
        return []
    return [command for command, said in zip(_WAY_BACK, done[1:-1], strict=True) if said != b"OK"]
