"""Random contracts of a small vocabulary: each differs from the one before in a few of its parts, so that
things come, change and go. `cached` stands for events with all that they need."""

from __future__ import annotations

import random
from typing import Any, Final

Json = dict[str, Any]

_HASHES: Final = [f"sha256:{digit * 64}" for digit in "ab"]
_ALL: Final = {"keys": ["*"], "channels": ["*"]}


def code(library: str, answer: int) -> str:
    """Returns a library with one function."""
    function = f"redis.register_function('{library}_answer', function() return {answer} end)"
    return f"#!lua name={library}\n{function}\n"


_CACHED: Final = {"ttl": 3600, "cached": {"about": {"document": "id"}}}
_EVENTS: Final = {"document_updated": {"subject": "document", "stale": ["c:{id}"]}}

PARTS: Final[dict[tuple[str, ...], list[Any]]] = {
    ("keys", "doc:{id}"): [
        {"type": "string", "ttl": {"policy": "required", "max": "1h"}, "repair": "ttl"},
        {"type": "string", "ttl": {"policy": "required", "max": "2h"}, "repair": {"limit": 3}},
        {"type": "string", "owner": "docs", "lifecycle": {"ignore": ["owner"]}},
        {"type": "hash", "fields": {"title": "required"}, "personal_data": True},
    ],
    ("keys", "doc:{id}:raw"): [3600, {"ttl": "none", "max_bytes": "1kb"}],
    ("keys", "q:*"): [{"value": {"type": "object"}, "type": "string"}, {"examples": ["q:]=1", "q:ü"]}],
    ("undeclared",): ["report", "allow", {"action": "remove", "idle": "1h", "keep": "1mb", "limit": 100}],
    ("config", "maxmemory"): [0, "100mb", "1gb", "1g"],
    ("config", "maxmemory-policy"): ["noeviction", "allkeys-lru", "volatile-ttl"],
    ("config", "notify-keyspace-events"): ["", "KEA", "Ex", "gK$E"],
    ("config", "client-output-buffer-limit"): [
        "pubsub 32mb 8mb 60",
        "slave 256mb 64mb 60",
        "normal 0 0 0 replica 0 0 0 pubsub 1mb 1mb 1",
    ],
    ("config", "hz"): [10, 50],
    ("config", "save"): ["", "3600 1", "60 1000 300 10"],
    ("users", "app"): [
        {"passwords": [_HASHES[0]], "commands": "+@read +get -@dangerous", "keys": ["doc:*", "%R~q:*"]},
        {"passwords": _HASHES, "commands": ["+@all", "-@admin", "+config|get"], "channels": ["stale:*"]},
        {"enabled": False, "nopass": True, "selectors": [{"commands": "+get", "keys": ["%R~x:*"]}]},
    ],
    ("users", "bot"): [
        {"nopass": True, "commands": "+ping", "lifecycle": {"ignore": ["commands"]}},
        {"nopass": True, "commands": "+@read", "keys": ["*"], "selectors": [{"commands": "+set"}]},
        {"nopass": True, "commands": "+restore", "sanitize_payload": False},
    ],
    ("users", "default"): [
        {"nopass": True, "commands": "+@all -shutdown", **_ALL},
        {"nopass": True, "commands": "+@all -monitor -failover", **_ALL},
    ],
    ("libraries", "one"): [{"code": code("one", 1)}, {"code": code("one", 2)}],
    ("libraries", "two"): [
        {"code": code("two", 1), "lifecycle": {"protect": True}},
        {"code": code("two", 2)},
    ],
    ("streams", "jobs"): [
        {},
        {"groups": {"workers": {"start": "0"}}},
        {"groups": {"workers": {}, "audit/1": {"start": "1-0"}}},
    ],
    ("streams", "ev/x"): [{}, {"groups": {"g/h": {"start": "0"}, "other": {}}}],
    ("cached",): [
        {"library": "lib", "prefix": "lib:"},
        {"library": "lib", "prefix": "lib:", "groups": ["g"]},
    ],
}


class Contracts:
    """Draws one contract after the other. `now`: the choice in force."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.now: dict[tuple[str, ...], Any] = {}

    def another(self) -> dict[tuple[str, ...], Any]:
        """Returns a choice that differs from the present one in some parts."""
        chosen = dict(self.now)
        for part in self.draw.sample(sorted(PARTS), self.draw.randint(1, 6)):
            if part in chosen and self.draw.random() < 0.4:
                del chosen[part]
            else:
                chosen[part] = self.draw.choice(PARTS[part])
        return chosen


def document(chosen: dict[tuple[str, ...], Any]) -> Json:
    """Returns the document of a choice, without its head."""
    found: Json = {}
    for part, said in sorted(chosen.items()):
        if part == ("cached",):
            found.setdefault("keys", {})["c:{id}"] = _CACHED
            found |= {"events": _EVENTS, "invalidation": said}
        elif len(part) == 1:
            found[part[0]] = said
        else:
            found.setdefault(part[0], {})[part[1]] = said
    return found
