"""`apexplan audit`: looks at the data of stores item by item, against the contract. Writes nothing there."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.auditing import audited
from apexplan.cli.output import console, deliver, say, width_of
from apexplan.engine import audit as audits
from apexplan.model.errors import EXIT_CHANGES, EXIT_OK, UsageError
from apexplan.report.audit import audit_json, audit_lines, audit_markdown
from apexplan.report.view import visible

app = typer.Typer(add_completion=False)


class AuditFormat(StrEnum):
    """What an audit can be printed as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@app.command()
def audit(
    stores: Annotated[
        list[str] | None, typer.Argument(metavar="STORE", help="default: every store with a contract")
    ] = None,
    root: options.Root = Path(),
    env: options.Environment = None,
    rate: options.Rate = None,
    sample: options.Sample = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with an audit of all items that was stopped")
    ] = False,
    format_: Annotated[
        AuditFormat, typer.Option("--format", "-f", help="what is written")
    ] = AuditFormat.TEXT,
    output: options.Output = None,
) -> None:
    """Looks at every item of data and tells where it departs from the manifests. Reads only.

    Stopped by Ctrl-C or a lost connection, it can go on with --resume, unless it is a --sample.
    Exit: 0 all keeps to the contract, 2 something departs, 1 error.
    """
    if resume and sample is not None:
        raise UsageError(
            "a sample is of other items each time, so none can be gone on with",
            mend="leave out --resume for another sample, or --sample to go on with an audit of all items",
        )
    workspace = projects.load(root, env)
    contracts = audits.declared(workspace.declared)
    unknown = [name for name in stores or () if name not in workspace.project.stores]
    if unknown:
        known = ", ".join(workspace.project.stores)
        raise UsageError(f"no store is called {', '.join(unknown)}", mend=f"there are: {known}")
    with projects.stores_of(workspace.project, stores or sorted(contracts)) as opened:
        able = audits.auditable(opened)
        unable = [name for name in stores or () if name not in able]
        if unable or not able:
            raise UsageError(
                f"{', '.join(unable) or 'no store of these'} has no contract that data could be held to",
                mend="a RedisContract declares key patterns; see the guide on audits",
            )
        found = audited(opened, contracts, rate=rate, sample=sample, root=root, env=env, resume=resume)
    if format_ is AuditFormat.TEXT and output is None:
        out = console()
        say(audit_lines(found, width=width_of(out)), out)
    elif format_ is AuditFormat.TEXT:
        deliver("".join(f"{visible(line.plain)}\n" for line in audit_lines(found)), output)
    elif format_ is AuditFormat.JSON:
        project = workspace.project
        text = audit_json(found, project=project.name, environment=project.environment, at=projects.stamp())
        deliver(text, output)
    else:
        deliver(audit_markdown(found), output)
    raise typer.Exit(EXIT_OK if all(one.clean for one in found) else EXIT_CHANGES)
