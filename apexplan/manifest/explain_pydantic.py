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

_SHAPES = {
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
    """Returns one diagnostic a place, in the order of the file.

    Of a union pydantic reports every branch. Where anything else is wrong, errors of shape are
    those of branches that were not meant: the schema, which was asked first, knows of none.
    """
    every = list(errors)
    telling = [error for error in every if not _of_shape(error)] or every
    found: dict[Location, Diagnostic] = {}
    for error in sorted(telling, key=lambda e: not from_code(e)):
        diagnostic = _diagnostic(error, subject)
        assert diagnostic.where
        found.setdefault(diagnostic.where, diagnostic)
    return [found[where] for where in sorted(found)]


def _of_shape(error: ErrorDetails) -> bool:
    return error["type"] in _SHAPES or error["type"].endswith("_type")


def _diagnostic(error: ErrorDetails, subject: Subject) -> Diagnostic:
    path = existing(subject.node, error["loc"])
    raised = error.get("ctx", {}).get("error") if from_code(error) else None
    said = subject.masked(str(raised) if raised else error["msg"], path)
    if error["loc"][-1:] == ("[key]",):
        where = key_place(subject.node, path)
        return Diagnostic(
            "bad-name", "a name is not allowed here", f"`{subject.name(path)}`: {said}", where=where
        )
    code = _SHAPES.get(error["type"], "wrong-type" if _of_shape(error) else "bad-value")
    place = key_place if code == "unknown-field" else value_place
    where = place(subject.node, path)
    return Diagnostic(code, "a value is not allowed here", f"`{subject.name(path)}`: {said}", where=where)
