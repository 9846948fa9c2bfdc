"""What a target says no with. Driver errors never leave `server` and `edge` bare."""

from __future__ import annotations

from apexplan.model.errors import StoreError


class NotThere(StoreError):
    """No such collection, alias or point."""


class Taken(StoreError):
    """The name belongs to something else."""


class Full(StoreError):
    """No space is left on the disk."""
