"""Desired specs in the server's spelling.

Rules of ACL users have many spellings of one meaning, which the server alone knows: they are given to a user
of another name, which is off, has no password and is removed at once, and read back. Asked is only about
users whose rules differ from the live ones as text. A server that may not be written to leaves them unproven.

Names of passwords become hashes here: the store's settings alone know the passwords.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.errors import AccessDenied, PlanError, StoreError
from apexplan.model.spec import Spec
from apexplan.provider import Normal
from apexplan_redis.errors import ReadOnly
from apexplan_redis.names import OWN_USERS
from apexplan_redis.read.users import read_user, rules
from apexplan_redis.specs import User

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers

_RULES: Final = frozenset({"commands", "keys", "channels", "selectors"})
_HASH_DIGITS: Final = 64


def normalize(
    servers: Servers,
    passwords: Mapping[str, SecretStr],
    desired: Mapping[Address, Spec],
    live: Mapping[Address, Spec],
) -> Normal:
    """Returns the specs as the server would spell them. Raises PlanError for a password that nobody knows."""
    specs: dict[Address, Spec] = {}
    unproven: dict[Address, frozenset[str]] = {}
    for address, spec in desired.items():
        if isinstance(spec, User):
            specs[address], proven = _user(servers, _hashed(address, spec, passwords), live.get(address))
            if not proven:
                unproven[address] = _RULES
        else:
            specs[address] = spec
    return Normal(specs, unproven)


def _hashed(address: Address, spec: User, passwords: Mapping[str, SecretStr]) -> User:
    found = []
    for name in spec.passwords or ():
        if len(name) == _HASH_DIGITS and name not in passwords:
            found.append(name)
            continue
        if name not in passwords:
            known = ", ".join(sorted(passwords)) or "none"
            raise PlanError(
                f"{address}: the project knows no password {name!r}",
                mend=f"add it to `passwords` of store {address.store} in apexplan.yaml; known there: {known}",
            )
        found.append(hashlib.sha256(passwords[name].get_secret_value().encode()).hexdigest())
    return spec.model_copy(update={"passwords": tuple(sorted(found))})


def _user(servers: Servers, spec: User, live: Spec | None) -> tuple[User, bool]:
    """Returns the user in the server's spelling, and whether the server was asked where it had to be."""
    if isinstance(live, User) and all(
        getattr(spec, one) == getattr(live, one) for one in spec.managed & _RULES
    ):
        return spec, True
    try:
        with _scratch(servers.primaries[0], spec) as spelled:
            wanted = _RULES & spec.managed
            return spec.model_copy(update={name: getattr(spelled, name) for name in wanted}), True
    except (AccessDenied, ReadOnly):
        return spec, False


@contextmanager
def _scratch(node: Node, spec: User) -> Iterator[User]:
    """Gives the rules of a user as the server spells them, of one that is made for it and removed."""
    name = f"{OWN_USERS}{secrets.token_hex(6)}"
    bare = spec.model_copy(update={"enabled": False, "nopass": False, "passwords": ()})
    try:
        node.call("ACL", "SETUSER", name, "reset", *rules(bare))
        found = read_user(node, name)
    finally:
        with suppress(AccessDenied):  # then it was not made either
            node.call("ACL", "DELUSER", name)
    if found is None:
        raise StoreError("a user was removed while its rules were read", mend="plan again")
    yield found
