"""The manifest kind `Migration`: it names a directory, whose files declare one object each.

One kind for all stores; what differs is the `Dialect`. Each migration requires the one before it,
so they run in the order of their versions, and whatever `depends_on` names comes before them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from apexplan.migrations.files import Script, scripts
from apexplan.migrations.script import Dialect
from apexplan.migrations.spec import Migration
from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle
from apexplan.model.diagnostics import Location, Problem
from apexplan.model.spec import Spec
from apexplan.provider import Expansion, SourceFile


class _Block(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class MigrationLifecycle(_Block):
    """What is said of all scripts of the directory."""

    depends_on: tuple[str, ...] = ()
    """Objects that must be there before the scripts run, such as graph.constraint.document_uuid."""


class MigrationFiles(_Block):
    """Versioned scripts that run once each, in the order of their versions, and can be taken back.

    Every `VERSION_name.SUFFIX` has a `VERSION_name.rollback.SUFFIX`. No variables are replaced in
    scripts. A script that was applied must stay as it was.
    """

    kind: Literal["Migration"]
    store: str
    directory: str = Field(min_length=1)
    """Where the scripts are, relative to the project. Files with another suffix are left alone."""
    lifecycle: MigrationLifecycle = MigrationLifecycle()


class MigrationKind:
    """The kind in the language of one provider. See `apexplan.provider.Kind` and `ReadsFiles`."""

    name = "Migration"
    document: type[BaseModel] = MigrationFiles
    specs: tuple[type[Spec], ...] = (Migration,)
    """What its documents come down to."""
    one_a_store = True

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def expand(self, document: BaseModel) -> Expansion:
        """Returns nothing: without its files the document declares nothing."""
        return Expansion()

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        """Returns nothing: a store keeps the checksums of scripts, not their texts."""
        return {}

    def directories(self, document: BaseModel) -> Sequence[str]:
        assert isinstance(document, MigrationFiles)
        return (document.directory,)

    def expand_files(self, document: BaseModel, files: Sequence[SourceFile]) -> Expansion:
        assert isinstance(document, MigrationFiles)
        found, problems = scripts(files, self.dialect)
        depends_on, unknown = _dependencies(document.lifecycle.depends_on)
        lifecycle = Lifecycle(depends_on=frozenset(depends_on))
        return Expansion(tuple(_declared(document.store, found, lifecycle)), (*problems, *unknown))


def _declared(store: str, found: Sequence[Script], lifecycle: Lifecycle) -> Iterator[Declared]:
    previous: str | None = None
    for script in found:
        yield Declared(
            Address(store, Migration.kind, script.full_name),
            _spec(script, previous),
            ("directory",),
            lifecycle,
            Location(script.file, 1, 1),
        )
        previous = script.full_name


def _spec(script: Script, previous: str | None) -> Migration:
    why = {} if script.irreversible is None else {"irreversible": script.irreversible}
    return Migration(
        version=script.version,
        name=script.name,
        checksum=script.checksum,
        applied=True,
        rollback_checksum=script.rollback_checksum,
        previous=previous,
        script=script.statements,
        rollback=script.rollback,
        **why,
    )


def _dependencies(texts: Sequence[str]) -> tuple[list[Address], list[Problem]]:
    addresses, problems = [], []
    for number, text in enumerate(texts):
        try:
            addresses.append(Address.parse(text))
        except ValueError:
            problems.append(_not_an_address(text, number))
    return addresses, problems


def _not_an_address(text: str, number: int) -> Problem:
    return Problem(
        "bad-address",
        ("lifecycle", "depends_on", number),
        "a dependency is no address",
        f"`{text}`",
        "an object is named by store, kind and name",
        "write store.kind.name, such as graph.constraint.document_uuid",
    )
