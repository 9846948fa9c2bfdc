"""Real servers for tests, thrown away afterwards: one, a replica, a cluster, sentinels, one with TLS.

    with server(tmp_path / "a", "--maxmemory", "10mb") as running: …
    with cluster(tmp_path) as running: connect("cache", settings(running.url))

Each listens on a free port of 127.0.0.1, keeps nothing on the disk, and starts in about ten milliseconds. A
cluster and sentinels take two seconds until they agree.

`APEXPLAN_TEST_REDIS_URL` names a server that is used instead where a test needs no more than one, by
`standalone`. All that is in it belongs to the tests: FLUSHALL and FUNCTION FLUSH are run on it before each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from apexplan.model.errors import StoreError
from apexplan_redis import local
from apexplan_redis.connection import RedisSettings
from apexplan_redis.server import Node, connect
from apexplan_redis.server.dial import Credentials, Dialler
from apexplan_redis.server.node import Seat
from apexplan_redis.server.scouts import seat
from apexplan_redis.server.slots import SLOTS
from apexplan_redis.server.url import Place

URL: Final = os.environ.get("APEXPLAN_TEST_REDIS_URL")
WAIT_S: Final = 120.0
"""Longer than anything takes: a Sentinel that was not run for two seconds acts on nothing for 30 s (Sentinel
manual, TILT mode)."""
_FAST: Final = (
    *("--save", "", "--appendonly", "no", "--enable-debug-command", "local"),
    *("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"),
)
"""A replica counts in a cluster once its primary has sent it something, be it a ping: every ten seconds."""
_PATIENT_MS: Final = 600_000
"""How long a server is silent before a sentinel takes it for down: longer than a busy machine lets one wait,
or the replica would become the primary before a test begins. `hasty` makes it short."""
_HASTY_MS: Final = 500


@dataclass(slots=True)
class Running:
    """A server of a test's own. `node` speaks to it whatever it is: data, cluster or sentinel."""

    local: local.LocalServer
    url: str
    mode: str = "standalone"

    @property
    def port(self) -> int:
        return self.local.port

    @property
    def pid(self) -> int:
        assert self.local.pid is not None
        return self.local.pid

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def node(self) -> Node:
        """Another connection, beside those of what is tested."""
        return Node(_seat(self.port, self.mode))

    def ask(self, *command: str | bytes | int | float) -> Any:
        """Returns the raw answer to one command, over a connection that is closed again."""
        node = self.node()
        try:
            return node.call(*command)
        finally:
            node.close()

    def kill(self) -> None:
        """Ends the server at once, with no goodbye to its clients but the kernel's."""
        assert self.local._process is not None
        self.local._process.kill()
        self.local._process.wait()


def settings(url: str, **more: Any) -> RedisSettings:
    return RedisSettings(url=url, **more)


@contextmanager
def server(directory: Path, *options: str, mode: str = "standalone") -> Iterator[Running]:
    """Gives a server that is started with `options` of its own."""
    started = local.start(str(directory), options=(*_FAST, *options))
    try:
        yield Running(started, started.url, mode)
    finally:
        started.stop()


@contextmanager
def standalone(directory: Path) -> Iterator[str]:
    """Gives the URL of an empty server: a fresh one, or the one that the environment names, emptied."""
    if URL is None:
        with server(directory) as running:
            yield running.url
        return
    servers = connect("cache", settings(URL))
    for command in (("FLUSHALL",), ("FUNCTION", "FLUSH")):
        servers.primaries[0].call(*command)
    servers.close()
    yield URL


one_at_a_time = [pytest.mark.xdist_group("redis-server")] if URL else []
"""Marks for tests that use `standalone`: of a server that the environment names there is only one."""


@contextmanager
def replica_of(primary: Running, directory: Path, *options: str) -> Iterator[Running]:
    """Gives a replica whose link is up."""
    with server(directory, "--replicaof", f"127.0.0.1 {primary.port}", *options) as running:
        until(lambda: _linked(running))
        yield running


@contextmanager
def sentinel(
    primary: Running, directory: Path, *, count: int = 1, service: str = "cache"
) -> Iterator[list[Running]]:
    """Gives sentinels that watch over `primary`, agree on it, and know its replicas."""
    quorum = count // 2 + 1
    with ExitStack() as stack:
        watching = []
        for number in range(count):
            home = directory / f"sentinel-{number}"
            home.mkdir(parents=True)
            (home / "redis.conf").write_text(_sentinel_conf(primary.port, service, quorum))
            started = local.start(str(home), options=("--sentinel",))
            stack.callback(started.stop)
            watching.append(Running(started, started.url, "sentinel"))
        replicas = primary.ask("INFO", "replication").count(b"state=")
        until(lambda: all(_seen(each, service) == (count - 1, replicas) for each in watching))
        yield watching


def _sentinel_conf(port: int, service: str, quorum: int) -> str:
    return (
        f"sentinel monitor {service} 127.0.0.1 {port} {quorum}\n"
        f"sentinel down-after-milliseconds {service} {_PATIENT_MS}\n"
        f"sentinel failover-timeout {service} 3000\n"
    )


