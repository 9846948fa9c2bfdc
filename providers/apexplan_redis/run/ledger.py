"""Marks of ownership: a function library of each project's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apexplan.model.address import Address
from apexplan.provider import Mark
from apexplan_redis.read.published import content_of, library, marks_library
from apexplan_redis.run.looking import load, own_library
from apexplan_redis.server import Servers


def marks(servers: Servers, project: str) -> dict[Address, Mark]:
    """Returns what a project owns in this store."""
    return {
        (address := Address.parse(text)): Mark(address, one["values"], one["protect"], one["run"])
        for text, one in _read(servers, project).items()
    }


def record(servers: Servers, project: str, changed: Mapping[Address, Mark | None]) -> None:
    """Writes marks of a project, removes those that are None: one library a primary, replaced as a whole."""
    found = _read(servers, project)
    for address, mark in changed.items():
        if mark is None:
            found.pop(str(address), None)
        else:
            found[str(address)] = {"values": dict(mark.values), "protect": mark.protect, "run": mark.run}
    name = marks_library(project)
    code = library(name, {"project": project, "marks": found}) if found else None
    for node in servers.primaries:
        load(node, name, code)


def _read(servers: Servers, project: str) -> dict[str, dict[str, Any]]:
    content = content_of(own_library(servers, marks_library(project)))
    found = content.get("marks", {})
    return dict(found) if isinstance(found, dict) else {}
