"""Parameters of the configuration: how a value is spelled that a server would spell otherwise, and which
parameters cannot be set while it runs. Pure.

Measured on 7.0.15: CONFIG SET of every parameter's own value tells which cannot be set. A server of another
version may know more parameters: one that is not here is compared as text.
"""

from __future__ import annotations

import re
from typing import Final

MEMORY: Final = frozenset(
    {
        "maxmemory",
        "maxmemory-clients",
        "client-query-buffer-limit",
        "proto-max-bulk-len",
        "stream-node-max-bytes",
        "repl-backlog-size",
        "auto-aof-rewrite-min-size",
        "hll-sparse-max-bytes",
        "active-defrag-ignore-bytes",
        "cluster-link-sendbuf-limit",
    }
)
"""Sizes in bytes, which may be written with a unit."""

RESTART: Final = frozenset(
    {
        "aclfile",
        "always-show-logo",
        "aof_rewrite_cpulist",
        "appenddirname",
        "appendfilename",
        "bgsave_cpulist",
        "bio_cpulist",
        "cluster-config-file",
        "cluster-enabled",
        "cluster-port",
        "daemonize",
        "databases",
        "disable-thp",
        "enable-debug-command",
        "enable-module-command",
        "enable-protected-configs",
        "io-threads",
        "io-threads-do-reads",
        "logfile",
        "pidfile",
        "rdbchecksum",
        "replicaof",
        "server_cpulist",
        "set-proc-title",
        "socket-mark-id",
        "supervised",
        "syslog-enabled",
        "syslog-facility",
        "syslog-ident",
        "tcp-backlog",
        "unixsocket",
        "unixsocketperm",
    }
)
"""Set by the configuration file and a restart alone; `replicaof` by REPLICAOF, which moves all data."""

PROTECTED: Final = frozenset({"dbfilename", "dir"})
"""CONFIG SET refuses them unless `enable-protected-configs` says otherwise."""

SECRET: Final = frozenset({"masterauth", "requirepass", "tls-client-key-file-pass", "tls-key-file-pass"})
"""Never read, never shown."""

DEFAULTS: Final = {
    "activedefrag": "no",
    "active-expire-effort": "1",
    "appendfsync": "everysec",
    "appendonly": "no",
    "client-output-buffer-limit": "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    "hash-max-listpack-entries": "512",
    "hash-max-listpack-value": "64",
    "hz": "10",
    "latency-monitor-threshold": "0",
    "lazyfree-lazy-eviction": "no",
    "lazyfree-lazy-expire": "no",
    "lazyfree-lazy-server-del": "no",
    "lazyfree-lazy-user-del": "no",
    "lfu-decay-time": "1",
    "lfu-log-factor": "10",
    "list-max-listpack-size": "-2",
    "maxclients": "10000",
    "maxmemory": "0",
    "maxmemory-clients": "0",
    "maxmemory-policy": "noeviction",
    "maxmemory-samples": "5",
    "min-replicas-to-write": "0",
    "notify-keyspace-events": "",
    "save": "3600 1 300 100 60 10000",
    "set-max-intset-entries": "512",
    "slowlog-log-slower-than": "10000",
    "slowlog-max-len": "128",
    "stop-writes-on-bgsave-error": "yes",
    "timeout": "0",
    "zset-max-listpack-entries": "128",
    "zset-max-listpack-value": "64",
}
"""What `inspect` looks at: parameters that say how data is kept, evicted and persisted, with the value of a
server that nobody configured (7.0). Others are a matter of the machine."""

POLICIES: Final = (
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
)

_UNITS: Final = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1 << 10,
    "m": 1000**2,
    "mb": 1 << 20,
    "g": 1000**3,
    "gb": 1 << 30,
}
_SIZE: Final = re.compile(r"(\d+)\s*([a-z]*)", re.IGNORECASE)
_FORMER: Final = re.compile(r"\bslave\b|(?<=-)slave(?=-|s\b)|\bslave(?=-)|ziplist")
_EVENTS: Final = "gxe$lshztdmnKE"
_ALL_EVENTS: Final = frozenset("g$lshzxetd")
_EVENT_ORDER: Final = "g$lshzxetdKEmn"


def canonical_name(name: str) -> str:
    """Returns the present name of a parameter: `replica-…` for `slave-…`, `listpack` for `ziplist`."""
    return _FORMER.sub(lambda m: "listpack" if m[0] == "ziplist" else "replica", name.lower())


def canonical_value(name: str, value: str) -> str:
    """Returns `value` in one spelling of all that mean the same. Both sides of a comparison go through it."""
    text = " ".join(value.split())
    if name in MEMORY:
        return _bytes(text)
    if name == "notify-keyspace-events":
        return _events(text)
    if name == "client-output-buffer-limit":
        return _limits(text)
    lower = text.lower()
    if lower in ("yes", "no") or name in ("maxmemory-policy", "appendfsync", "loglevel"):
        return lower
    return text


def _bytes(text: str) -> str:
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    return text if found is None or unit is None else str(int(found[1]) * unit)


def _events(text: str) -> str:
    """`A` is all classes but m and n; the order of letters means nothing. Measured: KEA comes back as AKE."""
    letters = set(text)
    if "A" in letters:
        letters = (letters - {"A"}) | _ALL_EVENTS
    if not letters <= set(_EVENTS):
        return text
    said = "".join(letter for letter in _EVENT_ORDER if letter in letters)
    return said.replace("g$lshzxetd", "A")


def _limits(text: str) -> str:
    """`CLASS HARD SOFT SECONDS`, once for each class of clients."""
    words = text.split()
    if len(words) % 4:
        return text
    rows = {}
    for at in range(0, len(words), 4):
        name = words[at].lower().replace("slave", "replica")
        rows[name] = " ".join((_bytes(words[at + 1]), _bytes(words[at + 2]), words[at + 3]))
    return " ".join(f"{name} {row}" for name, row in sorted(rows.items()))
