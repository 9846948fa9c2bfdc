"""The options that several commands share, each with its one help text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apexplan.engine.apply import OnFailure
from apexplan.model.plan import HazardKind

Root = Annotated[
    Path, typer.Option("--project", "-C", help="the directory with apexplan.yaml", show_default="here")
]
Environment = Annotated[
    str | None, typer.Option("--env", "-e", envvar="APEXPLAN_ENV", help="the environment of the project")
]
Allow = Annotated[
    list[HazardKind] | None, typer.Option("--allow", help="a hazard that may be run into; may be repeated")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]
OnFailureOption = Annotated[
    OnFailure, typer.Option("--on-failure", help="undo what was done, or stop and leave it for resume")
]
LockTimeout = Annotated[
    float, typer.Option("--lock-timeout", min=0, help="seconds to wait for another run to end")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="statements, undo and every value in full")]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", help="only these: an address or the front of one, * for any"),
]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="all but these")]
Purge = Annotated[
    int | None,
    typer.Option(
        "--purge", metavar="DAYS", min=0, help="delete for good what drops moved aside so many days ago"
    ),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="write it to a file")]

Audit = Annotated[
    bool, typer.Option("--audit", help="look at the data of stores as well, and plan the repairs asked for")
]
Rate = Annotated[
    int | None,
    typer.Option(
        "--rate", min=0, help="items a second that an audit looks at; 0: no bound", show_default="the store's"
    ),
]
Sample = Annotated[
    int | None, typer.Option("--sample", min=1, help="audit about so many items, chosen at random")
]


class Format(StrEnum):
    """What most commands can print."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", "-f", help="for people or for programs")]
