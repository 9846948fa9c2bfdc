"""All errors of the project, and the one table from error to exit code.

    ApexplanError
    ├── ManifestError            what someone wrote; carries diagnostics
    ├── UsageError               a command line that makes no sense
    ├── StoreError               a store said no; carries store, address
    │   ├── StoreUnreachable     nobody answers
    │   ├── AccessDenied         wrong password, missing privilege
    │   ├── Unsupported          too old a server, a missing ability
    │   ├── Transient            worth another try (lock time-out, deadlock, restart)
    │   └── Ambiguous            connection lost after the call was sent: probe before anything else
    ├── PlanError                no plan can be made
    │   ├── DependencyCycle
    │   ├── MissingDependency
    │   └── Protected
    ├── Refused                  a plan may not be applied
    │   ├── NotAllowed           hazards that nobody allowed
    │   ├── Obstructed           something stands in the way, as the plan's notes say
    │   ├── StalePlan            stale, edited, spent, or of another state
    │   └── RunOpen              an earlier run waits for resume or rollback
    ├── StateError               the state cannot be read or written
    │   ├── LockHeld
    │   └── FenceLost
    └── Interrupted              stopped by a signal

Errors carry data; their text is made in `__str__`. No error holds a secret: driver errors are
wrapped by the provider (`from` keeps the chain) with the message rewritten, never passed through.
"""

from __future__ import annotations

from collections.abc import Sequence

from apexplan.model.address import Address
from apexplan.model.diagnostics import Diagnostic
from apexplan.model.plan import Hazard, Note


class ApexplanError(Exception):
    """Base of all errors. `mend` says what to do, as one sentence."""

    exit_code = 1

    def __init__(self, text: str, *, mend: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.mend = mend

    def __str__(self) -> str:
        return self.text


class ManifestError(ApexplanError):
    """Problems in manifests, all that were found."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(f"{len(diagnostics)} problem{'s' * (len(diagnostics) != 1)} in the manifests")
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n".join(map(str, self.diagnostics)) or self.text


class UsageError(ApexplanError):
    """Arguments that do not go together."""


class StoreError(ApexplanError):
    """A store refused. `code` is the store's own error code (SQLSTATE, Neo4j code), if it has one."""

    def __init__(
        self, text: str, *, store: str = "", address: Address | None = None, code: str = "", mend: str = ""
    ) -> None:
        super().__init__(text, mend=mend)
        self.store = store
        self.address = address
        self.code = code

    def __str__(self) -> str:
        subject = str(self.address) if self.address else self.store
        code = f" [{self.code}]" if self.code else ""
        return f"{subject}: {self.text}{code}" if subject else f"{self.text}{code}"


class StoreUnreachable(StoreError):
    """Nobody answers, or nobody any more."""


class AccessDenied(StoreError):
    """Wrong credentials or too few privileges."""


class Unsupported(StoreError):
    """The server is too old or lacks an ability."""


class Transient(StoreError):
    """The same call may succeed a little later; nothing was changed by this one."""


class Ambiguous(StoreError):
    """Nobody knows whether the call took effect. The engine probes."""


class PlanError(ApexplanError):
    """No plan can be made from these inputs."""


class DependencyCycle(PlanError):
    """Steps or objects that wait for each other. `cycle` starts and ends with the same name."""

    def __init__(self, cycle: Sequence[str]) -> None:
        super().__init__(
            "these wait for each other: " + " → ".join(cycle), mend="remove one of the references"
        )
        self.cycle = tuple(cycle)


class MissingDependency(PlanError):
    """An object refers to one that neither a manifest declares nor the store has."""

    def __init__(self, missing: Sequence[tuple[Address, Address, str]]) -> None:
        lines = [f"{where + ': ' if where else ''}{user} needs {needed}" for user, needed, where in missing]
        super().__init__(
            "not declared and not in the store: " + "; ".join(lines),
            mend="declare what is missing, or correct the name",
        )
        self.missing = tuple(missing)


class Protected(PlanError):
    """A protected object would be deleted or replaced."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        super().__init__(
            "protected, yet the plan would delete or replace: " + ", ".join(map(str, addresses)),
            mend="set `lifecycle: {protect: false}`, apply that, and plan again",
        )
        self.addresses = tuple(addresses)


class Refused(ApexplanError):
    """A plan that must not be applied as things are."""


class NotAllowed(Refused):
    """Hazards that neither a flag nor the policy allows. `denied`: allowed by flag, denied by policy."""

    def __init__(self, hazards: Sequence[tuple[Address, Hazard]], *, denied: bool = False) -> None:
        kinds = sorted({str(h.kind) for _, h in hazards})
        verb = "denied by the policy of this environment" if denied else "not allowed"
        super().__init__(
            f"{verb}: " + ", ".join(kinds) + " at " + ", ".join(sorted({str(a) for a, _ in hazards})),
            mend=""
            if denied
            else "read the plan, then repeat with " + " ".join(f"--allow {kind}" for kind in kinds),
        )
        self.hazards = tuple(hazards)


class Obstructed(Refused):
    """An apply of the plan would fail: the plan's blocking notes say why."""

    def __init__(self, notes: Sequence[Note]) -> None:
        about = dict.fromkeys(str(note.address or note.text) for note in notes)
        super().__init__(
            "this cannot be applied, because of " + ", ".join(about),
            mend="the plan says what is in the way, and how to mend it",
        )
        self.notes = tuple(notes)


class StalePlan(Refused):
    """The plan no longer describes what would be done. `why` is one of the words in PLAN_REFUSALS."""

    def __init__(self, why: str, text: str, *, mend: str = "plan again and have it approved again") -> None:
        super().__init__(text, mend=mend)
        self.why = why


PLAN_REFUSALS = ("edited", "spent", "manifests", "lineage", "stale", "format", "environment")


class RunOpen(Refused):
    """An earlier run was not finished."""

    def __init__(self, run: str, status: str) -> None:
        super().__init__(
            f"run {run} is {status}",
            mend=f"`apexplan resume {run}` to finish it, or `apexplan rollback {run}` to undo it",
        )
        self.run = run


class StateError(ApexplanError):
    """The state cannot be read or written, or holds something else than expected."""


class LockHeld(StateError):
    """Someone else is applying. `holder` says who, since when, on which machine."""

    def __init__(self, holder: str, lock_id: str) -> None:
        super().__init__(
            f"the state is locked by {holder}",
            mend=f'wait with --lock-timeout, or, if that run is dead: apexplan unlock {lock_id} --reason "…"',
        )
        self.holder = holder
        self.lock_id = lock_id


class FenceLost(StateError):
    """Another run took the lock meanwhile: this one stops before its next step."""


class Interrupted(ApexplanError):
    """Stopped by a signal; the journal tells how far it went."""

    exit_code = 4


EXIT_OK, EXIT_ERROR, EXIT_CHANGES, EXIT_UNDONE, EXIT_STUCK = 0, 1, 2, 3, 4
