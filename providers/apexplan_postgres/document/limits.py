"""Limits of types and indexes: what the server would refuse in the middle of an apply is refused here.

An index is checked as far as the document knows the type of its key: a column that it declares, or
the cast at the end of an expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from apexplan.document import Path
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem, Severity
from apexplan_postgres.document.methods import (
    ALL_VECTOR_OPCLASSES,
    MAX_INDEX_DIMENSIONS,
    MAX_TYPE_DIMENSIONS,
    METHODS,
    VECTOR_METHODS,
    Method,
    nearest,
    vector_opclasses,
)
from apexplan_postgres.names import parts
from apexplan_postgres.specs import Column, Exclude, Index, IndexKey
from apexplan_postgres.specs.index import STORAGE_PARAMETERS

_FAMILY = r"(vector|halfvec|sparsevec|bit)(?!\s*varying)\b\s*(?:\(\s*(\d+)\s*\))?"
_TYPE: Final = re.compile(rf"(?:\w+\.)?{_FAMILY}\Z", re.IGNORECASE)
_CAST: Final = re.compile(rf"::\s*(?:\w+\.)?{_FAMILY}[\s)]*\Z", re.IGNORECASE)
_EF_CONSTRUCTION: Final = 64
"""pgvector's default; that of m is 16."""


class VectorType(NamedTuple):
    """A type of pgvector's, or bit. `dimensions` is None where the type has none."""

    name: str
    dimensions: int | None

    def __str__(self) -> str:
        return self.name if self.dimensions is None else f"{self.name}({self.dimensions})"


@lru_cache(maxsize=8192)
def vector_type(text: str | None) -> VectorType | None:
    """Returns the vector type that a type's text names, or None if it names none."""
    return _found(_TYPE.match(text.strip())) if text else None


def type_problems(one: Declared) -> Iterator[Problem]:
    """What is wrong with the size of a vector column."""
    found = vector_type(one.spec.type) if isinstance(one.spec, Column) else None
    if found is None or found.dimensions is None or found.name == "bit":
        return
    most = MAX_TYPE_DIMENSIONS[found.name]
    if not 1 <= found.dimensions <= most:
        yield Problem(
            "too-many-dimensions",
            (*one.path, "type"),
            "a vector type cannot have so many dimensions",
            f"`{found}`",
            f"{found.name} has 1 to {most} dimensions (pgvector 0.8)",
            "use as many as the embedding model has",
        )


def index_problems(one: Declared, columns: Mapping[str, Column]) -> Iterator[Problem]:
    """What is wrong with an index. `columns` are those that the document declares of its table."""
    spec, path = one.spec, one.path
    if not isinstance(spec, Index) or spec.using is None:
        return
    method = METHODS.get(spec.using)
    if method is None:
        yield from _unknown_method(spec.using, path)
        return
    yield from _parameters(spec, method, path)
    yield from _abilities(spec, method, path)
    if spec.using in VECTOR_METHODS:
        yield from _graph(spec, path)
        for number, key in enumerate(spec.keys or ()):
            yield from _vector_key(spec.using, key, _key_type(key, columns), (*path, "on", number))


def virtual_problems(one: Declared, columns: Mapping[str, Column]) -> Iterator[Problem]:
    """A virtual column has nothing stored that could be indexed."""
    if not (isinstance(one.spec, Index | Exclude) or one.address.kind in ("primary_key", "unique")):
        return
    if isinstance(one.spec, Index | Exclude):
        used = [key.column for key in one.spec.keys or () if key.column]
    else:
        used = list(getattr(one.spec, "columns", None) or ())
    for name in used:
        column = columns.get(name)
        if column is not None and column.generated is not None and not column.generated.stored:
            yield Problem(
                "virtual-column-indexed",
                one.path,
                "an index over a virtual column",
                f"`{name}`",
                "PostgreSQL 18 has no indexes and no keys over virtual generated columns",
                "index the expression itself, or make the column stored",
            )


def _found(match: re.Match[str] | None) -> VectorType | None:
    return VectorType(match[1].lower(), int(match[2]) if match[2] else None) if match else None


def _key_type(key: IndexKey, columns: Mapping[str, Column]) -> VectorType | None:
    if key.expression is not None:
        return _found(_CAST.search(key.expression))
    column = columns.get(key.column or "")
    return vector_type(column.type) if column else None


def _unknown_method(using: str, path: Path) -> Iterator[Problem]:
    hint = nearest(using, METHODS)
    if hint:
        yield Problem(
            "unknown-method",
            (*path, "using"),
            "an index's method is not known",
            f"`{using}`",
            "neither PostgreSQL nor pgvector has it; another extension may",
            hint,
            Severity.WARNING,
        )


def _parameters(spec: Index, method: Method, path: Path) -> Iterator[Problem]:
    for name in STORAGE_PARAMETERS:
        if getattr(spec, name) is not None and name not in method.parameters:
            yield Problem(
                "unknown-parameter",
                (*path, "with", name),
                "the index's method has no such parameter",
                f"`{name}` of {spec.using}",
                f"{spec.using} has: " + ", ".join(method.parameters),
                nearest(name, method.parameters) or "remove it",
            )


