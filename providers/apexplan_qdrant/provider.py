"""The Qdrant provider. Importing this imports no driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import BaseModel

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Step
from apexplan.model.spec import Spec
from apexplan.provider import Facts, Kind, LocalStore
from apexplan_qdrant import specs
from apexplan_qdrant.connection import QdrantSettings, opened
from apexplan_qdrant.document import KIND
from apexplan_qdrant.local import attach, start
from apexplan_qdrant.session import QdrantSession
from apexplan_qdrant.steps import plan_steps, renamed


class QdrantProvider:
    """What `apexplan.providers` exports for `provider: qdrant`."""

    name = "qdrant"
    kinds: tuple[Kind, ...] = (KIND,)
    specs: tuple[type[Spec], ...] = specs.ALL
    settings: type[BaseModel] = QdrantSettings

    @contextmanager
    def connect(self, store: str, settings: BaseModel) -> Iterator[QdrantSession]:
        """Opens a session on a server or on Edge. Raises StoreUnreachable, AccessDenied or Unsupported."""
        assert isinstance(settings, QdrantSettings)
        with opened(store, settings) as target:
            yield QdrantSession(target, settings.settle_timeout_s)

    def steps(self, changes: Sequence[Change], facts: Facts) -> list[Step]:
        return plan_steps(changes, facts)

    def renamed(
        self, live: Mapping[Address, Spec], renames: Mapping[Address, Address]
    ) -> Mapping[Address, tuple[Address, Spec]]:
        return renamed(live, renames)

    def local(self, directory: str, *, detached: bool = False) -> LocalStore:
        return start(directory, detached=detached)

    def attached(self, directory: str) -> LocalStore | None:
        return attach(directory)


PROVIDER = QdrantProvider()
