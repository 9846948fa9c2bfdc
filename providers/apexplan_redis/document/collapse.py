"""Live objects → a document that declares them. Pure.

What the document derives is written out: keys of a cached entry as a hash with its fields, the library of
`invalidation` as its text. Both declare the same objects. What no manifest can say is left out: a value that
servers of a cluster do not agree on, and a stream whose key is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_redis.document.search import said_of
from apexplan_redis.document.values import DIFFERS, HASHED
from apexplan_redis.names import group_parts
from apexplan_redis.specs import Config, Group, KeyPattern, Keyspace, Library, SearchIndex, Stream, User

_PLAIN: Final = (
    "type",
    "max_bytes",
    "max_length",
    "value",
    "fields",
    "owner",
    "personal_data",
    "description",
)


def collapse(store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
    """Returns the document, as plain JSON values."""
    found: dict[str, dict[str, Any]] = {
        name: {} for name in ("keys", "config", "users", "libraries", "streams", "indexes")
    }
    document: dict[str, Any] = {}
    for address, spec in sorted(objects.items()):
        match spec:
            case KeyPattern():
                found["keys"][address.name] = _key(spec)
            case Keyspace() if spec.undeclared is not None:
                document["undeclared"] = spec.undeclared
            case Config() if _is_one(spec.value):
                found["config"][address.name] = spec.value
            case User() if _is_one(spec.commands):
                found["users"][address.name] = _user(spec)
            case Library() if _is_one(spec.code):
                found["libraries"][address.name] = {"code": spec.code}
            case SearchIndex():
                found["indexes"][address.name] = said_of(spec)
            case Stream() if address.name:
                found["streams"].setdefault(address.name, {})
            case Group() if all(parts := group_parts(address)):
                stream, group = parts
                found["streams"].setdefault(stream, {}).setdefault("groups", {})[group] = {}
            case _:
                pass
    document = {**{name: part for name, part in found.items() if part}, **document}
    return {"kind": "RedisContract", "store": store, **document} if document else {}


def _is_one(value: str | None) -> bool:
    return value is not None and not value.startswith(DIFFERS)


def _key(spec: KeyPattern) -> dict[str, Any]:
    said = {name: value for name in _PLAIN if (value := getattr(spec, name)) is not None}
    said |= {name: list(v) for name in ("encodings", "examples") if (v := getattr(spec, name)) is not None}
    if spec.ttl is not None:
        bounds = {"max": spec.ttl_max_s, "min": spec.ttl_min_s, "mode": spec.ttl_mode}
        said["ttl"] = {"policy": spec.ttl, **{name: v for name, v in bounds.items() if v is not None}}
    return said


def _user(spec: User) -> dict[str, Any]:
    """Returns the rules as the server spells them, which it takes back as they are."""
    said: dict[str, Any] = {"enabled": bool(spec.enabled)}
    if spec.passwords:
        said["passwords"] = [f"{HASHED}{one}" for one in spec.passwords]
    if spec.nopass:
        said["nopass"] = True
    if spec.commands:
        said["commands"] = spec.commands
    said |= {name: globs.split() for name in ("keys", "channels") if (globs := getattr(spec, name))}
    if spec.selectors:
        said["selectors"] = [_selector(one) for one in spec.selectors]
    if spec.sanitize_payload is False:
        said["sanitize_payload"] = False
    return said


def _selector(rules: str) -> dict[str, Any]:
    words = rules.split()
    parts = {
        "commands": " ".join(word for word in words if word[0] in "+-"),
        "keys": [word for word in words if word[0] in "~%"],
        "channels": [word for word in words if word[0] == "&"],
    }
    return {name: part for name, part in parts.items() if part}
