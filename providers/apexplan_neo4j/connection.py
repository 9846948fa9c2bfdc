"""One database behind a driver: statements in, rows out, errors as ours. Importing this imports no
driver.

Everything goes through `Graph`. A statement either commits by itself (`rows`) or belongs to an
explicit transaction (`transaction`); the driver's own retries are never used, since the engine
asks the store before it tries again. Each transaction carries `apexplan` in its metadata: SHOW
TRANSACTIONS names it so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from apexplan.model.errors import StoreError

if TYPE_CHECKING:
    from neo4j import Driver, ResultSummary, Transaction

Row = dict[str, Any]

_SCHEMES: Final = frozenset(f"{scheme}{tls}" for scheme in ("bolt", "neo4j") for tls in ("", "+s", "+ssc"))
METADATA_KEY: Final = "apexplan"


class Neo4jSettings(BaseModel):
    """A store's block in the project file, without `provider`. One store is one database.

    `uri` may hold user and password (`bolt://user:password@host:7687`), percent-encoded; the fields of
    their own win. `lock_timeout_ms` bounds how long schema statements wait for a lock that somebody's
    open transaction holds, and thereby how long others wait behind them: the server itself never
    ends such a wait (measured on 5.26.12). `scan_timeout_s` bounds each look at the data before a
    constraint is planned, `build_timeout_s` the wait for an index to come ONLINE.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    uri: SecretStr
    user: str | None = None
    password: SecretStr | None = None
    database: str = Field(default="neo4j", min_length=1)
    lock_timeout_ms: int = Field(default=500, ge=1)
    connect_timeout_s: int = Field(default=10, ge=1)
    scan_timeout_s: int = Field(default=10, ge=1)
    build_timeout_s: int = Field(default=3600, ge=1)

    def target(self) -> tuple[str, tuple[str, str] | None]:
        """Returns the URI without credentials, and user and password, None where there are none."""
        parts = urlsplit(self.uri.get_secret_value())
        userinfo, _, place = parts.netloc.rpartition("@")
        user, _, password = userinfo.partition(":")
        user = self.user or unquote(user)
        password = self.password.get_secret_value() if self.password else unquote(password)
        auth = (user or "neo4j", password) if user or password else None
        return urlunsplit(parts._replace(netloc=place)), auth


@dataclass(frozen=True, slots=True)
class Graph:
    """One database. Threads may share it: every call takes a session of its own."""

    driver: Driver
    store: str
    settings: Neo4jSettings

    def rows(
        self,
        text: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
        note: str = "statement",
    ) -> list[Row]:
        """Runs one statement that commits by itself and returns its rows. `note` as in `transaction`."""
        from neo4j import Query

        query = Query(text, metadata={METADATA_KEY: note}, timeout=timeout_s)
        with self.driver.session(database=self.settings.database) as session:
            return [record.data() for record in session.run(query, dict(parameters or {}))]

    @contextmanager
    def transaction(self, note: str) -> Iterator[Tx]:
        """An explicit transaction, to be committed by the caller and else rolled back. `note` names it in
        SHOW TRANSACTIONS."""
        with self.driver.session(database=self.settings.database) as session:
            transaction = session.begin_transaction(metadata={METADATA_KEY: note})
            try:
                yield Tx(transaction)
            finally:
                transaction.close()  # its own `with` would commit


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction."""

    inner: Transaction

    def rows(self, text: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Runs one statement and returns its rows; an error of the server's is raised here."""
        return [record.data() for record in self.inner.run(text, dict(parameters or {}))]

    def done(self, text: str) -> ResultSummary:
        """Runs one statement, whatever rows it has, and returns the server's summary."""
        return self.inner.run(text).consume()

    def commit(self) -> None:
        self.inner.commit()


@contextmanager
def opened(store: str, settings: Neo4jSettings) -> Iterator[Graph]:
    """Opens a driver on the store's database; raises StoreUnreachable or AccessDenied at once."""
    from neo4j import GraphDatabase

    from apexplan_neo4j.errors import translated

    logging.getLogger("neo4j").addHandler(logging.NullHandler())  # what matters reaches us as an error
    uri, auth = _target(store, settings)
    with translated(store, sent=False):
        driver = GraphDatabase.driver(
            uri,
            auth=auth,
            user_agent="apexplan",
            connection_timeout=settings.connect_timeout_s,
            connection_acquisition_timeout=settings.connect_timeout_s,
            telemetry_disabled=True,
        )
    try:
        yield Graph(driver, store, settings)
    finally:
        driver.close()


def _target(store: str, settings: Neo4jSettings) -> tuple[str, tuple[str, str] | None]:
    """Returns `settings.target()`; raises StoreError for what is no URI of Neo4j's, and quotes nothing of
    it: what stands in a wrong place may be the password."""
    try:
        uri, auth = settings.target()
    except ValueError:
        uri, auth = "", None
    parts = urlsplit(uri)
    if parts.scheme not in _SCHEMES or not parts.netloc or parts.path.strip("/") or parts.fragment:
        mend = (
            "write bolt://host:7687 or neo4j://host:7687, with +s or +ssc after the scheme for TLS; "
            "in a password, / ? # @ and : must be percent-encoded"
        )
        raise StoreError("`uri` is not one of Neo4j", store=store, mend=mend)
    return uri, auth


def whereabouts(settings: Neo4jSettings) -> str:
    """Returns who was asked, ` (user u on host:7687, database d)`, without the password."""
    uri, auth = settings.target()
    parts = urlsplit(uri)
    if "@" in uri:
        return ""  # the password holds a character that ends it: what was read may be a piece of it
    user = f"user {auth[0]} on " if auth else "without a user on "
    return f" ({user}{parts.netloc}, database {settings.database})"
