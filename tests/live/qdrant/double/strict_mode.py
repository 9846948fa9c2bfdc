"""The limits of strict mode that are recorded. They bind only while `enabled` is true."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from . import filters
from .config import Config
from .faults import Fault, bad_request


def check_upsert(config: Config, count: int) -> None:
    _check_limit(config, "upsert_max_batchsize", "upsert limit", count)


def check_query(config: Config, limit: int) -> None:
    _check_limit(config, "max_query_limit", "limit", limit)


def check_filter(
    config: Config, key: str, condition: Mapping[str, Any] | None, indexed: Container[str]
) -> None:
    """`key` tells which of the two switches holds: for reading or for updating."""
    if _limits(config).get(key) is not False:
        return
    for path, kind in filters.fields(condition):
        if path not in indexed:
            cause = f'Index required but not found for "{path}" of one of the following types: [{kind}]'
            raise _refused(cause, "Create an index for this key or use a different filter.")


def check_new_index(config: Config, count: int) -> None:
    """At the limit even the same index again is refused."""
    limit = _limits(config).get("max_payload_index_count")
    if limit is not None and count >= limit:
        cause = f"Collection already has the maximum number of payload indices ({limit})"
        raise _refused(cause, "Please delete an existing index before creating a new one.")


def _check_limit(config: Config, key: str, name: str, value: int) -> None:
    limit = _limits(config).get(key)
    if limit is not None and value > limit:
        cause = f'Limit exceeded {value} > {limit} for "{name}"'
        raise _refused(cause, f'Reduce the "{name}" parameter to or below {limit}.')


def _limits(config: Config) -> Mapping[str, Any]:
    strict_mode: Mapping[str, Any] = config.get("strict_mode_config", {})
    return strict_mode if strict_mode.get("enabled") else {}


def _refused(cause: str, remedy: str) -> Fault:
    return bad_request(f"{cause}. Help: {remedy}")
