"""`migrate new`, and what all of `migrate` says before it asks a store."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_kit import Shop

MANIFEST = "kind: Migration\nstore: {store}\ndirectory: migrations/{store}\n"


@pytest.fixture
def sql(shop: Shop) -> Shop:
    """A project with two databases that nobody listens at; the first has a directory of scripts."""
    for path in (shop.root / "schema").iterdir():
        path.unlink()
    url = "postgresql://ann@127.0.0.1:9/x"
    shop.settings["stores"] = {name: {"provider": "postgres", "url": url} for name in ("sql", "more")}
    shop.save()
    scripts_of(shop, "sql")
    return shop


def scripts_of(shop: Shop, store: str) -> Path:
    """Adds the manifest of a store's scripts and returns their directory."""
    (shop.root / "schema" / f"{store}.yaml").write_text(MANIFEST.format(store=store))
    return shop.root / "migrations" / store


def files(shop: Shop) -> list[str]:
    return sorted(str(path.relative_to(shop.root)) for path in shop.root.glob("migrations/**/*.sql"))


def test_new_makes_the_directory_and_the_first_pair(sql: Shop) -> None:
    ran = sql.ok("migrate", "new", "people")
    assert files(sql) == ["migrations/sql/0001_people.rollback.sql", "migrations/sql/0001_people.sql"]
    assert ran.out.splitlines() == [f"wrote {sql.root}/{name}" for name in reversed(files(sql))]


def test_new_takes_the_next_version_even_while_the_last_is_unfinished(sql: Shop) -> None:
    sql.ok("migrate", "new", "people")
    sql.ok("migrate", "new", "rows")
    assert "migrations/sql/0002_rows.sql" in files(sql)


def test_new_tells_programs_what_it_wrote(sql: Shop) -> None:
    wrote = sql.ok("migrate", "new", "people", "--format", "json").data["wrote"]
    assert [Path(path).name for path in wrote] == ["0001_people.sql", "0001_people.rollback.sql"]


def test_new_takes_the_version_that_is_asked_for(sql: Shop) -> None:
    sql.ok("migrate", "new", "people", "--version", "0100")
    assert "migrations/sql/0100_people.sql" in files(sql)


def test_new_takes_the_time_as_the_version(sql: Shop) -> None:
    sql.ok("migrate", "new", "people", "--timestamp")
    assert len(Path(files(sql)[0]).name.split("_")[0]) == 14


def test_new_refuses_a_version_that_is_taken_as_a_number(sql: Shop) -> None:
    sql.ok("migrate", "new", "people")
    ran = sql.run("migrate", "new", "rows", "--version", "1")
    assert (ran.code, len(files(sql))) == (1, 2)
    assert "version 1 is taken" in ran.err


@pytest.mark.parametrize("options", [["a b"], ["../x"], ["x", "--version", "1a"], ["x", "--version", "-1"]])
def test_new_refuses_names_and_versions_of_another_form(options: list[str], sql: Shop) -> None:
    assert sql.run("migrate", "new", *options).code == 1
    assert files(sql) == []


def test_with_several_stores_new_must_be_told_which(sql: Shop) -> None:
    scripts_of(sql, "more")
    ran = sql.run("migrate", "new", "people")
    assert ran.code == 1
    assert "mend: name one: --store more, --store sql" in ran.err
    sql.ok("migrate", "new", "people", "--store", "more")
    assert files(sql)[0].startswith("migrations/more/")


def test_new_writes_nothing_outside_of_the_project(sql: Shop) -> None:
    (sql.root / "schema" / "sql.yaml").write_text("kind: Migration\nstore: sql\ndirectory: ../elsewhere\n")
    ran = sql.run("migrate", "new", "people")
    assert ran.code == 1 and "a path leads out of the project" in ran.err
    assert not (sql.root.parent / "elsewhere").exists()


def test_without_a_manifest_new_says_what_to_write(sql: Shop) -> None:
    (sql.root / "schema" / "sql.yaml").write_text("kind: PostgresSchema\nstore: sql\n")
    ran = sql.run("migrate", "new", "people")
    assert ran.code == 1 and "`kind: Migration`" in ran.err


def test_a_new_pair_is_not_valid_until_it_is_written(sql: Shop) -> None:
    sql.ok("migrate", "new", "people")
    ran = sql.run("validate")
    assert ran.code == 1
    assert f"{files(sql)[1]}:1:1: error: a script has no statement" in ran.err


def test_scripts_are_counted_by_validate_and_left_alone_by_fmt_and_lint(sql: Shop) -> None:
    sql.ok("migrate", "new", "people")
    script, rollback = reversed(files(sql))
    (sql.root / script).write_text("SELECT  1;\n")
    (sql.root / rollback).write_text("-- irreversible: nothing was done\n")
    assert sql.ok("validate").out == "valid: 1 migration\n"
    assert sql.ok("lint").out == "nothing to say\n"
    sql.ok("fmt")
    assert (sql.root / script).read_text() == "SELECT  1;\n"


@pytest.mark.parametrize(
    "command", [["status"], ["up"], ["rollback", "--to", "none"], ["baseline", "--to", "1"]]
)
def test_a_script_without_its_rollback_script_stops_every_command(command: list[str], sql: Shop) -> None:
    sql.ok("migrate", "new", "people")
    rollback = sql.root / files(sql)[0]
    rollback.unlink()
    ran = sql.run("migrate", *command)
    assert ran.code == 1
    assert "a script has no rollback script" in ran.err
