"""One session on one Qdrant. Importing this imports no driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.errors import StoreError
from apexplan.model.plan import Note, Size, Step
from apexplan.model.spec import Spec
from apexplan.provider import Check, Live, Mark, Normal, Outcome, Scope, Watch
from apexplan_qdrant.measure import measure
from apexplan_qdrant.normalize import normalize
from apexplan_qdrant.obstacles import obstacles
from apexplan_qdrant.read import Seen, read
from apexplan_qdrant.run import VERBS, ledger
from apexplan_qdrant.run.built import unlike
from apexplan_qdrant.run.proof import Proof
from apexplan_qdrant.run.verifying import verify
from apexplan_qdrant.steps.copying import VERIFY
from apexplan_qdrant.target import Target


class QdrantSession:
    """See `apexplan.provider`. A server has no lock that would die with its client, so two runs with
    different states are told apart only by what they find: every step looks before and after."""

    def __init__(self, target: Target, settle_timeout_s: float) -> None:
        self.target = target
        self._settle_timeout_s = settle_timeout_s
        self._seen: Seen | None = None
        self._desired: frozenset[Address] = frozenset()
        self._settled: set[str] = set()
        self._proofs: dict[str, Proof | None] = {}

    @property
    def seen(self) -> Seen:
        assert self._seen is not None, "read comes first"
        return self._seen

    def read(self, scope: Scope) -> Live:
        self._seen = read(self.target, scope)
        return self._seen.live

    def normalize(self, desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Normal:
        self._desired = frozenset(desired)
        return normalize(desired, self.seen.served)

    def measure(self, addresses: frozenset[Address]) -> Mapping[Address, Size]:
        return measure(self.target, addresses, self.seen.served)

    def obstacles(self, changes: Sequence[Change]) -> Sequence[Note]:
        return obstacles(self.target, changes, self.seen, self._desired)

    def examine(self) -> Sequence[Check]:
        return self.target.examine()

    def run(self, step: Step, watch: Watch) -> None:
        verb = VERBS[step.verb]
        if verb.settles_before:
            self._settle(step, watch)
        if step.verb == VERIFY:
            self._proofs[step.args["target"]] = verify(self.target, step, watch)
        elif verb.proven is not None and "source" in step.args:
            verb.proven(self.target, step, watch, self._proof(step, watch))
        else:
            verb.run(self.target, step, watch)

    def _proof(self, step: Step, watch: Watch) -> Proof | None:
        """Returns what the comparison found. One that was another process's, before a crash, is made anew:
        who knows what was written since. Not where readers are on the new collection already, which is the
        truth then."""
        goal = step.args["target"]
        if goal not in self._proofs and VERBS[step.verb].probe(self.target, step) is Outcome.NOT_DONE:
            self._proofs[goal] = verify(self.target, step, watch)
        return self._proofs.get(goal)

    def wait(self, step: Step, watch: Watch) -> None:
        """Waits until nothing is left to build, after a step that sets something going, and looks whether it
        was built. Raises StoreError where it was not, though the target says that it is done."""
        if not VERBS[step.verb].builds:
            return
        physical = step.args["physical"]
        self._settle(step, watch)
        wrong = unlike(self.target, physical)
        if wrong:
            self.target.wake(physical)
            self._settle(step, watch)
            wrong = unlike(self.target, physical)
        if wrong:
            raise StoreError(
                f"{physical} is green, yet its segments are built otherwise: {', '.join(wrong)}",
                store=self.target.store,
                address=step.address,
                mend="look into the server's log; resume waits again",
            )
        self._settled.add(step.id)

    def _settle(self, step: Step, watch: Watch) -> None:
        self.target.settle(step.args["physical"], watch, self._settle_timeout_s)

    def probe(self, step: Step) -> Outcome:
        """Returns what the target says. Where a step builds in the background, it is not done before that
        came to rest once; a write of somebody else's that makes the collection busy again afterwards is not
        ours."""
        verb = VERBS[step.verb]
        outcome = verb.probe(self.target, step)
        if outcome is not Outcome.DONE or not verb.builds or step.id in self._settled:
            return outcome
        physical = step.args["physical"]
        at_rest = self.target.work(physical).idle and not unlike(self.target, physical)
        return Outcome.DONE if at_rest else Outcome.PARTIAL

    def marks(self, project: str) -> Mapping[Address, Mark]:
        return ledger.marks(read(self.target, Scope(self.target.store)), project)

    def record(self, project: str, marks: Mapping[Address, Mark | None]) -> None:
        seen = read(self.target, Scope(self.target.store))
        known = ledger.marks(seen, project).keys() | marks.keys()
        ledger.record(self.target, seen.knowing(known), project, marks)
