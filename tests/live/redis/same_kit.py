"""One store's life in a few words: declare, plan, apply, undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apexplan.engine.ports import RunStatus
from apexplan.engine.survey import StoreConfig
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.plan import Plan
from apexplan.testing.chaos import World
from apexplan.testing.conformance import ProviderSuite, _desired
from apexplan_redis.document import KIND, RedisContract
from apexplan_redis.provider import PROVIDER
from tests.live.redis import servers

STORE = "cache"


def at(kind: str, name: str) -> Address:
    return Address(STORE, kind, name)


def objects(**document: Any) -> dict[Address, Declared]:
    """Returns what a document without errors declares."""
    said = {"kind": "RedisContract", "store": STORE, **document}
    expansion = KIND.expand(RedisContract.model_validate(said))
    assert [problem for problem in expansion.problems if problem.severity == "error"] == []
    return {one.address: one for one in expansion.declared}


class Life:
    """A store with a state of its own. `apply` brings it to what is declared, `undo` takes the last run
    back."""

    def __init__(self, url: str, **settings: Any) -> None:
        config = StoreConfig(STORE, PROVIDER, servers.settings(url, **settings))
        self._suite = ProviderSuite()
        self.world: World = self._suite._world(config, {})

    def declare(self, declared: Mapping[Address, Declared]) -> None:
        self.world = World(self.world.state, self.world.open, self.world.snapshot, _desired(declared))

    def plan(self) -> Plan:
        return self._suite.plan(self.world)

    def changes(self) -> list[str]:
        """Returns the addresses that a plan would change."""
        return [str(change.address) for change in self.plan().changes]

    def apply(self) -> None:
        assert self._suite.apply(self.world, self.plan()).status is RunStatus.APPLIED

    def undo(self) -> None:
        assert self._suite.apply(self.world, self._suite.undoing(self.world)).status is RunStatus.APPLIED
