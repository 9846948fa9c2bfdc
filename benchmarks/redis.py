"""Redis: an audit of a million keys, what others notice of it, and an event against a SCAN.

The rivals of the audit are `redis-cli --bigkeys`, which asks for the type and the size of every key, and a
loop with redis-py's pipelines that asks for the same as the audit and classifies with the same patterns. All
run in processes of their own on one server, which has a million keys over twenty patterns.

python -m benchmarks.redis audit PORT RATE      one audit, as JSON
python -m benchmarks.redis loop PORT            the loop with redis-py, as JSON
python -m benchmarks.redis client PORT SECONDS  GETs of another client, with their latencies, as JSON
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import redis

from apexplan.cli.main import give_way
from apexplan.model.address import Address
from apexplan.provider import AuditOptions
from apexplan_redis.audit import audit
from apexplan_redis.connection import RedisSettings
from apexplan_redis.patterns import Classifier, parse
from apexplan_redis.server import connect
from apexplan_redis.specs import KeyPattern
from benchmarks.measuring import Usage, best, python, run, table
from tests.live.redis.invalidation_kit import contract, loaded
from tests.live.redis.servers import Running, server

KEYS: Final = 1_000_000
PATTERNS: Final = 20
TIMES: Final = 3
RATE: Final = 50_000
CLIENT_S: Final = 8.0
_GET_EVERY_S: Final = 0.001
TAGGED: Final = 10
"""Cached queries that are made of one document."""
EVENTS: Final = 200

_MODULE: Final = "benchmarks.redis"
_NAMES: Final = tuple(f"app:kind{number}:" for number in range(PATTERNS))
_FILL: Final = """
for n = ARGV[2], ARGV[3] do
  local key = ARGV[1] .. n
  if ARGV[4] == 'hash' then redis.call('HSET', key, 'value', '{"n": 1}', 'clock', n)
  else redis.call('SET', key, '{"title": "a title", "n": 1}') end
  redis.call('EXPIRE', key, 86400)
