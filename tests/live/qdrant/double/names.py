"""Names of collections: what may stand in a path, and the narrower rule for a new collection."""

from __future__ import annotations

from .faults import invalid

_NEVER = '<>"/\\|?*\0\x1f'
_NOT_IN_A_NEW_NAME = _NEVER + ":"
_LENGTH_LIMIT = 255


def check(name: str) -> None:
    """Raises 422 for a sign that no name may hold."""
    _refuse(name, _NEVER)


def check_new(name: str) -> None:
    """Raises 422 for a name that a new collection may not have."""
    _refuse(name, _NOT_IN_A_NEW_NAME)
    if len(name) > _LENGTH_LIMIT:
        text = f'name: value "{name}" invalid, must be from 1 to {_LENGTH_LIMIT} characters'
        raise invalid([text], "path parameters")


def _refuse(name: str, signs: str) -> None:
    for sign in name:
        if sign in signs:
            raise invalid([f'name: collection name cannot contain "{sign}" char'], "path parameters")
