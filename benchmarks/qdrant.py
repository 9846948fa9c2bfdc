"""Qdrant: `apexplan plan` of 100 collections with nothing to change, and points copied behind an alias.

The plan is made against the double of a server that the tests use, in a process of its own, beside
qdrant-client reading the same collections one by one. The copy is made in Edge, the real engine, by the whole
command; its parts are told by the events of `--format json`, timed as they arrive.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.measuring import Usage, apexplan, best, python, run, table
from benchmarks.qdrant_child import SIZE, index_type

COLLECTIONS: Final = 100
INDEXES: Final = 10
TIMES: Final = 5
POINTS: Final = 20_000
MEMORY_AT: Final = (5_000, 20_000, 40_000)

_PROJECT: Final = """\
version: 1
project: benchmark
stores:
  vectors: {{provider: qdrant, url: "{url}"}}
manifests: [schema.yaml]
"""
_COPIED: Final = """\
collections:
  documents:
    vectors: {{size: {size}, distance: Cosine{more}}}
    on_replace: copy
    payload_indexes: {{user: keyword}}
"""
_CHILD: Final = "benchmarks.qdrant_child"
_SAMPLED_EVERY_S: Final = 0.005


def section() -> str:
    """Returns the Markdown of this benchmark."""
    with tempfile.TemporaryDirectory() as home:
        return "\n".join([_many(Path(home) / "many"), _copies(Path(home))])


# ------------------------------------------------------------------ nothing to change


class _Double:
    """The double of a server, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._line()

    def requests(self) -> int:
        """Returns how many requests came in so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def _double() -> Iterator[_Double]:
    command = python(_CHILD, "serve", str(COLLECTIONS), str(INDEXES))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield _Double(process)
        assert process.stdin is not None
        process.stdin.close()


def _many(root: Path) -> str:
    indexes = ", ".join(f"f{k}: {index_type(k)}" for k in range(INDEXES))
    one = f"{{vectors: {{size: {SIZE}, distance: Cosine}}, payload_indexes: {{{indexes}}}}}"
    manifest = "collections:\n" + "\n".join(f"  c{n:03}: {one}" for n in range(COLLECTIONS)) + "\n"
    objects = COLLECTIONS * (1 + INDEXES)
    with _double() as double:
        _write(root, double.url, manifest)
        run(apexplan("apply", "--yes"), cwd=root)
        before = double.requests()
        usage = run(apexplan("plan"), cwd=root)
        asked = double.requests() - before
        assert f"{objects:,} objects in sync" in usage.output, usage.output[-500:]
        ours, theirs = _in_turns(str(root), double.url, objects)
        before = double.requests()
        rival = best(python(_CHILD, "rival", double.url), TIMES)
        rivals_asked = (double.requests() - before) // TIMES
        usage = best(apexplan("plan"), TIMES, cwd=root)
    rows = [
        ["apexplan", f"{ours * 1000:.0f} ms", str(asked), *_cells(usage)],
        ["qdrant-client, one by one", f"{theirs * 1000:.0f} ms", str(rivals_asked), *_cells(rival)],
        ["ratio", f"{ours / theirs:.2f}", "", f"{usage.wall_s / rival.wall_s:.2f}", "", ""],
    ]
    head = ["", "inside of the process", "requests", "whole process, wall", "CPU", "memory"]
    title = f"## Qdrant: {COLLECTIONS} collections, {objects:,} objects, nothing to change\n\n"
    return title + f"In turns; medians of {TIMES} runs.\n\n" + table(head, rows)


def _in_turns(project: str, url: str, objects: int) -> tuple[float, float]:
    """Returns the median seconds of a plan, with its connection, and of the rival's reading with its."""
    ours, theirs = [], []
    for _ in range(TIMES):
        plan = _told("plan", project)
        assert plan["in_sync"] == objects
        ours.append(plan["connect"] + plan["plan"])
        read = _told("rival", url)
        assert read["objects"] == objects
        theirs.append(read["connect"] + read["read"])
    return median(ours), median(theirs)


def _told(*arguments: str) -> Any:
    return json.loads(run(python(_CHILD, *arguments)).output.splitlines()[-1])  # after what clients warn of


def _cells(usage: Usage) -> list[str]:
    return [f"{usage.wall_s:.2f} s", f"{usage.cpu_s:.2f} s", f"{usage.memory_mb:.0f} MB"]


# ------------------------------------------------------------------ copied


@dataclass(slots=True)
class _Copied:
    """One copy. `bare_s`: what a loop over Edge alone takes for the load; `seconds`: of each step, and of
    comparing and searching within `verify`; `private_mb`: the most that the process had of its own, without
    the files that Edge maps."""

    points: int
    bare_s: float = 0
    seconds: dict[str, float] = field(default_factory=dict)
    private_mb: float = 0

    @property
    def loaded_a_second(self) -> float:
        return self.points / self.seconds["copy"]


