"""Search indexes of a document: what their blocks mean, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from apexplan.document import Path
from apexplan.model.diagnostics import Problem, Severity
from apexplan_redis.document.models import IndexBlock, IndexFieldBlock
from apexplan_redis.patterns import Pattern
from apexplan_redis.specs.index import EVERY_KEY, OPTIONS, FieldType, IndexField, SearchIndex

_NEEDED: Final = ("dim", "algorithm", "distance")
_SEPARATOR: Final = {"hash": ",", "json": ""}
_GRAPH: Final = {"m": 16, "ef_construction": 200}
"""What the module takes of an hnsw graph of which nothing is said. Vector fields, 2.4 to 2.10."""


def index_values(block: IndexBlock) -> dict[str, Any]:
    """Returns the values of an index's spec. Defaults of a field are written out: a definition is compared as
    a whole."""
    fields = sorted(block.fields.items())
    values: dict[str, Any] = {
        "on": block.on,
        "prefixes": tuple(sorted(set(block.prefixes))),
        "fields": tuple(_field(name, _block(said), block.on) for name, said in fields),
    }
    values |= {name: getattr(block, name) for name in block.given("language", "filter")}
    if block.given("stopwords"):
        values["stopwords"] = tuple(sorted(set(block.stopwords)))
    return values


def index_problems(block: IndexBlock, patterns: Iterable[Pattern], path: Path) -> Iterator[Problem]:
    """Yields what is wrong with what is said of one index."""
    for name, said in block.fields.items():
        yield from _field_problems(_block(said), (*path, "fields", name))
    known = [pattern.prefix for pattern in patterns]
    for number, prefix in enumerate(block.prefixes):
        if known and prefix != EVERY_KEY and not _is_begun(prefix.encode(), known):
            yield Problem(
                "prefix-of-no-pattern",
                (*path, "prefixes", number),
                "an index looks at keys that no pattern declares",
                f"`{prefix}`",
                "an audit calls such keys undeclared",
                "declare their pattern in `keys`, or correct the prefix",
                severity=Severity.WARNING,
            )


def said_of(spec: SearchIndex) -> dict[str, Any]:
    """Returns the block that declares `spec`, without what is by default."""
    on = spec.on or "hash"
    said: dict[str, Any] = {"on": "json"} if on == "json" else {}
    said |= {"prefixes": list(spec.prefixes or ())}
    said["fields"] = {field.name: _said_of_field(field, on) for field in spec.fields or ()}
    if spec.language is not None:
        said["language"] = spec.language
    if spec.stopwords is not None:
        said["stopwords"] = list(spec.stopwords)
    if spec.filter is not None:
        said["filter"] = spec.filter
    return said


def _said_of_field(field: IndexField, on: str) -> dict[str, Any] | str:
    usual = _field(field.name, IndexFieldBlock(type=field.type), on).model_dump()
    said = {name: value for name, value in field.model_dump().items() if value != usual[name]}
    return {"type": field.type, **said} if said else field.type


def _block(said: IndexFieldBlock | FieldType) -> IndexFieldBlock:
    return said if isinstance(said, IndexFieldBlock) else IndexFieldBlock(type=said)


def _field(name: str, block: IndexFieldBlock, on: str) -> IndexField:
    values: dict[str, Any] = {"path": f"$.{name}" if on == "json" else name}
    if block.type == "text":
        values["weight"] = 1.0
    if block.type == "tag":
        values["separator"] = _SEPARATOR[on]
    if block.type == "vector":
        values |= {"datatype": "float32", **(_GRAPH if block.algorithm == "hnsw" else {})}
    values |= block.said()
    if on == "json" or not values.get("sortable"):
        values["unf"] = False  # always so of JSON, and without a meaning where nothing is sorted
    return IndexField.model_validate({"name": name, **values})


def _field_problems(block: IndexFieldBlock, path: Path) -> Iterator[Problem]:
    for name in block.given(*OPTIONS):
        if block.type not in OPTIONS[name]:
            yield _astray(name, f"a field of type {block.type}", ", ".join(sorted(OPTIONS[name])), path)
        elif name in _GRAPH and block.algorithm == "flat":
            yield _astray(name, "the algorithm flat", "hnsw", path)
    missing = [name for name in _NEEDED if not block.given(name)] if block.type == "vector" else []
    if missing:
        yield Problem(
            "vector-incomplete",
            path,
            "a vector field says too little",
            "not said: " + ", ".join(missing),
            "the module has no default for them",
            "say dim, algorithm and distance",
        )


def _astray(name: str, where: str, place: str, path: Path) -> Problem:
    return Problem(
        "option-astray",
        (*path, name),
        "an option does not go with the field",
        f"`{name}` with {where}",
        f"it is an option of {place}",
        "remove it, or correct the field",
    )


def _is_begun(prefix: bytes, known: Iterable[bytes]) -> bool:
    return any(one.startswith(prefix) or prefix.startswith(one) for one in known)
