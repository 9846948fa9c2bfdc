"""`apexplan drift`: what was changed behind apexplan's back. Writes nothing anywhere."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.auditing import audited
from apexplan.cli.output import console, deliver, say, width_of
from apexplan.engine import audit as audits
from apexplan.engine import drift as drifts
from apexplan.engine import survey
from apexplan.manifest import Project
from apexplan.model.errors import EXIT_CHANGES, EXIT_OK, UsageError
from apexplan.report import text, view
from apexplan.report.json_ import drift_json

app = typer.Typer(add_completion=False)


class DriftFormat(StrEnum):
    """What a drift can be printed as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    SARIF = "sarif"
    PROMETHEUS = "prometheus"


@app.command()
def drift(
    root: options.Root = Path(),
    env: options.Environment = None,
    format_: Annotated[
        DriftFormat, typer.Option("--format", "-f", help="what is written")
    ] = DriftFormat.TEXT,
    output: options.Output = None,
    since: Annotated[
        Path | None,
        typer.Option("--since", help="an earlier report (JSON): tells new from known"),
    ] = None,
    target: options.Target = None,
    exclude: options.Exclude = None,
    audit: Annotated[
        bool, typer.Option("--audit/--no-audit", help="look at the data of stores with a contract for it")
    ] = True,
    rate: options.Rate = None,
    sample: options.Sample = None,
) -> None:
    """Compares the live stores with what the last apply left. Reads only.

    Exit: 0 in sync (waived drift included), 2 drift, 1 error.
    """
    project = projects.load_settings(root, env)
    wanted = projects.choice(target, exclude)
    earlier = _earlier(since) if since else None
    with projects.state_of(project) as state:
        every = state.recorded()
        recorded = {a: r for a, r in every.items() if wanted(a)}
    if lost := projects.without_store(project, recorded):
        raise UsageError(lost, mend="put the store back, or `apexplan forget` its objects")
    with projects.stores_of(project, sorted({a.store for a in recorded})) as stores:
        if audit:
            # By the whole contract: a key of a pattern that nobody wants to hear of is no undeclared one.
            audited(stores, audits.recorded(every, stores), rate=rate, sample=sample)
        views = survey.read_live(stores, frozenset(recorded))
    remarks = [n for view in views.values() for n in view.notes if n.address is None or wanted(n.address)]
    live = {a: s for view in views.values() for a, s in view.objects.items() if wanted(a)}
    found = drifts.compare(
        recorded, live, waivers=project.waivers, today=projects.today(), earlier=earlier, remarks=remarks
    )
    _write(found, project, format_, output)
    raise typer.Exit(EXIT_CHANGES if found.open else EXIT_OK)


def _earlier(path: Path) -> dict[str, str]:
    try:
        report = json.loads(path.read_bytes())
        return {f["id"]: f"{f['address']} {f['field'] or ''}".strip() for f in report["findings"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is no drift report", mend="give a file made by `apexplan drift --format json`"
        ) from error


def _write(found: drifts.Drift, project: Project, format_: DriftFormat, output: Path | None) -> None:
    if format_ is DriftFormat.TEXT and output is None:
        out = console()
        say(text.drift_lines(found, width=width_of(out)), out)
        return
    deliver(_rendered(found, project, format_), output)


def _rendered(found: drifts.Drift, project: Project, format_: DriftFormat) -> str:
    at = projects.stamp()
    match format_:
        case DriftFormat.TEXT:
            return "".join(f"{view.visible(line.plain)}\n" for line in text.drift_lines(found))
        case DriftFormat.JSON:
            return drift_json(found, project=project.name, environment=project.environment, at=at)
        case DriftFormat.MARKDOWN:
            from apexplan.report.markdown import drift_markdown

            return drift_markdown(found)
        case DriftFormat.JUNIT:
            from apexplan.report.junit import drift_junit

            return drift_junit(found, project=project.name, at=at)
        case DriftFormat.SARIF:
            from apexplan.report.sarif import drift_sarif

            return drift_sarif(found)
        case DriftFormat.PROMETHEUS:
            from apexplan.report.prometheus import drift_prometheus

            return drift_prometheus(found, project=project.name, environment=project.environment)
