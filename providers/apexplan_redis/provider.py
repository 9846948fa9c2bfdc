"""The Redis provider. Importing this imports no driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import BaseModel

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Step
from apexplan.model.spec import Spec
from apexplan.provider import Facts, Kind, LocalStore
from apexplan_redis import specs
from apexplan_redis.connection import RedisSettings, opened
from apexplan_redis.document import KIND
from apexplan_redis.session import RedisSession
from apexplan_redis.steps import plan_steps, renamed


class RedisProvider:
    """What `apexplan.providers` exports for `provider: redis`."""

    name = "redis"
    kinds: tuple[Kind, ...] = (KIND,)
    specs: tuple[type[Spec], ...] = specs.ALL
    settings: type[BaseModel] = RedisSettings

    @contextmanager
    def connect(self, store: str, settings: BaseModel) -> Iterator[RedisSession]:
        """Opens a session. Raises StoreUnreachable, AccessDenied or Unsupported."""
        assert isinstance(settings, RedisSettings)
        with opened(store, settings) as servers:
            yield RedisSession(servers, settings)

    def steps(self, changes: Sequence[Change], facts: Facts) -> list[Step]:
        return plan_steps(changes, facts)

    def renamed(
        self, live: Mapping[Address, Spec], renames: Mapping[Address, Address]
    ) -> Mapping[Address, tuple[Address, Spec]]:
        return renamed(live, renames)

    def local(self, directory: str, *, detached: bool = False) -> LocalStore:
        from apexplan_redis.local import start

        return start(directory, detached=detached)

    def attached(self, directory: str) -> LocalStore | None:
        from apexplan_redis.local import attach

        return attach(directory)


PROVIDER = RedisProvider()
