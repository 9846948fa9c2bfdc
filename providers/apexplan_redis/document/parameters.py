"""Parameters of the configuration by what they hold, and those that cannot be set or may not be shown. Pure.

Measured on 7.0.15: CONFIG SET of every parameter's own value tells which cannot be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEMORY: Final = frozenset(
    {
        "maxmemory",
        "maxmemory-clients",
        "hash-max-listpack-value",
        "set-max-listpack-value",
        "zset-max-listpack-value",
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
"""Sizes in bytes, which may be written with a unit. `set-max-listpack-value` is of 7.2."""

WORDS: Final = frozenset(
    {
        "acl-pubsub-default",
        "appendfsync",
        "cluster-preferred-endpoint-type",
        "enable-debug-command",
        "enable-module-command",
        "enable-protected-configs",
        "loglevel",
        "maxmemory-policy",
        "propagation-error-behavior",
        "repl-diskless-load",
        "sanitize-dump-payload",
        "supervised",
        "syslog-facility",
        "tls-auth-clients",
    }
)
"""One word out of a few, in any case of letters."""

TEXTS: Final = frozenset(
    {
        "aclfile",
        "aof_rewrite_cpulist",
        "appenddirname",
        "appendfilename",
        "bgsave_cpulist",
        "bind-source-addr",
        "bio_cpulist",
        "cluster-announce-hostname",
        "cluster-announce-ip",
        "cluster-config-file",
        "dbfilename",
        "dir",
        "ignore-warnings",
        "logfile",
        "masteruser",
        "pidfile",
        "proc-title-template",
        "replica-announce-ip",
        "server_cpulist",
        "syslog-ident",
        "tls-ca-cert-dir",
        "tls-ca-cert-file",
        "tls-cert-file",
        "tls-ciphers",
        "tls-ciphersuites",
        "tls-client-cert-file",
        "tls-client-key-file",
        "tls-dh-params-file",
        "tls-key-file",
        "tls-protocols",
        "unixsocket",
    }
)
"""Kept byte for byte: blanks and case of letters mean something."""

ADDRESSES: Final = frozenset({"bind", "port", "tls-port"})
"""Where the server listens: the store's `url` is wrong once one of them changes."""

ADJUSTED: Final[Mapping[str, tuple[int, int]]] = {"hz": (1, 500), "repl-backlog-size": (16_384, 1 << 62)}
"""Numbers with their bounds: for one beyond them the server says OK and takes the nearest."""

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

LIMITS: Final = "client-output-buffer-limit"

DEFAULTS: Final = {
    "activedefrag": "no",
    "active-expire-effort": "1",
    "appendfsync": "everysec",
    "appendonly": "no",
    LIMITS: "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
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
