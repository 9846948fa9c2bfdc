"""`apexplan audit` on a real server: what it prints, what it ends with, what it leaves behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from apexplan.cli.guard import guarded
from apexplan.report.audit import audit_schema
from apexplan_redis.audit import batch

from .servers import Running, server, until

pytestmark = pytest.mark.live

KEYS = {"doc:{id}": {"type": "string", "ttl": {"policy": "required"}}}


@dataclass(slots=True)
class Place:
    """A project with one Redis."""

    home: Path
    running: Running

    @property
    def kept(self) -> Path:
        return self.home / ".apexplan" / "audit" / "cache.json"

    def declare(self, keys: dict[str, Any]) -> None:
        """Writes the one manifest."""
        write(self.home / "schema" / "cache.yaml", {"kind": "RedisContract", "store": "cache", "keys": keys})

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Runs a command in this process; returns its exit code, standard output and standard error."""
        out, err = io.StringIO(), io.StringIO()
        name, *rest = arguments
        with redirect_stdout(out), redirect_stderr(err):
            code = guarded(name, [*rest, "-C", str(self.home)])
        return code, out.getvalue(), err.getvalue()

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts the real program in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", "from apexplan.cli.main import main; main()", *arguments],
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with server(tmp_path_factory.mktemp("redis"), "--busy-reply-threshold", "50") as started:
        yield started


