"""Warnings that need no store: things that are allowed and most likely not meant.

What a kind knows about its own objects (an index without use, a type that
wastes memory) comes as warnings from its `expand` and is in
`Workspace.warnings`; these are about what all kinds share.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from apexplan.manifest.project import FILE_NAME, Project
from apexplan.manifest.subject import did_you_mean
from apexplan.manifest.workspace import Workspace
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Diagnostic, Location, Severity


def lint(workspace: Workspace, *, today: datetime.date) -> list[Diagnostic]:
    """Returns all warnings: the workspace's own first, then those about waivers, policy and lifecycles."""
    return [
        *workspace.warnings,
        *_policy(workspace.project),
        *_expired(workspace.project, today),
        *(found for one in workspace.declared.values() for found in _lifecycle(one)),
    ]


def _policy(project: Project) -> Iterator[Diagnostic]:
    for hazard in sorted(project.policy.allow & project.policy.deny):
        yield Diagnostic(
            "allowed-and-denied",
            "a hazard is both allowed and denied",
            f"`{hazard}`",
            "deny wins, so the other line does nothing",
            "remove it from one of the two",
            Location(FILE_NAME, 1, 1),
            Severity.WARNING,
        )


def _expired(project: Project, today: datetime.date) -> Iterator[Diagnostic]:
    for waiver in project.waivers:
        if waiver.expires < today:
            yield Diagnostic(
                "waiver-expired",
                "a waiver has expired",
                f"`{waiver.address}`, {waiver.owner}, on {waiver.expires}",
                "the drift that it accepted is reported again",
                "mend the drift, or renew the waiver with its owner",
                waiver.where,
                Severity.WARNING,
            )


def _lifecycle(one: Declared) -> Iterator[Diagnostic]:
    fields = type(one.spec).rules
    for name in sorted(one.lifecycle.ignore - fields.keys()):
        yield Diagnostic(
            "ignores-unknown-field",
            "an ignored field does not exist",
            f"`{name}` of `{one.address}`",
            "ignoring it does nothing",
            did_you_mean(name, fields),
            one.where,
            Severity.WARNING,
        )
    comparable = one.spec.comparable()
    if comparable and comparable <= one.lifecycle.ignore:
        yield Diagnostic(
            "nothing-managed",
            "every field of an object is ignored",
            f"`{one.address}`",
            "only its existence is managed: no drift of it can be seen",
            "ignore fewer fields, or leave the fields out",
            one.where,
            Severity.WARNING,
        )
