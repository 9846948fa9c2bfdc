"""What happens in the middle of a step: between what it keeps in the state and what it does next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apexplan.testing.memory import MemoryState


def meanwhile(monkeypatch: pytest.MonkeyPatch, part: str, act: Callable[[], Any], times: int = 1) -> None:
    """Does something right after a part of that name was kept, so many times."""
    keep, left = MemoryState.keep, iter(range(times))

    def kept(state: MemoryState, lock: Any, run: str, step: str, name: str, data: bytes) -> None:
        keep(state, lock, run, step, name, data)
        if name == part and next(left, None) is not None:
            act()

    monkeypatch.setattr(MemoryState, "keep", kept)
