"""The registry: what a server would know beside the shards. A frozen value, and the file that it is kept in.

The file is replaced as a whole: written beside, synced, renamed, the directory synced. Whoever reads it, also
after a crash at any point, finds the former or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from apexplan.model.errors import StoreError, Unsupported
from apexplan_qdrant.edge.errors import files
from apexplan_qdrant.errors import NotThere, Taken

FORMAT: Final = 1
_ODD: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One collection. `config`: as GET /collections/NAME has it. `indexes`: path → field_schema. `points`:
    how many there were when the shard was closed; None while it is written to, and after a crash meanwhile.
    `pending`: segments may still be built for a former configuration."""

    directory: str
    config: Mapping[str, Any]
    indexes: Mapping[str, Any] = field(default_factory=dict)
    points: int | None = 0
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """All collections by their physical names, and alias → physical name."""

    collections: Mapping[str, Entry] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, name: str) -> str | None:
        """Returns the physical name of what is found under `name`; an alias goes before a collection."""
        physical = self.aliases.get(name, name)
        return physical if physical in self.collections else None

    def put(self, name: str, entry: Entry) -> Registry:
        """Returns the registry with this entry."""
        return replace(self, collections={**self.collections, name: entry})

    def drop(self, name: str) -> Registry:
        """Returns the registry without a collection and its aliases."""
        return Registry(
            {n: entry for n, entry in self.collections.items() if n != name},
            {alias: physical for alias, physical in self.aliases.items() if physical != name},
        )

    def realias(self, actions: Sequence[Mapping[str, Any]], store: str) -> Registry:
        """Returns the registry after the actions of POST /collections/aliases, all of them: a server keeps
        those before one that fails. What they refuse is the server's: only `rename_alias` takes the name of
        a collection. Raises NotThere and Taken."""
        aliases = dict(self.aliases)
        for action in actions:
            for verb, names in action.items():
                self._act(aliases, verb, names, store)
        return replace(self, aliases=aliases)

    def _act(self, aliases: dict[str, str], verb: str, names: Mapping[str, str], store: str) -> None:
        match verb:
            case "create_alias":
                alias, physical = names["alias_name"], names["collection_name"]
                if physical not in self.collections:
                    raise NotThere(f"the collection {physical} is not there", store=store)
                if alias in self.collections:
                    raise Taken(f"a collection has the name {alias}", store=store)
                aliases[alias] = physical
            case "delete_alias":
                aliases.pop(names["alias_name"], None)
            case "rename_alias":
                former = names["old_alias_name"]
                if former not in aliases:
                    raise NotThere(f"the alias {former} is not there", store=store)
                aliases[names["new_alias_name"]] = aliases.pop(former)
            case _:
                raise StoreError(f"there is no action {verb} on aliases", store=store)


def directory_of(name: str) -> str:
    """Returns the directory of a collection below `shards`: one name for each, also where case is not told
    apart and whatever characters the name has."""
    return f"{_ODD.sub('-', name)[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


class RegistryFile:
    """The registry's file. Writing it is for the holder of the lock."""

    def __init__(self, store: str, directory: Path) -> None:
        self._store = store
        self._path = directory / "registry.json"
        self._cached: tuple[tuple[int, int, int], Registry] | None = None

    def read(self) -> Registry:
        """Returns what the file holds, an empty registry where there is none. Raises StoreError where it
        cannot be read."""
        with files(self._store, self._path):
            try:
                with self._path.open("rb") as file:
                    found = os.fstat(file.fileno())
                    version = (found.st_ino, found.st_mtime_ns, found.st_size)
                    cached = self._cached
                    if cached is not None and cached[0] == version:
                        return cached[1]
                    text = file.read()
            except (FileNotFoundError, NotADirectoryError):
                return Registry()
        registry = self._parsed(text)
        self._cached = (version, registry)
        return registry

    def write(self, registry: Registry) -> None:
        """Replaces the file; on disk when the call returns."""
        entries = {name: _plain(entry) for name, entry in registry.collections.items()}
        content = {"format": FORMAT, "collections": entries, "aliases": dict(registry.aliases)}
        beside = self._path.with_name("registry.json.new")  # the lock keeps others from it
        with files(self._store, self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            directory = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def _parsed(self, text: bytes) -> Registry:
        try:
            content = json.loads(text)
            version = int(content["format"])
            if version > FORMAT:
                raise Unsupported(
                    f"{self._path} has format {version}, and this apexplan knows {FORMAT}",
                    store=self._store,
                    mend="use the apexplan that wrote it, or a newer one",
                )
            entries = {str(name): Entry(**entry) for name, entry in content["collections"].items()}
            return Registry(entries, {str(a): str(p) for a, p in content["aliases"].items()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self._path} is no registry of Edge's collections",
                store=self._store,
                mend="restore it from a backup; the points are in `shards`, in directories by name",
            ) from error


def _plain(entry: Entry) -> dict[str, Any]:
    """Returns the entry for JSON; `asdict` would copy every configuration for it."""
    return {each.name: getattr(entry, each.name) for each in fields(entry)}
