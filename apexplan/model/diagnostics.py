"""Messages about what someone wrote: what is wrong, why, how to mend it, and where.

`summary` never holds text of the user's: it can be counted, grouped and
translated. The user's own words stand in `what` alone. Several problems are
collected and shown together; nothing stops at the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is. Only ERROR makes a command fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, order=True, slots=True)
class Location:
    """A place in a manifest. `line` and `column` count from 1; `file` is relative to the project."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `code` is a stable kebab-case name such as `unknown-field`."""

    code: str
    summary: str
    what: str
    why: str = ""
    mend: str = ""
    where: Location | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.severity}: {self.summary}: {self.what}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnostic whose place is still a path in a document, such as `("tables", "documents")`.

    Providers know paths, the manifest layer knows files: it turns one into the other.
    """

    code: str
    path: tuple[str | int, ...]
    summary: str
    what: str
    why: str = ""
    mend: str = ""
    severity: Severity = Severity.ERROR
    where: Location | None = None
    """Set where the place is not in the document but in a file that it names."""
