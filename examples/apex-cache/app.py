"""A small document service over the cache: what an application does with the generated client.

The rows are a dict, in the place of a database. Each read says whether it had to ask the rows, so that what a
cache saves can be seen. An event is sent after the change is made, as after a commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apex_cache_client import Cache, QueryLoaded, UserDocsLoaded, from_json, to_json

Row = dict[str, Any]


@dataclass
class Documents:
    """Documents by id, and the cache before them. `asked`: how often the rows were read."""

    cache: Cache
    rows: dict[str, Row] = field(default_factory=dict)
    asked: int = 0

    def get(self, id: str) -> Row | None:
        """Returns one document."""
        found: Row | None = from_json(self.cache.doc(id).fetch(lambda: to_json(self._row(id))))
        return found

    def search(self, word: str) -> list[str]:
        """Returns the ids of documents whose title has a word."""
        found: list[str] = from_json(self.cache.query(f"title:{word}").fetch(lambda: self._search(word)))
        return found

    def of_user(self, user: str) -> list[str]:
        """Returns the ids of a user's documents."""
        found: list[str] = from_json(self.cache.user_docs(user).fetch(lambda: self._of_user(user)))
        return found

    def update(self, id: str, **changes: Any) -> None:
        """Changes a document, then says so: whatever was made of it is stale from then on."""
        self.rows[id] = {**self.rows[id], **changes}
        self.cache.document_updated(id)

    def delete(self, id: str) -> None:
        del self.rows[id]
        self.cache.document_deleted(id)

    def _row(self, id: str) -> Row | None:
        self.asked += 1
        return self.rows.get(id)

    def _search(self, word: str) -> QueryLoaded:
        self.asked += 1
        ids = [id for id, row in self.rows.items() if word in row["title"]]
        entities = {entity for id in ids for entity in self.rows[id].get("entities", ())}
        return QueryLoaded(to_json(ids), document=ids, entity=entities)

    def _of_user(self, user: str) -> UserDocsLoaded:
        self.asked += 1
        ids = [id for id, row in self.rows.items() if row["user"] == user]
        return UserDocsLoaded(to_json(ids), document=ids)
