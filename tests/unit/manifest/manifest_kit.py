"""Providers of these tests, in no real store: tables with columns, indexes and checks; pages in files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from apexplan.manifest import Workspace, load_workspace
from apexplan.model.address import Address
from apexplan.model.change import Change, Declared, Lifecycle
from apexplan.model.diagnostics import Diagnostic, Location, Problem, Severity
from apexplan.model.errors import ManifestError, UsageError
from apexplan.model.plan import Step
from apexplan.model.spec import IN_PLACE, REPLACE, OnChange, Spec
from apexplan.provider import Expansion, Facts, Kind, LocalStore, Provider, Session, SourceFile


class Column(Spec):
    kind = "column"

    type: Annotated[str, OnChange(IN_PLACE, rebuilds=True, why="every row is written again")]
    null: Annotated[bool, OnChange(IN_PLACE)] = True


class Index(Spec):
    kind = "index"

    using: Annotated[str, OnChange(REPLACE, "an index has one method for life")] = "btree"
    on: Annotated[tuple[str, ...], OnChange(REPLACE)]
    m: Annotated[int | None, OnChange(IN_PLACE)] = None


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LifecycleBlock(_Block):
    protect: bool = False
    ignore: list[str] = []
    renamed_from: str | None = None


class ColumnBlock(_Block):
    type: str = Field(description="The type of the column, such as text.")
    null: bool = True
    lifecycle: LifecycleBlock = LifecycleBlock()


class HnswBlock(_Block):
    using: Literal["hnsw"]
    on: list[str]
    m: Annotated[int, Field(ge=2, le=100)] = 16


# `on: title` for `on: [title]`; the schema has to be told of it.
_LIST_OR_ONE = BeforeValidator(
    lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[str]
)


class BtreeBlock(_Block):
    using: Literal["btree"] = "btree"
    on: Annotated[tuple[str, ...], _LIST_OR_ONE]

    @field_validator("on")
    @classmethod
    def _not_empty(cls, on: tuple[str, ...]) -> tuple[str, ...]:
        if not on:
            raise ValueError("an index needs a column")
        return on


class TableBlock(_Block):
    columns: dict[str, ColumnBlock]
    indexes: dict[str, HnswBlock | BtreeBlock] = {}
    weight: int | float | None = None


class ShelfSchema(_Block):
    """Tables of a store that does not exist."""

    kind: Literal["ShelfSchema"]
    store: str
    tables: dict[str, TableBlock] = {}


class CrateSchema(_Block):
    """The kind of another provider."""

    kind: Literal["CrateSchema"]
    store: str


@dataclass
class ShelfKind:
    name: str = "ShelfSchema"
    document: type[BaseModel] = ShelfSchema

    def expand(self, document: BaseModel) -> Expansion:
        assert isinstance(document, ShelfSchema)
        return Expansion(tuple(_declared(document)), tuple(_problems(document)))

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        raise NotImplementedError


@dataclass
class CrateKind:
    name: str = "CrateSchema"
    document: type[BaseModel] = CrateSchema

    def expand(self, document: BaseModel) -> Expansion:
        return Expansion()

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        raise NotImplementedError


class PageFiles(_Block):
    """Pages that are files of the project."""

    kind: Literal["PageFiles"]
    store: str
    directory: str


class Page(Spec):
    kind = "page"

    text: Annotated[str, OnChange(REPLACE)]


@dataclass
class PageKind:
    """A kind that names files: each `.page` is an object, and an empty one a problem."""

    name: str = "PageFiles"
    document: type[BaseModel] = PageFiles
    one_a_store: bool = True

    def expand(self, document: BaseModel) -> Expansion:
        return Expansion()

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        raise NotImplementedError

    def directories(self, document: BaseModel) -> Sequence[str]:
        assert isinstance(document, PageFiles)
        return (document.directory,)

    def expand_files(self, document: BaseModel, files: Sequence[SourceFile]) -> Expansion:
        assert isinstance(document, PageFiles)
        pages = [file for file in files if file.name.endswith(".page")]
        return Expansion(
            tuple(
                Declared(
                    Address(document.store, "page", Path(file.name).stem),
                    Page(text=file.text),
                    ("directory",),
                    where=Location(file.name, 1, 1),
                )
                for file in pages
            ),
            tuple(
                Problem("empty-page", ("directory",), "a page is empty", "", where=Location(file.name, 1, 1))
                for file in pages
                if not file.text
            ),
        )


def _declared(document: ShelfSchema) -> Iterator[Declared]:
    for table, block in document.tables.items():
        for name, column in block.columns.items():
            values = column.model_dump(exclude_unset=True, exclude={"lifecycle"})
            yield Declared(
                Address(document.store, "column", f"{table}.{name}"),
                Column(**values),
                ("tables", table, "columns", name),
                Lifecycle(
                    column.lifecycle.protect,
                    frozenset(column.lifecycle.ignore),
                    column.lifecycle.renamed_from,
                ),
            )
        for name, index in block.indexes.items():
            yield Declared(
                Address(document.store, "index", name),
                Index(**index.model_dump(exclude_unset=True)),
                ("tables", table, "indexes", name),
            )


def _problems(document: ShelfSchema) -> Iterator[Problem]:
    for table, block in document.tables.items():
        for name, index in block.indexes.items():
            for number, column in enumerate(index.on):
                if column not in block.columns:
                    path = ("tables", table, "indexes", name, "on", number)
                    yield Problem("unknown-column", path, "the table has no such column", f"`{column}`")
        if not block.columns:
            top = ("tables", table, "columns")
            yield Problem("no-columns", top, "a table has no columns", table, severity=Severity.WARNING)


class ShelfSettings(_Block):
    password: SecretStr = SecretStr("")
    port: Annotated[int, Field(ge=1, le=65535)] = 1
    url: str = "shelf://localhost"

    @field_validator("url")
    @classmethod
    def _is_shelf(cls, url: str, info: ValidationInfo) -> str:
        if not url.startswith("shelf:"):
            password = info.data.get("password", SecretStr("")).get_secret_value()
            raise ValueError(f"a careless message about {url!r} with {password!r}")
        return url


class CrateSettings(_Block):
    path: str = "."

    def anchored(self, root: Path) -> CrateSettings:
        return self.model_copy(update={"path": str(root / self.path)})


@dataclass
class FakeProvider:
    """All that manifests need of a provider; the rest is never called."""

    name: str
    kinds: tuple[Kind, ...]
    settings: type[BaseModel]
    specs: tuple[type[Spec], ...] = (Column, Index)

    def connect(self, store: str, settings: BaseModel) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def steps(self, changes: Sequence[Change], facts: Facts) -> list[Step]:
        raise NotImplementedError

    def renamed(
        self, live: Mapping[Address, Spec], renames: Mapping[Address, Address]
    ) -> Mapping[Address, tuple[Address, Spec]]:
        raise NotImplementedError

    def local(self, directory: str) -> LocalStore:
        raise NotImplementedError


_PROVIDERS: dict[str, Provider] = {
    "shelf": FakeProvider("shelf", (ShelfKind(),), ShelfSettings),
    "crate": FakeProvider("crate", (CrateKind(), PageKind()), CrateSettings),
}

PROJECT = """\
version: 1
project: memory
stores:
  sql: {provider: shelf, password: "${PASSWORD:-}"}
  box: {provider: crate}
manifests: [schema/*.yaml]
"""

MANIFEST = """\
kind: ShelfSchema
store: sql
tables:
  documents:
    columns:
      title: {type: text, null: false}
      body: {type: text}
    indexes:
      title_idx: {on: title}
"""


def provider(name: str) -> Provider:
    """Returns a provider of these tests, as the registry does."""
    if name not in _PROVIDERS:
        raise UsageError(f"no provider is called {name!r}", mend="installed: crate, shelf")
    return _PROVIDERS[name]


def write(root: Path, files: Mapping[str, str]) -> None:
    """Writes files below `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def load(root: Path, environment: str | None = None, **variables: str) -> Workspace:
    """Loads the project in `root` with the providers of these tests."""
    return load_workspace(root, environment=environment, variables=variables, providers=provider)


def problems(root: Path, environment: str | None = None, **variables: str) -> tuple[Diagnostic, ...]:
    """Loads a project that is wrong, and returns what is wrong with it."""
    try:
        load(root, environment, **variables)
    except ManifestError as error:
        return error.diagnostics
    return ()


def places(found: tuple[Diagnostic, ...]) -> list[str]:
    """Returns `code at file:line:column` of each, to compare."""
    return [f"{one.code} at {one.where}" for one in found]
