"""What every aspect of planning needs: the facts at hand, and the three shapes of a step.

    quick      transactional DDL; neighbours share one transaction          group "ddl"
    alone      transactional too, but scans data: a transaction of its own  group = its own id
    build      CREATE, DROP or REINDEX … CONCURRENTLY, or a backfill: no transaction, group None

The first two are proved by a row that the transaction writes into our ledger; what else it shall
note there (something was kept aside) is in `args`, never in a statement: a plan's statements can be
run by hand in a database that we never wrote to. What runs outside of a transaction says in `args`
how its effect is recognised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.errors import PlanError
from apexplan.model.plan import Hazard, HazardKind, Size, Step
from apexplan.model.spec import Spec, canonical, digest
from apexplan.provider import Facts
from apexplan_postgres.names import IN_TABLE, MAX_NAME_BYTES, last, schema_of, spelled, table_of
from apexplan_postgres.specs import ForeignKey, Index, Retained

S = TypeVar("S", bound=Spec)

DDL: Final = "ddl"
"""The group of quick transactional steps."""


@dataclass(slots=True)
class Planning:
    """The changes of one store by address, the facts, and what has been refused so far.

    What stands on a table is looked up again and again: it is sorted out once.
    """

    changes: Mapping[Address, Change]
    facts: Facts
    refusals: list[tuple[Address, str, str]] = field(default_factory=list)
    covered: set[Address] = field(default_factory=set)
    """Objects whose change another object's step has taken over."""
    carried: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict)
    """By the object whose rename takes them along: what is renamed with it."""
    _standing: dict[Address, list[tuple[Address, Spec]]] = field(default_factory=lambda: defaultdict(list))
    _changed: dict[Address, list[Change]] = field(default_factory=lambda: defaultdict(list))
    _kept: dict[Address, list[Address]] = field(default_factory=lambda: defaultdict(list))
    _references: dict[str, list[tuple[Address, ForeignKey]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        for address, spec in self.facts.live.items():
            if (table := _table_under(address, spec)) is not None:
                self._standing[table].append((address, spec))
            if isinstance(spec, Retained) and (table := spec.parent(address)) is not None:
                self._kept[table].append(address)
            if isinstance(spec, ForeignKey) and spec.references:
                self._references[spec.references].append((address, spec))
        for address, change in self.changes.items():
            if (table := _table_under(address, change.spec)) is not None:
                self._changed[table].append(change)

    @property
    def version(self) -> int:
        """As in `server_version_num`."""
        return int(self.facts.details.get("version_num", 0))

    def refuse(self, address: Address, text: str, mend: str) -> None:
        """Notes why there is no safe way; all refusals are raised together at the end."""
        self.refusals.append((address, text, mend))

    def raise_refusals(self) -> None:
        """Raises PlanError with everything that was refused."""
        if self.refusals:
            lines = "; ".join(f"{address}: {text}" for address, text, _ in self.refusals)
            raise PlanError(lines, mend="; ".join(dict.fromkeys(mend for *_, mend in self.refusals)))

    def action(self, address: Address) -> Action | None:
        change = self.changes.get(address)
        return change.action if change else None

    def is_new(self, table: Address) -> bool:
        """True for a table that this plan creates."""
        return self.action(table) is Action.CREATE

    def goes(self, address: Address) -> bool:
        """True for an object that this plan drops or makes anew."""
        return self.action(address) in (Action.DELETE, Action.REPLACE)

    def size(self, address: Address) -> Size | None:
        """How much is at stake at `address`: its own size, or its table's."""
        found = self.facts.sizes.get(address)
        table = self.table(address)
        return found if found is not None or table is None else self.facts.sizes.get(table)

    def table(self, address: Address) -> Address | None:
        """The table that an object stands on, or None."""
        change = self.changes.get(address)
        spec = change.spec if change else self.facts.live.get(address)
        return _table_under(address, spec)

    def is_empty(self, table: Address) -> bool:
        """True where the store is sure that the table has no rows."""
        size = self.facts.sizes.get(table)
        return self.is_new(table) or (size is not None and size.empty)

    def standing_on(self, table: Address) -> list[tuple[Address, Spec]]:
        """The live columns, constraints, indexes and triggers of a table."""
        return self._standing.get(table, [])

    def kept_in(self, table: Address) -> list[Address]:
        """The columns of a table that earlier plans kept aside."""
        return self._kept.get(table, [])

    def referring_to(self, table: Address) -> list[tuple[Address, ForeignKey]]:
        """The live foreign keys that point to a table, its own among them."""
        return self._references.get(table.name, [])

    def changed_on(self, table: Address, action: Action) -> list[Change]:
        """The changes with that action among what stands on a table, in their order."""
        return [change for change in self._changed.get(table, ()) if change.action is action]


def _table_under(address: Address, spec: Spec | None) -> Address | None:
    if address.kind in IN_TABLE:
        return table_of(address)
    return spec.parent(address) if isinstance(spec, Index) else None


@dataclass(frozen=True, slots=True)
class Back:
    """How a step is undone: what to say and what to run."""

    title: str
    statements: tuple[str, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    removes: bool = False
    args: Mapping[str, Any] = field(default_factory=dict)


def hazard(kind: HazardKind, text: str) -> Hazard:
    return Hazard(kind=kind, text=text)


def quick(
    address: Address,
    verb: str,
    title: str,
    statements: Sequence[str],
    back: Back,
    **more: Any,
) -> Step:
    """A step of plain DDL, in one transaction with its neighbours. `more`: other fields of Step."""
    return _transactional(DDL, address, verb, title, statements, back, more)


def alone(
    address: Address,
    verb: str,
    title: str,
    statements: Sequence[str],
    back: Back,
    **more: Any,
) -> Step:
    """A step whose work is proportional to the data: one transaction of its own."""
    return _transactional(f"{address}/{verb}", address, verb, title, statements, back, more)


def nothing(title: str) -> Back:
    """The way back of a step that leaves nothing which its neighbours do not take away."""
    return Back(title)


def _transactional(
    group: str,
    address: Address,
    verb: str,
    title: str,
    statements: Sequence[str],
    back: Back,
    more: Mapping[str, Any],
) -> Step:
    step_id = f"{address}/{verb}"
    common = {"address": address, "covers": (address, *more.get("covers", ()))}
    inverse = Step(
        id=f"{step_id}/undo",
        verb=f"undo {verb}",
        title=back.title,
        statements=back.statements,
        args=dict(back.args),
        hazards=back.hazards,
        size=more.get("size"),
        group=DDL if group == DDL else f"{group}/undo",
        removes=back.removes,
        **common,
    )
    rest = {name: value for name, value in more.items() if name != "covers"}
    return Step(
        id=step_id,
        verb=verb,
        title=title,
        statements=tuple(statements),
        inverse=inverse,
        group=group,
        **common,
        **rest,
    )


def owned_by(address: Address, step: Step) -> Step:
    """Makes a step at a column part of the row of steps of another object."""
    column = last(step.address)

    def moved(one: Step) -> Step:
        verb = one.id.removeprefix(f"{one.address}/")
        return one.model_copy(
            update={"id": f"{address}/{verb}/{column}", "address": address, "covers": (address,)}
        )

    assert step.inverse is not None
    return moved(step).model_copy(update={"inverse": moved(step.inverse)})


def blocking(planning: Planning, address: Address, why: str) -> tuple[Hazard, ...]:
    """The hazards of work in proportion to the data under ACCESS EXCLUSIVE."""
    text = f"{why}: {rows(planning.size(address))} cannot be {{}} meanwhile"
    return (
        hazard(HazardKind.BLOCKS_READS, text.format("read")),
        hazard(HazardKind.BLOCKS_WRITES, text.format("written")),
    )


def whole(change: Change, kind: type[S]) -> S:
    """Returns the spec that the object shall have: the live one with what the manifest manages.

    Of a mapping (`options`, `settings`) the manifest may manage a part of the keys.
    """
    live, desired = change.live, change.desired
    if desired is None or live is None:
        spec = desired or live
        assert isinstance(spec, kind)
        return spec
    assert isinstance(live, kind) and isinstance(desired, kind)
    update = {}
    for name in desired.managed:
        value, there = getattr(desired, name), getattr(live, name)
        update[name] = there | value if isinstance(value, dict) and isinstance(there, dict) else value
    return live.model_copy(update=update)


def mark(address: Address, *values: object) -> str:
    """Returns 8 hex digits that stand for the object and what is done to it."""
    return digest(str(address), *map(canonical, values))[:8]


def aside(address: Address, name: str) -> Address:
    """Returns the address of a relation called `name` in the same schema."""
    return Address(address.store, address.kind, spelled(schema_of(address), name))


def fitting(*words: str) -> str:
    """Returns the words joined by `_` as a name that the server will not cut: too long a one keeps
    its beginning and ends in a digest."""
    name = "_".join(words)
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    head = name.encode()[: MAX_NAME_BYTES - 9].decode(errors="ignore")
    return f"{head}_{digest(name)[:8]}"


def short(address: Address) -> str:
    """Returns the object for a title: without `public`, a table's object with its table."""
    table = f"{last(table_of(address))}." if address.kind in IN_TABLE else ""
    schema = schema_of(address)
    lead = "" if schema == "public" or address.kind in ("extension", "schema") else f"{schema}."
    return f"{lead}{table}{last(address)}"


def rows(size: Size | None) -> str:
    """Returns how many rows, as words: `about 1,200 rows`."""
    if size is None:
        return "its rows"
    return f"{'' if size.exact else 'about '}{size.count:,} {'row' if size.count == 1 else 'rows'}"
