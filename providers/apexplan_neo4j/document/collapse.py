"""Live objects → the short document that declares them, for `inspect`.

Written as a person would: one label or property without a list, nothing that is the server's default,
names sorted. Left out are

- the two lookup indexes, which every database has from the start,
- an index that an unfinished CREATE CONSTRAINT left behind, which nobody wants,
- what `expand` would refuse: names that are not plain, types of newer servers, other kinds of object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_neo4j.document.expand import SHARED_FIELDS, expand_document
from apexplan_neo4j.document.models import BoundsBlock, HnswBlock, IndexBlock, Neo4jSchema
from apexplan_neo4j.names import name_of
from apexplan_neo4j.specs import Constraint, Index

Json = dict[str, Any]
_DEFAULTS: Final = IndexBlock()
_HNSW: Final = HnswBlock()
_BOUNDS: Final = BoundsBlock().corners()


def collapse(store: str, objects: Mapping[Address, Spec]) -> Json:
    """Returns the document that declares `objects`."""
    document: Json = {"kind": "Neo4jSchema", "store": store}
    for section, blocks in (("constraints", _constraints(objects)), ("indexes", _indexes(objects))):
        found = {name: block for name, block in sorted(blocks) if _loads(section, name, block)}
        if found:
            document[section] = found
    return document


def _constraints(objects: Mapping[Address, Spec]) -> Iterator[tuple[str, Json]]:
    for address, spec in objects.items():
        if isinstance(spec, Constraint):
            yield name_of(address), _constraint(spec)


def _indexes(objects: Mapping[Address, Spec]) -> Iterator[tuple[str, Json]]:
    for address, spec in objects.items():
        if isinstance(spec, Index) and spec.type != "lookup" and spec.health != "orphaned":
            yield name_of(address), _index(spec)


def _loads(section: str, name: str, block: Json) -> bool:
    """Says whether a manifest may declare this."""
    document = {"kind": "Neo4jSchema", "store": "store", section: {name: block}}
    try:
        return not expand_document(Neo4jSchema.model_validate(document)).problems
    except ValidationError:
        return False


def _constraint(spec: Constraint) -> Json:
    block: Json = {str(spec.type): _short(spec.properties or ())}
    if spec.property_type is not None:
        block["as"] = spec.property_type
    return block | {"label" if spec.entity == "node" else "relationship": spec.label}


def _index(spec: Index) -> Json:
    block: Json = {} if spec.type == "range" else {"type": spec.type}
    labels = spec.labels or ()
    field = "label" if spec.entity == "node" else "relationship"
    block[field if len(labels) == 1 else f"{field}s"] = _short(labels)
    block["on"] = _short(spec.properties or ())
    return block | _options(spec)


def _options(spec: Index) -> Json:
    block = {
        name: getattr(spec, name)
        for name in SHARED_FIELDS
        if getattr(spec, name) not in (None, getattr(_DEFAULTS, name))
    }
    hnsw = {"m": spec.hnsw_m, "ef_construction": spec.hnsw_ef_construction}
    hnsw = {name: value for name, value in hnsw.items() if value not in (None, getattr(_HNSW, name))}
    bounds = {
        name: [_number(coordinate) for coordinate in corner]
        for name, corner in (spec.bounds or {}).items()
        if corner != _BOUNDS.get(name)
    }
    return block | ({"hnsw": hnsw} if hnsw else {}) | ({"bounds": bounds} if bounds else {})


def _short(names: Iterable[str]) -> str | list[str]:
    found = list(names)
    return found[0] if len(found) == 1 else found


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value
