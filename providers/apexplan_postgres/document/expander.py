"""What expanding a document needs everywhere: a collector of objects and problems, and small readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import Spec
from apexplan_postgres.document.models import Block, LifecycleBlock, Object, Parameter, SqlValue
from apexplan_postgres.document.naming import Naming
from apexplan_postgres.specs.index import STORAGE_PARAMETERS

Path = tuple[str | int, ...]

_FIELD_NAMES: Final = {
    "on": frozenset({"keys"}),
    "with": frozenset({"options", *STORAGE_PARAMETERS}),
    "schema": frozenset({"schema_name"}),
}
"""What `ignore` may call by the document's name, and the fields of specs that are meant."""


@dataclass(slots=True)
class Expander:
    """Collects what a document declares, and what is wrong with it."""

    naming: Naming
    declared: list[Declared] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def declare(
        self,
        address: Address,
        spec: Spec,
        path: Path,
        block: LifecycleBlock,
        former: Callable[[str], str | None] | None = None,
    ) -> None:
        """Adds one object. `former` makes the name part of an address from an object's former name."""
        lifecycle = Lifecycle(
            block.protect,
            self._ignored(block, type(spec), path),
            self._former(block, former, path),
            self._dependencies(block, path),
        )
        self.declared.append(Declared(address, spec, path, lifecycle))

    def _ignored(self, block: LifecycleBlock, spec: type[Spec], path: Path) -> frozenset[str]:
        found: set[str] = set()
        for number, name in enumerate(block.ignore):
            meant = ({name} | _FIELD_NAMES.get(name, frozenset())) & spec.rules.keys()
            found |= meant
            if not meant:
                place = (*path, "lifecycle", "ignore", number)
                self.problems.append(_no_such_field(name, spec, place))
        return frozenset(found)

    def _former(
        self, block: LifecycleBlock, former: Callable[[str], str | None] | None, path: Path
    ) -> str | None:
        if block.renamed_from is None:
            return None
        name = former(block.renamed_from) if former else None
        if name is None:
            self.problems.append(_no_former_name(block.renamed_from, (*path, "lifecycle", "renamed_from")))
        return name

    def _dependencies(self, block: LifecycleBlock, path: Path) -> frozenset[Address]:
        found = set()
        for number, text in enumerate(block.depends_on):
            address = self.naming.dependency(text)
            if address is None:
                self.problems.append(_no_address(text, (*path, "lifecycle", "depends_on", number)))
            else:
                found.add(address)
        return frozenset(found)


def given(block: Block, *names: str) -> dict[str, Any]:
    """Returns those of the fields that the document sets. An empty comment is none."""
    values = {name: getattr(block, name) for name in names if name in block.model_fields_set}
    if values.get("comment") == "":
        values["comment"] = None
    return values


def comment_of(block: Object) -> dict[str, Any]:
    return given(block, "comment")


def sql_value(value: SqlValue | None) -> str | None:
    """Returns an expression as SQL text."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def parameter_text(value: Parameter) -> str:
    """Returns a storage parameter as the catalogue keeps it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------ the messages


def bad_name(name: str, path: Path, why: str) -> Problem:
    """A name that PostgreSQL would cut or misread, or that a manifest cannot have."""
    return Problem("bad-name", path, "a name is not allowed here", f"`{name}`: {why}", mend="rename it")


def _no_such_field(name: str, spec: type[Spec], path: Path) -> Problem:
    return Problem(
        "unknown-field",
        path,
        "a field to be ignored is not known",
        f"`{name}`",
        f"an object of kind {spec.kind} has no such field",
        "known here: " + ", ".join(sorted(spec.rules)),
    )


def _no_former_name(name: str, path: Path) -> Problem:
    return Problem(
        "bad-former-name",
        path,
        "the object cannot have had that name",
        f"`{name}`",
        "a former name stands without schema and table, and an extension cannot be renamed",
        "write the name alone, as the object was called in the same place",
    )


def _no_address(text: str, path: Path) -> Problem:
    return Problem(
        "bad-address",
        path,
        "what the object depends on is no address",
        f"`{text}`",
        mend="write store.kind.name or kind.name, such as function.documents_changed()",
    )