def hasty(sentinels: Sequence[Running], service: str = "cache") -> None:
    """Lets sentinels act as soon as the primary is silent for a moment."""
    for each in sentinels:
        each.ask("SENTINEL", "SET", service, "down-after-milliseconds", _HASTY_MS)


def _seen(sentinel: Running, service: str) -> tuple[int, int]:
    told = sentinel.ask("SENTINEL", "MASTER", service)
    return int(told[b"num-other-sentinels"]), int(told[b"num-slaves"])


@dataclass(slots=True)
class RunningCluster:
    """`primaries[i]` has the i-th part of the slots; `replicas` follow them in turn."""

    primaries: list[Running]
    replicas: list[Running]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(each.name for each in self.primaries)


@contextmanager
def cluster(directory: Path, primaries: int = 3, replicas: int = 0) -> Iterator[RunningCluster]:
    """Gives a cluster in which every slot has a server and every server knows that. `replicas`: of each."""
    with ExitStack() as stack:
        total = primaries * (1 + replicas)
        every = [stack.enter_context(_cluster_server(directory / f"node-{n}")) for n in range(total)]
        heads = every[:primaries]
        for number, head in enumerate(heads):
            first, last = SLOTS * number // primaries, SLOTS * (number + 1) // primaries - 1
            head.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
        _introduce(every)
        for number, replica in enumerate(every[primaries:]):
            head = heads[number % primaries]
            replica.ask("CLUSTER", "REPLICATE", head.ask("CLUSTER", "MYID"))
        until(lambda: all(map(_linked, every[primaries:])))
        until(lambda: all(_whole(each, replicas) for each in every))
        yield RunningCluster(heads, every[primaries:])


def _cluster_server(directory: Path) -> Any:
    return server(directory, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", mode="cluster")


def _introduce(servers: Sequence[Running]) -> None:
    """Makes every server known to every other, and waits until all are. Before two have shaken hands, each
    counts the other under a name of its own making."""
    for number, each in enumerate(servers):
        each.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for each in servers[1:]:
        servers[0].ask("CLUSTER", "MEET", "127.0.0.1", each.port)
    names = [each.ask("CLUSTER", "MYID") for each in servers]
    until(lambda: all(name in each.ask("CLUSTER", "NODES") for each in servers for name in names))


def _linked(replica: Running) -> bool:
    told = replica.ask("INFO", "replication")
    return b"master_link_status:up" in told


def _whole(each: Running, replicas: int) -> bool:
    """Says whether a server sees the cluster as it is to be, replicas too."""
    info = each.ask("CLUSTER", "INFO")
    slots = each.ask("CLUSTER", "SLOTS") if b"cluster_state:ok" in info else []
    return bool(slots) and all(len(entry) == 3 + replicas for entry in slots)


@contextmanager
def tls_server(directory: Path, *options: str) -> Iterator[tuple[Running, Path]]:
    """Gives a server that speaks TLS at its URL, and the directory of ca.crt, client.crt and client.key.

    It wants no certificate of its clients unless `options` say so. Skips the test where redis-server was
    built without TLS, or `openssl` is missing.
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, which makes the certificates")
    made = directory / "certificates"
    _make_certificates(made)
    port = local._port(directory)
    files = ("--tls-cert-file", f"{made}/server.crt", "--tls-key-file", f"{made}/server.key")
    trust = ("--tls-ca-cert-file", f"{made}/ca.crt", "--tls-auth-clients", "no")
    try:
        started = local.start(
            str(directory / "tls"), options=(*_FAST, "--tls-port", str(port), *files, *trust, *options)
        )
    except StoreError as error:
        if "Bad directive" in str(error) or "BUILD_TLS" in str(error):
            pytest.skip("this redis-server was built without TLS")
        raise
    try:
        yield Running(started, f"rediss://127.0.0.1:{port}/0"), made
    finally:
        started.stop()


def _make_certificates(directory: Path) -> None:
    directory.mkdir(parents=True)
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    _openssl(directory, f"req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=ca")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = "-CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names"
    for who in ("server", "client"):
        _openssl(directory, f"req {key} -keyout {who}.key -out {who}.csr -subj /CN={who}")
        _openssl(directory, f"x509 -req -in {who}.csr {signed} -out {who}.crt")


def _openssl(directory: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=directory, check=True, capture_output=True)


def until(fact: Callable[[], bool]) -> None:
    """Returns when `fact` is true; fails the test if it does not become so. A server that says no meanwhile
    is asked again."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            if fact():
                return
        except StoreError:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            pytest.fail(f"not within {WAIT_S:.0f} s")
        time.sleep(0.01)


def _seat(port: int, mode: str) -> Seat:
    return seat(Dialler("cache", mode, Credentials(), timeout_s=WAIT_S), Place("127.0.0.1", port), "primary")
