"""A plan as an Alembic revision: the same statements, upgrade and downgrade, for a team that deploys
with Alembic. The statements are SQL; a plan with steps on another kind of store is refused.

What the file cannot do is what apexplan does: look before each step, undo a half-done upgrade,
batch a backfill. Steps that are more than their statements are told in a comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apexplan.model.errors import UsageError
from apexplan.model.plan import Plan, Step
from apexplan.report import view

_INDENT = "    "


def revision(plan: Plan, *, down_revision: str | None = None) -> str:
    """Returns the revision file. `down_revision`: the id that it follows, None for the first."""
    stores = {step.store for step in plan.steps}
    if len(stores) > 1:
        raise UsageError(
            f"one Alembic revision is for one database; the plan has {', '.join(sorted(stores))}",
            mend="narrow the plan with --target STORE",
        )
    steps = list(plan.steps)
    revision_id = plan.id[:12]
    lines = [
        f'"""{view.counts_line(plan)}',
        "",
        f"Revision ID: {revision_id}",
        f"Revises: {down_revision or ''}".rstrip(),
        f"Create Date: {plan.created}",
        "",
        f"Written by apexplan from plan {plan.id}.",
        '"""',
        "",
        "from alembic import op",
        "",
        f"revision = {revision_id!r}",
        f"down_revision = {down_revision!r}",
        "branch_labels = None",
        "depends_on = None",
        "",
        "",
        "def upgrade() -> None:",
        *_body(steps),
        "",
        "",
        "def downgrade() -> None:",
        *_body(_inverses(steps)),
    ]
    return "\n".join(lines) + "\n"


def _inverses(steps: Sequence[Step]) -> list[Step | str]:
    return [
        step.inverse if step.inverse is not None else f"{step.title}: {step.no_inverse}"
        for step in reversed(steps)
    ]


def _body(steps: Iterable[Step | str]) -> list[str]:
    lines = [line for step in steps for line in _step(step)]
    return lines or [f"{_INDENT}pass"]


def _step(step: Step | str) -> list[str]:
    if isinstance(step, str):
        return [f"{_INDENT}# cannot be undone: {' '.join(step.split())}"]
    lines = [f"{_INDENT}# {' '.join(step.title.split())}"]
    calls = [f"op.execute({_text(statement)})" for statement in step.statements]
    if step.group is None and calls:
        lines.append(f"{_INDENT}with op.get_context().autocommit_block():")
        return lines + [f"{_INDENT * 2}{call}" for call in calls]
    return lines + [f"{_INDENT}{call}" for call in calls]


def _text(statement: str) -> str:
    """Returns the statement as a Python literal. Alembic's `op.execute` reads `:name` as a bind
    parameter, so a colon before a letter is escaped; a cast (`::`) is not touched by it."""
    escaped = []
    for index, character in enumerate(statement):
        before = statement[index - 1] if index else ""
        after = statement[index + 1] if index + 1 < len(statement) else ""
        bind = character == ":" and before != ":" and (after.isalpha() or after == "_")
        escaped.append("\\:" if bind else character)
    return repr("".join(escaped))
