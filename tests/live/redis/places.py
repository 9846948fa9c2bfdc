"""A project on a real Redis, in which real commands are run; see `tests.live.home`."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar

from apexplan.engine.survey import StoreConfig, opened
from apexplan.provider import Scope
from apexplan_redis.connection import RedisSettings
from apexplan_redis.provider import PROVIDER
from apexplan_redis.server import connect
from tests.live.home import Done, Home

HEAD = """
version: 1
project: cache
stores: {cache: {provider: redis, url: "${REDIS_URL}", audit_rate: 0, passwords: {app: only-for-tests}}}
manifests: [schema.yaml]
state: {url: "sqlite:///.apexplan/state.db"}
"""


@dataclass(frozen=True)
class CachePlace(Home):
    """A project whose one store is a Redis."""

    variable: ClassVar[str] = "REDIS_URL"
    head: ClassVar[str] = HEAD

    def typed(self, *arguments: str, kill: tuple[int, str] = (0, "after")) -> list[str]:
        program = [sys.executable, "-m", "tests.live.killer", str(kill[0]), kill[1]]
        return [*program, arguments[0], "-C", str(self.home), *arguments[1:]]

    def ask(self, *command: str | bytes | int) -> Any:
        """Returns the raw answer to one command."""
        with closing(connect("cache", RedisSettings(url=self.url))) as servers:
            return servers.primaries[0].call(*command)

    def seen(self) -> tuple[Any, Any]:
        """Returns all that counts of a server: objects, and keys with a digest of their values and whether
        they expire."""
        config = StoreConfig("cache", PROVIDER, RedisSettings(url=self.url))
        with opened([config]) as stores:
            live = stores["cache"].session.read(Scope("cache", everything=True))
        objects = {str(address): spec.values() for address, spec in sorted(live.objects.items())}
        keys = sorted(self.ask("KEYS", "*"))
        digests = dict(zip(keys, self.ask("DEBUG", "DIGEST-VALUE", *keys) if keys else (), strict=True))
        return objects, {key: (digests[key], self.ask("PEXPIRETIME", key) > 0) for key in keys}


def told(done: Done, code: int = 0) -> str:
    """Returns what a command said, which must have ended with `code`."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout
