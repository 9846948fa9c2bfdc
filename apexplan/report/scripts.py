"""What became of the versioned scripts of a store, for programs and for people.

sql
  0001  people  applied  2026-01-31T12:00:00Z  12 ms  by ann@host  run 20260131-120000-1a2b3c
  0002  rows    pending
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from apexplan.migrations.status import Placed

_STYLES = {"applied": "green", "pending": "yellow"}


def script_data(one: Placed, told: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one script as JSON values. `told`: what the store's ledger says of it."""
    return {
        "address": str(one.address),
        "version": one.spec.version,
        "name": one.spec.name,
        "state": str(one.standing),
        "wrong": one.standing.wrong,
        **{key: told.get(key) for key in ("applied_at", "by", "run", "duration_ms", "baseline")},
    }


def script_lines(store: str, scripts: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    """Yields the scripts of one store as `script_data` made them, in columns."""
    yield Text(store, style="bold")
    widths = [max(len(one[key] or "") for one in scripts) for key in ("version", "name", "state") if scripts]
    for one in scripts:
        version, name, state = (
            (one[key] or "").ljust(width)
            for key, width in zip(("version", "name", "state"), widths, strict=True)
        )
        line = Text(f"  {version}  {name}  ")
        line.append(state, style="red" if one["wrong"] else _STYLES.get(one["state"], "dim"))
        line.append(_applied(one), style="dim")
        line.rstrip()
        yield line


def _applied(one: Mapping[str, Any]) -> str:
    if not one["applied_at"]:
        return ""
    how = "marked" if one["baseline"] else f"{one['duration_ms']:,} ms"
    return f"  {one['applied_at']}  {how}  by {one['by']}  run {one['run']}"
