"""A key pattern: what a contract says of the keys whose names are of one form.

A server knows no patterns. What a contract says is published in the server (see
`apexplan_redis.read.published`), so that a contract is an object like others, and whether the keys keep to it
is found by an audit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, IN_PLACE, OnChange, Spec

KeyType: TypeAlias = Literal["string", "list", "set", "zset", "hash", "stream"]
Ttl: TypeAlias = Literal["required", "forbidden", "optional"]
TtlMode: TypeAlias = Literal["fixed", "sliding", "capped"]
Repair: TypeAlias = Literal["ttl"]

_PUBLISHED = OnChange(
    IN_PLACE, "it is written into the contract that the server publishes; no key is touched"
)


_WHOLE: Final = replace(_PUBLISHED, whole=True)


class KeyPattern(Spec):
    """The keys of one form, by the pattern in the address. What is None is not said, and not looked at."""

    kind: ClassVar[str] = "pattern"

    type: Annotated[KeyType | None, _PUBLISHED] = None
    ttl: Annotated[Ttl | None, _PUBLISHED] = None
    """required: every key has one; forbidden: none has; optional: `ttl_max_s` and `ttl_min_s` hold where
    there is one."""
    ttl_max_s: Annotated[int | None, _PUBLISHED] = None
    """Seconds that may be left at most."""
    ttl_min_s: Annotated[int | None, _PUBLISHED] = None
    """Seconds that a key is made with at least. An audit sees only what is left, and does not judge by it."""
    ttl_mode: Annotated[TtlMode | None, _PUBLISHED] = None
    """fixed: set once; sliding: set anew by use; capped: set anew, but not beyond a time. For readers."""
    encodings: Annotated[tuple[str, ...] | None, _PUBLISHED] = None
    """As `OBJECT ENCODING` names them; any of them is right."""
    max_bytes: Annotated[int | None, _PUBLISHED] = None
    """Bytes of memory that a key with its value may take, as `MEMORY USAGE` tells them."""
    max_length: Annotated[int | None, _PUBLISHED] = None
    """Elements (list, set, zset, stream), fields (hash) or bytes (string)."""
    value: Annotated[dict[str, Any] | None, _WHOLE] = None
    """JSON Schema of a string's value, or of the hash field `value` of a cached entry."""
    fields: Annotated[dict[str, str] | None, _WHOLE] = None
    """Hash: field → required or optional. Other fields are not allowed."""
    owner: Annotated[str | None, _PUBLISHED] = None
    personal_data: Annotated[bool | None, _PUBLISHED] = None
    """True: samples of such keys are left out of reports."""
    description: Annotated[str | None, _PUBLISHED] = None
    examples: Annotated[tuple[str, ...] | None, _PUBLISHED] = None

    findings: Annotated[
        tuple[str, ...] | None,
        OnChange(
            IN_PLACE,
            "keys depart from the contract; what it asks to repair is changed key by key, on the condition "
            "that the key is still as it was seen",
            rebuilds=True,
            source="EXPIRE, 7.0: LT counts a key without TTL as infinite; GT never sets one on such a key",
        ),
    ] = None
    """How keys depart, as an audit names it; None: they do not, or nobody looked."""
    repair: Annotated[tuple[Repair, ...] | None, OnChange(IGNORE, "what to repair in keys")] = None
    repair_limit: Annotated[int | None, OnChange(IGNORE, "how many keys one plan may change")] = None

    def summary(self) -> str:
        most = f"≤ {self.ttl_max_s} s" if self.ttl_max_s is not None else ""
        ttl = {"required": f"TTL {most}".strip(), "forbidden": "no TTL"}.get(self.ttl or "", most)
        return ", ".join(part for part in (self.type or "", ttl) if part)

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"pattern {address.name}"})
