"""Carries steps out and asks about them.

server_side   the contract, parameters, users, libraries      streams   streams and groups
repairs       keys, a batch at a time                          indexes   search indexes and aliases
ledger        marks of ownership
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from apexplan_redis.run import indexes, repairs, server_side, streams
from apexplan_redis.run.looking import Verb, Work
from apexplan_redis.steps.config import CONFIG
from apexplan_redis.steps.indexes import ALIAS, DROP_INDEX, INDEX
from apexplan_redis.steps.libraries import LIBRARY
from apexplan_redis.steps.published import PUBLISH
from apexplan_redis.steps.repairs import BOUND_TTL, REMOVE, RETURN, RETURN_TTL
from apexplan_redis.steps.streams import DROP_GROUP, DROP_STREAM, GROUP, STREAM
from apexplan_redis.steps.users import USER

VERBS: Final[Mapping[str, Verb]] = {
    PUBLISH: Verb(server_side.run_publish, server_side.probe_publish),
    CONFIG: Verb(server_side.run_config, server_side.probe_config),
    USER: Verb(server_side.run_user, server_side.probe_user),
    LIBRARY: Verb(server_side.run_library, server_side.probe_library),
    STREAM: Verb(streams.run_stream, streams.probe_stream),
    DROP_STREAM: Verb(streams.run_drop_stream, streams.probe_drop_stream),
    GROUP: Verb(streams.run_group, streams.probe_group),
    DROP_GROUP: Verb(streams.run_drop_group, streams.probe_drop_group),
    INDEX: Verb(indexes.run_index, indexes.probe_index),
    ALIAS: Verb(indexes.run_alias, indexes.probe_alias),
    DROP_INDEX: Verb(indexes.run_drop_index, indexes.probe_drop_index),
    BOUND_TTL: Verb(repairs.run_bound_ttl, repairs.probe),
    RETURN_TTL: Verb(repairs.run_return_ttl, repairs.probe),
    REMOVE: Verb(repairs.run_remove, repairs.probe),
    RETURN: Verb(repairs.run_return, repairs.probe),
}

__all__ = ["VERBS", "Verb", "Work"]
