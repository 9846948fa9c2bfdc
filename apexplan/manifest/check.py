"""Nodes → typed documents → declared objects, with everything that is wrong.

A document is right if its JSON Schema and its pydantic model both accept it;
editors use the same schema. `jsonschema` is pure Python: for 1,000 tables with
15,000 objects it takes 0.8 s, as long as everything else in loading together,
and 60 ms to import. So the order is turned round, and the verdict stays:

1. pydantic reads the document as JSON in strict mode, where nothing is
   converted: what passes here passes the schema made from the same model. A
   validator that takes more than its field's type (`on: title` for
   `on: [title]`) must say so with `json_schema_input_type`, as editors need it
   too; a kind's tests hold its examples against its schema.
2. Only if that fails, JSON Schema looks for the reasons and explains them;
   checks written in code add theirs for places the schema did not mention.
3. If the schema finds nothing, pydantic decides in its ordinary mode: a
   validator that builds a value itself is not expected to build it strictly.

Cross-object checks come last: the kind's own `expand`, for a kind that names files of the project
its `expand_files`. Reading them is left to the caller, who says what is in a directory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from apexplan.manifest.explain import explain_schema
from apexplan.manifest.explain_pydantic import explain_pydantic, from_code
from apexplan.manifest.nodes import MappingNode, Node, ScalarNode, key_place, plain, scalars
from apexplan.manifest.sources import Sources
from apexplan.manifest.subject import Subject, did_you_mean
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Diagnostic, Location, Problem
from apexplan.provider import Expansion, Generates, Kind, Provider, ReadsFiles

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Model = TypeVar("Model", bound=BaseModel)


def check_model(model: type[Model], subject: Subject) -> tuple[Model | None, list[Diagnostic]]:
    """Returns an instance of `model` made of the node, or None and what is wrong."""
    data = plain(subject.node)
    text = json.dumps(data)
    try:
        return model.model_validate_json(text, strict=True), []
    except ValidationError as error:
        strict = error.errors(include_url=False, include_input=False)
    explained = explain_schema(_validator(model).iter_errors(data), subject)
    if explained:
        seen = {diagnostic.where for diagnostic in explained}
        raised = explain_pydantic(filter(from_code, strict), subject)
        return None, explained + [d for d in raised if d.where not in seen]
    try:
        return model.model_validate_json(text), []
    except ValidationError as error:
        ordinary = error.errors(include_url=False, include_input=False)
    return None, explain_pydantic(ordinary, subject)


@cache
def _validator(model: type[BaseModel]) -> Validator:
    from jsonschema import Draft202012Validator  # costs 60 ms, and only mistakes need it

    schema: dict[str, Any] = model.model_json_schema()
    return Draft202012Validator(schema)


Reader = Callable[[str, Location], Sources]
"""Returns what is in a directory of the project; the place is where the manifest names it."""

Generator = Callable[[], Mapping[str, str]]
"""Returns modules for applications, by name."""


def no_files(directory: str, where: Location) -> Sources:
    """The reader of a caller that has no files."""
    return Sources()


@dataclass(frozen=True, slots=True)
class FilesOf:
    """A manifest that names directories of the project, and where it begins."""

    store: str
    kind: Kind
    directories: tuple[str, ...]
    where: Location


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """What one manifest declares, and everything that is wrong with it or worth a warning. `files`: it
    names directories, which were read. `generates` makes the modules that it gives applications."""

    declared: tuple[Declared, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    files: FilesOf | None = None
    generates: Generator | None = None


def check_manifest(
    node: Node, stores: Mapping[str, Provider | None], read: Reader = no_files
) -> CheckedManifest:
    """Checks one manifest. `stores` are those of the project; None: its provider is not known."""
    if not isinstance(node, MappingNode):
        return CheckedManifest(diagnostics=(_not_a_mapping(node),))
    kind, problems = _kind_of(node, stores)
    if kind is None:
        return CheckedManifest(diagnostics=tuple(problems))
    document, problems = check_model(kind.document, Subject(node))
    if document is None:
        return CheckedManifest(diagnostics=tuple(problems))
    files = _files_of(kind, document, node)
    if files is None:
        checked = _checked(kind.expand(document), node, [], None)
    else:
        checked = _with_files(kind, document, node, files, read)
    return (
        replace(checked, generates=partial(kind.modules, document))
        if isinstance(kind, Generates)
        else checked
    )


def _files_of(kind: Kind, document: BaseModel, node: MappingNode) -> FilesOf | None:
    if not isinstance(kind, ReadsFiles):
        return None
    store = node.get("store")
    assert isinstance(store, ScalarNode)
    return FilesOf(str(store.value), kind, tuple(kind.directories(document)), node.where)


def _with_files(
    kind: Kind, document: BaseModel, node: MappingNode, files: FilesOf, read: Reader
) -> CheckedManifest:
    sources = [read(directory, _place_of(directory, node)) for directory in files.directories]
    unread = [diagnostic for one in sources for diagnostic in one.diagnostics]
    assert isinstance(kind, ReadsFiles)
    expansion = kind.expand_files(document, [file for one in sources for file in one.files])
    return _checked(expansion, node, unread, files)


def _place_of(text: str, node: Node) -> Location:
    return next((scalar.where for scalar in scalars(node) if scalar.value == text), node.where)


def _checked(
    expansion: Expansion, node: Node, unread: list[Diagnostic], files: FilesOf | None
) -> CheckedManifest:
    return CheckedManifest(
        tuple(replace(one, where=one.where or key_place(node, one.path)) for one in expansion.declared),
        (*unread, *(_placed(problem, node) for problem in expansion.problems)),
        files,
    )


def _placed(problem: Problem, node: Node) -> Diagnostic:
    return Diagnostic(
        problem.code,
        problem.summary,
        problem.what,
        problem.why,
        problem.mend,
        problem.where or key_place(node, problem.path),
        problem.severity,
    )


def _kind_of(
    node: MappingNode, stores: Mapping[str, Provider | None]
) -> tuple[Kind | None, list[Diagnostic]]:
    absent = [_absent(node, field) for field in ("kind", "store") if field not in node.entries]
    kind, store = node.get("kind"), node.get("store")
    if not (isinstance(kind, ScalarNode) and isinstance(store, ScalarNode)):
        wrong = [_not_a_word(n, f) for n, f in ((kind, "kind"), (store, "store")) if _is_collection(n)]
        return None, absent + wrong
    if store.value not in stores:
        return None, [_unknown_store(store, stores)]
    provider = stores[str(store.value)]
    if provider is None:
        return None, []
    found = next((k for k in provider.kinds if k.name == kind.value), None)
    return found, [] if found else [_unknown_kind(kind, store, provider, stores)]


def _is_collection(node: Node | None) -> bool:
    return node is not None and not isinstance(node, ScalarNode)


def _not_a_mapping(node: Node) -> Diagnostic:
    return Diagnostic(
        "wrong-type",
        "a manifest is not a mapping",
        "the file does not begin with a key",
        mend="begin it with `kind: …` and `store: …`",
        where=node.where,
    )


def _absent(node: MappingNode, field: str) -> Diagnostic:
    return Diagnostic(
        "missing-field",
        "a field is missing",
        f"`{field}` in this file",
        "kind and store say what a manifest describes, and where",
        f"add `{field}: …` at the top",
        node.where,
    )


def _not_a_word(node: Node | None, field: str) -> Diagnostic:
    return Diagnostic(
        "wrong-type",
        "a value has the wrong type",
        f"`{field}` is no single word",
        mend=f"write `{field}: NAME`",
        where=node.where if node else None,
    )


def _unknown_store(store: ScalarNode, stores: Mapping[str, Provider | None]) -> Diagnostic:
    return Diagnostic(
        "unknown-store",
        "the project has no such store",
        f"`{store.text}`",
        "a manifest describes objects of one store, which the project file names",
        did_you_mean(store.text, stores) or "add the store to the project file",
        store.where,
    )


def _unknown_kind(
    kind: ScalarNode, store: ScalarNode, provider: Provider, stores: Mapping[str, Provider | None]
) -> Diagnostic:
    others = [
        name
        for name, other in stores.items()
        if other is not None and any(known.name == kind.value for known in other.kinds)
    ]
    if others:
        return Diagnostic(
            "kind-of-other-provider",
            "the kind belongs to another provider",
            f"`{kind.text}` at store `{store.text}`",
            f"the store's provider is {provider.name}",
            "name a store that has it: " + ", ".join(sorted(others)),
            store.where,
        )
    return Diagnostic(
        "unknown-kind",
        "no such kind of manifest",
        f"`{kind.text}` at store `{store.text}`",
        f"the store's provider is {provider.name}",
        did_you_mean(kind.text, (known.name for known in provider.kinds)),
        kind.where,
    )
