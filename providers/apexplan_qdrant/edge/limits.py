"""What Edge cannot do, and what it keeps without effect. Pure.

Measured on qdrant-edge-py 0.9.0 by what lands in `edge_config.json` and `segment.json`. Everything else that
a `Collection` or a `PayloadIndex` says has the effect that it has on a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apexplan.model.spec import Spec
from apexplan_qdrant.specs import Collection
from apexplan_qdrant.target import Lack

_ONE_PROCESS: Final = "Edge is one shard in one process"
_NO_SUCH_SETTING: Final = "Edge has no such setting"
_LOG: Final = "the log of Edge has fixed sizes"
_CACHED: Final = "Edge takes pinned for cached here"

_REFUSED: Final[Mapping[str, tuple[Any, str]]] = {
    "shard_number": (1, _ONE_PROCESS),
    "sharding_method": ("auto", _ONE_PROCESS),
    "replication_factor": (1, _ONE_PROCESS),
}
"""Field → the value that Edge has anyway, and why it has no other."""
_WITHOUT_EFFECT: Final[Mapping[str, tuple[Any, str]]] = {
    "write_consistency_factor": (1, _ONE_PROCESS),
    "read_fan_out_factor": (None, _ONE_PROCESS),
    "memmap_threshold": (0, _NO_SUCH_SETTING),
    "flush_interval_sec": (5, "Edge writes to disk when a shard is closed"),
    "max_optimization_threads": (
        "auto",
        "Edge optimizes when it is told to, with as many threads as it likes",
    ),
    "wal_capacity_mb": (32, _LOG),
    "wal_segments_ahead": (0, _LOG),
    "wal_retain_closed": (1, _LOG),
    "strict_mode": ({"enabled": False}, "nobody checks requests in the process"),
}
_MEMORY: Final = ("vector_memory", "payload_memory")


def lacks(spec: Spec) -> Mapping[str, Lack]:
    """Returns the managed fields of a spec that Edge cannot do, or keeps without effect."""
    if not isinstance(spec, Collection):
        return {}
    values = spec.values()
    return {
        **{field: Lack(reason) for field, reason in _differing(values, _REFUSED)},
        **{field: Lack(reason, refused=False) for field, reason in _differing(values, _WITHOUT_EFFECT)},
        **{field: Lack(_CACHED, refused=False) for field in _MEMORY if _pinned(values.get(field))},
    }


def why_refused(config: Mapping[str, Any]) -> str:
    """Returns why a configuration cannot be had on Edge, or ""."""
    for field, reason in _differing(config["params"], _REFUSED):
        return f"{field} {config['params'][field]}: {reason}"
    return ""


def _differing(values: Mapping[str, Any], table: Mapping[str, tuple[Any, str]]) -> list[tuple[str, str]]:
    return [
        (field, reason)
        for field, (anyway, reason) in table.items()
        if values.get(field) not in (None, {}, anyway)
    ]


def _pinned(value: Any) -> bool:
    return "pinned" in (value.values() if isinstance(value, Mapping) else (value,))