@pytest.fixture
def place(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    running.ask("FLUSHALL")
    running.ask("FUNCTION", "FLUSH")
    running.ask("CONFIG", "RESETSTAT")
    monkeypatch.setattr(batch, "AGAIN_S", 0.0)
    (tmp_path / "schema").mkdir()
    write(tmp_path / "apexplan.yaml", project(running.url))
    made = Place(tmp_path, running)
    made.declare(KEYS)
    return made


def project(url: str, **more: Any) -> dict[str, Any]:
    stores = {"cache": {"provider": "redis", "url": url}, **more}
    return {"version": 1, "project": "shop", "stores": stores, "manifests": ["schema/*.yaml"]}


def write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def test_keys_that_keep_to_the_contract_end_with_0(place: Place) -> None:
    place.running.ask("SET", "doc:1", "v", "EX", 60)
    code, out, _ = place.run("audit")
    assert code == 0
    assert "cache: 1 key looked at" in out


def test_keys_that_depart_end_with_2(place: Place) -> None:
    place.running.ask("SET", "doc:1", "v")
    place.running.ask("SET", "stray", "v")
    code, out, _ = place.run("audit")
    assert code == 2
    assert "no_ttl 1 of 1 key has no TTL" in out
    assert "stray  1 key" in out
    assert "Audit: 1 departure in 1 object, 1 undeclared key in 1 group." in out


def test_the_json_is_as_its_schema_says(place: Place) -> None:
    place.running.ask("MSET", "doc:1", "v", "stray", "v", "", "v", b"\xff\x1b[31m", "v")
    code, out, _ = place.run("audit", "--format", "json")
    assert code == 2
    jsonschema.validate(json.loads(out), audit_schema())


@pytest.mark.parametrize("format_", ["text", "json", "markdown"])
def test_no_key_steers_a_terminal(place: Place, format_: str) -> None:
    place.running.ask("MSET", b"doc:\x1b[2J\x07", "v", b"\x1b[2J\xc2\x9b", "v", b"a\r\nb:\xe2\x80\xae", "v")
    _, out, err = place.run("audit", "--format", format_)
    assert all(one.isprintable() for one in (out + err).replace("\n", ""))


def test_the_empty_key_is_seen_in_the_report(place: Place) -> None:
    place.running.ask("SET", "", "v")
    _, out, _ = place.run("audit")
    assert '""  1 key' in out


def test_a_drift_of_some_patterns_holds_keys_of_others_for_declared(place: Place) -> None:
    place.declare({**KEYS, "tmp:{n}": {"type": "string"}, "doc:old:{id}": {"type": "list"}})
    assert place.run("apply", "--yes")[0] == 0
    place.running.ask("SET", "tmp:1", "v")
    place.running.ask("RPUSH", "doc:old:1", "v")
    code, out, _ = place.run("drift", "--target", "cache.pattern.doc:{id}")
    assert "undeclared" not in out
    assert code == 0


def test_a_drift_of_some_patterns_tells_nothing_of_others(place: Place) -> None:
    place.declare({**KEYS, "tmp:{n}": {"type": "string"}})
    assert place.run("apply", "--yes")[0] == 0
    place.running.ask("RPUSH", "tmp:1", "v")
    code, out, _ = place.run("drift", "--target", "cache.pattern.doc:{id}")
    assert (code, "tmp" in out) == (0, False)


def test_a_store_that_has_nothing_to_audit_is_named(place: Place) -> None:
    fake = {"provider": "fake", "file": str(place.home / "store.json")}
    write(place.home / "apexplan.yaml", project(place.running.url, shelf=fake))
    code, _, err = place.run("audit", "cache", "shelf")
    assert code == 1
    assert "shelf has no contract" in err


def test_a_sample_is_not_gone_on_with(place: Place) -> None:
    code, _, err = place.run("audit", "--sample", "10", "--resume")
    assert code == 1
    assert "a sample is of other items each time" in err


def test_where_no_audit_was_stopped_there_is_none_to_go_on_with(place: Place) -> None:
    code, out, err = place.run("audit", "--resume")
    assert (code, "cache: 0 keys looked at" in out) == (0, True)
    assert "no audit was stopped here" in err


def test_a_server_that_is_lost_leaves_what_was_counted_and_says_how_to_go_on(place: Place) -> None:
    fill(place.running)
    process = place.started("audit", "--rate", "500")
    until(lambda: scans(place.running))
    place.running.ask("CLIENT", "KILL", "TYPE", "normal")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "apexplan audit --resume" in err
    assert place.kept.exists()
    code, out, _ = place.run("audit", "--rate", "0", "--resume")
    assert (code, "cache: 6,000 keys looked at" in out) == (2, True)
    assert not place.kept.exists()


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--sample", "5999")])
def test_a_stop_tells_how_to_go_on_where_that_can_be(place: Place, more: tuple[str, ...]) -> None:
    fill(place.running)
    process = place.started("audit", "--rate", "500", *more)
    until(lambda: scans(place.running))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert ("apexplan audit --resume" in err, place.kept.exists()) == (not more, not more)


@pytest.mark.slow
def test_an_audit_gives_way_to_other_processes(place: Place) -> None:
    fill(place.running)
    process = place.started("audit", "--rate", "500")
    until(lambda: scans(place.running))
    priority = os.getpriority(os.PRIO_PROCESS, process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert priority == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)


@pytest.mark.slow
def test_a_second_stop_does_not_wait_for_a_server_that_hangs(place: Place) -> None:
    fill(place.running)
    process = place.started("audit", "--rate", "500")
    assert process.stderr is not None
    until(lambda: scans(place.running))
    os.kill(place.running.pid, signal.SIGSTOP)
    try:
        process.send_signal(signal.SIGINT)
        while "stopping after the batch at hand" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    finally:
        os.kill(place.running.pid, signal.SIGCONT)
        process.communicate()


@pytest.mark.slow
def test_a_stopped_audit_is_gone_on_with_in_its_environment(place: Place) -> None:
    write(place.home / "apexplan.yaml", {**project(place.running.url), "environments": {"prod": {}}})
    fill(place.running)
    process = place.started("audit", "--rate", "500", "--env", "prod")
    until(lambda: scans(place.running))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "apexplan audit --resume --env prod" in err
    assert (place.home / ".apexplan" / "audit" / "prod" / "cache.json").exists()


def test_progress_that_cannot_be_written_is_an_error_that_names_the_place(place: Place) -> None:
    (place.home / ".apexplan").mkdir()
    (place.home / ".apexplan" / "audit").write_text("")
    place.running.ask("SET", "doc:1", "v")
    code, _, err = place.run("audit")
    assert code == 1
    assert "how far the audit is cannot be written" in err
    assert "Traceback" not in err


def scans(running: Running) -> bool:
    """Says whether somebody goes over the keys."""
    told: bytes = running.ask("INFO", "commandstats")
    return b"cmdstat_scan:" in told


def fill(running: Running) -> None:
    for first in range(0, 6000, 1000):
        running.ask("MSET", *(part for n in range(first, first + 1000) for part in (f"doc:{n}", "v")))
