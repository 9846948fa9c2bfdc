"""What the commands that audit have in common: progress, signals, and the place where an audit goes on."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.status import Status
from rich.text import Text

from apexplan.cli.guard import EXIT_INTERRUPTED
from apexplan.cli.output import err_console, note, say
from apexplan.cli.running import stopping
from apexplan.engine import audit as audits
from apexplan.engine.apply import Stop
from apexplan.engine.survey import OpenStore
from apexplan.model.audit import Audit
from apexplan.model.errors import Interrupted, StoreError, UsageError
from apexplan.provider import AuditOptions
from apexplan.report.view import visible

_SOON = "stopping after the batch at hand; once more stops at once"
_AT_ONCE = "stopped at once"
_QUIET_S = 10.0
"""Off a terminal, an audit tells its progress at most this often, in seconds."""


def audited(
    stores: Mapping[str, OpenStore],
    contracts: audits.Contracts,
    *,
    rate: int | None = None,
    sample: int | None = None,
    root: Path | None = None,
    env: str | None = None,
    resume: bool = False,
    for_plan: bool = False,
) -> Sequence[Audit]:
    """Audits those of the stores that can be, telling how far it is on standard error. With `root`, a
    project's directory, an audit of all items that ends early leaves a file there, from which one with
    `resume` in the same environment `env` goes on."""
    names = audits.auditable(stores)
    kept = {name: _place(root, env, name) for name in names} if root is not None and sample is None else {}
    options = {
        name: AuditOptions(rate, sample, _File(kept[name], not resume) if name in kept else None, for_plan)
        for name in names
    }
    if resume and not _exist(kept):
        note("no audit was stopped here: this one begins anew")
    goes_on = ["apexplan audit --resume" + (f" --env {env}" if env else "")] if kept else []
    try:
        with stopping(_SOON, _AT_ONCE, EXIT_INTERRUPTED) as stop, _telling(stop) as watch:
            found = audits.audit(stores, contracts, options, watch)
    except Interrupted as stopped:
        note(str(stopped), *goes_on)
        raise KeyboardInterrupt from stopped
    except StoreError:
        if _exist(kept):
            note("what was counted until then is kept; to go on from there:", *goes_on)
        raise
    for place in kept.values():
        place.unlink(missing_ok=True)
    return found


def _exist(kept: Mapping[str, Path]) -> bool:
    return any(place.exists() for place in kept.values())


def _place(root: Path, env: str | None, store: str) -> Path:
    return root / ".apexplan" / "audit" / (env or "") / f"{store}.json"


@dataclass(slots=True)
class _File:
    """A checkpoint in a file. `fresh`: what an earlier audit left is of no interest."""

    path: Path
    fresh: bool

    def load(self) -> Mapping[str, Any] | None:
        if self.fresh or not self.path.exists():
            return None
        try:
            found = json.loads(self.path.read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{self.path} is no audit to go on with", mend="leave --resume out to begin anew"
            ) from error
        return found if isinstance(found, dict) else None

    def save(self, progress: Mapping[str, Any]) -> None:
        aside = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(progress))
            aside.replace(self.path)
        except OSError as error:
            text = f"how far the audit is cannot be written to {self.path}: {error.strerror}"
            raise UsageError(text, mend="check the path and the disk") from error


@dataclass(slots=True)
class _Watch:
    """Tells progress on standard error, on a live line where that is a terminal."""

    stop: Stop
    status: Status | None
    _told: float = field(default_factory=time.monotonic)

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        share = f" {done / total:4.0%}" if total else ""
        of = f" of {total:,.0f}" if total else ""
        text = f"audit{share}  {done:,.0f}{of} {unit}  {phase}".rstrip()
        if self.status is not None:
            self.status.update(Text(visible(text)))
        elif time.monotonic() - self._told > _QUIET_S:
            self._told = time.monotonic()
            say([Text(text, style="dim")], err_console())

    def stopping(self) -> bool:
        return self.stop.wished


@contextmanager
def _telling(stop: Stop) -> Iterator[_Watch]:
    if not sys.stderr.isatty():
        yield _Watch(stop, None)
        return
    with err_console().status("audit") as status:
        yield _Watch(stop, status)
