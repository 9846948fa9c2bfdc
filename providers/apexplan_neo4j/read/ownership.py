"""Whose an index is: Graphiti's, Neo4j's own, or nobody's that we know.

Graphiti 0.31.1 builds 27 range and 4 full-text indexes by itself as soon as its driver is
constructed in a running loop, each with IF NOT EXISTS (source: graphiti_core/graph_queries.py).
So an index of ours on the same label and property makes Graphiti's silently missing, and
a unique constraint cannot be made while Graphiti's index is there. They are recognised by name
and definition; where only one of the two fits, the index is somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from apexplan_neo4j.specs import Index


class Owner(StrEnum):
    """Who made an index and would miss it."""

    GRAPHITI = "Graphiti"
    NEO4J = "Neo4j"


_NODES: Final = {"entity": "Entity", "episode": "Episodic", "community": "Community", "saga": "Saga"}
_RELATIONSHIPS: Final = {
    "relation": "RELATES_TO",
    "mention": "MENTIONS",
    "has_member": "HAS_MEMBER",
    "has_episode": "HAS_EPISODE",
    "next_episode": "NEXT_EPISODE",
}


def _node(label: str, *properties: str) -> Index:
    return Index(type="range", entity="node", labels=(label,), properties=properties)


def _relationship(label: str, *properties: str) -> Index:
    return Index(type="range", entity="relationship", labels=(label,), properties=properties)


def _fulltext(entity: str, label: str, *properties: str) -> Index:
    made = _node(label, *properties) if entity == "node" else _relationship(label, *properties)
    return made.model_copy(update={"type": "fulltext"})


GRAPHITI: Final[Mapping[str, Index]] = (
    {f"{name}_uuid": _node(label, "uuid") for name, label in _NODES.items()}
    | {f"{name}_uuid": _relationship(label, "uuid") for name, label in _RELATIONSHIPS.items()}
    | {f"{name}_group_id": _node(label, "group_id") for name, label in _NODES.items()}
    | {
        f"{name}_group_id": _relationship(label, "group_id")
        for name, label in _RELATIONSHIPS.items()
        if name != "has_member"
    }
    | {
        "name_entity_index": _node("Entity", "name"),
        "saga_name": _node("Saga", "name"),
        "created_at_entity_index": _node("Entity", "created_at"),
        "created_at_episodic_index": _node("Episodic", "created_at"),
        "valid_at_episodic_index": _node("Episodic", "valid_at"),
    }
    | {
        f"{name}_edge_index": _relationship("RELATES_TO", name)
        for name in ("name", "created_at", "expired_at", "valid_at", "invalid_at")
    }
    | {
        "episode_content": _fulltext(
            "node", "Episodic", "content", "source", "source_description", "group_id"
        ),
        "node_name_and_summary": _fulltext("node", "Entity", "name", "summary", "group_id"),
        "community_name": _fulltext("node", "Community", "name", "group_id"),
        "edge_name_and_fact": _fulltext("relationship", "RELATES_TO", "name", "fact", "group_id"),
    }
)
"""What Graphiti 0.31.1 makes, by name."""

GRAPHITI_PLACES: Final[Mapping[str, str]] = {index.place(): name for name, index in GRAPHITI.items()}
"""The name of Graphiti's index by what it is on."""


def owner(name: str, index: Index) -> Owner | None:
    """Returns who made the index `name` of this definition, or None."""
    known = GRAPHITI.get(name)
    if known is not None and known.place() == index.place():
        return Owner.GRAPHITI
    return Owner.NEO4J if index.type == "lookup" else None
