"""Errors of pydantic → diagnostics, for what no schema can say: dates, ranges across fields, own checks.

Messages of validators written in code may quote the value: `Subject.masked` covers it where it
could be a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from apexplan.manifest.nodes import existing, key_place, value_place
from apexplan.manifest.subject import Subject
from apexplan.model.diagnostics import Diagnostic, Location

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_CODES = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "literal_error": "bad-value",
    "enum": "bad-value",
}
_FROM_CODE = ("value_error", "assertion_error")


def from_code(error: ErrorDetails) -> bool:
    """True for an error raised by a validator written in code, which no schema knows of."""
    return error["type"] in _FROM_CODE


def explain_pydantic(errors: Iterable[ErrorDetails], subject: Subject) -> list[Diagnostic]:
    """Returns one diagnostic a place; errors raised by code before those about types."""
    found: dict[Location, Diagnostic] = {}
    for error in sorted(errors, key=lambda e: not from_code(e)):
        diagnostic = _from_pydantic(error, subject)
        assert diagnostic.where
        found.setdefault(diagnostic.where, diagnostic)
    return [found[where] for where in sorted(found)]


def _from_pydantic(error: ErrorDetails, subject: Subject) -> Diagnostic:
    path = existing(subject.node, error["loc"])
    raised = error.get("ctx", {}).get("error") if from_code(error) else None
    said = subject.masked(str(raised) if raised else error["msg"], path)
    by_key = error["loc"] and error["loc"][-1] == "[key]"
    place = key_place if by_key or error["type"] == "extra_forbidden" else value_place
    return Diagnostic(
        _CODES.get(error["type"], "wrong-type" if error["type"].endswith("_type") else "bad-value"),
        "a value is not allowed here",
        f"`{subject.name(path)}`: {said}",
        where=place(subject.node, path),
    )
