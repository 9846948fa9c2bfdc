"""Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}` in values; `$${` stands for `${`.

As in a shell, `:-` and `:?` also apply where the variable is empty. What comes
out is text, whatever the variable holds: no variable can add a key, a list or
a tag. One exception: a scalar that is nothing but one `${…}` without quotes
(`port: ${PORT}`) is read like any scalar without quotes.

Keys are left alone. Messages show the text of the file, never a variable's value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from apexplan.manifest.nodes import Entry, MappingNode, Node, ScalarNode, ScalarValue, SequenceNode
from apexplan.manifest.scalars import resolve
from apexplan.model.diagnostics import Diagnostic, Location

_REFERENCE = re.compile(
    r"\$(?P<escaped>\$\{)"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}"
    r"|(?P<malformed>\$\{)"
)


def interpolate(node: Node, variables: Mapping[str, str]) -> tuple[Node, list[Diagnostic]]:
    """Returns the tree with its variables replaced, and a diagnostic for each that cannot be."""
    work = _Interpolation(variables)
    return work.of(node), work.diagnostics


@dataclass
class _Interpolation:
    variables: Mapping[str, str]
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def of(self, node: Node) -> Node:
        if isinstance(node, ScalarNode):
            return self._scalar(node) if "${" in node.text else node
        if isinstance(node, SequenceNode):
            return SequenceNode(tuple(map(self.of, node.items)), node.where)
        return MappingNode({key: self._entry(entry) for key, entry in node.entries.items()}, node.where)

    def _entry(self, entry: Entry) -> Entry:
        value = self.of(entry.value)
        return entry if value is entry.value else Entry(entry.key_where, value)

    def _scalar(self, node: ScalarNode) -> ScalarNode:
        text = _REFERENCE.sub(lambda match: self._replaced(match, node.where), node.text)
        whole = _REFERENCE.fullmatch(node.text)
        value: ScalarValue = text
        if node.plain and whole and whole["name"]:
            value = self._resolved(text, node)
        return node._replace(value=value)

    def _resolved(self, text: str, node: ScalarNode) -> ScalarValue:
        try:
            return resolve(text)
        except ValueError as error:
            self.diagnostics.append(_bad_number(node, str(error)))
            return text

    def _replaced(self, match: re.Match[str], where: Location) -> str:
        if match["escaped"]:
            return "${"
        name, how, rest = match["name"], match["how"], match["rest"] or ""
        if match["malformed"] or "${" in rest:
            self.diagnostics.append(_malformed(where))
            return ""
        value = self.variables.get(name)
        if value is not None and (value or not how):
            return value
        if how == ":-":
            return rest
        self.diagnostics.append(_missing(name, rest, where))
        return ""


def _missing(name: str, message: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "missing-variable",
        "a variable is not set",
        f"`{name}`" + (f": {message}" if message else ""),
        "the value at this place comes from the environment",
        f"set {name}, or give a default: ${{{name}:-default}}",
        where,
    )


def _malformed(where: Location) -> Diagnostic:
    return Diagnostic(
        "bad-variable",
        "a variable is not written as it must be",
        "`${` begins a variable, and what follows is none",
        "a name is letters, digits and underscores; a default holds no second variable",
        "write ${NAME}, ${NAME:-default} or ${NAME:?message}; for the text `${` itself write `$${`",
        where,
    )


def _bad_number(node: ScalarNode, reason: str) -> Diagnostic:
    return Diagnostic(
        "bad-number",
        "a number cannot be held",
        f"`{node.text}`: {reason}",
        mend="set another value",
        where=node.where,
    )
