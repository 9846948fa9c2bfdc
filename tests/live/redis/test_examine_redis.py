"""What `doctor` tells of a store, also to one who may see little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from apexplan.provider import Check
from apexplan_redis.examine import examine
from apexplan_redis.server import connect
from tests.live.redis.servers import Running, cluster, server, settings

pytestmark = pytest.mark.live


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with server(tmp_path) as started:
        yield started


def checks(url: str, **more: Any) -> Mapping[str, Check]:
    servers = connect("cache", settings(url, **more))
    try:
        return {check.name: check for check in examine(servers)}
    finally:
        servers.close()


def as_user(running: Running, *rules: str) -> Mapping[str, Check]:
    """Returns what is told to a user with these rules."""
    running.ask("ACL", "SETUSER", "little", "on", ">x", *rules)
    return checks(running.url, username="little", password="x")


def test_the_version_is_that_of_the_server(running: Running) -> None:
    assert f"redis_version:{checks(running.url)['version'].value}\r".encode() in running.ask("INFO", "server")


def test_the_server_is_named_with_its_role(running: Running) -> None:
    assert checks(running.url)["servers"].value == f"standalone: {running.name} (primary)"


def test_an_ability_that_is_missing_is_told_with_what_needs_it(running: Running) -> None:
    found = checks(running.url)
    assert found["has function"].value == "yes"
    assert found["has ft.create"].value == "no: search indexes"


def test_who_may_do_all_is_told_so(running: Running) -> None:
    may = {name: check.value for name, check in checks(running.url).items() if name.startswith("may ")}
    assert set(may.values()) == {"yes"}
    assert len(may) == 7


def test_who_may_only_read_is_enough_for_plan_and_drift(running: Running) -> None:
    reading = ("+@all", "-function|load", "-config|set", "-acl|setuser", "~*")
    found = as_user(running, *reading)
    assert [name for name, check in found.items() if check.ok is False] == []
    assert found["may change users"].value == "no: enough for plan and drift"


def test_what_may_not_be_read_is_told_with_its_mend(running: Running) -> None:
    found = as_user(running, "+@all", "-function|list", "-acl|users", "~*")
    assert not found["may read functions"].ok
    assert found["may read functions"].mend == "ACL SETUSER little +function|list"
    assert not found["may read users"].ok


def test_who_may_do_nothing_is_told_so_and_no_error_is_raised(running: Running) -> None:
    found = as_user(running, "+hello", "+client", "+ping", "+role")
    assert found["may change users"].value.startswith("not known: ")
    assert found["has function"].value.startswith("not known: ")
    assert found["configuration file"].value.startswith("not known: ")


def test_a_server_without_a_file_forgets_what_is_changed(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        found = checks(running.url)["configuration file"].value
    has_file = any(path.suffix == ".conf" for path in tmp_path.iterdir())
    assert found.startswith("none: ") != has_file


def test_nothing_is_changed_by_looking(running: Running) -> None:
    before = running.ask("ACL", "LIST"), running.ask("CONFIG", "GET", "*"), running.ask("FUNCTION", "LIST")
    checks(running.url)
    after = running.ask("ACL", "LIST"), running.ask("CONFIG", "GET", "*"), running.ask("FUNCTION", "LIST")
    assert after == before


@pytest.mark.slow
def test_each_primary_of_a_cluster_is_asked(tmp_path: Path) -> None:
    with cluster(tmp_path) as running:
        running.primaries[1].ask("ACL", "SETUSER", "default", "-function|load")
        found = checks(running.url)
    may = {name: check.value for name, check in found.items() if name.startswith("may load functions on ")}
    assert sorted(may.values()) == ["no: enough for plan and drift", "yes", "yes"]
    assert may[f"may load functions on {running.primaries[1].name}"].startswith("no")
