"""What expanding a document needs everywhere: a collector of objects and problems, and small readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from apexplan.document import Block, Lifecycles, Path
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import Spec
from apexplan_postgres import specs
from apexplan_postgres.document.models import LifecycleBlock, Object, Parameter, SqlValue
from apexplan_postgres.document.naming import Naming
from apexplan_postgres.specs.index import STORAGE_PARAMETERS

_FIELD_NAMES: Final = {
    "on": {"keys"},
    "with": {"options", *STORAGE_PARAMETERS},
    "schema": {"schema_name"},
}
"""What `ignore` may call by the document's name, and the fields of specs that are meant."""


@dataclass(slots=True)
class Expander:
    """Collects what a document declares, and what is wrong with it."""

    naming: Naming
    declared: list[Declared] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _lifecycles: Lifecycles = field(init=False)

    def __post_init__(self) -> None:
        self._lifecycles = Lifecycles(specs.ALL, _FIELD_NAMES, self.naming.spelled)

    def declare(
        self,
        address: Address,
        spec: Spec,
        path: Path,
        block: LifecycleBlock,
        former: Callable[[str], str | None] | None = None,
    ) -> None:
        """Adds one object. `former` makes the name part of an address from an object's former name."""
        self.problems += self._lifecycles.problems(block, type(spec), path)
        renamed_from = self._former(block, former, path)
        lifecycle = self._lifecycles.lifecycle(block, address.store, type(spec), renamed_from)
        self.declared.append(Declared(address, spec, path, lifecycle))

    def _former(
        self, block: LifecycleBlock, former: Callable[[str], str | None] | None, path: Path
    ) -> str | None:
        if block.renamed_from is None:
            return None
        name = former(block.renamed_from) if former else None
        if name is None:
            self.problems.append(_no_former_name(block.renamed_from, (*path, "lifecycle", "renamed_from")))
        return name


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


def _no_former_name(name: str, path: Path) -> Problem:
    return Problem(
        "bad-former-name",
        path,
        "the object cannot have had that name",
        f"`{name}`",
        "a former name stands without schema and table, and an extension cannot be renamed",
        "write the name alone, as the object was called in the same place",
    )
