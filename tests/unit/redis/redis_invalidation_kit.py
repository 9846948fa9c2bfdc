"""A contract of documents, queries and lists of users, and parts to make others of."""

from __future__ import annotations

from typing import Any

from apexplan_redis.invalidation.model import Entry, Event, Invalidation, Placeholder

ID = Placeholder("id", "str", "[^:]+")
DOC = Entry("doc", "doc:{id}", ("doc:", ID), 3600, {"document": "id"})
QUERY = Entry("query", "query:*", ("query:", Placeholder("rest", "any", ".+")), 600, {}, ("document",))
UPDATED = Event("document_updated", "document", ("doc", "query"))


def contract(**more: Any) -> Invalidation:
    """Returns the contract, with other values where `more` has them."""
    parts: dict[str, Any] = {"library": "apex_cache", "entries": (DOC, QUERY), "events": (UPDATED,)}
    return Invalidation(**parts | more)
