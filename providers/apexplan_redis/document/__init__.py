"""The manifest kind `RedisContract`.

    document ── expand ── declared objects
        │          ├── values, parameters, search, spelling ── what a block means
        │          ├── cached ── what the function library is made from
        │          └── key_checks, config_checks, acl_checks, acl_grants, slots ── problems
        └────── collapse ── live objects

All of it is pure and knows no server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import BaseModel

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Expansion, Kind, SourceFile
from apexplan_redis.document.cached import invalidation_of
from apexplan_redis.document.collapse import collapse
from apexplan_redis.document.expand import expand_document
from apexplan_redis.document.key_checks import parsed
from apexplan_redis.document.models import LibraryBlock, RedisContract
from apexplan_redis.invalidation.client import client_module
from apexplan_redis.patterns import Pattern


class RedisContractKind:
    """See `apexplan.provider.Kind`, `ReadsFiles` and `Generates`."""

    name = "RedisContract"
    document: type[BaseModel] = RedisContract
    one_a_store = False

    def expand(self, document: BaseModel) -> Expansion:
        assert isinstance(document, RedisContract)
        return expand_document(document, ())

    def directories(self, document: BaseModel) -> Sequence[str]:
        """Returns where the files of function libraries are."""
        assert isinstance(document, RedisContract)
        files = (_file(said) for said in document.libraries.values())
        return sorted({str(PurePosixPath(name).parent) for name in files if name is not None})

    def expand_files(self, document: BaseModel, files: Sequence[SourceFile]) -> Expansion:
        assert isinstance(document, RedisContract)
        return expand_document(document, files)

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        return collapse(store, objects)

    def modules(self, document: BaseModel) -> Mapping[str, str]:
        """Returns the client of the function library, none where the document has no events or mistakes."""
        assert isinstance(document, RedisContract)
        found = {text: parsed(text, ()) for text in document.keys}
        patterns = {text: one for text, one in found.items() if isinstance(one, Pattern)}
        made, _ = invalidation_of(document, patterns)
        return {} if made is None else {f"{made.library}_client": client_module(made)}


def _file(said: LibraryBlock | str) -> str | None:
    if isinstance(said, str):
        return said
    return said.file if said.given("file") else None


KIND: Final[Kind] = RedisContractKind()

__all__ = ["KIND", "RedisContract"]
