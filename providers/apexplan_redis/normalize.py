"""Desired specs in the server's spelling.

Rules of ACL users have many spellings of one meaning, which the server alone knows: they are given to a user
of another name, which is off and has no password, read back, and the user is removed, all in one transaction.
So nobody ever sees it, and it is gone whatever happens to us. Asked is only about users whose rules differ
from the live ones as text. Who may not change users leaves them unproven.

Names of passwords become hashes here: the store's settings alone know the passwords.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.errors import AccessDenied, PlanError, StoreError
from apexplan.model.spec import Spec
from apexplan.provider import Normal
from apexplan_redis.document.parameters import LIMITS
from apexplan_redis.document.spelling import completed
from apexplan_redis.document.values import HASHED, is_hash
from apexplan_redis.names import OWN_USERS
from apexplan_redis.read.config import values_of
from apexplan_redis.read.users import rules, user_of
from apexplan_redis.specs import Config, User

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers

_RULES: Final = frozenset({"commands", "keys", "channels", "selectors"})
_REFUSED: Final = re.compile(r"modifier '(.*)': (.*)", re.DOTALL)
"""How a server says which rule of ACL SETUSER it refuses, and why."""


def normalize(
    servers: Servers,
    passwords: Mapping[str, SecretStr],
    desired: Mapping[Address, Spec],
    live: Mapping[Address, Spec],
) -> Normal:
    """Returns the specs as the server would spell them. Raises PlanError for a password that nobody knows,
    StoreError for rules that the server refuses."""
    specs: dict[Address, Spec] = {}
    unproven: dict[Address, frozenset[str]] = {}
    for address, spec in desired.items():
        match spec:
            case User():
                hashed = _hashed(address, spec, passwords)
                specs[address], unknown = _user(servers, address, hashed, live.get(address))
                if unknown:
                    unproven[address] = unknown
            case Config():
                specs[address] = _config(servers, address, spec)
            case _:
                specs[address] = spec
    return Normal(specs, unproven)


def _config(servers: Servers, address: Address, spec: Config) -> Config:
    """Returns the parameter with what it leaves to the server."""
    if address.name != LIMITS or spec.value is None:
        return spec
    present = values_of(servers.primaries[0], [address.name]).get(address.name, "")
    return spec.model_copy(update={"value": completed(address.name, spec.value, present)})


def _hashed(address: Address, spec: User, passwords: Mapping[str, SecretStr]) -> User:
    """Returns the user with hashes for names of passwords. What is no name of one may be a hash itself."""
    if spec.passwords is None:
        return spec
    found = set()
    for name in spec.passwords:
        if name in passwords:
            found.add(hashlib.sha256(passwords[name].get_secret_value().encode()).hexdigest())
        elif is_hash(f"{HASHED}{name}"):
            found.add(name)
        else:
            known = ", ".join(sorted(passwords)) or "none"
            raise PlanError(
                f"{address}: the project knows no password {name!r}",
                mend=f"add it to `passwords` of store {address.store} in apexplan.yaml; known there: {known}",
            )
    return spec.model_copy(update={"passwords": tuple(sorted(found))})


def _user(servers: Servers, address: Address, spec: User, live: Spec | None) -> tuple[User, frozenset[str]]:
    """Returns the user in the server's spelling, and the fields for which the server could not be asked."""
    wanted = _RULES & spec.managed
    if isinstance(live, User) and all(getattr(spec, one) == getattr(live, one) for one in wanted):
        return spec, frozenset()
    bare = spec.model_copy(update={"enabled": False, "nopass": False, "passwords": ()})
    try:
        spelled = _spelled(servers.primaries[0], address, bare)
    except AccessDenied:
        return spec, wanted
    return spec.model_copy(update={name: getattr(spelled, name) for name in wanted}), frozenset()


def _spelled(node: Node, address: Address, spec: User) -> User:
    """Returns the rules of a user as the server spells them. Where the connection is lost, the server has
    done all of the transaction or nothing."""
    name = f"{OWN_USERS}{secrets.token_hex(6)}"
    answers = node.call_many(
        [
            ("MULTI",),
            ("ACL", "SETUSER", name, "reset", *rules(spec)),
            ("ACL", "GETUSER", name),
            ("ACL", "DELUSER", name),
            ("EXEC",),
        ]
    )
    lost = next((answer for answer in answers if isinstance(answer, StoreError)), None)
    if lost is not None:
        raise lost
    done: Any = answers[-1]
    made, told, _ = done
    if isinstance(made, Exception):
        raise _refused(address, str(made)) from made
    found = user_of(told)
    assert found is not None, "the same transaction made it"
    return found


def _refused(address: Address, said: str) -> StoreError:
    """Returns the error for rules that the server refuses. No password is among them: none was sent."""
    found = _REFUSED.search(said)
    told = f"the rule {found[1]}: {found[2]}" if found else f"the rules: {said}"
    return StoreError(
        f"the server refuses {told}",
        store=address.store,
        address=address,
        mend="correct it in the manifest; ACL CAT and COMMAND LIST tell what this server knows",
    )
