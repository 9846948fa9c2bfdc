"""What is wrong with one block of a document, and what is wrong among the objects that it declares.

Limits are those of the server, measured on 5.26.12; it has none for the length of names or the number of
labels and properties that a document would come near. Ranges of single numbers are in `models`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from apexplan.document import Block, Path
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan_neo4j.document.models import BoundsBlock, ConstraintBlock, IndexBlock
from apexplan_neo4j.document.property_types import canonical_type
from apexplan_neo4j.names import why_not_a_name
from apexplan_neo4j.specs import Constraint, Index

REQUIREMENTS: Final = ("unique", "key", "exists", "typed")
LABEL_OR_TYPE: Final = ("label", "relationship")
LABELS_OR_TYPES: Final = ("label", "labels", "relationship", "relationships")
_NAMING: Final = frozenset({*REQUIREMENTS, *LABELS_OR_TYPES, "on"})
"""The fields that hold names of the database."""
_OPTIONS: Final = {
    "analyzer": "fulltext",
    "eventually_consistent": "fulltext",
    "dimensions": "vector",
    "similarity": "vector",
    "quantization": "vector",
    "hnsw": "vector",
    "bounds": "point",
    "entity": "lookup",
}
"""Fields of IndexBlock that only one type of index has."""
_SEVERAL_PROPERTIES: Final = frozenset({"range", "fulltext"})
_ON_SOMETHING: Final = "it is on nodes of a label, or on relationships of a type"
_SYSTEMS: Final = ("cartesian", "cartesian-3d", "wgs-84", "wgs-84-3d")


def constraint_problems(name: str, block: ConstraintBlock, path: Path) -> Iterator[Problem]:
    """What is wrong with one constraint."""
    yield from _bad_name(name, path)
    yield from _one_of(block, REQUIREMENTS, path, "a constraint requires something of properties")
    yield from _one_of(block, LABEL_OR_TYPE, path, _ON_SOMETHING)
    yield from _names(block, path)
    yield from _property_type(block, path)


def index_problems(name: str, block: IndexBlock, path: Path) -> Iterator[Problem]:
    """What is wrong with one index."""
    yield from _bad_name(name, path)
    yield from _options(block, path)
    if block.type == "lookup":
        yield from _lookup(block, path)
        return
    yield from _one_of(block, LABELS_OR_TYPES, path, _ON_SOMETHING)
    yield from _one_of(block, ("on",), path, "an index is on properties")
    yield from _names(block, path)
    yield from _counts(block, path)
    if block.given("bounds"):
        yield from _bounds(block.bounds, (*path, "bounds"))


def among(declared: Iterable[Declared]) -> Iterator[Problem]:
    """What is wrong between objects: two that need one name, or one place of which a database has one."""
    holders: dict[str, Declared] = {}
    for one in declared:
        for claim in sorted(one.spec.claims(one.address)):
            holder = holders.setdefault(claim, one)
            if holder is not one:
                yield _taken(one, holder, claim)
                break


def listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names of a field that may hold one or several."""
    return (names,) if isinstance(names, str) else names


# ------------------------------------------------------------------ one block


def _one_of(block: Block, names: tuple[str, ...], path: Path, why: str) -> Iterator[Problem]:
    """Exactly one of the fields must be given."""
    given = block.given(*names)
    if not given:
        yield Problem(
            "missing-field",
            path,
            "a field is missing",
            " or ".join(f"`{name}`" for name in names),
            why,
            f"add `{names[0]}: …`" if len(names) == 1 else "add one of them",
        )
    for second in given[1:]:
        yield Problem(
            "contradiction",
            (*path, second),
            "two settings contradict each other",
            f"`{given[0]}` and `{second}` of one object",
            why + "; it has one of " + ", ".join(names),
            "leave one of the two out, or make two objects",
        )


def _names(block: Block, path: Path) -> Iterator[Problem]:
    for field_name in sorted(_NAMING & block.model_fields_set):
        value: str | tuple[str, ...] = getattr(block, field_name)
        seen: set[str] = set()
        for number, name in enumerate(listed(value)):
            place = (*path, field_name) if isinstance(value, str) else (*path, field_name, number)
            yield from _bad_name(name, place)
            if name in seen:
                yield _twice(name, place)
            seen.add(name)


