"""A document → one `Declared` an object, in the order of the file.

What it means to be such an object is set in full: type, entity, labels and properties, and that an
index is healthy. Options are set only where the document sets them; the corners of a point index
are one field, so those that are left out become the server's. An object with something wrong is
not declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apexplan.document import Lifecycles, Path
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan.provider import Expansion
from apexplan_neo4j import specs
from apexplan_neo4j.document.checks import (
    LABEL_OR_TYPE,
    LABELS_OR_TYPES,
    REQUIREMENTS,
    among,
    constraint_problems,
    index_problems,
    listed,
)
from apexplan_neo4j.document.models import ConstraintBlock, IndexBlock, Neo4jSchema
from apexplan_neo4j.document.property_types import canonical_type
from apexplan_neo4j.names import spelled
from apexplan_neo4j.specs import Constraint, Index
from apexplan_neo4j.specs.index import Entity

SHARED_FIELDS: Final = ("analyzer", "eventually_consistent", "dimensions", "similarity", "quantization")
"""The options that IndexBlock and Index call by the same names."""
_LIFECYCLES: Final = Lifecycles(
    specs.ALL,
    {"on": {"properties"}, "as": {"property_type"}, "hnsw": {"hnsw_m", "hnsw_ef_construction"}},
)


def expand_document(document: Neo4jSchema) -> Expansion:
    """Returns everything that the document declares, and everything that is wrong with it."""
    declared: list[Declared] = []
    problems: list[Problem] = []
    blocks: list[tuple[str, str, ConstraintBlock | IndexBlock]] = [
        *(("constraints", name, block) for name, block in document.constraints.items()),
        *(("indexes", name, block) for name, block in document.indexes.items()),
    ]
    for section, name, block in blocks:
        path: Path = (section, name)
        spec = Constraint if isinstance(block, ConstraintBlock) else Index
        found = [*_block_problems(name, block, path), *_LIFECYCLES.problems(block.lifecycle, spec, path)]
        problems += found
        if not found:
            declared.append(_declared(document.store, name, block, path))
    return Expansion(tuple(declared), (*problems, *among(declared)))


def _block_problems(name: str, block: ConstraintBlock | IndexBlock, path: Path) -> Iterator[Problem]:
    if isinstance(block, ConstraintBlock):
        return constraint_problems(name, block, path)
    return index_problems(name, block, path)


def _declared(store: str, name: str, block: ConstraintBlock | IndexBlock, path: Path) -> Declared:
    spec = _constraint(block) if isinstance(block, ConstraintBlock) else _index(block)
    address = Address(store, spec.kind, spelled(name))
    former = block.lifecycle.renamed_from
    lifecycle = _LIFECYCLES.lifecycle(
        block.lifecycle, store, type(spec), spelled(former) if former is not None else None
    )
    return Declared(address, spec, path, lifecycle)


def _constraint(block: ConstraintBlock) -> Constraint:
    (requirement,) = block.given(*REQUIREMENTS)
    (on,) = block.given(*LABEL_OR_TYPE)
    typed = {"property_type": canonical_type(block.as_)} if block.given("as_") else {}
    return Constraint.model_validate(
        {
            "type": requirement,
            "entity": _entity(on),
            "label": getattr(block, on),
            "properties": listed(getattr(block, requirement)),
            **typed,
        }
    )


def _index(block: IndexBlock) -> Index:
    if block.type == "lookup":
        return Index(type="lookup", entity=block.entity, labels=(), properties=(), health="ok")
    (on,) = block.given(*LABELS_OR_TYPES)
    return Index(
        type=block.type,
        entity=_entity(on),
        labels=listed(getattr(block, on)),
        properties=listed(block.on),
        health="ok",
        **_options(block),
    )


def _entity(field: str) -> Entity:
    return "node" if field.startswith("label") else "relationship"


def _options(block: IndexBlock) -> dict[str, Any]:
    values = {name: getattr(block, name) for name in block.given(*SHARED_FIELDS)}
    values |= {f"hnsw_{name}": getattr(block.hnsw, name) for name in block.hnsw.model_fields_set}
    return values | ({"bounds": block.bounds.corners()} if block.given("bounds") else {})
