"""Plans and drifts for the tests of reports, put together by hand: no engine, no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from rich.text import Text

from apexplan.engine.drift import Drift, DriftKind, Finding
from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.plan import (
    Hazard,
    HazardKind,
    Note,
    Plan,
    PlannedChange,
    PlannedField,
    RollbackClass,
    Size,
    Step,
    Unit,
)
from apexplan.model.waiver import Waiver


def at(text: str) -> Address:
    return Address.parse(text)


def field(name: str, live: Any, desired: Any, how: str = "in place", why: str = "") -> PlannedField:
    return PlannedField(field=name, live=live, desired=desired, how=how, why=why)


def change(address: str, action: Action, *fields: PlannedField, **more: Any) -> PlannedChange:
    return PlannedChange(address=at(address), action=action, fields=fields, **more)


def step(
    address: str,
    *statements: str,
    covers: Sequence[str] = (),
    hazards: Mapping[HazardKind, str] | None = None,
    **more: Any,
) -> Step:
    """Returns a step; without an inverse among `more` it has one that does nothing."""
    found = tuple(Hazard(kind=kind, text=text) for kind, text in (hazards or {}).items())
    values: dict[str, Any] = {
        "id": f"{address}/{more.get('verb', 'do')}/{len(statements)}",
        "verb": "do",
        "title": f"do {address}",
        "inverse": None if "no_inverse" in more else undo(address),
        **more,
    }
    return Step(
        address=at(address),
        covers=tuple(map(at, covers or [address])),
        statements=statements,
        hazards=found,
        **values,
    )


def undo(address: str, *statements: str) -> Step:
    return Step(
        id=f"{address}/undo",
        address=at(address),
        covers=(at(address),),
        verb="undo",
        title=f"undo {address}",
        statements=statements,
        no_inverse="it undoes",
    )


def plan(changes: Iterable[PlannedChange] = (), steps: Iterable[Step] = (), **more: Any) -> Plan:
    units = tuple(Unit(id=f"u{n:04d}", steps=(one,)) for n, one in enumerate(steps, 1))
    values: dict[str, Any] = {
        "created": "2026-01-02T03:04:05Z",
        "project": "memory",
        "manifests": "m",
        "lineage": "l",
        "serial": 7,
        "units": units,
        **more,
    }
    return Plan(changes=tuple(changes), **values).sealed()


def plain(lines: Iterable[Text]) -> list[str]:
    return [line.plain for line in lines]


def waiver(address: str, until: str = "2026-12-31", **more: Any) -> Waiver:
    return Waiver(at(address), "ann", "the migration runs until then", date.fromisoformat(until), **more)


def missing(address: str, **more: Any) -> Finding:
    return Finding(at(address), DriftKind.MISSING, **more)


def changed(address: str, name: str, recorded: Any, live: Any, **more: Any) -> Finding:
    return Finding(at(address), DriftKind.CHANGED, name, recorded, live, **more)


def drift(*findings: Finding, checked: int = 10, **more: Any) -> Drift:
    return Drift(findings, checked, **more)


DELETES = {HazardKind.DELETES_DATA: "every row of the table goes"}

SAMPLE = plan(
    [
        change("sql.table.public.events", Action.CREATE),
        change("sql.column.public.events.id", Action.CREATE, parent=at("sql.table.public.events")),
        change("sql.column.public.events.at", Action.CREATE, parent=at("sql.table.public.events")),
        change("sql.primary_key.public.events", Action.CREATE, parent=at("sql.table.public.events")),
        change(
            "sql.index.public.documents_embedding_idx",
            Action.REPLACE,
            field("using", "ivfflat", "hnsw", "replace", "an index has one method for life"),
            field("comment", None, "searched by the agents"),
            summary="hnsw (embedding vector_cosine_ops)",
        ),
        change("sql.column.public.documents.title", Action.UPDATE, field("type", "varchar(40)", "text")),
        change("sql.table.public.legacy", Action.DELETE),
        change("graph.index.title_idx", Action.RENAME, renamed_from=at("graph.index.old_idx")),
        change("graph.index.body_idx", Action.ADOPT, adopts=True),
        change("graph.index.gone_idx", Action.FORGET),
    ],
    [
        step(
            "sql.table.public.legacy",
            "DROP TABLE public.legacy",
            hazards=DELETES,
            size=Size(count=5000, exact=True, size_bytes=41_000_000),
            rollback=RollbackClass.IMPOSSIBLE,
            no_inverse="the rows are gone",
            title="drop table public.legacy",
        ),
        step(
            "sql.table.public.events",
            "CREATE TABLE public.events (\n    id bigint\n)",
            covers=[
                "sql.table.public.events",
                "sql.column.public.events.id",
                "sql.column.public.events.at",
                "sql.primary_key.public.events",
            ],
            title="create table public.events",
        ),
        step(
            "sql.index.public.documents_embedding_idx",
            "CREATE INDEX …",
            hazards={HazardKind.INDEX_GAP: "searches scan meanwhile"},
            size=Size(count=1200),
            title="make the index anew",
        ),
        step("sql.column.public.documents.title", "ALTER TABLE …", online=False, title="widen the column"),
        step("graph.index.title_idx", "RENAME …", title="rename the index"),
    ],
    environment="prod",
    in_sync=3,
    unmanaged=(at("sql.table.public.a"), at("sql.table.public.b"), at("sql.index.public.c")),
    notes=(Note(text="comment: not proven equal", address=at("sql.table.public.d")),),
)
"""One of everything, on two stores."""
