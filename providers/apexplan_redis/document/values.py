"""What blocks of a document mean: durations, sizes, and the values of specs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from apexplan.model.spec import IN_PLACE
from apexplan_redis.document.models import (
    CachedBlock,
    KeyBlock,
    RepairBlock,
    SelectorBlock,
    TtlBlock,
    UndeclaredBlock,
    UserBlock,
)
from apexplan_redis.patterns import Literal, Pattern
from apexplan_redis.specs import KeyPattern

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_BYTES: Final = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_SIZE: Final = re.compile(r"(\d+)([a-z]+)")
HASHED: Final = "sha256:"
DIFFERS: Final = "differs between servers: "
"""What a live value begins with where servers do not agree. No manifest says such a value."""
ENTRY_FIELDS: Final = {"value": "required", "tags": "required", "clock": "required"}
"""Fields of the hash that the function library makes of a cached entry."""


def seconds(duration: int | str) -> int:
    """Returns the seconds that `90`, `90s`, `15m`, `1h` or `7d` says."""
    return duration if isinstance(duration, int) else int(duration[:-1]) * _SECONDS[duration[-1]]


def size_bytes(size: int | str) -> int:
    """Returns the bytes that `4096`, `64kb` or `10mb` says."""
    if isinstance(size, int):
        return size
    found = _SIZE.fullmatch(size)
    assert found is not None
    return int(found[1]) * _BYTES[found[2]]


def key_block(block: KeyBlock | int | str) -> KeyBlock:
    """Returns the block that a bare TTL is short for."""
    return block if isinstance(block, KeyBlock) else KeyBlock(ttl=block)


def ttl_block(block: KeyBlock) -> TtlBlock | None:
    """Returns what is said of the TTL, in full; None: nothing."""
    if "ttl" not in block.model_fields_set:
        return None
    if isinstance(block.ttl, TtlBlock):
        return block.ttl
    return TtlBlock(policy="forbidden") if block.ttl == "none" else TtlBlock(policy="required", max=block.ttl)


def key_values(block: KeyBlock) -> dict[str, Any]:
    """Returns the values of a pattern's spec. What is not said is None, and so no longer published once it is
    taken out of the manifest; that no key departs (`findings`) is wished whenever keys are looked at."""
    plain = ("type", "max_length", "value", "fields", "owner", "personal_data", "description")
    values: dict[str, Any] = unsaid()
    values |= {name: getattr(block, name) for name in block.given(*plain)}
    values |= {name: tuple(getattr(block, name)) for name in block.given("encodings", "examples")}
    if block.given("max_bytes"):
        values["max_bytes"] = size_bytes(block.max_bytes)
    values |= _ttl_values(ttl_block(block))
    if block.given("cached"):
        values |= {"type": "hash", "fields": dict(ENTRY_FIELDS)}
    if block.given("repair"):
        values |= _repair_values(block.repair)
    return values


def unsaid() -> dict[str, Any]:
    """Returns the values of a pattern of which nothing is said."""
    return dict.fromkeys(name for name, rule in KeyPattern.rules.items() if rule.how is IN_PLACE)


def _ttl_values(block: TtlBlock | None) -> dict[str, Any]:
    if block is None:
        return {}
    values: dict[str, Any] = {"ttl": block.policy}
    if block.given("max"):
        values["ttl_max_s"] = seconds(block.max)
    if block.given("min"):
        values["ttl_min_s"] = seconds(block.min)
    if block.given("mode"):
        values["ttl_mode"] = block.mode
    return values


def _repair_values(block: RepairBlock | str) -> dict[str, Any]:
    said = block if isinstance(block, RepairBlock) else RepairBlock()
    return {"repair": tuple(said.fix), "repair_limit": said.limit}


def keyspace_values(said: str | UndeclaredBlock) -> dict[str, Any]:
    """Returns the values of the keyspace's spec."""
    block = said if isinstance(said, UndeclaredBlock) else UndeclaredBlock(action=said)
    values: dict[str, Any] = {"undeclared": block.action, "findings": None}
    if block.action == "remove":
        values["idle_s"] = seconds(block.idle)
        values["keep_bytes"] = size_bytes(block.keep)
        values["repair_limit"] = block.limit
    return values


def config_text(value: str | int | bool) -> str:
    """Returns a value of the configuration as text: `yes` and `no` for true and false."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def user_values(block: UserBlock, patterns: Mapping[str, Pattern]) -> dict[str, Any]:
    """Returns the values of a user's spec: rules as they were written. `patterns` by their text."""
    own = tuple(patterns[text].glob.decode() for text in block.patterns if text in patterns)
    return {
        "enabled": block.enabled,
        "nopass": block.nopass,
        "passwords": tuple(sorted(password.removeprefix(HASHED) for password in block.passwords)),
        "commands": _words(block.commands),
        "keys": _key_globs((*block.keys, *own)),
        "channels": _channel_globs(block.channels),
        "selectors": tuple(_selector(one) for one in block.selectors),
        "sanitize_payload": block.sanitize_payload,
    }


def _selector(block: SelectorBlock) -> str:
    parts = (_words(block.commands), _key_globs(block.keys), _channel_globs(block.channels))
    return " ".join(part for part in parts if part)


def _words(commands: str | tuple[str, ...]) -> str:
    return commands if isinstance(commands, str) else " ".join(commands)


def _key_globs(globs: Iterable[str]) -> str:
    """Returns globs as the ACL language has them: each with `~` or its rights in front."""
    return " ".join(one if one.startswith(("~", "%")) else f"~{one}" for one in globs)


def _channel_globs(globs: Iterable[str]) -> str:
    return " ".join(one if one.startswith("&") else f"&{one}" for one in globs)


def cached_name(block: CachedBlock, pattern: Pattern) -> str:
    """Returns what entries of a pattern are called: as it says, or after the pattern's literals."""
    if block.given("name"):
        return block.name
    literals = "_".join(part.text for part in pattern.parts if isinstance(part, Literal))
    words = re.sub(r"[^a-z0-9]+", "_", literals.lower()).strip("_")
    return words if words and not words[0].isdigit() else f"entry_{words}".rstrip("_")


def is_hash(text: str) -> bool:
    """True if `text` is `sha256:` and 64 hex digits."""
    return re.fullmatch(rf"{HASHED}[0-9a-f]{{64}}", text) is not None
