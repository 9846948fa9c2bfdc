"""What is wrong with one collection or alias of a document, and what is wrong among its objects.

What the server would refuse is refused here, with what it would drop without a word, and what it cannot be
brought to do (measured on 1.16.3). Ranges of single numbers are in the models, payload indexes in
`index_checks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from apexplan.document import Path
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem, Severity
from apexplan_qdrant.document.models import AliasBlock, CollectionBlock, QdrantSchema, TransformBlock
from apexplan_qdrant.document.values import dense_blocks
from apexplan_qdrant.document.vector_models import Quantization, QuantizationBlock, VectorBlock
from apexplan_qdrant.names import why_not_a_name
from apexplan_qdrant.wire.places import kept_by_apexplan
from apexplan_qdrant.wire.quantization import NONE, SETTINGS

_CONTRADICTION: Final = "two settings contradict each other"
_NO_EFFECT: Final = "a setting has no effect"


def collection_problems(name: str, block: CollectionBlock, path: Path) -> Iterator[Problem]:
    """What is wrong with one collection, its payload indexes apart."""
    yield from _bad_name(name, path)
    if block.given("physical"):
        yield from _bad_name(block.physical, (*path, "physical"))
    yield from _vectors(block, path)
    yield from _quantization(block.quantization, (*path, "quantization"))
    for vector, vector_path in _places(block, path):
        yield from _vector(vector, block, vector_path)
    yield from _metadata(block.metadata, (*path, "metadata"))
    yield from _replacing(name, block, path)
    yield from _transform(block.copy_.transform, (*path, "copy", "transform"))


def alias_problems(name: str, block: AliasBlock, document: QdrantSchema, path: Path) -> Iterator[Problem]:
    """What is wrong with one alias. Its collection need not be of this document."""
    yield from _bad_name(name, path)
    if block.collection in document.aliases:
        itself = block.collection == name
        yield Problem(
            "alias-of-alias",
            path,
            "an alias leads to an alias",
            f"`{name}` leads to " + ("itself" if itself else f"`{block.collection}`, which is an alias"),
            "an alias leads to a collection; Qdrant follows it no further",
            "name the collection",
        )


def among(declared: Iterable[Declared]) -> Iterator[Problem]:
    """What is wrong between objects: two that need one name, and a payload index that stands there twice."""
    holders: dict[str, Declared] = {}
    for one in declared:
        for claim in sorted(one.spec.claims(one.address)) or [str(one.address)]:
            holder = holders.setdefault(claim, one)
            if holder is not one:
                yield _taken(one, holder, claim)
                break


# ------------------------------------------------------------------ vectors


def _vectors(block: CollectionBlock, path: Path) -> Iterator[Problem]:
    dense = dense_blocks(block)
    if not dense and not block.sparse_vectors:
        yield Problem(
            "missing-field",
            path,
            "a field is missing",
            "`vectors` or `sparse_vectors`",
            "the set of vectors is fixed when a collection is made; without any it holds payloads alone",
            "give it vectors, such as `vectors: {size: 1536, distance: Cosine}`",
        )
    for name in block.sparse_vectors:
        if name in dense:
            yield Problem(
                "name-taken",
                (*path, "sparse_vectors", name),
                "two vectors need the same name",
                f"`{name}` is a dense vector already",
                "dense and sparse vectors share the names of a collection",
                "rename one of them",
            )


def _places(block: CollectionBlock, path: Path) -> Iterator[tuple[VectorBlock, Path]]:
    for name, vector in dense_blocks(block).items():
        single = isinstance(block.vectors, VectorBlock)
        yield vector, (*path, "vectors") if single else (*path, "vectors", name)


def _vector(vector: VectorBlock, block: CollectionBlock, path: Path) -> Iterator[Problem]:
    yield from _quantization(vector.quantization, (*path, "quantization"))
    if vector.given("quantization") and vector.quantization == NONE and block.quantization != NONE:
        yield Problem(
            "contradiction",
            (*path, "quantization"),
            _CONTRADICTION,
            "`quantization: none` of a vector, and a `quantization` of its collection",
            "Qdrant compresses every vector of a collection that does not say how else",
            "leave the collection's out, and write it at each vector that is to have it",
        )
    graph = vector.hnsw if vector.hnsw.given("inline_storage") else block.hnsw
    if graph.inline_storage:
        yield from _inline_storage(vector, block, path)


def _inline_storage(vector: VectorBlock, block: CollectionBlock, path: Path) -> Iterator[Problem]:
    compression = vector if vector.given("quantization") else block
    why = ""
    if vector.multivector == "max_sim":
        why = "it is not for multivectors"
    elif compression.given("quantization") and compression.quantization == NONE:
        why = "it needs quantization"
    if why:
        yield Problem(
            "no-effect",
            path,
            _NO_EFFECT,
            "`inline_storage: true` for this vector",
            f"{why}; Qdrant ignores it",
            "remove it, or write `hnsw: {inline_storage: false}` at the vector",
            Severity.WARNING,
        )


def _quantization(quantization: Quantization, path: Path) -> Iterator[Problem]:
    if not isinstance(quantization, QuantizationBlock):
        return
    given = quantization.given(*SETTINGS)
    if not given:
        yield Problem(
            "missing-field",
            path,
            "a field is missing",
            " or ".join(f"`{kind}`" for kind in SETTINGS),
            "vectors are compressed in one of these ways",
            "add one, such as `scalar: {}`, or write `quantization: none`",
        )
    for second in given[1:]:
        yield Problem(
            "contradiction",
            (*path, second),
            _CONTRADICTION,
            f"`{given[0]}` and `{second}` of one quantization",
            "vectors are compressed in one way; of two Qdrant takes one without a word",
            "remove one of the two",
        )


# ------------------------------------------------------------------ the rest of a collection


def _metadata(metadata: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for key in metadata:
        if kept_by_apexplan(key):
            yield Problem(
                "bad-name",
                (*path, key),
                "a name is not allowed here",
                f"`{key}`",
                "apexplan keeps what is its own under `apexplan` and keys that begin with `apexplan:`",
                "rename it",
            )


def _replacing(name: str, block: CollectionBlock, path: Path) -> Iterator[Problem]:
    if block.given("copy_") and block.on_replace != "copy":
        yield Problem(
            "contradiction",
            (*path, "copy"),
            _CONTRADICTION,
            f"`copy`, and `on_replace: {block.on_replace}`"
            + ("" if block.given("on_replace") else ", which it is by default"),
            "`copy` says how points are copied where a new collection is needed",
            "write `on_replace: copy`, or remove `copy`",
        )
    if block.on_replace == "copy" and block.physical == name:
        yield Problem(
            "contradiction",
            (*path, "physical"),
            _CONTRADICTION,
            f"`physical: {name}` and `on_replace: copy` of `{name}`",
            "a copy is another collection, which an alias of this name leads to; it cannot have the name too",
            "remove `physical`: the collection of this name is used until a copy is needed",
        )


def _transform(block: TransformBlock, path: Path) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for former, field in block.rename.items():
        place = (*path, "rename", former)
        if former in block.drop:
            yield _clash(place, f"`{former}` is renamed, and dropped", "remove one of the two")
        if field in taken:
            said = f"`{taken[field]}` and `{former}` both become `{field}`"
            yield _clash(place, said, "give them different names")
        taken.setdefault(field, former)


def _clash(path: Path, what: str, mend: str) -> Problem:
    return Problem("contradiction", path, _CONTRADICTION, what, "a field of a payload has one value", mend)


# ------------------------------------------------------------------ names


def _bad_name(name: str, path: Path) -> Iterator[Problem]:
    why = why_not_a_name(name)
    if why:
        yield Problem(
            "bad-name", path, "a name is not allowed here", f"`{_shown(name)}`: {why}", mend="rename it"
        )


def _shown(text: str) -> str:
    return text if len(text) <= 60 and text.isprintable() else f"{text[:57]!r}…"


def _taken(one: Declared, holder: Declared, claim: str) -> Problem:
    if one.address == holder.address:
        return Problem(
            "duplicate-name",
            one.path,
            "two keys are one payload index",
            f"`{one.path[-1]}` and `{holder.path[-1]}`",
            "quotes that a path does not need are no part of it",
            "remove one of the two",
        )
    return Problem(
        "name-taken",
        one.path,
        "two objects need the same name",
        f"`{claim.removeprefix('name ')}` belongs to `{holder.address.kind}.{holder.address.name}` already",
        "collections and aliases share their names, and a collection that is copied has one of its own too",
        "rename one of them",
    )
