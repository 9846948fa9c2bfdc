"""Planted secrets turn up nowhere: not on a stream, not in a file, not in the state, not in a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_kit import THREE, Ran, Shop, failing, program, stopped

from apexplan.cli.secrets import is_secret, secret_values
from apexplan.model.errors import StoreError

STORE = "st0re-P4ss/w:rd"
STATE = "st4te-Pässwörd"
TOKEN = 'gh-t0ken-"quoted"\\and'
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqh\n-----END KEY-----"
SECRETS = (STORE, "st0re-P4ss", "st0re-P4ss%2Fw%3Ard", STATE, TOKEN, "gh-t0ken", "MIIEvQIBADANBgkqh")
VARIABLES = {"CI_TOKEN": TOKEN, "SIGNING_KEY": KEY, "STORE_PASSWORD": STORE}


@pytest.fixture
def vault(shop: Shop) -> Shop:
    """A project with a second store, which nobody answers for, and secrets wherever there can be some."""
    shop.variables.update(VARIABLES)
    shop.settings["stores"]["sql"] = {
        "provider": "postgres",
        "url": "postgresql://app:st0re-P4ss%2Fw%3Ard@127.0.0.1:1/app",
    }
    shop.save()
    return shop


def clean(shop: Shop, *rans: Ran) -> None:
    """Fails if a secret stands in an output, or in any byte that the commands left on the disk."""
    for secret in SECRETS:
        for ran in rans:
            assert secret not in ran.out and secret not in ran.err
        for path in _written(shop):
            assert secret.encode() not in path.read_bytes(), path


def _written(shop: Shop) -> Iterator[Path]:
    ours = {shop.root / "apexplan.yaml", *(shop.root / "schema").iterdir()}
    yield from (path for path in shop.root.rglob("*") if path.is_file() and path not in ours)


COMMANDS = [
    ["plan"],
    ["plan", "-f", "json"],
    ["plan", "-f", "markdown", "-v"],
    ["apply", "--yes"],
    ["apply", "none.json"],
    ["resume"],
    ["rollback", "--yes"],
    ["drift"],
    ["drift", "-f", "junit"],
    ["history", "-f", "json"],
    ["show", "sql.table.public.t"],
    ["state", "show"],
    ["state", "list", "-f", "json"],
    ["state", "recover", "--yes"],
    ["unlock", "id", "--reason", "why"],
    ["adopt"],
    ["forget", "*"],
    ["inspect"],
    ["inspect", "-f", "json"],
    ["validate", "-f", "json"],
    ["fmt", "--check"],
    ["lint"],
    ["graph"],
    ["doctor"],
    ["doctor", "-f", "json"],
    ["dev", "status"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_with_a_store_that_nobody_answers_for(vault: Shop, command: list[str]) -> None:
    clean(vault, vault.run(*command))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_with_a_state_that_nobody_answers_for(shop: Shop, command: list[str]) -> None:
    shop.variables.update(VARIABLES)
    shop.settings["state"] = {"url": "postgresql://app:st4te-P%C3%A4ssw%C3%B6rd@127.0.0.1:1/app"}
    shop.save()
    clean(shop, shop.run(*command))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://app:{STATE}@[::bad/x",
        f"postgresql://app:{STATE}@host:port/x",
        f"mysql://app:{STATE}@host/x",
        f"app:{STATE}@host",
        f"postgresql://{STATE}",
    ],
)
def test_with_a_malformed_url_of_the_state(shop: Shop, url: str) -> None:
    shop.variables["STATE_PASSWORD"] = STATE
    shop.settings["state"] = {"url": url}
    shop.save()
    clean(shop, shop.run("plan"), shop.run("history"), shop.run("doctor"))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://app:{STORE}@127.0.0.1:1/app",
        f"host=127.0.0.1 port=1 password='{STORE}'",
        f"postgresql://app@127.0.0.1:1/app?password={STORE}",
        f"nonsense {STORE}",
    ],
)
def test_with_a_malformed_url_of_a_store(vault: Shop, url: str) -> None:
    vault.settings["stores"]["sql"]["url"] = url
    vault.save()
    clean(vault, vault.run("plan"), vault.run("doctor"), vault.run("plan", "-f", "json"))


def test_with_a_project_file_that_is_wrong_around_the_secret(vault: Shop) -> None:
    vault.settings["stores"]["sql"]["lock_timeout_ms"] = STORE
    vault.settings["stores"]["sql"][STORE] = 1
    vault.save()
    clean(vault, vault.run("plan"), vault.run("validate", "-f", "json"))


# ── variables in manifests ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", VARIABLES)
def test_a_manifest_may_not_read_a_secret_variable(shop: Shop, name: str) -> None:
    shop.variables.update(VARIABLES)
    shop.declare({"red": {"color": f"is ${{{name}:-none}}"}})
    ran = shop.run("plan", "-o", str(shop.root / "plan.json"))
    assert ran.code == 1
    assert "schema/shelf.yaml:5:12: error: a manifest reads a secret variable" in ran.err
    clean(shop, ran)


def test_a_secret_variable_is_refused_even_where_it_is_not_set(shop: Shop) -> None:
    shop.declare({"red": {"color": "${CI_TOKEN:-none}"}})
    assert shop.run("plan").code == 1


@pytest.mark.parametrize("text", ["$${CI_TOKEN}", "${COLOR:-red}"])
def test_other_variables_and_escapes_are_none_of_it(shop: Shop, text: str) -> None:
    shop.declare({"red": {"color": text}})
    assert shop.run("plan").code == 0


def test_a_secret_variable_in_a_remark_is_none_of_it(shop: Shop) -> None:
    path = shop.root / "schema" / "shelf.yaml"
    path.write_text(path.read_text() + "# never ${CI_TOKEN} here\n")
    assert shop.run("plan").code == 0


def test_the_project_file_may_read_secret_variables(shop: Shop) -> None:
    shop.variables["STORE_TOKEN"] = str(shop.store_file)
    shop.settings["stores"]["shelf"]["file"] = "${STORE_TOKEN}"
    shop.save()
    assert shop.run("apply", "--yes").code == 0
    assert set(shop.boxes) == set(THREE)


def leaky(shop: Shop) -> None:
    """Has a manifest that holds a secret in spite of all."""
    shop.variables.update(VARIABLES, HARMLESS=TOKEN)
    shop.declare({"red": {"color": "${HARMLESS}"}})


@pytest.mark.parametrize("format_", ["text", "json", "markdown"])
def test_a_secret_in_a_plan_is_masked_when_it_is_printed(shop: Shop, format_: str) -> None:
    leaky(shop)
    ran = shop.run("plan", "-v", "-f", format_)
    assert ran.code == 0
    clean(shop, ran)


def test_a_plan_with_a_secret_is_not_written_to_a_file(shop: Shop) -> None:
    leaky(shop)
    ran = shop.run("plan", "-o", str(shop.root / "plan.json"))
    assert ran.code == 1
    assert "the plan holds a secret" in ran.err and "shelf.box.red" in ran.err
    assert not (shop.root / "plan.json").exists()


def test_a_plan_with_a_secret_is_not_applied(shop: Shop) -> None:
    leaky(shop)
    ran = shop.run("apply", "--yes")
    assert (ran.code, shop.boxes) == (1, {})
    clean(shop, ran)


def test_a_live_object_with_a_secret_is_not_adopted(shop: Shop) -> None:
    shop.edit_store(boxes={"red": {"color": TOKEN, "size": 3, "needs": [], "tags": {}}})
    shop.variables.update(VARIABLES)
    ran = shop.run("adopt")
    assert ran.code == 1
    assert "these hold a secret, which the state must not keep: shelf.box.red" in ran.err
    assert TOKEN not in ran.err and not _mentions(shop.state_file, "gh-t0ken")


def test_what_drifted_to_a_secret_is_masked_on_screen_and_in_files(shop: Shop) -> None:
    shop.applied()
    shop.variables.update(VARIABLES)
    shop.edit_store(boxes={"red": {"color": TOKEN, "size": 3, "needs": [], "tags": {}}})
    for format_ in ("text", "json", "junit", "sarif", "markdown"):
        printed = shop.run("drift", "-f", format_)
        path = shop.root / f"drift.{format_}"
        shop.run("drift", "-f", format_, "-o", str(path))
        assert "gh-t0ken" not in printed.out + path.read_text()
        assert printed.code == 2


def test_inspect_masks_what_it_writes(shop: Shop) -> None:
    shop.variables.update(VARIABLES)
    shop.edit_store(boxes={"red": {"color": TOKEN, "size": 3, "needs": [], "tags": {}}})
    shop.ok("inspect", "-w", str(shop.root / "out"))
    assert "gh-t0ken" not in (shop.root / "out" / "shelf.yaml").read_text()


# ── errors and defects ────────────────────────────────────────────────────────────────────────


def test_an_error_of_a_store_that_quotes_the_secret(vault: Shop) -> None:
    del vault.settings["stores"]["sql"]
    vault.settings["stores"]["shelf"]["name"] = f"x://u:{STORE}@h"
    vault.save()
    with failing("put blue", error=StoreError(f"cannot log in as {TOKEN}", store="shelf")):
        ran = vault.run("apply", "--yes", "-f", "json")
    assert ran.code == 3
    for secret in SECRETS:
        assert secret not in ran.out + ran.err


def test_a_defect_whose_message_and_cause_hold_the_secret(
    vault: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        try:
            raise ValueError(f"cause {KEY} {STORE}")
        except ValueError as cause:
            raise RuntimeError(f"defect {TOKEN!r}") from cause

    monkeypatch.setattr("apexplan.engine.survey.opened", broken)
    ran = vault.run("plan")
    assert ran.code == 1 and "this is a defect" in ran.err
    clean(vault, ran)


def test_a_command_line_that_is_wrong_around_the_secret(vault: Shop) -> None:
    clean(vault, vault.run("plan", "--allow", TOKEN), vault.run("show", TOKEN), vault.run("apply", TOKEN))


def test_the_real_program_on_a_store_that_nobody_answers_for(vault: Shop) -> None:
    clean(vault, program(vault, "plan"), program(vault, "apply", "--yes"))


def test_the_journal_of_a_run_holds_no_setting_of_a_store(shop: Shop) -> None:
    shop.settings["stores"]["shelf"]["name"] = f"x://u:{STORE}@h"
    shop.save()
    stopped(shop)
    with sqlite3.connect(shop.state_file) as state:
        assert STORE not in "\n".join(state.iterdump())


# ── which variables are secret ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("PGPASSWORD", True),
        ("github_token", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("OPENAI_APIKEY", True),
        ("GOOGLE_CREDENTIALS", True),
        ("KEYBOARD", False),
        ("EMBEDDING_SIZE", False),
        ("DATABASE_URL", False),
    ],
)
def test_a_variable_is_secret_by_its_name(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_short_values_and_paths_of_files_are_not_masked(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.touch()
    assert set(secret_values({"A_KEY": str(file), "B_TOKEN": "true", "C_TOKEN": "/not/a/file"})) == {
        "/not/a/file"
    }


def test_the_password_in_any_url_of_the_environment_is_secret() -> None:
    assert "hunter2hunter2" in set(secret_values({"DATABASE_URL": "postgresql://u:hunter2hunter2@h/d"}))


def test_a_password_that_is_the_name_of_a_provider_is_not_masked(vault: Shop) -> None:
    vault.settings["stores"]["sql"]["url"] = "postgresql://postgres:postgres@127.0.0.1:1/postgres"
    vault.save()
    assert "postgres" in vault.run("doctor").out


def _mentions(path: Path, text: str) -> bool:
    return path.exists() and text.encode() in path.read_bytes()
