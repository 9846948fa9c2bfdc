"""A project in a temporary directory, with a fake store in a file, and commands run on it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from apexplan.cli.guard import guarded
from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.testing.fake import FakeSession
from apexplan_state import open_state

Boxes = Mapping[str, Mapping[str, Any]]

THREE: Boxes = {
    "red": {"color": "red", "size": 3},
    "blue": {"color": "blue", "needs": ["red"]},
    "green": {"color": "green", "tags": {"a": "b"}},
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(slots=True)
class Shop:
    """One project. `settings` is apexplan.yaml; `variables` is all of the environment."""

    root: Path
    settings: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = {
            "version": 1,
            "project": "shop",
            "stores": {"shelf": {"provider": "fake", "file": str(self.store_file)}},
            "manifests": ["schema/*.yaml"],
            "environments": {"prod": {"policy": {"deny": ["DELETES_DATA"]}}},
            **self.settings,
        }
        (self.root / "schema").mkdir()
        self.save()
        self.declare(THREE)

    @property
    def store_file(self) -> Path:
        return self.root / "store.json"

    @property
    def state_file(self) -> Path:
        return self.root / ".apexplan" / "state.db"

    @property
    def store(self) -> dict[str, Any]:
        """The content of the fake store."""
        found: dict[str, Any] = json.loads(self.store_file.read_text()) if self.store_file.exists() else {}
        return found

    @property
    def boxes(self) -> dict[str, Any]:
        found: dict[str, Any] = self.store.get("boxes", {})
        return found

    def save(self) -> None:
        """Writes apexplan.yaml from `settings`."""
        (self.root / "apexplan.yaml").write_text(yaml.safe_dump(self.settings, sort_keys=False))

    def declare(self, boxes: Boxes) -> None:
        """Writes the one manifest."""
        document = {"kind": "FakeSchema", "store": "shelf", "boxes": {n: dict(b) for n, b in boxes.items()}}
        (self.root / "schema" / "shelf.yaml").write_text(yaml.safe_dump(document, sort_keys=False))

    def edit_store(self, **parts: Any) -> None:
        """Changes the store behind apexplan's back: mappings key by key (None removes), else whole."""
        content = self.store
        for name, part in parts.items():
            if isinstance(part, dict):
                merged = {**content.get(name, {}), **part}
                content[name] = {k: v for k, v in merged.items() if v is not None}
            else:
                content[name] = part
        self.store_file.write_text(json.dumps(content))

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Runs a command in this process; nobody is at the terminal."""
        out, err = io.StringIO(), io.StringIO()
        variables = {**self.variables, **(env or {})}
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            mock.patch.dict("os.environ", variables, clear=True),
            mock.patch("sys.stdin", io.StringIO()),
        ):
            name, *rest = arguments
            bare = name == "schema" or {"--help", "--no-such-option"} & set(rest)
            code = guarded(name, rest if bare else [*rest, "-C", str(self.root)])
        return Ran(code, out.getvalue(), err.getvalue())

    def ok(self, *arguments: str) -> Ran:
        """Runs a command that must succeed."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran
        return ran

    def applied(self, boxes: Boxes = THREE) -> str:
        """Applies `boxes` and returns the run's id."""
        self.declare(boxes)
        ran = self.ok("apply", "--yes", "--allow", "DELETES_DATA", "--format", "json")
        run: str = ran.events[-1]["run"]
        return run

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the state's lock, as another process would."""
        with (
            open_state(f"sqlite:///{self.state_file}", clock=lambda: datetime.now(UTC), by="x@y") as state,
            state.lock("test", 0),
        ):
            yield

    def last_run(self) -> dict[str, Any]:
        newest: dict[str, Any] = self.ok("history", "--format", "json").data["runs"][0]
        return newest


def start(shop: Shop, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    """Starts the real program on a project, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from apexplan.cli.main import main; main()", *arguments],
        cwd=shop.root,
        env={"PATH": "/usr/bin:/bin", **shop.variables},
        text=True,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def program(shop: Shop, *arguments: str, **more: Any) -> Ran:
    """Runs the real program to its end."""
    process = start(shop, *arguments, **more)
    out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out or "", err or "")


@contextmanager
def failing(*steps: str, error: Exception | None = None) -> Iterator[None]:
    """Makes the fake store refuse the steps that are spelled `verb name`, such as `put blue`."""
    real = FakeSession._apply

    def refuse(self: FakeSession, step: Step) -> None:
        if f"{step.verb} {step.args['name']}" in steps:
            raise error or StoreError("the box is stuck", store="shelf", code="full", mend="make room")
        real(self, step)

    with mock.patch.object(FakeSession, "_apply", refuse):
        yield


def stopped(shop: Shop) -> str:
    """Leaves a run that stopped at its second step, and returns its id."""
    shop.declare(THREE)
    with failing("put blue"):
        ran = shop.run("apply", "--yes", "--on-failure", "stop")
    assert ran.code == 4, ran
    run: str = shop.last_run()["id"]
    return run