def _abilities(spec: Index, method: Method, path: Path) -> Iterator[Problem]:
    keys = spec.keys or ()
    if spec.unique and not method.unique:
        yield _unable(spec, (*path, "unique"), "be unique", "make a btree index for uniqueness")
    if spec.include and not method.include:
        yield _unable(spec, (*path, "include"), "include columns", "remove `include`")
    if len(keys) > 1 and not method.multicolumn:
        yield _unable(spec, (*path, "on"), "have several keys", "make one index for each key")
    for number, key in enumerate(keys):
        if (key.order, key.nulls) != ("asc", "last") and not method.ordered:
            yield _unable(spec, (*path, "on", number), "have an order", "remove `order` and `nulls`")


def _unable(spec: Index, path: Path, what: str, mend: str) -> Problem:
    return Problem(
        "method-cannot",
        path,
        "the index's method cannot do this",
        f"{spec.using} cannot {what}",
        "the server refuses it",
        mend,
    )


def _graph(spec: Index, path: Path) -> Iterator[Problem]:
    """hnsw: ef_construction is at least 2 * m, whichever of the two is left to its default."""
    if spec.using != "hnsw" or spec.m is None:
        return
    ef_construction = spec.ef_construction or _EF_CONSTRUCTION
    if ef_construction < 2 * spec.m:
        yield Problem(
            "ef-construction-too-small",
            (*path, "with", "ef_construction"),
            "ef_construction is less than twice m",
            f"m is {spec.m}, ef_construction is {ef_construction}"
            + ("" if spec.ef_construction else " by default"),
            "pgvector refuses to build such a graph",
            f"set ef_construction to {2 * spec.m} or more",
        )


def _vector_key(using: str, key: IndexKey, type_: VectorType | None, path: Path) -> Iterator[Problem]:
    opclass = parts(key.opclass)[-1] if key.opclass else None
    if type_ is None:
        if opclass is None and using == "hnsw":
            yield _no_opclass(key, "", sorted(ALL_VECTOR_OPCLASSES), path)
        elif opclass is not None and opclass not in ALL_VECTOR_OPCLASSES:
            yield from _maybe_misspelt(opclass, path)
        return
    possible = vector_opclasses(using, type_.name)
    if not possible:
        yield _type_not_indexed(using, type_, path)
        return
    yield from _dimensions(using, key, type_, path)
    if opclass is None and not (using == "ivfflat" and type_.name == "vector"):
        yield _no_opclass(key, f" of type {type_}", possible, path)
    elif opclass is not None and opclass not in possible:
        yield _wrong_opclass(using, opclass, type_, possible, path)


def _dimensions(using: str, key: IndexKey, type_: VectorType, path: Path) -> Iterator[Problem]:
    what = key.column or "the expression"
    if type_.dimensions is None and type_.name != "bit":
        yield Problem(
            "no-dimensions",
            path,
            "a vector without dimensions cannot be indexed",
            f"`{what}` is {type_}",
            "an index needs to know how many dimensions its vectors have",
            f"write {type_.name}(n), or index an expression that casts to it: …::{type_.name}(n)",
        )
        return
    most = MAX_INDEX_DIMENSIONS.get(type_.name)
    if most is not None and (type_.dimensions or 1) > most:
        yield Problem(
            "too-many-dimensions",
            path,
            "an index cannot hold so many dimensions",
            f"`{what}` is {type_}",
            f"{using} indexes {type_.name} of up to {most} dimensions (pgvector 0.8)",
            _way_out(key.column or "…", type_),
        )


def _way_out(what: str, type_: VectorType) -> str:
    dimensions = type_.dimensions or 0
    halves = MAX_INDEX_DIMENSIONS["halfvec"]
    if type_.name == "vector" and dimensions <= halves:
        return (
            f"use halfvec({dimensions}), or index the expression {what}::halfvec({dimensions}) "
            "with an operator class of halfvec"
        )
    if type_.name in ("vector", "halfvec"):
        return (
            f"index bits, binary_quantize({what})::bit({dimensions}) with bit_hamming_ops, and rank again "
            "by the vectors; or let the embedding model give fewer dimensions"
        )
    return "use fewer dimensions"


def _no_opclass(key: IndexKey, of_type: str, possible: tuple[str, ...] | list[str], path: Path) -> Problem:
    return Problem(
        "no-operator-class",
        path,
        "a vector index does not say its distance",
        f"`{key.column or key.expression}`{of_type}",
        "the operator class is the distance that queries must use, and here there is no default",
        "add `opclass`, one of: " + ", ".join(possible),
    )


def _wrong_opclass(
    using: str, opclass: str, type_: VectorType, possible: tuple[str, ...], path: Path
) -> Problem:
    return Problem(
        "wrong-operator-class",
        (*path, "opclass"),
        "the operator class does not fit type and method",
        f"`{opclass}` for {type_} with {using}",
        "possible: " + ", ".join(possible),
        nearest(opclass, possible) or "use one of those",
    )


def _maybe_misspelt(opclass: str, path: Path) -> Iterator[Problem]:
    hint = nearest(opclass, ALL_VECTOR_OPCLASSES)
    if hint:
        yield Problem(
            "wrong-operator-class",
            (*path, "opclass"),
            "pgvector has no such operator class",
            f"`{opclass}`",
            "",
            hint,
            Severity.WARNING,
        )


def _type_not_indexed(using: str, type_: VectorType, path: Path) -> Problem:
    return Problem(
        "type-not-indexed",
        path,
        "the index's method does not know the type",
        f"{using} over {type_}",
        "pgvector indexes sparsevec by hnsw alone",
        "write `using: hnsw`",
    )
