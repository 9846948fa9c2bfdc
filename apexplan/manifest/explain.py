"""Refusals of JSON Schema → diagnostics that a person can act on.

JSON Schema says what is allowed, so it explains best: unknown fields with the
nearest known one, missing fields, wrong types, wrong words. Of a union it
takes the branch that the author most likely meant. A value is shown only if
the `Subject` allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from apexplan.manifest.nodes import key_place, value_place
from apexplan.manifest.subject import Subject, did_you_mean, nearest
from apexplan.model.diagnostics import Diagnostic, Location

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_YES_AND_NO = frozenset(("yes", "no", "on", "off", "y", "n"))


def explain_schema(errors: Iterable[ValidationError], subject: Subject) -> list[Diagnostic]:
    """Returns one diagnostic for each place and cause, in the order of the file."""
    found: dict[tuple[str, Location | None, str], Diagnostic] = {}
    for error in errors:
        for diagnostic in _explained(_refusal(error), subject):
            found.setdefault((diagnostic.code, diagnostic.where, diagnostic.what), diagnostic)
    return sorted(found.values(), key=lambda d: d.where or Location("", 0, 0))


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One error of `jsonschema`. `rule` is the keyword that failed, `wanted` its value.

    `depth`: how far below the value of the union above, if there is one. `branches` are the
    refusals of each branch of a union. `of_name`: the rule is about a key, and `instance` is it.
    """

    rule: str
    wanted: Any
    instance: Any
    schema: Mapping[str, Any]
    path: tuple[str | int, ...]
    depth: int
    of_name: bool
    branches: tuple[tuple[_Refusal, ...], ...]

    @property
    def known(self) -> Mapping[str, Any]:
        """The fields that the schema of a mapping names."""
        properties: Mapping[str, Any] = self.schema.get("properties", {})
        return properties

    @property
    def why(self) -> str:
        return _description(self.schema)

    @property
    def words(self) -> list[Any]:
        """The values that `enum` or `const` allow."""
        return list(self.wanted) if self.rule == "enum" else [self.wanted]

    @property
    def other_type(self) -> bool:
        """True if the value as a whole has another type than is wanted."""
        return self.rule == "type" and self.depth == 0

    @property
    def tells_apart(self) -> bool:
        """True for a wrong word in a direct field: what branches of a union differ by (`type: …`)."""
        return self.rule in ("const", "enum") and self.depth <= 1


def _refusal(error: Any) -> _Refusal:
    branches: dict[Any, list[_Refusal]] = {}
    for child in error.context or ():
        branches.setdefault(child.schema_path[0], []).append(_refusal(child))
    return _Refusal(
        rule=str(error.validator),
        wanted=error.validator_value,
        instance=error.instance,
        schema=error.schema if isinstance(error.schema, Mapping) else {},
        path=tuple(error.absolute_path),
        depth=len(error.path),
        of_name="propertyNames" in error.absolute_schema_path,
        branches=tuple(map(tuple, branches.values())),
    )


