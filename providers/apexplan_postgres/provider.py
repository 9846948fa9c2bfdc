"""The PostgreSQL provider and its session. Importing this imports no driver.

Reading is in `read`, the store's spelling in `normalize`, sizes in `measure`; the manifest form is
in `document`, planning in `steps`, executing in `run`.

Every session is pinned, so that the server prints and reads SQL in one way whatever the role's
own settings are. `search_path` is `public, pg_temp` for both directions: what stands in `public`
is spelled as people write it (`vector(3)`, not `public.vector(3)`) and everything else with its
schema. An empty path would be stricter, but then no text in a manifest could say `vector(3)`. The
built-in objects of `pg_catalog` are found first all the same, and temporary objects last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from apexplan.migrations.kind import MigrationKind
from apexplan.migrations.spec import Migration
from apexplan.migrations.status import obstacles
from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.errors import StoreError, Unsupported
from apexplan.model.plan import Note, Size, Step
from apexplan.model.spec import Spec
from apexplan.provider import Check, Facts, Kind, Live, Mark, Normal, Outcome, Scope, Watch
from apexplan_postgres import specs
from apexplan_postgres.document import KIND
from apexplan_postgres.local import LocalServer, attach, start
from apexplan_postgres.script import SQL
from apexplan_postgres.steps import plan_steps, renamed

if TYPE_CHECKING:
    from psycopg import Connection

    from apexplan_postgres.run import Claim, Connections

OLDEST: Final = 140000
"""PostgreSQL 14, the oldest version that its makers still cared for when this was written."""

_PINNED: Final = {
    "search_path": "public, pg_temp",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "jit": "off",  # compiling a catalogue query costs more than running it
}


class PostgresSettings(BaseModel):
    """A store's block in the project file, without `provider`.

    `lock_timeout_ms` bounds how long a statement waits for a lock, and thereby how long others
    wait behind it: an idle reader in front of an ALTER stalled them 4,004 ms without it and 101 ms
    with 100 (measured on 18.4).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr
    lock_timeout_ms: int = Field(default=100, ge=1)
    connect_timeout_s: int = Field(default=10, ge=1)


