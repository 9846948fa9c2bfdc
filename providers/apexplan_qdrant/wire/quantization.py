"""How vectors are compressed: `{"scalar": {…}}` as the server has it ↔ `{"kind": "scalar", …}`.

The server replaces the object as a whole and compares its text. So what nobody manages has to be sent again,
and what is absent has a meaning of its own (measured on 1.16.3).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

from apexplan_qdrant.wire.places import Json

NONE: Final = "none"
DISABLED: Final = "Disabled"
"""The word of PATCH that takes a quantization away; create refuses it."""

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "scalar": {"type": None, "quantile": None, "always_ram": False, "memory": None},
    "product": {"compression": None, "always_ram": False, "memory": None},
    "binary": {"encoding": "one_bit", "query_encoding": "default", "always_ram": False, "memory": None},
    "turbo": {"bits": None, "always_ram": False, "memory": None},
}
"""What each kind has, and what absence means."""


def quantization_values(raw: Any) -> Json:
    """Returns what the server shows with every setting of its kind, and the kind."""
    kind, shown = _parts(raw)
    if kind == NONE:
        return {"kind": NONE}
    values = {"kind": kind, **SETTINGS.get(kind, {})}
    values |= {key: value for key, value in shown.items() if value is not None}
    if values.get("quantile") is not None:
        values["quantile"] = single(values["quantile"])
    return values


def quantization_json(wanted: Mapping[str, Any], raw: Any) -> Json | str:
    """Returns what PATCH is sent so that `raw`, which the server shows now, becomes as `wanted`. Settings
    that are not wanted in so many words stay as they are, if the kind stays."""
    raw_kind, shown = _parts(raw)
    kind = wanted.get("kind", raw_kind)
    if kind == NONE:
        return DISABLED
    settings = {**(shown if kind == raw_kind else {}), **wanted}
    return {kind: {key: value for key, value in settings.items() if key != "kind" and value is not None}}


def single(value: float) -> float:
    """Returns the number with the fewest digits that is the same in 32 bits. The server keeps no more: HTTP
    shows 0.99, gRPC 0.9900000095367432."""
    nearest = _to_single(value)
    return next(
        found for digits in range(1, 18) if _to_single(found := float(f"{nearest:.{digits}g}")) == nearest
    )


def _to_single(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _parts(raw: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(raw, Mapping) or not raw:
        return NONE, {}
    kind, settings = next(iter(raw.items()))
    return kind, settings or {}