end
"""
_FILLED_AT_ONCE: Final = 10_000


def section() -> str:
    """Returns the Markdown of this benchmark."""
    with tempfile.TemporaryDirectory() as home:
        with server(Path(home) / "audit") as running:
            fill(running, _NAMES)
            parts = [_audits(running), _others(running)]
        with server(Path(home) / "invalidation") as running:
            parts.append(_invalidation(running))
    return "\n".join(parts)


def fill(running: Running, prefixes: tuple[str, ...], total: int = KEYS) -> None:
    """Writes `total` keys, as many below each prefix; a quarter of the patterns are hashes."""
    each = total // len(prefixes)
    node = running.node()
    for number, prefix in enumerate(prefixes):
        kind = _type(number)
        for first in range(0, each, _FILLED_AT_ONCE):
            last = min(each, first + _FILLED_AT_ONCE) - 1
            node.call("EVAL", _FILL, 0, prefix, first, last, kind)
    node.close()


def _type(number: int) -> Any:
    return "hash" if number % 4 == 3 else "string"


# ------------------------------------------------------------------ the audit


def _audits(running: Running) -> str:
    port = str(running.port)
    free = best(python(_MODULE, "audit", port, "0"), TIMES)
    loop = best(python(_MODULE, "loop", port), TIMES)
    big = best(["redis-cli", "-p", port, "--bigkeys"], TIMES)
    ours, theirs = _told(free), _told(loop)
    rows = [
        _audit_row("`apexplan`: TYPE, PTTL, 20 patterns", ours, ours),
        _audit_row("a loop over redis-py's pipeline: the same", theirs, ours),
        _audit_row("`redis-cli --bigkeys`: TYPE, size", {"seconds": big.wall_s}, ours),
    ]
    title = (
        f"## Redis: an audit of {KEYS:,} keys\n\n"
        f"One connection, no bound of its pace; the middle of {TIMES} runs.\n\n"
    )
    return title + table(["", "seconds", "keys/s", "beside the audit", "memory"], rows)


def _audit_row(name: str, told: Mapping[str, float], ours: Mapping[str, float]) -> list[str]:
    seconds = told["seconds"]
    memory = f"{told['memory_mb']:.0f} MB" if "memory_mb" in told else ""
    return [name, f"{seconds:.2f}", f"{KEYS / seconds:,.0f}", f"{seconds / ours['seconds']:.1f}", memory]


def _told(usage: Usage) -> Any:
    return json.loads(usage.output)


# ------------------------------------------------------------------ other clients


def _others(running: Running) -> str:
    port = str(running.port)
    client = python(_MODULE, "client", port, str(CLIENT_S))
    idle, paced, free = [], [], []
    for _ in range(TIMES):
        idle.append(_told(run(client)))
        paced.append(_beside(client, python(_MODULE, "audit", port, str(RATE))))
        free.append(_beside(client, python(_MODULE, "audit", port, "0")))
    rows = [
        _latency_row("idle", idle, idle),
        _latency_row(f"`--rate {RATE}`", paced, idle),
        _latency_row("no bound", free, idle),
    ]
    title = (
        f"GETs of another client meanwhile, one each millisecond; the middle of {TIMES} rounds. "
        "Server, audit and client share the cores.\n\n"
    )
    return title + table(["", "p50", "p99", "p99 beside idle"], rows)


_BEGUN_S = 2.0
"""How long an audit takes to begin: its imports are no part of what it does to a server."""


def _beside(client: list[str], other: list[str]) -> Any:
    """Returns what a client saw while another command ran over and over."""
    beside = subprocess.Popen(other, stdout=subprocess.DEVNULL)
    time.sleep(_BEGUN_S)
    with subprocess.Popen(client, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            if beside.poll() is not None:
                beside = subprocess.Popen(other, stdout=subprocess.DEVNULL)
            time.sleep(0.01)
        assert process.stdout is not None
        told = json.loads(process.stdout.read())
    beside.terminate()
    beside.wait()
    return told


def _latency_row(name: str, rounds: list[Any], idle: list[Any]) -> list[str]:
    p50, p99 = (median(one[field] for one in rounds) for field in ("p50_ms", "p99_ms"))
    return [name, f"{p50:.2f} ms", f"{p99:.2f} ms", f"{p99 / median(one['p99_ms'] for one in idle):.2f}"]


# ------------------------------------------------------------------ an event


def _invalidation(running: Running) -> str:
    fill(running, ("query:plain:",))
    with loaded(running.url, contract()) as cached:
        documents = [f"d{number}" for number in range(EVENTS)]
        for document in documents:
            for number in range(TAGGED):
                cached.put_query(f"{document}:{number}", document=[document])
        event = _cpu_s(cached.redis, lambda: [cached.cache.document_updated(one) for one in documents])
        scan = _cpu_s(cached.redis, lambda: _scanned(cached.redis, "d1"))
    each = event / EVENTS
    rows = [
        ["`document_updated`", f"{each * 1000:.3f} ms", "1"],
        ["`SCAN MATCH query:*ID* COUNT 100`, and DEL", f"{scan * 1000:,.0f} ms", f"{scan / each:,.0f}"],
    ]
    title = (
        f"## Redis: one document's cached queries among {KEYS:,} keys\n\n"
        f"CPU of the server. {TAGGED} queries of each document are cached; the mean of {EVENTS} events.\n\n"
    )
    return title + table(["", "server CPU", "beside the event"], rows)


def _scanned(client: redis.Redis, document: str) -> None:
    for key in client.scan_iter(match=f"query:*{document}*", count=100):
        client.delete(key)


def _cpu_s(client: redis.Redis, work: Callable[[], object]) -> float:
    """Returns the CPU seconds that the server takes for some work."""
    before = client.info("cpu")
    work()
    after = client.info("cpu")
    return float(sum(after[field] - before[field] for field in ("used_cpu_user", "used_cpu_sys")))


# ------------------------------------------------------------------ in processes of their own


class _Quiet:
    """A watch that nobody reads."""

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None: ...

    def stopping(self) -> bool:
        return False


def audit_once(port: str, rate: str) -> Mapping[str, Any]:
    """Audits the keys, all of which keep to the contract, as `apexplan audit` would."""
    give_way()
    said = {
        Address("cache", "pattern", f"{name}{{id:int}}"): KeyPattern(
            type=_type(number), ttl="required", ttl_max_s=86_400
        )
        for number, name in enumerate(_NAMES)
    }
    servers = connect("cache", RedisSettings(url=f"redis://127.0.0.1:{port}/0"))
    report = audit(servers, said, AuditOptions(rate=int(rate)), _Quiet(), default_rate=0).report
    servers.close()
    assert report.clean
    assert report.looked == KEYS
    return {"seconds": report.seconds, "memory_mb": _memory_mb()}


def loop_once(port: str) -> Mapping[str, Any]:
    """Asks for the same with redis-py: SCAN, then a pipeline of TYPE and PTTL for each batch."""
    classifier = Classifier([parse(f"{name}{{id:int}}") for name in _NAMES])
    client = redis.Redis(port=int(port))
    looked, started = 0, time.perf_counter()
    for keys in _batches(client):
        with client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.type(key)
                pipe.pttl(key)
            answers = pipe.execute()
        for index, kind, left in zip(classifier.indexes(keys), answers[::2], answers[1::2], strict=True):
            looked += kind == _type(index).encode() and 0 < left <= 86_400_000
    assert looked == KEYS
    return {"seconds": time.perf_counter() - started, "memory_mb": _memory_mb()}


def _memory_mb() -> float:
    """Returns the greatest resident memory of this process since it became this program."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _batches(client: redis.Redis) -> Iterator[Any]:
    cursor = None
    while cursor != 0:
        cursor, keys = client.scan(cursor or 0, count=500)
        yield keys


def client_for(port: str, seconds: str) -> Mapping[str, Any]:
    """GETs a key every millisecond, and tells how long that took."""
    client = redis.Redis(port=int(port))
    took: list[float] = []
    ends = time.perf_counter() + float(seconds)
    while (began := time.perf_counter()) < ends:
        client.get(f"{_NAMES[0]}1")
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(_GET_EVERY_S)
    return {"p50_ms": median(took), "p99_ms": quantiles(took, n=100)[98]}


if __name__ == "__main__":
    child: dict[str, Callable[..., Mapping[str, Any]]] = {
        "audit": audit_once,
        "loop": loop_once,
        "client": client_for,
    }
    print(json.dumps(child[sys.argv[1]](*sys.argv[2:])))
