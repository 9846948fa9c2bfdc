"""Writes what is made from the code and checked in: `schemas/v1/*.json` and `docs/kinds/*.md`.

    python -m tests.generate

A test compares the files with `generated()`, so that neither can go its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

from apexplan import registry
from apexplan.cli.schema import all_schemas, text_of
from apexplan.migrations.kind import MigrationKind
from apexplan.model.spec import Spec
from apexplan.provider import Kind

ROOT = Path(__file__).resolve().parent.parent
_OF_TESTS = frozenset({"FakeSchema"})
"""Kinds that only tests use."""

Schema = Mapping[str, Any]


def generated() -> dict[Path, str]:
    """Returns the text of every generated file by its path."""
    files = {
        ROOT / "schemas" / "v1" / f"{name}.json": text_of(content)
        for name, content in all_schemas().items()
        if name not in _OF_TESTS
    }
    for name, (_, kind) in registry.kinds().items():
        if name not in _OF_TESTS:
            files[ROOT / "docs" / "kinds" / f"{name}.md"] = page(kind, _readers(name))
    return files


def _readers(kind: str) -> list[str]:
    """Returns the providers that read a kind of manifest."""
    return [n for n in registry.names() if kind in {known.name for known in registry.provider(n).kinds}]


def _specs(kind: Kind, provider: str) -> list[type[Spec]]:
    """Returns the objects that a kind of manifest comes down to: those that it names itself, or all of
    the provider's that no other kind names."""
    named = {k.name: k.specs for k in registry.provider(provider).kinds if isinstance(k, MigrationKind)}
    if kind.name in named:
        return list(named[kind.name])
    others = {spec for specs in named.values() for spec in specs}
    return [spec for spec in registry.provider(provider).specs if spec not in others]


def page(kind: Kind, providers: Sequence[str]) -> str:
    """Returns the doc page of one kind of manifest: what may be written, and how each field changes."""
    schema = kind.document.model_json_schema()
    lines = [
        f"# {kind.name}",
        "",
        "Made from the code by `python -m tests.generate`; do not edit.",
        "",
        _prose(schema.get("description", "")),
        "",
        f"Read by {_told(providers)}. What is left out is not managed: neither compared nor changed.",
        "",
        "## What a manifest may say",
        "",
        *_fields(schema),
    ]
    for name, part in schema.get("$defs", {}).items():
        lines += ["", f"### {name}", "", _prose(part.get("description", "")), "", *_fields(part)]
    lines += ["", "## How objects change", "", _HOW]
    for spec in _specs(kind, providers[0]):
        lines += ["", f"### {spec.kind}", "", _prose(spec.__doc__ or ""), "", *_rules(spec)]
    return "\n".join(_without_double_blanks(lines)) + "\n"


def _told(providers: Sequence[str]) -> str:
    word = "the provider" if len(providers) == 1 else "the providers"
    return f"{word} {' and '.join(f'`{name}`' for name in providers)}"


_HOW = """\
The objects that a manifest comes down to, one an address (`store.kind.name`). *In place*: the object is
altered. *Replace*: it is made anew. *Key*: part of its name. *Ignore*: never compared. *Rebuilds*: the store
does work in proportion to the data. *Since*: the first version of the store that knows the field; where it is
empty, all do."""


def _fields(schema: Schema) -> Iterator[str]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    if not properties:
        yield f"One of: {_type(schema)}."
        return
    yield from _table(
        ("field", "type", "must be given", "meaning"),
        (
            (
                f"`{name}`",
                _type(part),
                "yes" if name in schema.get("required", ()) else "",
                _prose(part.get("description", "")),
            )
            for name, part in properties.items()
        ),
    )


def _rules(spec: type[Spec]) -> Iterator[str]:
    if not spec.rules:
        yield "It has no settings."
        return
    properties = spec.model_json_schema()["properties"]
    yield from _table(
        ("field", "type", "changes", "rebuilds", "since", "why", "source"),
        (
            (
                f"`{name}`",
                _type(properties[name]),
                f"{rule.how}, as a whole" if rule.whole else str(rule.how),
                "yes" if rule.rebuilds else "",
                rule.since,
                rule.why,
                rule.source,
            )
            for name, rule in spec.rules.items()
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(_prose(cell).replace("|", "\\|") for cell in row) + " |"


def _type(schema: Schema) -> str:
    """Returns a JSON Schema in a few words: `text`, `list of text`, `mapping of [Column](#column)`."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[several]))
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case "object":
            values = schema.get("additionalProperties")
            return f"mapping of {_type(values)}" if isinstance(values, dict) else "mapping"
        case str(word):
            return _WORDS.get(word, word)
        case _:
            return "anything"


_WORDS = {"string": "text", "integer": "whole number", "boolean": "yes or no", "null": "null"}


def _prose(text: str) -> str:
    return " ".join(cleandoc(text).split())


def _without_double_blanks(lines: Iterable[str]) -> Iterator[str]:
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line


def main() -> None:
    """Writes every generated file."""
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