class PostgresSession:
    """One connection, opened again by the next call where it was lost. See `apexplan.provider`."""

    def __init__(self, store: str, settings: PostgresSettings) -> None:
        self.store = store
        self.settings = settings
        self._open: Connection[Any] | None = None
        self._details: Mapping[str, Any] = {}
        self._claim: Claim | None = None

    @property
    def connection(self) -> Connection[Any]:
        """The open, pinned connection, in autocommit mode. Raises StoreUnreachable, AccessDenied
        or Unsupported."""
        if self._open is None or self._open.closed:
            self._open = _connect(self.store, self.settings)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()

    def read(self, scope: Scope) -> Live:
        from apexplan_postgres.errors import translated
        from apexplan_postgres.read import read

        connection = self.connection
        with translated(self.store, sent=False):
            live = read(connection, scope)
        self._details = live.details
        return live

    def normalize(self, desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Normal:
        from apexplan_postgres.errors import translated
        from apexplan_postgres.normalize import normalize

        connection = self.connection
        with translated(self.store, sent=False):
            return normalize(connection, self.store, desired, live, self._facts())

    def measure(self, addresses: frozenset[Address]) -> Mapping[Address, Size]:
        from apexplan_postgres.errors import translated
        from apexplan_postgres.measure import measure

        connection = self.connection
        with translated(self.store, sent=False):
            return measure(connection, addresses)

    def examine(self) -> Sequence[Check]:
        from apexplan_postgres.errors import translated
        from apexplan_postgres.examine import examine

        connection = self.connection
        with translated(self.store, sent=False):
            return examine(connection, self._facts())

    def obstacles(self, changes: Sequence[Change]) -> Sequence[Note]:
        """Returns what stands in the way of versioned scripts; nothing else is looked at before."""
        from apexplan_postgres.errors import translated
        from apexplan_postgres.read.migrations import migrations

        if not any(change.address.kind == Migration.kind for change in changes):
            return ()
        connection = self.connection
        with translated(self.store, sent=False):
            return obstacles(changes, migrations(connection, self.store).applied)

    def claim(self, run: str, by: str) -> None:
        """Keeps in whose name the ledger is written. A database needs no lock of its own for a run."""
        from apexplan_postgres.run import Claim

        self._claim = Claim(run, by)

    def run(self, step: Step, watch: Watch) -> None:
        from apexplan_postgres.run import run_step

        run_step(self._connections(), step, watch)

    def probe(self, step: Step) -> Outcome:
        from apexplan_postgres.run import probe_step

        return probe_step(self._connections(), step)

    def run_group(self, unit: str, steps: Sequence[Step], watch: Watch) -> None:
        from apexplan_postgres.run import run_group

        run_group(self._connections(), unit, steps, watch)

    def probe_group(self, unit: str, steps: Sequence[Step]) -> Outcome:
        from apexplan_postgres.run import probe_group

        return probe_group(self._connections(), unit, steps)

    def marks(self, project: str) -> Mapping[Address, Mark]:
        from apexplan_postgres.run import marks

        return marks(self._connections(), project)

    def record(self, project: str, marks: Mapping[Address, Mark | None]) -> None:
        from apexplan_postgres.run import record

        record(self._connections(), project, marks)

    def _connections(self) -> Connections:
        from apexplan_postgres.run import Claim, Connections

        return Connections(
            self.store,
            lambda: self.connection,
            lambda: _connect(self.store, self.settings),
            self._claim or Claim(),
        )

    def _facts(self) -> Mapping[str, Any]:
        if not self._details:
            from apexplan_postgres.read.details import details

            self._details = details(self.connection)
        return self._details


class PostgresProvider:
    """What `apexplan.providers` exports for `provider: postgres`."""

    name = "postgres"
    kinds: tuple[Kind, ...] = (KIND, MigrationKind(SQL))
    specs: tuple[type[Spec], ...] = specs.ALL
    settings: type[BaseModel] = PostgresSettings

    @contextmanager
    def connect(self, store: str, settings: BaseModel) -> Iterator[PostgresSession]:
        """Opens a session. Raises StoreUnreachable, AccessDenied, or Unsupported for a server
        older than 14."""
        assert isinstance(settings, PostgresSettings)
        session = PostgresSession(store, settings)
        try:
            _ = session.connection
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


def refuse_old(store: str, version_num: int, version: str) -> None:
    """Raises Unsupported for a server that is too old to be read exactly."""
    if version_num < OLDEST:
        raise Unsupported(
            f"this is PostgreSQL {version}; apexplan needs {OLDEST // 10000} or newer",
            store=store,
            mend=f"upgrade the server to PostgreSQL {OLDEST // 10000} or newer",
        )


def _connect(store: str, settings: PostgresSettings) -> Connection[Any]:
    from apexplan_postgres.errors import translated

    connection = _opened(store, settings)
    with translated(store, sent=False):
        try:
            refuse_old(
                store,
                connection.info.server_version,
                connection.info.parameter_status("server_version") or "",
            )
            _pin(connection, settings)
        except BaseException:
            connection.close()
            raise
    return connection


def _opened(store: str, settings: PostgresSettings) -> Connection[Any]:
    import psycopg

    from apexplan_postgres.errors import translated

    url = settings.url.get_secret_value()
    try:
        with translated(store, sent=False):
            return psycopg.connect(
                url,
                autocommit=True,
                connect_timeout=settings.connect_timeout_s,
                application_name="apexplan",
                prepare_threshold=None,  # a pooler may hand the next statement to another backend
            )
    except StoreError as error:
        error.text += _whereabouts(url)
        raise


def _whereabouts(url: str) -> str:
    """Returns who was asked, ` (user u on 127.0.0.1:5432, database d)`, without the password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        return ""
    if any("@" in str(given.get(part, "")) for part in ("host", "port", "dbname")):
        return ""  # the password holds a character that ends it: what was read may be a piece of it
    host, port = given.get("host") or "the local socket", given.get("port")
    at = f"{host}:{port}" if port else host
    user = f"user {given['user']} on " if given.get("user") else ""
    database = f", database {given['dbname']}" if given.get("dbname") else ""
    return f" ({user}{at}{database})"


def _pin(connection: Connection[Any], settings: PostgresSettings) -> None:
    """Sets everything in one round trip. Not by the `options` of the URL: poolers refuse those."""
    pinned = _PINNED | {"lock_timeout": str(settings.lock_timeout_ms)}
    connection.execute(
        "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s(name, value)",
        [list(pinned), list(pinned.values())],
    )


PROVIDER = PostgresProvider()
