"""Which version a server has, and which of a spec's fields it would drop.

A PATCH or PUT answers 200 to a key that it does not know and drops it (measured on 1.16.3). So what a server
is too old for has to be known before: from `since` of the field's rule, and for the keys and values of the
mappings from the table here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from apexplan.model.spec import Spec
from apexplan_qdrant.specs import Collection
from apexplan_qdrant.target import Lack, Version

OLDEST: Final[Version] = (1, 13, 0)
INSERT_ONLY: Final[Version] = (1, 16, 0)
"""`update_filter` of an upsert; below, it would be dropped and points overwritten."""

_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+].*)?")
_KEYS: Final[Mapping[str, str]] = {
    "inline_storage": Collection.rules["hnsw_inline_storage"].since,
    "memory": Collection.rules["hnsw_memory"].since,
    "encoding": "1.15",
    "query_encoding": "1.15",
}
"""Keys inside `vector_hnsw`, `quantization` and `vector_quantization` that came later than the field."""
_TURBO: Final = "1.18"
_AS_EVER: Final[Mapping[str, Any]] = {
    "encoding": "one_bit",
    "query_encoding": "default",
    "enable_hnsw": True,
}
"""What a server that does not know a key does all the same; false for every other key."""
_KEYED: Final = frozenset({"vector_hnsw", "quantization", "vector_quantization"})


def parsed(text: Any) -> Version | None:
    """Returns the three numbers of `1.16.3` or `1.17.0-dev`, or None."""
    match = _VERSION.fullmatch(text) if isinstance(text, str) else None
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def shown(version: Version) -> str:
    return ".".join(map(str, version))


def lacks(spec: Spec, version: Version) -> dict[str, Lack]:
    """Returns which managed fields ask for more than `version` knows. Pure."""
    rules = type(spec).rules
    found = {}
    for field in sorted(spec.managed):
        value, since = getattr(spec, field), rules[field].since
        if since and _older(version, since) and _asks(field, value):
            found[field] = _dropped(field, since, version)
        elif field in _KEYED and (reason := next(_within(field, value, version), None)):
            found[field] = reason
    return found


def _within(field: str, value: Mapping[str, Any] | None, version: Version) -> Iterator[Lack]:
    """Gives what is lacking among the keys of a mapping, each maybe after the name of a vector."""
    for key, part in (value or {}).items():
        setting = key.rpartition(".")[2]
        if setting == "kind" and part == "turbo" and _older(version, _TURBO):
            yield Lack(f"turbo quantization needs Qdrant {_TURBO} and this is {shown(version)}")
        since = _KEYS.get(setting, "")
        if since and _older(version, since) and _asks(setting, part):
            yield _dropped(f"{setting} of {field}", since, version)


def _older(version: Version, since: str) -> bool:
    needed = parsed(since)
    assert needed is not None
    return version < needed


def _asks(setting: str, value: Any) -> bool:
    """False if a server that drops the setting does what it says."""
    if isinstance(value, Mapping):
        return any(part not in (None, {}) for part in value.values())
    as_ever = _AS_EVER.get(setting, False)
    return value is not None and (type(value) is not type(as_ever) or value != as_ever)


def _dropped(what: str, since: str, version: Version) -> Lack:
    told = f"{what} needs Qdrant {since} and this is {shown(version)}, which would answer 200 and drop it"
    return Lack(told)
