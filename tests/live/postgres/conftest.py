"""One real server for the session, one empty database for each test that asks for it.

The server is that of `APEXPLAN_TEST_POSTGRES_URL`, where the environment names one, and else a
local one. `APEXPLAN_TEST_POSTGRES_MAJOR` picks the local one's version.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from apexplan_postgres import local
from apexplan_postgres.provider import PROVIDER, PostgresSession, PostgresSettings

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of the server's own database."""
    given = os.environ.get("APEXPLAN_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="apexplan-pg-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        major = int(os.environ.get("APEXPLAN_TEST_POSTGRES_MAJOR", "18"))
        running = local.start(f"{directory}/server", fast=True, major=major)
        try:
            yield running.url
        finally:
            running.stop()


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The URL of an empty database, removed after the test."""
    name = f"apexplan_test_{os.getpid()}_{next(_NUMBERS)}"
    yield local.create_database(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def session(database: str) -> Iterator[PostgresSession]:
    """An open session of the store `sql` on that database."""
    with PROVIDER.connect("sql", PostgresSettings(url=SecretStr(database))) as opened:
        yield opened


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that a server's system user can reach, which pytest's own need not be."""
    path = Path(tempfile.mkdtemp(prefix="apexplan-pg-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)
