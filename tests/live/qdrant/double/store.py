"""All collections and aliases of the server, and how a name is looked up.

An alias wins over a collection of the same name when the name is read, never when it is deleted:
`rename_alias` looks for no collection, so it can shadow one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .collection import Collection
from .faults import bad_request, collection_exists, no_collection, not_found, wrong_input
from .settings import Settings


class Store:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.rebuilds_held = False

    def named(self, name: str) -> Collection:
        """The collection that a name shows."""
        try:
            return self.collections[self.aliases.get(name, name)]
        except KeyError:
            raise no_collection(name) from None

    def exists(self, name: str) -> bool:
        return self.aliases.get(name, name) in self.collections

    def create(self, name: str, request: Mapping[str, Any]) -> bool:
        limit = self.settings.max_collections
        if name in self.collections:
            raise collection_exists(name)
        cause = f"Can't create collection with name {name}."
        if name in self.aliases:
            raise wrong_input(f"{cause} Alias with the same name already exists")
        if limit is not None and len(self.collections) >= limit:
            raise bad_request(f"{cause} Max collections limit reached: {limit}")
        self.collections[name] = Collection(request, self.settings)
        return True

    def patch(self, name: str, request: Mapping[str, Any]) -> bool:
        self.named(name).patch(request)
        return True

    def delete(self, name: str) -> bool:
        """Deletes the collection of that very name, with its aliases; false if there is none."""
        if self.collections.pop(name, None) is None:
            return False
        self.aliases = {alias: target for alias, target in self.aliases.items() if target != name}
        return True

    def change_aliases(self, actions: list[dict[str, dict[str, str]]]) -> bool:
        """Applies one action after the other; a failing one undoes nothing."""
        for action in actions:
            for verb, names in action.items():
                _ALIAS_ACTIONS[verb](self, **names)
        return True

    def aliases_of(self, collection: str | None = None) -> dict[str, Any]:
        """All aliases, or those of the collection of that very name; none if it is missing."""
        return {
            "aliases": [
                {"alias_name": alias, "collection_name": target}
                for alias, target in self.aliases.items()
                if collection in (None, target)
            ]
        }

    def rebuild(self) -> None:
        """Rebuilds all segments that wait for it, unless rebuilds are held."""
        if not self.rebuilds_held:
            for collection in self.collections.values():
                collection.rebuild()

    def create_alias(self, alias_name: str, collection_name: str) -> None:
        if collection_name not in self.collections:
            raise no_collection(collection_name)
        if alias_name in self.collections:
            raise collection_exists(alias_name)
        self.aliases[alias_name] = collection_name

    def delete_alias(self, alias_name: str) -> None:
        self.aliases.pop(alias_name, None)

    def rename_alias(self, old_alias_name: str, new_alias_name: str) -> None:
        if old_alias_name not in self.aliases:
            raise not_found(f"Alias {old_alias_name} does not exists!")
        self.aliases[new_alias_name] = self.aliases.pop(old_alias_name)


_ALIAS_ACTIONS: Mapping[str, Callable[..., None]] = {
    "create_alias": Store.create_alias,
    "delete_alias": Store.delete_alias,
    "rename_alias": Store.rename_alias,
}
