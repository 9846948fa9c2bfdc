"""A plan as an Alembic revision: the same statements, upgrade and downgrade, for a team that deploys
with Alembic. The statements are SQL; a plan with steps on another kind of store is refused.

What the file cannot do is what apexplan does: look before each step, undo a half-done upgrade,
batch a backfill. Steps that are more than their statements are told in a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from apexplan.model.errors import UsageError
from apexplan.model.plan import Plan, Step
from apexplan.report import view

_INDENT = "    "
_READ_BY_SQLALCHEMY = re.compile(r"(?<![:\w$\\]):(?=[\w$]+(?![:\w$]))|(?<=\\):(?=[\w$]*(?![:\w$]))")
"""A colon that `sqlalchemy.text` takes for the start of a bind parameter, or for an escaped one."""


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
    does_something = any(not line.lstrip().startswith("#") for line in lines)
    return lines if does_something else [*lines, f"{_INDENT}pass"]


def _step(step: Step | str) -> list[str]:
    if isinstance(step, str):
        return [_comment(f"cannot be undone: {step}")]
    lines = [_comment(step.title)]
    calls = [f"op.execute({_text(statement)})" for statement in step.statements]
    if step.group is None and calls:
        lines.append(f"{_INDENT}with op.get_context().autocommit_block():")
        return lines + [f"{_INDENT * 2}{call}" for call in calls]
    return lines + [f"{_INDENT}{call}" for call in calls]


def _comment(text: str) -> str:
    return f"{_INDENT}# {view.visible(' '.join(text.split()))}"


def _text(statement: str) -> str:
    """Returns the statement as a Python literal, with each colon escaped that Alembic's `op.execute`
    would not pass on as it is."""
    return repr(_READ_BY_SQLALCHEMY.sub(r"\\:", statement))
