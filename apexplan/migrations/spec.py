"""One versioned script as an object: pending until the store's ledger has it.

    declared `applied`   ledger has it   what follows
          true                no         CREATE: the script runs, then the ledger says so, in one if it can
          true                yes        nothing; a checksum that differs is an error, never a step
          false               yes        UPDATE of `applied`: the rollback script runs, the ledger entry goes

Only `migrate rollback` declares `applied: false`; files always mean true.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from apexplan.migrations.script import Statement, Topic
from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, IN_PLACE, KEY, REPLACE, OnChange, Spec


class Migration(Spec):
    """A script and the one that takes it back. Texts are carried along and never kept: what is compared
    and recorded is their checksum."""

    kind: ClassVar[str] = "migration"

    version: Annotated[str | None, OnChange(KEY)] = None
    """Digits, as in the file's name; versions are compared as numbers."""
    name: Annotated[str | None, OnChange(KEY)] = None
    checksum: Annotated[
        str | None,
        OnChange(REPLACE, "a script that was applied never runs again: its file must stay as it was"),
    ] = None
    """SHA-256 of the script's text with line ends as LF, in hex."""
    applied: Annotated[bool | None, OnChange(IN_PLACE, "taken back by its rollback script")] = None
    rollback_checksum: Annotated[str | None, OnChange(IGNORE)] = None
    irreversible: Annotated[str | None, OnChange(IGNORE)] = None
    """Why there is no way back, in the author's words; None where there is a rollback script."""
    previous: Annotated[str | None, OnChange(IGNORE)] = Field(default=None, exclude=True)
    """Address name of the migration just before this one."""
    script: Annotated[tuple[Statement, ...], OnChange(IGNORE)] = Field(default=(), exclude=True, repr=False)
    rollback: Annotated[tuple[Statement, ...], OnChange(IGNORE)] = Field(default=(), exclude=True, repr=False)
    baseline: Annotated[bool, OnChange(IGNORE)] = Field(default=False, exclude=True)
    """The ledger is told of it, nothing runs: `migrate baseline`."""

    def summary(self) -> str:
        """Returns how much the script does: `4 schema statements`."""
        if not self.script:
            return ""
        topics = {statement.topic for statement in self.script}
        word = next(iter(topics)).value if len(topics) == 1 else f"{Topic.SCHEMA} and {Topic.DATA}"
        count = len(self.script)
        return f"{count} {word} statement{'s' * (count != 1)}" + (", marked only" if self.baseline else "")

    def requires(self, address: Address) -> frozenset[Address]:
        return frozenset({Address(address.store, self.kind, self.previous)} if self.previous else ())
