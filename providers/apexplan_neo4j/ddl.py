"""The schema statements of Cypher. Pure; every name in backticks, every value a literal.

IF NOT EXISTS is never written: it is silent whatever is there (measured on 5.26.12), so what it
reports proves nothing. An index provider is never written either: 5.26 ignores it, Cypher 25 has
no such option.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from apexplan_neo4j.names import quoted
from apexplan_neo4j.specs import Constraint, Index

_OPTIONS: Final = {
    "analyzer": "fulltext.analyzer",
    "eventually_consistent": "fulltext.eventually_consistent",
    "dimensions": "vector.dimensions",
    "similarity": "vector.similarity_function",
    "quantization": "vector.quantization.enabled",
    "hnsw_m": "vector.hnsw.m",
    "hnsw_ef_construction": "vector.hnsw.ef_construction",
}
"""Fields of Index and the options that they stand for."""


def create_index(name: str, index: Index) -> str:
    """Returns the statement that makes `index`. What the spec does not set is left to the server."""
    on = f"FOR {pattern(index.entity, index.labels or ())} ON {_properties(index)}"
    kind = (index.type or "range").upper()
    return f"CREATE {kind} INDEX {quoted(name)} {on}{_options(index)}"


def drop_index(name: str) -> str:
    return f"DROP INDEX {quoted(name)}"


def create_constraint(name: str, constraint: Constraint) -> str:
    """Returns the statement that makes `constraint`."""
    labels = (constraint.label,) if constraint.label else ()
    on = f"FOR {pattern(constraint.entity, labels)} REQUIRE {_listed(constraint.properties or ())}"
    return f"CREATE CONSTRAINT {quoted(name)} {on} IS {_requirement(constraint)}"


def drop_constraint(name: str) -> str:
    return f"DROP CONSTRAINT {quoted(name)}"


def string(text: str) -> str:
    """Returns a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _requirement(constraint: Constraint) -> str:
    match constraint.type:
        case "exists":
            return "NOT NULL"
        case "key":
            return "NODE KEY" if constraint.entity == "node" else "RELATIONSHIP KEY"
        case "typed":
            return f":: {constraint.property_type}"
        case _:
            return "UNIQUE"


def pattern(entity: str | None, labels: Iterable[str]) -> str:
    """Returns the pattern of the nodes or relationships of `labels`, called `x`."""
    names = "|".join(map(quoted, labels))
    inside = f"x:{names}" if names else "x"
    return f"({inside})" if entity == "node" else f"()-[{inside}]-()"


def _properties(index: Index) -> str:
    if index.type == "lookup":
        return "EACH labels(x)" if index.entity == "node" else "EACH type(x)"
    listed = ", ".join(f"x.{quoted(name)}" for name in index.properties or ())
    return f"EACH [{listed}]" if index.type == "fulltext" else f"({listed})"


def _listed(properties: Iterable[str]) -> str:
    return "(" + ", ".join(f"x.{quoted(name)}" for name in properties) + ")"


def _options(index: Index) -> str:
    values = index.values()
    config = {option: values[field] for field, option in _OPTIONS.items() if values.get(field) is not None}
    config |= {f"spatial.{key}": bound for key, bound in sorted((index.bounds or {}).items())}
    if not config:
        return ""
    inside = ", ".join(f"{quoted(key)}: {_literal(value)}" for key, value in config.items())
    return f" OPTIONS {{indexConfig: {{{inside}}}}}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return string(value) if isinstance(value, str) else repr(value)
