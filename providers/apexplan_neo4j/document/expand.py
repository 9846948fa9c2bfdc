"""A document → one `Declared` an object, in the order of the file.

What it means to be such an object is set in full: type, entity, labels and properties, and that an
index is healthy. Options are set only where the document sets them; the corners of a point index
are one field, so those that are left out become the server's. An object with something wrong is
not declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import Spec
from apexplan.provider import Expansion
from apexplan_neo4j import specs
from apexplan_neo4j.document.checks import (
    LABEL_OR_TYPE,
    LABELS_OR_TYPES,
    REQUIREMENTS,
    Path,
    among,
    constraint_problems,
    index_problems,
    listed,
)
from apexplan_neo4j.document.models import ConstraintBlock, IndexBlock, LifecycleBlock, Neo4jSchema
from apexplan_neo4j.document.property_types import canonical_type
from apexplan_neo4j.names import spelled
from apexplan_neo4j.specs import Constraint, Index
from apexplan_neo4j.specs.index import Entity

_KINDS: Final = frozenset(spec.kind for spec in specs.ALL)
SHARED_FIELDS: Final = ("analyzer", "eventually_consistent", "dimensions", "similarity", "quantization")
"""The options that IndexBlock and Index call by the same names."""
_FIELD_NAMES: Final = {
    "on": frozenset({"properties"}),
    "as": frozenset({"property_type"}),
    "hnsw": frozenset({"hnsw_m", "hnsw_ef_construction"}),
}
"""What `ignore` may call by the document's name, and the fields of specs that are meant."""


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
        found = [*_block_problems(name, block, path), *_lifecycle_problems(block.lifecycle, spec, path)]
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
    return Declared(address, spec, path, _lifecycle(block.lifecycle, store, type(spec)))


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


# ------------------------------------------------------------------ the life of an object


def _lifecycle(block: LifecycleBlock, store: str, spec: type[Spec]) -> Lifecycle:
    ignored = (field for name in block.ignore for field in _meant(name, spec))
    needed = (_dependency(text, store) for text in block.depends_on)
    return Lifecycle(
        block.protect,
        frozenset(ignored),
        spelled(block.renamed_from) if block.renamed_from is not None else None,
        frozenset(address for address in needed if address is not None),
    )


def _meant(name: str, spec: type[Spec]) -> frozenset[str]:
    """Returns the fields of a spec that a name in `ignore` means, none where there is no such field."""
    return (_FIELD_NAMES.get(name, frozenset()) | {name}) & spec.rules.keys()


def _dependency(text: str, store: str) -> Address | None:
    """Returns the address that `store.kind.name` or `kind.name` says; None: neither."""
    kind, _, name = text.partition(".")
    if kind in _KINDS and name:
        return Address(store, kind, name)
    try:
        return Address.parse(text)
    except ValueError:
        return None


def _lifecycle_problems(block: LifecycleBlock, spec: type[Spec], path: Path) -> Iterator[Problem]:
    for number, name in enumerate(block.ignore):
        if not _meant(name, spec):
            yield Problem(
                "unknown-field",
                (*path, "lifecycle", "ignore", number),
                "a field to be ignored is not known",
                f"`{name}`",
                f"an object of kind {spec.kind} has no such field",
                "known here: " + ", ".join(sorted(spec.rules)),
            )
    for number, text in enumerate(block.depends_on):
        if _dependency(text, "store") is None:
            yield Problem(
                "bad-address",
                (*path, "lifecycle", "depends_on", number),
                "what the object depends on is no address",
                f"`{text}`",
                mend="write store.kind.name or kind.name, such as constraint.document_uuid_unique",
            )
