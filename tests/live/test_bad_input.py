"""Wrong password, no server, too few privileges, SQL that the server refuses: an error that names the
place and the mend, exit 1, nothing changed, and no password anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from apexplan_postgres import local

from .places import PROJECT, Done, Place, server_in

pytestmark = [pytest.mark.slow, pytest.mark.live]

SECRET = "pl4nted-s3cret"
MANIFEST = """
kind: PostgresSchema
store: sql
tables:
  items:
    columns:
      id: {type: bigint, null: false}
    primary_key: [id]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    """A server that asks for passwords of everybody but its own superuser."""
    base = tmp_path_factory.mktemp("bad")
    with server_in(base) as running:
        Place(base, running.url).sql(
            f"CREATE ROLE limited LOGIN PASSWORD '{SECRET}'; CREATE ROLE reader LOGIN PASSWORD '{SECRET}'"
        )
        hba = base / "pg" / "data" / "pg_hba.conf"
        hba.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        Place(base, running.url).sql("SELECT pg_reload_conf()")
        yield running


@pytest.fixture
def place(server: local.LocalServer, tmp_path: Path) -> Place:
    here = Place(tmp_path / "project", local.create_database(server.url, f"b_{uuid4().hex[:12]}"))
    here.write(MANIFEST)
    return here


def as_role(here: Place, role: str, password: str = SECRET) -> Place:
    return Place(here.home, here.url.replace("postgres@", f"{role}:{password}@"))


def refused(done: Done, *words: str) -> None:
    """Asserts a clean refusal that says all of `words` and no secret."""
    told = done.stdout + done.stderr
    assert done.returncode == 1, told
    for word in (*words, "mend"):
        assert word in told, told
    assert "Traceback" not in told
    assert SECRET not in told


def tables(here: Place) -> object:
    return here.one("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["inspect"], ["doctor"]])
def test_a_wrong_password(place: Place, command: list[str]) -> None:
    other = as_role(place, "limited", "wrong-" + SECRET)
    refused(other.command(*command), "password")


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["inspect"], ["doctor"]])
def test_no_server(place: Place, command: list[str]) -> None:
    nowhere = Place(place.home, f"postgresql://limited:{SECRET}@127.0.0.1:1/none")
    refused(nowhere.command(*command), "127.0.0.1")


@pytest.mark.parametrize("url", [f"postgresql://limited:{SECRET}@[::1/none", f"postgres:limited:{SECRET}"])
def test_a_url_that_is_none(place: Place, url: str) -> None:
    refused(Place(place.home, url).command("plan"))


def test_a_database_that_is_not_there(place: Place) -> None:
    other = Place(place.home, place.url.rpartition("/b_")[0] + "/ghost?" + place.url.partition("?")[2])
    refused(other.command("plan"), "ghost")


def test_a_role_that_may_not_create_is_refused_before_anything_changes(place: Place) -> None:
    done = as_role(place, "limited").command("apply", "--yes")
    told = done.stdout + done.stderr
    assert done.returncode in (1, 3), told
    assert "permission denied" in told or "may not" in told
    assert SECRET not in told
    assert tables(place) == 0


def test_a_role_that_may_only_read_can_plan_and_see_drift(place: Place) -> None:
    assert place.command("apply", "--yes").returncode == 0
    reader = as_role(place, "reader")
    assert reader.command("plan", "--detailed-exitcode").returncode == 0
    assert reader.command("drift").returncode == 0


def test_a_missing_variable_names_itself_and_its_place(place: Place) -> None:
    here = Place(place.home, place.url)
    here.write(MANIFEST, PROJECT.replace("${DATABASE_URL}", "${NO_SUCH_VARIABLE}"))
    refused(here.command("plan"), "NO_SUCH_VARIABLE", "apexplan.yaml:5:")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (MANIFEST + "    checks: {c: nope > 1}\n", ()),
        (MANIFEST + "    indexes: {i: {on: [ghost]}}\n", ("ghost",)),
        (MANIFEST + "    foreign_keys: {f: {columns: [id], references: ghosts(id)}}\n", ("ghosts",)),
        (MANIFEST.replace("bigint", "bigtin"), ("bigtin",)),
    ],
)
def test_what_the_server_would_refuse_changes_nothing(
    place: Place, manifest: str, words: tuple[str, ...]
) -> None:
    place.write(manifest)
    done = place.command("apply", "--yes")
    told = done.stdout + done.stderr
    assert done.returncode in (1, 3), told
    for word in words:
        assert word in told, told
    assert tables(place) == 0


def test_the_state_holds_no_secret(place: Place) -> None:
    place.sql("GRANT ALL ON SCHEMA public TO limited")
    name = place.url.partition("?")[0].rpartition("/")[2]
    place.sql(f"GRANT CREATE ON DATABASE {name} TO limited")
    other = as_role(place, "limited")
    done = other.command("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    for path in (place.home / ".apexplan").rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
