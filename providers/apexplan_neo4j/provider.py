"""The Neo4j provider. Importing this imports no driver.

Reading is in `read`, planning in `steps`, executing in `run`, what stands in a plan's way in
`obstacles`; the manifest form is in `document`, the language of scripts in `cypher`. One store is
one database: marker, lock and transactions are a database's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import BaseModel

from apexplan.migrations.kind import MigrationKind
from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.model.spec import Spec
from apexplan.provider import Facts, Kind
from apexplan_neo4j import specs
from apexplan_neo4j.connection import Neo4jSettings, opened, whereabouts
from apexplan_neo4j.cypher import CYPHER
from apexplan_neo4j.document import KIND
from apexplan_neo4j.local import LocalServer, attach, start
from apexplan_neo4j.session import Neo4jSession
from apexplan_neo4j.steps import plan_steps, renamed


class Neo4jProvider:
    """What `apexplan.providers` exports for `provider: neo4j`."""

    name = "neo4j"
    kinds: tuple[Kind, ...] = (KIND, MigrationKind(CYPHER))
    specs: tuple[type[Spec], ...] = specs.ALL
    settings: type[BaseModel] = Neo4jSettings

    @contextmanager
    def connect(self, store: str, settings: BaseModel) -> Iterator[Neo4jSession]:
        """Opens a session. Raises StoreUnreachable, AccessDenied, or Unsupported for a server older
        than 5.0."""
        assert isinstance(settings, Neo4jSettings)
        with opened(store, settings) as graph:
            session = Neo4jSession(graph)
            try:
                session.details()
            except StoreError as error:
                error.text += whereabouts(settings)
                raise
            try:
                yield session
            finally:
                session.close()

    def steps(self, changes: Sequence[Change], facts: Facts) -> list[Step]:
        return plan_steps(changes, facts)

    def renamed(
        self, live: Mapping[Address, Spec], renames: Mapping[Address, Address]
    ) -> Mapping[Address, tuple[Address, Spec]]:
        return renamed(live, renames)

    def local(self, directory: str, *, detached: bool = False) -> LocalServer:
        return start(directory, detached=detached)

    def attached(self, directory: str) -> LocalServer | None:
        return attach(directory)


PROVIDER = Neo4jProvider()
