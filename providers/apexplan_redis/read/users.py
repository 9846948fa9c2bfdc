"""ACL users, as `ACL GETUSER` spells them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.errors import AccessDenied, StoreError, Unsupported
from apexplan_redis.names import OWN_USERS
from apexplan_redis.read.everywhere import ALL, Spread, asked, text_of
from apexplan_redis.specs import User

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers

INITIAL: Final = User(
    enabled=True,
    nopass=True,
    passwords=(),
    commands="+@all",
    keys="~*",
    channels="&*",
    selectors=(),
    sanitize_payload=True,
)
"""The user `default` of a server that nobody configured (7.0)."""
FIELDS: Final = (
    *("enabled", "nopass", "passwords", "commands", "keys", "channels", "selectors"),
    "sanitize_payload",
)


def read_users(servers: Servers) -> dict[str, Spread[dict[str, Any]]]:
    """Returns the rules of all users as values of `User`. Raises AccessDenied where ACLs may not be read, or
    are hidden (rename-command)."""
    try:
        return asked(servers.nodes, _users)
    except Unsupported as error:
        raise AccessDenied(error.text, store=error.store, code=error.code, mend=error.mend) from error


def read_user(node: Node, name: str) -> User | None:
    """Returns one user of one server."""
    return user_of(node.call("ACL", "GETUSER", name))


def user_of(told: Mapping[bytes, Any] | None) -> User | None:
    """Returns the answer of ACL GETUSER as a spec, None where there is no such user."""
    if told is None:
        return None
    flags = set(told[b"flags"])
    return User(
        enabled=b"on" in flags,
        nopass=b"nopass" in flags,
        passwords=tuple(sorted(map(text_of, told[b"passwords"]))),
        commands=ordered(text_of(told[b"commands"])),
        keys=_sorted(told[b"keys"]),
        channels=_sorted(told[b"channels"]),
        selectors=tuple(sorted(map(_selector, told.get(b"selectors", ())))),
        sanitize_payload=b"skip-sanitize-payload" not in flags,
    )


def rules(user: User) -> list[str]:
    """Returns the rules that make a user what it is, from nothing: for `ACL SETUSER NAME reset …`. Channels
    are taken back first: `reset` and a new selector give all of them where `acl-pubsub-default` is
    allchannels (measured on 7.0.15)."""
    words = ["resetchannels", "on" if user.enabled else "off"]
    words += ["nopass"] if user.nopass else []
    words += ["skip-sanitize-payload"] if user.sanitize_payload is False else []
    words += [f"#{one}" for one in user.passwords or ()]
    for part in (user.commands, user.keys, user.channels):
        words += (part or "").split()
    return words + [f"(resetchannels {one})" for one in user.selectors or ()]


def _users(node: Node) -> dict[str, dict[str, Any]]:
    names = [text_of(name) for name in node.call("ACL", "USERS")]
    names = [name for name in names if not name.startswith(OWN_USERS)]
    found: dict[str, dict[str, Any]] = {}
    for name, answer in zip(names, node.call_many([("ACL", "GETUSER", name) for name in names]), strict=True):
        if isinstance(answer, StoreError):
            raise answer
        user = user_of(answer)
        if user is not None:  # it may have been deleted meanwhile
            found[name] = user.values()
    return found


def is_initial(name: str, values: Spread[dict[str, Any]]) -> bool:
    """True for the user `default` as every server has it."""
    return name == "default" and values == {ALL: INITIAL.values()}


def chosen(
    users: Mapping[str, Spread[dict[str, Any]]], wanted: Collection[str]
) -> dict[str, Spread[dict[str, Any]]]:
    """Returns the users without the initial one, unless it is wanted."""
    return {name: one for name, one in users.items() if name in wanted or not is_initial(name, one)}


def _selector(told: Mapping[bytes, bytes]) -> str:
    parts = (ordered(text_of(told[b"commands"])), _sorted(told[b"keys"]), _sorted(told[b"channels"]))
    return " ".join(part for part in parts if part)


def _sorted(globs: bytes) -> str:
    """Returns globs sorted: one that matches is enough, so their order means nothing."""
    return " ".join(sorted(text_of(globs).split()))


def ordered(commands: str) -> str:
    """Returns rules of commands with those sorted that stand between two categories: their order means
    nothing, and 7.0 tells them in the order of a hash table, which each process has another of (measured)."""
    words: list[str] = []
    run: list[str] = []
    for word in (*commands.split(), "@"):
        if word.lstrip("+-").startswith("@"):
            words += [*sorted(run, key=lambda rule: rule[1:]), word]
            run = []
        else:
            run.append(word)
    return " ".join(words[:-1])
