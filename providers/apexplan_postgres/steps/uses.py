"""Which objects use a column: by its name where the spec has names, by its word in SQL texts.

A word in a text may mean something else than the column. That errs on the safe side: a plan is
refused, or a blocking way is taken, where a closer look might have allowed more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.names import last, quote, table_of
from apexplan_postgres.specs import Check, Column, Exclude, ForeignKey, Index, PrimaryKey, Trigger, Unique
from apexplan_postgres.steps.base import Planning


def users(column: Address, planning: Planning) -> Iterator[tuple[Address, Spec]]:
    """The live objects, other than the column itself, that use it."""
    table, name = table_of(column), last(column)
    for other, spec in planning.standing_on(table):
        if other != column and uses(spec, name):
            yield other, spec
    for other, reference in planning.referring_to(table):
        if table_of(other) != table and name in (reference.referenced_columns or ()):
            yield other, reference


def uses(spec: Spec, name: str) -> bool:
    """True if an object on the same table uses the column `name`."""
    match spec:
        case Index():
            named = {k.column for k in spec.keys or ()} | set(spec.include or ())
            return name in named or _said(name, spec.where, *(k.expression for k in spec.keys or ()))
        case Exclude():
            texts = (spec.where, *(k.expression for k in spec.keys or ()))
            return name in spec.columns_used() or _said(name, *texts)
        case Check():
            return _said(name, spec.expression)
        case Column():
            return spec.generated is not None and _said(name, spec.generated.expression)
        case Trigger():
            return name in (spec.update_of or ()) or _said(name, spec.when)
        case PrimaryKey() | Unique() | ForeignKey():
            return name in spec.columns_used()
    return False


def _said(name: str, *texts: str | None) -> bool:
    word = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    return any(word.search(text) or quote(name) in text for text in texts if text)


def said_in(spec: Index, column: Address) -> bool:
    """True if an SQL text of the index, not only its list of columns, uses the column."""
    return _said(last(column), spec.where, *(k.expression for k in spec.keys or ()))
