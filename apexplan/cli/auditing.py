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

from apexplan.cli.output import err_console, note, say
from apexplan.cli.running import stopping
from apexplan.engine import audit as audits
from apexplan.engine.apply import Stop
from apexplan.engine.survey import OpenStore
from apexplan.model.audit import Audit
from apexplan.model.errors import Interrupted, UsageError
from apexplan.provider import AuditOptions
from apexplan.report.view import visible

_SOON = "stopping after the batch at hand; once more stops at once"
_AT_ONCE = "stopped at once"
_QUIET_S = 10.0
"""Off a terminal, an audit tells its progress at most this often, in seconds."""


def audited(
    stores: Mapping[str, OpenStore],
    contracts: audits.Contracts,
    names: Sequence[str],
    *,
    rate: int | None = None,
    sample: int | None = None,
    root: Path | None = None,
    resume: bool = False,
    for_plan: bool = False,
) -> Sequence[Audit]:
    """Audits the stores of these names, telling how far it is on standard error. With `root`, a project's
    directory, an audit that is stopped leaves a file there, from which one with `resume` goes on."""
    options = {
        name: AuditOptions(rate, sample, _file(root, name, fresh=not resume), for_plan) for name in names
    }
    try:
        with stopping(_SOON, _AT_ONCE) as stop, _telling(stop) as watch:
            found = audits.audit(stores, contracts, options, watch)
    except Interrupted as stopped:
        note(str(stopped), *(["apexplan audit --resume"] if root is not None else []))
        raise KeyboardInterrupt from stopped
    if root is not None:
        for name in names:
            _place(root, name).unlink(missing_ok=True)
    return found


def _place(root: Path, store: str) -> Path:
    return root / ".apexplan" / "audit" / f"{store}.json"


def _file(root: Path | None, store: str, *, fresh: bool) -> _File | None:
    return None if root is None else _File(_place(root, store), fresh)


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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(".new")
        aside.write_text(json.dumps(progress))
        aside.replace(self.path)


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
