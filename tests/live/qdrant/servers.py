"""A server for tests of what rests on Qdrant over REST: a double, or the real one that the environment names.

    def test_a_fact(server: Server) -> None:
        name = server.name("documents")     # every name of a collection or an alias, so that it is removed
        server.target.create(name, {…})     # connected already; `server.connect(key="…")` for another way
        server.hooks.drop_connection()      # what only the double can do: skips the test on a real server
        server.needs_a_real_one()           # what the double cannot do: skips the test on it

`APEXPLAN_TEST_QDRANT_URL` names a real server, `APEXPLAN_TEST_QDRANT_KEY` its full key. Nothing on it is
touched but collections and aliases whose name begins with the test's own prefix; these are gone afterwards.
Tests that need a server of their own, with `an_empty_one`, want it empty, and empty it again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from pydantic import SecretStr

from apexplan_qdrant.connection import QdrantSettings
from apexplan_qdrant.server import ServerTarget, connect
from apexplan_qdrant.server.waiting import Clock

from .double import Double

URL = os.environ.get("APEXPLAN_TEST_QDRANT_URL")
KEY = os.environ.get("APEXPLAN_TEST_QDRANT_KEY")


@dataclass
class Server:
    """A running server. `double` is None where it is a real one."""

    url: str
    key: str | None = field(repr=False)
    double: Double | None
    target: ServerTarget
    prefix: str

    @property
    def hooks(self) -> Double:
        if self.double is None:
            pytest.skip("a real server neither holds its rebuilds nor breaks a connection on request")
        return self.double

    def needs_a_real_one(self) -> None:
        if self.double is not None:
            pytest.skip("the double does not do this: set APEXPLAN_TEST_QDRANT_URL to a real server")

    def name(self, stem: str) -> str:
        return self.prefix + stem

    def connect(self, key: str | None = None, *, clock: Clock | None = None) -> ServerTarget:
        """Another target of this server; without `key`, with the one that it wants."""
        return connect("vectors", settings(self.url, key or self.key), clock=clock)


def settings(url: str, key: str | None = None, *, timeout_s: float = 30) -> QdrantSettings:
    secret = SecretStr(key) if key else None
    return QdrantSettings(url=url, api_key=secret, timeout_s=timeout_s)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on which the test's names are free, before and after."""
    with ExitStack() as stack:
        double = None if URL else stack.enter_context(Double())
        url = URL or (double.url if double else "")
        key = KEY if URL else None
        target = connect("vectors", settings(url, key))
        stack.callback(target.close)
        running = Server(url, key, double, target, f"apexplan_test_{uuid4().hex[:8]}_")
        if double is None:
            stack.callback(_removed, running)
        yield running


one_at_a_time = [pytest.mark.xdist_group("qdrant-server")] if URL else []
"""Marks for tests that use `an_empty_one`: of a real server there is only one."""


@contextmanager
def an_empty_one() -> Iterator[QdrantSettings]:
    """Gives a server that holds nothing: a double, or the real one, which must be empty and is emptied."""
    if not URL:
        with Double() as double:
            yield settings(double.url)
        return
    found = settings(URL, KEY)
    target = connect("vectors", found)
    if target.collections():
        pytest.fail(f"{URL} is not empty, and the test would empty it: give it a server of its own")
    try:
        yield found
    finally:
        _emptied(target, "")
        target.close()


def _removed(server: Server) -> None:
    target = server.connect()
    _emptied(target, server.prefix)
    target.close()


def _emptied(target: ServerTarget, prefix: str) -> None:
    """Removes what has a name that begins so. Aliases first: one that hides a collection is not its own."""
    ours = [alias for alias in target.aliases() if alias.startswith(prefix)]
    if ours:
        target.change_aliases([{"delete_alias": {"alias_name": alias}} for alias in ours])
    for name in target.collections():
        if name.startswith(prefix):
            target.delete(name)
