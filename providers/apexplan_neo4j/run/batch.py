"""One transaction of schema statements with its marker, and what the database says of it.

    not committed ── repair leaks, look what is there ── BEGIN, marker N → N + 1, statements, COMMIT
    committed     ── what is FAILED or gone is made again ──▶ wait until ONLINE

A constraint whose making ended with its server, or in a deadlock, leaves a range index that never comes
ONLINE. The making, and the undo of it, removes that first, in a statement of its own: a constraint may
not have the name of an index that was dropped in the same transaction (measured on 5.26.12). On an index
of a constraint that is still being made the drop waits and is refused, so nobody's work is lost. A
second CREATE CONSTRAINT is a deadlock there, which one of the two loses: so it is not tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apexplan.model.errors import StoreError, Transient
from apexplan.model.plan import Step
from apexplan.model.spec import same
from apexplan.provider import Outcome, Watch
from apexplan_neo4j import ddl
from apexplan_neo4j.connection import Graph, Row
from apexplan_neo4j.names import at
from apexplan_neo4j.read import constraints, indexes
from apexplan_neo4j.read.marker import Marker, of_rows
from apexplan_neo4j.run import population
from apexplan_neo4j.run.fence import Fence
from apexplan_neo4j.run.move import move
from apexplan_neo4j.run.watchdog import watched
from apexplan_neo4j.specs import Constraint, Index
from apexplan_neo4j.specs.constraint import INDEXED
from apexplan_neo4j.steps.base import DROP, MAKE


@dataclass(frozen=True, slots=True)
class There:
    """What a database holds, by name. `leaks`: indexes of a CREATE CONSTRAINT that never ended."""

    indexes: Mapping[str, Index]
    constraints: Mapping[str, Constraint]
    leaks: frozenset[str]
    marker: Marker

    @classmethod
    def of(cls, graph: Graph, steps: Sequence[Step]) -> There:
        """Looks at what steps of this kind can meet."""
        rows = indexes.index_rows(graph)
        if not any(step.args["kind"] == "constraint" for step in steps):
            return cls(_free_indexes(rows, frozenset()), {}, frozenset(), of_rows(rows))
        rows, leaks = indexes.settled(rows, graph)
        known = {
            row["name"]: constraints.constraint_of(row)
            for row in constraints.constraint_rows(graph)
            if row["type"] in constraints.TYPES
        }
        return cls(_free_indexes(rows, leaks), known, leaks, of_rows(rows))

    def has(self, step: Step) -> bool:
        """True if what `step` speaks of is there, of its very definition; healthy, if it is to be made."""
        found, wanted = self._found(step), wish(step)
        fields = wanted.managed if step.verb == MAKE else wanted.managed - {"health"}
        return found is not None and all(same(getattr(found, f), getattr(wanted, f)) for f in fields)

    def failed(self, step: Step) -> bool:
        """True if the index that `step` makes is there and FAILED."""
        found = self._found(step)
        return isinstance(found, Index) and found.health == "failed" and found.place() == wish(step).place()

    def in_the_way(self, step: Step) -> frozenset[str]:
        """Returns the leaks that hold the place or the name of the constraint of `step`."""
        spec = wish(step)
        if not isinstance(spec, Constraint):
            return frozenset()
        place = spec.place()
        return frozenset(
            name for name in self.leaks if name == step.args["name"] or self.indexes[name].place() == place
        )

    def taken(self, step: Step) -> bool:
        """True if an index that is no leak has the name or the place of the constraint of `step`."""
        spec = wish(step)
        if step.verb != MAKE or not isinstance(spec, Constraint):
            return False
        others = {name: index for name, index in self.indexes.items() if name not in self.leaks}
        return step.args["name"] in others or spec.place() in {index.place() for index in others.values()}

    def _found(self, step: Step) -> Index | Constraint | None:
        known = self.constraints if step.args["kind"] == "constraint" else self.indexes
        return known.get(step.args["name"])


def wish(step: Step) -> Index | Constraint:
    """Returns the spec of what a step makes or drops."""
    kind: type[Index] | type[Constraint] = Constraint if step.args["kind"] == "constraint" else Index
    return kind.model_validate(step.args["spec"])


def run_group(graph: Graph, fence: Fence, unit: str, steps: Sequence[Step], watch: Watch) -> None:
    """Runs the steps in one transaction with the marker of `unit`, and waits until all is ONLINE.

    Raises StoreError where `fence` does not let us build on the marker that is there.
    """
    there = There.of(graph, steps)
    _refuse_contested(graph, steps, there)
    for name in sorted({name for step in steps for name in there.in_the_way(step)}):
        remove_leak(graph, name)
    fence.check(there.marker)
    fence.tries(unit)
    statements = _statements(steps, there, again=there.marker.proves(unit))
    if statements or not there.marker.proves(unit):
        fence.saw(_commit(graph, unit, steps, statements, there.marker, watch).revision)
    population.wait_online(graph, [s.args["name"] for s in steps if s.verb == MAKE and _has_index(s)], watch)


def probe_group(graph: Graph, unit: str, steps: Sequence[Step]) -> Outcome:
    """Returns what became of a unit. The marker proves a commit; where a later one stands in its place,
    the objects themselves are looked at. Never writes."""
    there = There.of(graph, steps)
    made = {step.args["name"] for step in steps if step.verb == MAKE and there.has(step)}
    after = [
        step.args["name"] in made if step.verb == MAKE else step.args["name"] in made or not there.has(step)
        for step in steps
    ]
    if there.marker.proves(unit) or all(after):
        return Outcome.DONE if all(after) and _all_online(graph, steps) else Outcome.PARTIAL
    if any(there.in_the_way(step) for step in steps):
        return Outcome.PARTIAL
    before = [there.has(step) is (step.verb == DROP) for step in steps]
    return Outcome.NOT_DONE if all(before) else Outcome.UNKNOWN


def _statements(steps: Sequence[Step], there: There, *, again: bool) -> list[str]:
    """Returns what is to be run: a drop where the thing is there, a making where it is not, or will not
    be. After the commit of this very unit only what failed or was lost since is made again."""
    gone = {s.args["name"] for s in steps if s.verb == DROP and there.has(s) and not again}
    statements: list[str] = []
    for step in steps:
        name = step.args["name"]
        if step.verb == DROP and name in gone:
            statements += step.statements
        elif step.verb == MAKE and (name in gone or not there.has(step)):
            statements += [ddl.drop_index(name)] if there.failed(step) and name not in gone else []
            statements += step.statements
    return statements


def _commit(
    graph: Graph, unit: str, steps: Sequence[Step], statements: Sequence[str], base: Marker, watch: Watch
) -> Marker:
    long = any(step.verb == MAKE and step.args["kind"] == "constraint" for step in steps)
    names = [step.args["name"] for step in steps]

    def look() -> None:
        if long:
            population.report(population.states(graph, names).values(), watch)

    with watched(graph, unit, watch if long else None, look) as tx:
        written = move(tx, base, unit)
        for statement in statements:
            tx.rows(statement)
        tx.commit()
    return written


def _refuse_contested(graph: Graph, steps: Sequence[Step], there: There) -> None:
    for step in steps:
        if there.taken(step) and indexes.constraint_in_the_making(graph):
            raise Transient(
                "somebody else makes a constraint of this name or on these properties now",
                address=step.address,
                mend="wait until that has ended, then apply again",
            )


def remove_leak(graph: Graph, name: str) -> None:
    """Drops what a CREATE CONSTRAINT left that never ended. An error counts only if it is there still."""
    try:
        with watched(graph, f"repair of {name}") as tx:
            tx.rows(ddl.drop_index(name))
            tx.commit()
    except StoreError as error:
        if name in indexes.settled(indexes.index_rows(graph), graph)[1]:
            error.address = at(graph.store, "index", name)
            raise


def _has_index(step: Step) -> bool:
    return step.args["kind"] == "index" or wish(step).type in INDEXED


def _all_online(graph: Graph, steps: Sequence[Step]) -> bool:
    names = [step.args["name"] for step in steps if step.verb == MAKE and _has_index(step)]
    found = population.states(graph, names) if names else {}
    return len(found) == len(names) and all(row["state"] == "ONLINE" for row in found.values())


def _free_indexes(rows: Sequence[Row], leaks: frozenset[str]) -> dict[str, Index]:
    return {
        row["name"]: indexes.index_of(row, orphaned=row["name"] in leaks)
        for row in rows
        if indexes.kind_of(row) is not None and row.get("owningConstraint") is None
    }
