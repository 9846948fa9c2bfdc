"""A document → one `Declared` an object, in the order of the file: a collection, then its payload indexes,
and the aliases last. An object with something wrong is not declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from apexplan.document import LifecycleBlock, Lifecycles, Path, is_error
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import Spec
from apexplan.provider import Expansion
from apexplan_qdrant import specs
from apexplan_qdrant.document.checks import alias_problems, among, collection_problems
from apexplan_qdrant.document.index_checks import index_problems
from apexplan_qdrant.document.index_models import IndexBlock
from apexplan_qdrant.document.json_paths import canonical_path
from apexplan_qdrant.document.models import (
    AliasBlock,
    CollectionBlock,
    CollectionLifecycleBlock,
    QdrantSchema,
)
from apexplan_qdrant.document.values import (
    PARTS,
    SPARSE_FIELDS,
    VECTOR_FIELDS,
    collection_values,
    index_values,
)
from apexplan_qdrant.names import index_address
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex
from apexplan_qdrant.specs.payload_index import IndexType

_FIELD_NAMES: Final = {
    **{part: {f"{prefix}{name}" for name in block.model_fields} for part, (prefix, block) in PARTS.items()},
    "vectors": {"vectors", "size", "distance", *VECTOR_FIELDS.values(), "vector_hnsw", "vector_quantization"},
    "sparse_vectors": {"sparse_vectors", *SPARSE_FIELDS.values()},
    "copy": {"copying"},
}
"""What `ignore` may call by the document's name, and the fields of specs that are meant."""
_LIFECYCLES: Final = Lifecycles(specs.ALL, _FIELD_NAMES)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one block."""

    problems: list[Problem]
    declared: Declared | None = None


def expand_document(document: QdrantSchema) -> Expansion:
    """Returns everything that the document declares, and everything that is wrong with it."""
    outcomes = list(_outcomes(document))
    declared = [one.declared for one in outcomes if one.declared is not None]
    problems = [problem for one in outcomes for problem in one.problems]
    return Expansion(tuple(declared), (*problems, *among(declared)))


def _outcomes(document: QdrantSchema) -> Iterator[_Outcome]:
    for name, block in document.collections.items():
        path: Path = ("collections", name)
        yield _collection(document.store, name, block, path)
        for field, index in block.payload_indexes.items():
            yield _index(document.store, name, field, index, (*path, "payload_indexes", field))
    for name, said in document.aliases.items():
        alias = AliasBlock(collection=said) if isinstance(said, str) else said
        yield _alias(document, name, alias, ("aliases", name))


def _collection(store: str, name: str, block: CollectionBlock, path: Path) -> _Outcome:
    problems = [
        *collection_problems(name, block, path),
        *_LIFECYCLES.problems(block.lifecycle, Collection, path),
    ]
    if any(map(is_error, problems)):
        return _Outcome(problems)
    address = Address(store, Collection.kind, name)
    spec = Collection.model_validate(collection_values(block))
    return _Outcome(problems, _declared(address, spec, path, block.lifecycle))


def _index(store: str, collection: str, field: str, block: IndexType | IndexBlock, path: Path) -> _Outcome:
    life = block.lifecycle if isinstance(block, IndexBlock) else LifecycleBlock()
    problems = [*index_problems(field, block, path), *_LIFECYCLES.problems(life, PayloadIndex, path)]
    if any(map(is_error, problems)):
        return _Outcome(problems)
    address = index_address(store, collection, canonical_path(field))
    spec = PayloadIndex.model_validate(index_values(block))
    return _Outcome(problems, _declared(address, spec, path, life))


def _alias(document: QdrantSchema, name: str, block: AliasBlock, path: Path) -> _Outcome:
    problems = [
        *alias_problems(name, block, document, path),
        *_LIFECYCLES.problems(block.lifecycle, Alias, path),
    ]
    if any(map(is_error, problems)):
        return _Outcome(problems)
    spec = Alias.model_validate(block.said())
    return _Outcome(
        problems, _declared(Address(document.store, Alias.kind, name), spec, path, block.lifecycle)
    )


def _declared(address: Address, spec: Spec, path: Path, block: LifecycleBlock) -> Declared:
    former = block.renamed_from if isinstance(block, CollectionLifecycleBlock) else None
    return Declared(address, spec, path, _LIFECYCLES.lifecycle(block, address.store, type(spec), former))
