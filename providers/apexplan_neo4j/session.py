"""One session on one database. Importing this imports no driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Note, Size, Step, Unit
from apexplan.model.spec import Spec
from apexplan.provider import Check, Live, Mark, Normal, Outcome, Scope, Watch
from apexplan_neo4j.connection import Graph
from apexplan_neo4j.normalize import normalize

if TYPE_CHECKING:
    from apexplan_neo4j.read import Seen


class Neo4jSession:
    """See `apexplan.provider`. The driver opens lost connections again by itself; the lock is taken
    again by the next `claim`."""

    def __init__(self, graph: Graph) -> None:
        from apexplan_neo4j.run.fence import Fence
        from apexplan_neo4j.run.lock import Lock

        self.graph = graph
        self._facts: Mapping[str, Any] = {}
        self._seen: Seen | None = None
        self._fence = Fence(graph.store)
        self._lock = Lock(graph)
        self._name = ("", "")

    def close(self) -> None:
        self._lock.release()

    def details(self) -> Mapping[str, Any]:
        """Returns version, edition and database; asks once. Raises Unsupported for a server before 5.0."""
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.read.details import details

        if not self._facts:
            with translated(self.graph.store, sent=False):
                self._facts = details(self.graph)
        return self._facts

    def read(self, scope: Scope) -> Live:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.read import read

        facts = self.details()
        with translated(self.graph.store, sent=False):
            self._seen = read(self.graph, scope, facts)
        self._fence.saw(self._seen.revision)
        return self._seen.live

    def normalize(self, desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Normal:
        return normalize(desired)

    def measure(self, addresses: frozenset[Address]) -> Mapping[Address, Size]:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.measure import measure

        live = self._seen.live.objects if self._seen else {}
        extents = {address: _extent(address, live) for address in addresses}
        with translated(self.graph.store, sent=False):
            sizes = measure(self.graph, {extent for extent in extents.values() if extent is not None})
        return {a: sizes[extent] for a, extent in extents.items() if extent is not None and extent in sizes}

    def obstacles(self, changes: Sequence[Change]) -> Sequence[Note]:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.obstacles import obstacles

        assert self._seen is not None, "read comes first"
        with translated(self.graph.store, sent=False):
            return obstacles(self.graph, changes, self._seen)

    def rehearse(self, units: Sequence[Unit]) -> Sequence[Note]:
        from apexplan_neo4j.run.rehearsal import rehearse

        return rehearse(self.graph, units)

    def examine(self) -> Sequence[Check]:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.examine import examine

        with translated(self.graph.store, sent=False):
            return examine(self.graph, self.details())

    def claim(self, run: str, by: str) -> None:
        """Takes the database's lock for this run. Raises StoreError where another apply went by since
        `read`."""
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.read.marker import current

        self._name = (run, by)
        self._lock.take(run, by)
        with translated(self.graph.store, sent=False):
            self._fence.check(current(self.graph))

    def run_group(self, unit: str, steps: Sequence[Step], watch: Watch) -> None:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.run.batch import run_group

        self._keep_lock()
        with translated(self.graph.store):
            run_group(self.graph, self._fence, unit, steps, watch)

    def probe_group(self, unit: str, steps: Sequence[Step]) -> Outcome:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.run.batch import probe_group

        with translated(self.graph.store, sent=False):
            return probe_group(self.graph, unit, steps)

    def run(self, step: Step, watch: Watch) -> None:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.run.entry import Signature
        from apexplan_neo4j.run.migration import run

        self._keep_lock()
        with translated(self.graph.store, step.address):
            run(self.graph, self._fence, step, watch, Signature(*self._name))

    def probe(self, step: Step) -> Outcome:
        from apexplan_neo4j.errors import translated
        from apexplan_neo4j.run.migration import probe

        with translated(self.graph.store, sent=False):
            return probe(self.graph, step)

    def _keep_lock(self) -> None:
        """Takes the lock again where the server ended its transaction: somebody else may have it by now."""
        if any(self._name) and not self._lock.held:
            self.claim(*self._name)

    def marks(self, project: str) -> Mapping[Address, Mark]:
        from apexplan_neo4j.run.ledger import marks

        return marks(self.graph, project)

    def record(self, project: str, marks: Mapping[Address, Mark | None]) -> None:
        from apexplan_neo4j.run.ledger import record

        record(self.graph, project, marks)


def _extent(address: Address, live: Mapping[Address, Spec]) -> Address | None:
    """Returns what an index or constraint is on; a label or type is that itself."""
    spec = live.get(address)
    return spec.parent(address) if spec is not None else address
