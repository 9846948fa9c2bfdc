"""What the documents of all kinds share: blocks as pydantic models, and the `lifecycle` of an object.

A provider's models derive from `Block`. A block says what a file looks like and no more; what it means is in
the provider's `expand`, what is wrong with it across fields in its checks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from apexplan.model.address import Address
from apexplan.model.change import Lifecycle
from apexplan.model.diagnostics import Problem, Severity
from apexplan.model.spec import Spec

Path: TypeAlias = tuple[str | int, ...]
"""A place in a document, from outside in."""

UNSAID: Final[Any] = Field(default_factory=lambda: None)
"""The default of a field that has no default of its own: it may be left out, and cannot be null."""


class Block(BaseModel):
    """Base of all blocks of a document."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    def given(self, *names: str) -> list[str]:
        """Returns those of the fields that the document sets."""
        return [name for name in names if name in self.model_fields_set]

    def said(self) -> dict[str, Any]:
        """Returns the fields that the document sets as JSON values, without `lifecycle`."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"lifecycle"})


class LifecycleBlock(Block):
    """What holds for the object beside its definition."""

    protect: bool = False
    """Refuse every deletion and replacement."""
    ignore: tuple[str, ...] = ()
    """Fields that are neither compared nor changed."""
    depends_on: tuple[str, ...] = ()
    """Objects that must be there first where the definition does not tell: an address, or kind.name."""


def is_error(problem: Problem) -> bool:
    """True unless it is only a warning or a note."""
    return problem.severity is Severity.ERROR


class Lifecycles:
    """Reads `lifecycle` blocks of one kind of document.

    `specs` are all specs of the provider. `meant` says which fields of a spec a name of the document stands
    for, where it is not the field's own. `spelled` returns the name of an object of that kind as its address
    has it, None where it cannot be one; by default names are taken as they are written.
    """

    def __init__(
        self,
        specs: Iterable[type[Spec]],
        meant: Mapping[str, AbstractSet[str]] | None = None,
        spelled: Callable[[str, str], str | None] = lambda kind, name: name,
    ) -> None:
        self._kinds = frozenset(spec.kind for spec in specs)
        self._names = meant or {}
        self._spelled = spelled

    def lifecycle(
        self, block: LifecycleBlock, store: str, spec: type[Spec], renamed_from: str | None = None
    ) -> Lifecycle:
        """Returns what the block means for an object of this kind of spec. `renamed_from`: the name part of
        its former address."""
        needed = (self._dependency(text, store) for text in block.depends_on)
        return Lifecycle(
            block.protect,
            frozenset(field for name in block.ignore for field in self._meant(name, spec)),
            renamed_from,
            frozenset(address for address in needed if address is not None),
        )

    def problems(self, block: LifecycleBlock, spec: type[Spec], path: Path) -> Iterator[Problem]:
        """Yields what is wrong with the block of an object at `path`."""
        for number, name in enumerate(block.ignore):
            if not self._meant(name, spec):
                yield Problem(
                    "unknown-field",
                    (*path, "lifecycle", "ignore", number),
                    "a field to be ignored is not known",
                    f"`{name}`",
                    f"an object of kind {spec.kind} has no such field",
                    "known here: " + ", ".join(sorted(spec.rules)),
                )
        for number, text in enumerate(block.depends_on):
            if self._dependency(text, "store") is None:
                yield Problem(
                    "bad-address",
                    (*path, "lifecycle", "depends_on", number),
                    "what the object depends on is no address",
                    f"`{text}`",
                    mend=f"write store.kind.name or kind.name; kinds are {', '.join(sorted(self._kinds))}",
                )

    def _meant(self, name: str, spec: type[Spec]) -> Collection[str]:
        return (self._names.get(name, frozenset()) | {name}) & spec.rules.keys()

    def _dependency(self, text: str, store: str) -> Address | None:
        """Returns the address that `store.kind.name` or `kind.name` says; None: neither."""
        kind, _, name = text.partition(".")
        if kind in self._kinds and name:
            known = self._spelled(kind, name)
            return Address(store, kind, known) if known else None
        try:
            return Address.parse(text)
        except ValueError:
            return None
