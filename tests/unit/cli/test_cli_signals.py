"""SIGINT and SIGTERM in the middle of an apply: what the journal says afterwards is true."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import IO

import pytest
from cli_kit import THREE, Shop, start

pytestmark = pytest.mark.slow

_STEP_MS = 1500
"""Long enough for a signal to arrive in the middle of a step; nothing waits for it to pass but the
store itself."""


def in_the_first_step(shop: Shop, step_ms: int = _STEP_MS) -> subprocess.Popen[str]:
    """Starts an apply and returns when its first step runs."""
    shop.edit_store(behaviour={"delay_ms": step_ms})
    process = start(shop, "apply", "--yes", "-f", "json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "unit_started":
            return process
    raise AssertionError(process.communicate())


def wait_for(stream: IO[str] | None, text: str) -> None:
    assert stream is not None
    assert any(text in line for line in iter(stream.readline, ""))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_the_step_and_stops(shop: Shop, number: signal.Signals) -> None:
    process = in_the_first_step(shop)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    last = json.loads(out.splitlines()[-1])
    assert (process.returncode, last["status"], len(last["applied"])) == (4, "stopped", 1)
    assert "stopping after the step at hand" in err
    assert list(shop.boxes) == ["red"]


def test_a_run_that_a_signal_stopped_is_finished_by_resume(shop: Shop) -> None:
    process = in_the_first_step(shop)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    shop.edit_store(behaviour={"delay_ms": 0})
    assert shop.run("resume").code == 0
    assert set(shop.boxes) == set(THREE)
    assert shop.run("drift").code == 0


@pytest.mark.parametrize("command", ["resume", "rollback"])
def test_the_second_signal_ends_at_once_and_the_journal_knows_the_step(shop: Shop, command: str) -> None:
    process = in_the_first_step(shop, step_ms=20_000)  # nobody waits for its end
    process.send_signal(signal.SIGINT)
    wait_for(process.stderr, "stopping after the step at hand")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "stopped at once" in err
    assert shop.boxes == {}
    shop.edit_store(behaviour={"delay_ms": 0})
    assert "was interrupted" in shop.ok("plan").err
    assert shop.run(command, "--yes").code == 3 if command == "rollback" else shop.run(command).code == 0
    assert set(shop.boxes) == (set(THREE) if command == "resume" else set())
    assert shop.ok("state", "show", "-f", "json").data["open_run"] is None


def test_a_signal_at_any_other_command_ends_it_like_any_program(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("apexplan.engine.planner.plan", interrupted)
    ran = shop.run("plan")
    assert (ran.code, ran.err) == (130, "")