def _explained(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    if refusal.branches:
        yield from _union(refusal, subject)
    elif refusal.of_name:
        yield from _name(refusal, subject)
    else:
        yield from _RULES.get(refusal.rule, _limit)(refusal, subject)


def _union(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    """Explains a union: by all types where none fits, by all words of the field that tells its branches
    apart where none is right, else by the branch that was most likely meant."""
    fitting = [branch for branch in refusal.branches if not any(child.other_type for child in branch)]
    if not fitting:
        types = [
            name
            for branch in refusal.branches
            for child in branch
            if child.other_type
            for name in _names(child.wanted)
        ]
        yield _wrong_type(list(dict.fromkeys(types)), refusal, subject)
        return
    told_apart = [next((c for c in branch if c.tells_apart), None) for branch in fitting]
    if len({child.path if child else None for child in told_apart}) == 1 and told_apart[0]:
        words = [word for child in told_apart if child for word in child.words]
        yield from _word(replace(told_apart[0], rule="enum", wanted=words), subject)
        return
    for child in min(fitting, key=lambda branch: (sum(c.tells_apart for c in branch), len(branch))):
        yield from _explained(child, subject)


def _unknown(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    for key in refusal.instance:
        if key not in refusal.known:
            yield Diagnostic(
                "unknown-field",
                "a field is not known here",
                f"`{key}` in `{subject.name(refusal.path)}`",
                "a field that nobody reads would silently do nothing",
                did_you_mean(key, refusal.known) or "remove it",
                key_place(subject.node, (*refusal.path, key)),
            )


def _missing(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    for key in refusal.wanted:
        if key not in refusal.instance:
            yield Diagnostic(
                "missing-field",
                "a field is missing",
                f"`{key}` in `{subject.name(refusal.path)}`",
                _description(refusal.known.get(key)),
                f"add `{key}: …`",
                key_place(subject.node, refusal.path),
            )


def _type(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    yield _wrong_type(_names(refusal.wanted), refusal, subject)


def _wrong_type(wanted: Sequence[str], refusal: _Refusal, subject: Subject) -> Diagnostic:
    named = [name for name in wanted if name != "null"] or wanted
    words = " or ".join(_TYPES.get(name, name) for name in named)
    return Diagnostic(
        "wrong-type",
        "a value has the wrong type",
        f"`{subject.name(refusal.path)}` is {_type_of(refusal.instance)}, wanted: {words}",
        refusal.why,
        _type_mend(wanted, refusal, subject) or f"write {words} here",
        value_place(subject.node, refusal.path),
    )


def _type_mend(wanted: Sequence[str], refusal: _Refusal, subject: Subject) -> str:
    value = refusal.instance
    if value is None:
        return "give it a value, or leave the field out: then it is not managed"
    if "string" in wanted and not isinstance(value, list | dict):
        shown = subject.shown(refusal.path)
        return f'put it in quotes: "{shown}"' if shown else "put the value in quotes"
    if "boolean" in wanted and isinstance(value, str) and value.lower() in _YES_AND_NO:
        return "write true or false: YAML 1.2 reads `yes`, `no`, `on` and `off` as text"
    return ""


def _word(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    words = list(map(str, refusal.words))
    shown = subject.shown(refusal.path)
    yield Diagnostic(
        "bad-value",
        "a value is none of those allowed",
        f"`{subject.name(refusal.path)}`" + (f" is `{shown}`" if shown else ""),
        "allowed: " + ", ".join(words),
        nearest(shown, words) or "write one of those allowed",
        value_place(subject.node, refusal.path),
    )


def _name(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    yield Diagnostic(
        "bad-name",
        "a name does not have the form that is wanted",
        f"`{refusal.instance}` in `{subject.name(refusal.path)}`",
        _limit_text(refusal),
        "rename it",
        key_place(subject.node, (*refusal.path, refusal.instance)),
    )


def _limit(refusal: _Refusal, subject: Subject) -> Iterator[Diagnostic]:
    shown = subject.shown(refusal.path)
    yield Diagnostic(
        "bad-value",
        "a value is not allowed here",
        f"`{subject.name(refusal.path)}`" + (f" is `{shown}`" if shown else ""),
        _limit_text(refusal),
        refusal.why,
        value_place(subject.node, refusal.path),
    )


_RULES: dict[str, Callable[[_Refusal, Subject], Iterator[Diagnostic]]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "type": _type,
    "enum": _word,
    "const": _word,
}
_LIMITS = {
    "pattern": "the form wanted is {wanted}",
    "minimum": "the least allowed is {wanted}",
    "maximum": "the most allowed is {wanted}",
    "exclusiveMinimum": "it must be more than {wanted}",
    "exclusiveMaximum": "it must be less than {wanted}",
    "minLength": "at least {wanted} characters are wanted",
    "maxLength": "at most {wanted} characters are allowed",
    "minItems": "at least {wanted} items are wanted",
    "maxItems": "at most {wanted} items are allowed",
    "minProperties": "at least {wanted} entries are wanted",
    "maxProperties": "at most {wanted} entries are allowed",
    "multipleOf": "it must be a multiple of {wanted}",
}


def _limit_text(refusal: _Refusal) -> str:
    return _LIMITS.get(refusal.rule, "{rule} is {wanted}").format(rule=refusal.rule, wanted=refusal.wanted)


def _names(types: str | Sequence[str]) -> Sequence[str]:
    return [types] if isinstance(types, str) else types


def _type_of(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    for kind, name in ((dict, "object"), (list, "array"), (str, "string"), (int, "integer")):
        if isinstance(value, kind):
            return _TYPES[name]
    return _TYPES["number"]


def _description(schema: Any) -> str:
    """The first paragraph of a field's description: why it is there."""
    text = schema.get("description", "") if isinstance(schema, Mapping) else ""
    return str(text).partition("\n\n")[0].replace("\n", " ")