def _property_type(block: ConstraintBlock, path: Path) -> Iterator[Problem]:
    if not block.given("as_"):
        if block.given("typed"):
            yield Problem(
                "missing-field",
                path,
                "a field is missing",
                "`as` beside `typed`",
                "it is the type that the property must have",
                "add `as: …`, such as `as: STRING`",
            )
        return
    if not block.given("typed"):
        yield Problem(
            "contradiction",
            (*path, "as"),
            "two settings contradict each other",
            "`as` without `typed`",
            "a type belongs to a constraint that requires one",
            "write `typed: PROPERTY`, or remove `as`",
        )
    try:
        canonical_type(block.as_)
    except ValueError as error:
        yield Problem(
            "bad-type",
            (*path, "as"),
            "this is no type of a property",
            f"`{_shown(block.as_)}`: {error}",
            "manual: property type constraints",
            "write a type such as STRING, INTEGER | FLOAT or LIST<STRING NOT NULL>",
        )


def _options(block: IndexBlock, path: Path) -> Iterator[Problem]:
    for option in block.given(*_OPTIONS):
        if block.type != _OPTIONS[option]:
            yield Problem(
                "option-of-another-type",
                (*path, option),
                "an index of this type has no such option",
                f"`{option}` of a {block.type} index",
                f"only {_OPTIONS[option]} indexes have it",
                f"remove it, or write `type: {_OPTIONS[option]}`",
            )


def _lookup(block: IndexBlock, path: Path) -> Iterator[Problem]:
    yield from _one_of(block, ("entity",), path, "a lookup index is on all nodes, or on all relationships")
    for needless in block.given(*LABELS_OR_TYPES, "on"):
        yield Problem(
            "option-of-another-type",
            (*path, needless),
            "an index of this type has no such option",
            f"`{needless}` of a lookup index",
            "it is on all labels of nodes, or on all types of relationships",
            "remove it, or write another type",
        )


def _counts(block: IndexBlock, path: Path) -> Iterator[Problem]:
    if len(listed(block.on)) > 1 and block.type not in _SEVERAL_PROPERTIES:
        yield Problem(
            "too-many-properties",
            (*path, "on", 1),
            "an index of this type has one property",
            f"a {block.type} index on {', '.join(listed(block.on))}",
            "only range and fulltext indexes have several",
            "make one index for each property",
        )
    for several in block.given("labels", "relationships"):
        names: tuple[str, ...] = getattr(block, several)
        if len(names) > 1 and block.type != "fulltext":
            yield Problem(
                "too-many-labels",
                (*path, several, 1),
                "an index of this type is on one label or relationship type",
                f"a {block.type} index on {', '.join(names)}",
                "only fulltext indexes are on several",
                "make one index for each of them",
            )


def _bounds(bounds: BoundsBlock, path: Path) -> Iterator[Problem]:
    corners = bounds.corners()
    given = bounds.model_dump(by_alias=True, exclude_unset=True)
    for system in _SYSTEMS:
        least, most = f"{system}.min", f"{system}.max"
        if any(low > high for low, high in zip(corners[least], corners[most], strict=True)):
            said = [
                f"`{name}` is {list(corners[name])}" + ("" if name in given else " by default")
                for name in (least, most)
            ]
            yield Problem(
                "bad-bounds",
                (*path, least if least in given else most),
                "the bounds of a point index are the wrong way round",
                ", ".join(said),
                "no coordinate of the one may be above that of the other",
                f"give both `{least}` and `{most}`, the lower corner first",
            )


# ------------------------------------------------------------------ the messages


def _bad_name(name: str, path: Path) -> Iterator[Problem]:
    why = why_not_a_name(name)
    if why:
        yield Problem(
            "bad-name", path, "a name is not allowed here", f"`{_shown(name)}`: {why}", mend="rename it"
        )


def _shown(text: str) -> str:
    return text if len(text) <= 60 and text.isprintable() else f"{text[:57]!r}…"


def _twice(name: str, path: Path) -> Problem:
    return Problem(
        "duplicate-name",
        path,
        "a name stands twice in one list",
        f"`{name}`",
        "the server refuses it",
        "remove one of the two",
    )


def _taken(one: Declared, holder: Declared, claim: str) -> Problem:
    other = _told(holder.address)
    if claim.startswith("name "):
        return Problem(
            "name-taken",
            one.path,
            "two objects need the same name",
            f"`{one.address.name}` is {other} already",
            "constraints and indexes share the names of a database",
            "rename one of them",
        )
    if isinstance(one.spec, Index) and isinstance(holder.spec, Constraint):
        return Problem(
            "index-of-a-constraint",
            one.path,
            "a constraint is on the same labels and properties as an index",
            f"the {claim} belongs to {other}",
            "the constraint brings its own index, and cannot be made beside another",
            "remove the index",
        )
    return Problem(
        "place-taken",
        one.path,
        "two objects of a kind are on the same labels and properties",
        f"the {claim} belongs to {other} already",
        "a database holds one of them",
        "remove one of them",
    )


def _told(address: Address) -> str:
    return f"`{address.kind}.{address.name}`"
