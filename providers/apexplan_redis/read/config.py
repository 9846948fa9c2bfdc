"""Parameters of the configuration, of all servers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from apexplan_redis.document.parameters import DEFAULTS, SECRET
from apexplan_redis.document.spelling import canonical_name, canonical_value
from apexplan_redis.read.everywhere import ALL, Spread, asked, text_of

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers


def read_config(servers: Servers, names: Collection[str]) -> dict[str, Spread[str]]:
    """Returns the canonical values of parameters; one that a server does not know is missing there."""
    wanted = sorted(set(names) - SECRET)
    return asked(servers.nodes, lambda node: values_of(node, wanted)) if wanted else {}


def noteworthy(values: Mapping[str, Spread[str]]) -> dict[str, Spread[str]]:
    """Returns those of the parameters that `inspect` looks at which somebody has set."""
    usual = {name: canonical_value(name, value) for name, value in DEFAULTS.items()}
    return {name: found for name, found in values.items() if found != {ALL: usual.get(name)}}


def values_of(node: Node, names: Collection[str]) -> dict[str, str]:
    """Returns the canonical values of parameters of one server."""
    if not names:
        return {}
    answer = node.call("CONFIG", "GET", *names)
    found = {canonical_name(text_of(name)): text_of(value) for name, value in answer.items()}
    return {name: canonical_value(name, value) for name, value in found.items() if name in names}
