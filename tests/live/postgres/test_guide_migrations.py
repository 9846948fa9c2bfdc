"""The scripts of the guide, in the order of the page, go up and back on a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from apexplan.migrations.status import Standing
from apexplan_postgres import local
from tests.live.places import server_in

from .script_places import Scripts

pytestmark = [pytest.mark.slow, pytest.mark.live]

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "migrations.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```sql\n-- (migrations/\S+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))
MANIFESTS = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripts]:
    with server_in(tmp_path_factory.mktemp("guide")) as server:
        here = Scripts(tmp_path / "project", local.create_database(server.url, f"g_{uuid4().hex[:12]}"))
        (manifest,) = MANIFESTS
        here.write(manifest)
        for name, text in FILES.items():
            (here.home / name).parent.mkdir(exist_ok=True)
            (here.home / name).write_text(text)
        yield here


def test_the_scripts_of_the_guide_go_up_and_back(place: Scripts) -> None:
    assert len(FILES) == 6
    done = place.command("migrate", "up", "--yes", "--allow", "IRREVERSIBLE")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.one("SELECT sum(size) FROM people") == len("Ann Lee") + len("Bob")
    done = place.command("migrate", "rollback", "--to", "2", "--yes", "--allow", "DELETES_DATA")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.shape() == "people people_pkey"


def test_the_states_of_the_guide_are_those_of_the_code() -> None:
    table = GUIDE.partition("| state | means |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| ([a-z ]+) \|", table, re.MULTILINE)) == {str(one) for one in Standing}
