"""The shards that are open: few, those used last.

Each takes two files of 32 MiB for its log and a pool of threads, so a project of many collections does not
keep them all. A shard that is put away tells what it holds before, see `Closing`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from qdrant_edge import EdgeShard

from apexplan.model.errors import StoreError
from apexplan_qdrant.edge.errors import engine, files

MOST_OPEN: Final = 8
_CONFIG: Final = "edge_config.json"


class Closing(Protocol):
    """Hears of a shard that is about to be closed."""

    def __call__(self, name: str, shard: EdgeShard) -> None: ...


class Shards:
    """Shards by the physical name of their collection. Not for several threads at once."""

    def __init__(self, store: str, closing: Closing) -> None:
        self._store = store
        self._closing = closing
        self._open: OrderedDict[str, EdgeShard] = OrderedDict()

    def get(self, name: str) -> EdgeShard | None:
        """Returns the shard if it is open."""
        if name in self._open:
            self._open.move_to_end(name)
        return self._open.get(name)

    def open(self, name: str, path: Path, config: Mapping[str, Any]) -> EdgeShard:
        """Opens the shard in `path` with this content of `edge_config.json`; one without segments is made.
        If Edge refuses the configuration, the former one is back. Raises Transient where somebody has it."""
        while len(self._open) >= MOST_OPEN:
            self.close(next(iter(self._open)))
        former = _configure(self._store, path, config)
        try:
            with engine(self._store, name):
                shard = EdgeShard.load(str(path))
        except BaseException:
            if former is not None:
                _write(self._store, path / _CONFIG, former)
            raise
        self._open[name] = shard
        # What a killed rebuild had built. Whoever has the shard has its log's lock, so nobody builds now.
        shutil.rmtree(path / "temp_segments", ignore_errors=True)
        return shard

    def close(self, name: str) -> None:
        """Closes a shard, which writes it to disk. Does nothing where it is not open."""
        shard = self._open.pop(name, None)
        if shard is None:
            return
        with contextlib.suppress(
            StoreError
        ):  # closed by who had it, or no room: then nobody knows its points
            self._closing(name, shard)
        with engine(self._store, name):
            shard.close()

    def close_all(self) -> None:
        for name in list(self._open):
            self.close(name)


def _configure(store: str, path: Path, config: Mapping[str, Any]) -> str | None:
    """Writes the configuration where it differs; returns the former one, None where there was none."""
    file = path / _CONFIG
    with files(store, path):
        path.mkdir(parents=True, exist_ok=True)
        former = file.read_text() if file.exists() else None
    _write(store, file, json.dumps(config))
    return former


def _write(store: str, path: Path, text: str) -> None:
    with files(store, path):
        beside = path.with_name(f"{path.name}.new")
        beside.write_text(text)
        beside.replace(path)
