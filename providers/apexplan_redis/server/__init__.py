"""The way to the servers of a store.

    servers    all servers of a store: who holds a key, who may be read from, what they can do
    node       one server: commands, pipelines, connections for bulk work
    scouts     where the servers are: a URL alone, sentinels, a cluster
      slots    CLUSTER SLOTS, taken apart
    dial       a place and credentials → a greeted connection
    wire       bytes out, answers in
    url        the URL, taken apart
    failures   the driver's errors → ours

Answers are raw RESP3: bytes, int, float, bool, None, list, dict. Nothing is tried twice here: who asks knows
whether that is safe. Only a command that a cluster's server has not executed, because the slot is elsewhere
(MOVED, ASK), is sent on, once. One session uses its servers from one thread at a time; a `Wire` is a
connection of its own.
"""

from apexplan_redis.server.node import Node
from apexplan_redis.server.servers import Servers, connect
from apexplan_redis.server.wire import Wire

__all__ = ["Node", "Servers", "Wire", "connect"]