def _copies(home: Path) -> str:
    plain = {count: _copied(home / f"plain-{count}", count, "physical: documents_v2") for count in MEMORY_AT}
    half = _copied(home / "half", POINTS, "", ", datatype: float16")
    return "\n".join([_speed(plain[POINTS], half), _memory(list(plain.values()))])


def _copied(root: Path, count: int, change: str, more: str = "") -> _Copied:
    manifest = _COPIED.format(size=SIZE, more="")
    _write(root, "edge:qdrant", manifest)
    run(apexplan("apply", "--yes"), cwd=root)
    run(python(_CHILD, "fill", str(root / "qdrant"), "documents_v1", str(count)))
    changed = _COPIED.format(size=SIZE, more=more) + (f"    {change}\n" if change else "")
    _write(root, "edge:qdrant", changed)
    copied = _measured(apexplan("apply", "--yes", "--format", "json"), root, _Copied(count))
    bare = _told("bare", str(root / "qdrant"), "documents_v1")
    assert bare["points"] == count
    copied.bare_s = bare["seconds"]
    return copied


def _measured(command: Sequence[str], root: Path, copied: _Copied) -> _Copied:
    """Runs an apply, with the time at which each of its events arrives."""
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        sampler = threading.Thread(target=_sampled, args=(process, copied))
        sampler.start()
        _timed(process, copied)
        sampler.join()
    assert process.returncode == 0
    return copied


def _timed(process: subprocess.Popen[str], copied: _Copied) -> None:
    assert process.stdout is not None
    verb, started, compared = "", 0.0, 0.0
    for line in process.stdout:
        event, now = json.loads(line), time.perf_counter()
        if event["event"] == "unit_started":
            verb, started = event["steps"][0].partition("/")[2].partition(" ")[0], now
        elif event["event"] == "progress" and event["phase"].startswith("compared"):
            compared = now
        elif event["event"] == "unit_finished":
            copied.seconds[verb] = event["seconds"]
            if verb == "verify":
                copied.seconds["compare"], copied.seconds["recall"] = compared - started, now - compared
        elif event["event"] == "finished":
            assert event["status"] == "applied", event["error"]


def _sampled(process: subprocess.Popen[str], copied: _Copied) -> None:
    """Keeps the greatest private memory of a process until it ends."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            text = status.read_text()
        except OSError:
            return
        found = next((line for line in text.splitlines() if line.startswith("RssAnon:")), None)
        if found is None:
            return
        copied.private_mb = max(copied.private_mb, int(found.split()[1]) / 1024)
        time.sleep(_SAMPLED_EVERY_S)


def _speed(plain: _Copied, half: _Copied) -> str:
    rows = [_speed_row("as they are", plain), _speed_row("float32 → float16", half)]
    head = ["", "load", "points/s", "beside a bare loop", "index", "compare", "recall", "switch"]
    title = f"## Qdrant: {POINTS:,} points of {SIZE:,} components copied behind an alias\n\n"
    told = (
        "The whole `apexplan apply` on Edge, once each; a loop over Edge alone is the rival of the load.\n\n"
    )
    ratios = [_ratio_row("as they are", plain), _ratio_row("float32 → float16", half)]
    beside = "The comparison of all points, beside what was done to copy them:\n\n"
    return (
        title
        + told
        + table(head, rows)
        + "\n"
        + beside
        + table(["", "beside the load", "beside load and index"], ratios)
    )


def _speed_row(name: str, copied: _Copied) -> list[str]:
    s = copied.seconds
    return [
        name,
        f"{s['copy']:.2f} s",
        f"{copied.loaded_a_second:,.0f}",
        f"{s['copy'] / copied.bare_s:.2f}",
        f"{s['settle']:.1f} s",
        f"{s['compare']:.2f} s",
        f"{s['recall']:.2f} s",
        f"{s['switch']:.2f} s",
    ]


def _ratio_row(name: str, copied: _Copied) -> list[str]:
    s = copied.seconds
    return [name, f"{s['compare'] / s['copy']:.2f}", f"{s['compare'] / (s['copy'] + s['settle']):.2f}"]


def _memory(copies: Sequence[_Copied]) -> str:
    rows = [[f"{one.points:,}", f"{one.private_mb:.0f} MB"] for one in copies]
    return "The greatest private memory of the command.\n\n" + table(["points", "memory"], rows)


def _write(root: Path, url: str, manifest: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / "apexplan.yaml").write_text(_PROJECT.format(url=url))
    (root / "schema.yaml").write_text(f"kind: QdrantSchema\nstore: vectors\n{manifest}")
