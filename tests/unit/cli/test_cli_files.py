"""Commands that ask no store, `dev`, and the top level."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from cli_kit import Shop, program

from apexplan import __version__, registry
from apexplan.cli.main import COMMANDS, unknown


def test_init_writes_a_project_that_is_valid_yaml_and_validates(shop: Shop, tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    root.mkdir()
    Shop.run(shop, "init", "postgres")  # refused: the directory has a project
    inner = _bare(root)
    assert inner.run("init", "postgres").code == 0
    for file in [root / "apexplan.yaml", *(root / "schema").glob("*.yaml")]:
        assert isinstance(yaml.safe_load(file.read_text()), dict)
    assert (root / "schema" / "sql.yaml").exists()


def test_init_overwrites_nothing(shop: Shop) -> None:
    before = (shop.root / "apexplan.yaml").read_text()
    ran = shop.run("init", "fake")
    assert ran.code == 1
    assert "already there" in ran.err
    assert (shop.root / "apexplan.yaml").read_text() == before


def test_init_with_an_unknown_provider_names_those_there_are(shop: Shop) -> None:
    ran = shop.run("init", "oracle")
    assert ran.code == 1
    assert "installed: fake" in ran.err


def test_what_init_writes_for_postgres_validates(tmp_path: Path) -> None:
    if "PostgresSchema" not in registry.kinds():
        pytest.skip("this build has no PostgresSchema")
    inner = _bare(tmp_path)
    inner.run("init", "postgres")
    ran = inner.run("validate", env={"DATABASE_URL": "postgresql://u@localhost/d"})
    assert ran.code == 0, ran


def _bare(root: Path) -> Shop:
    """Returns a kit on a directory without a project."""
    inner = Shop.__new__(Shop)
    inner.root, inner.settings, inner.variables = root, {}, {}
    return inner


# ── validate, fmt, lint ───────────────────────────────────────────────────────────────────────


def test_a_valid_project_is_counted(shop: Shop) -> None:
    assert shop.ok("validate").out == "valid: 3 boxes\n"


def test_problems_are_all_told_with_their_places(shop: Shop) -> None:
    shop.declare({"red": {"colr": "red"}, "blue": {"size": "x"}})
    ran = shop.run("validate")
    assert ran.code == 1
    assert "schema/shelf.yaml:5:5: error:" in ran.err and "schema/shelf.yaml:7:11: error:" in ran.err
    assert "did you mean" in ran.err.lower()


def test_problems_are_told_to_programs(shop: Shop) -> None:
    shop.declare({"red": {"colr": "red"}})
    ran = shop.run("validate", "-f", "json")
    (found,) = ran.data["diagnostics"]
    assert ran.code == 1
    assert (found["file"], found["line"], found["severity"]) == ("schema/shelf.yaml", 5, "error")


def test_fmt_check_writes_nothing_and_exits_1(shop: Shop) -> None:
    path = shop.root / "schema" / "shelf.yaml"
    path.write_text('kind:   FakeSchema\nstore: "shelf"\n# a remark\nboxes: {}\n')
    before = path.read_text()
    ran = shop.run("fmt", "--check")
    assert (ran.code, path.read_text()) == (1, before)
    assert "would change" in ran.out


def test_fmt_brings_into_one_form_and_keeps_remarks(shop: Shop) -> None:
    path = shop.root / "schema" / "shelf.yaml"
    path.write_text('kind: FakeSchema   \nstore: "shelf"\n# a remark\nboxes: {}\n')
    shop.ok("fmt")
    assert path.read_text() == 'kind: FakeSchema\nstore: "shelf"\n# a remark\nboxes: {}\n'
    assert shop.run("fmt", "--check").code == 0


def test_fmt_of_a_file_that_is_not_there_is_told(shop: Shop) -> None:
    ran = shop.run("fmt", str(shop.root / "none.yaml"))
    assert ran.code == 1
    assert "Traceback" not in ran.err


def test_lint_exits_1_only_when_strict(shop: Shop) -> None:
    shop.settings["waivers"] = [
        {"address": "shelf.box.red", "owner": "a", "reason": "b", "expires": "2020-01-01"}
    ]
    shop.save()
    assert shop.run("lint").code == 0
    assert shop.run("lint", "--strict").code == 1


def test_lint_with_nothing_to_say(shop: Shop) -> None:
    assert shop.run("lint", "--strict").out == "nothing to say\n"


# ── schema, graph ─────────────────────────────────────────────────────────────────────────────


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from apexplan.cli.main import main; main()", *arguments],
        text=True,
        capture_output=True,
        check=False,
    )


def test_schema_lists_names(tmp_path: Path) -> None:
    names = ask("schema").stdout.split()
    assert {"project", "plan", "drift", "FakeSchema"} <= set(names)


def test_a_printed_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(ask("schema", "project").stdout))


def test_an_unknown_schema_is_refused() -> None:
    ran = ask("schema", "nonsense")
    assert (ran.returncode, "no schema is called nonsense" in ran.stderr) == (1, True)


def test_schemas_are_written_for_editors(tmp_path: Path) -> None:
    assert ask("schema", "-w", str(tmp_path / "s")).returncode == 0
    assert (tmp_path / "s" / "project.json").exists()


def test_the_graph_as_text_names_what_is_needed(shop: Shop) -> None:
    assert "shelf.box.blue\n  needs shelf.box.red\n" in shop.ok("graph").out


def test_the_graph_as_dot_and_mermaid(shop: Shop) -> None:
    assert '"shelf.box.blue" -> "shelf.box.red";' in shop.ok("graph", "-f", "dot").out
    assert shop.ok("graph", "-f", "mermaid").out.startswith("flowchart LR\n")


def test_svg_without_graphviz_says_what_to_do(shop: Shop) -> None:
    ran = shop.run("graph", "-f", "svg", env={"PATH": str(shop.root)})
    assert ran.code == 1
    assert "install Graphviz, or use --format mermaid" in ran.err


def test_the_graph_goes_to_a_file(shop: Shop) -> None:
    path = shop.root / "g.dot"
    assert shop.ok("graph", "-f", "dot", "-o", str(path)).out == ""
    assert path.read_text().startswith("digraph")


# ── dev ───────────────────────────────────────────────────────────────────────────────────────


def test_dev_starts_tells_and_stops_a_local_store(shop: Shop) -> None:
    assert shop.ok("dev", "up", "fake").out.startswith("fake: ")
    assert shop.ok("dev", "status").out.startswith("fake: running at ")
    assert shop.ok("dev", "down", "--purge").out == "fake: stopped\n"
    assert "no local store was started here" in shop.ok("dev", "status").out


def test_dev_with_an_unknown_provider_is_refused(shop: Shop) -> None:
    assert "no provider is called 'none'" in shop.run("dev", "up", "none").err


# ── the top level ─────────────────────────────────────────────────────────────────────────────


def test_an_unknown_command_is_met_with_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert unknown("pln") == 1
    assert "Did you mean plan?" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(shop: Shop, name: str) -> None:
    ran = shop.run(name, "--help")
    assert ran.code == 0
    assert f"apexplan {name}" in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_option_exits_1_since_2_means_changes(shop: Shop, name: str) -> None:
    ran = shop.run(name, "--no-such-option")
    assert ran.code == 1
    assert ran.err.startswith("error: ") and f"`apexplan {name} --help`" in ran.err


def test_a_defect_is_told_without_locals(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        local = "local-value"
        raise RuntimeError("the cause" if local else "")

    monkeypatch.setattr("apexplan.engine.planner.plan", broken)
    ran = shop.run("plan")
    assert ran.code == 1
    assert "the cause" in ran.err and "this is a defect of apexplan" in ran.err


def test_the_version_needs_no_library() -> None:
    code = (
        "import sys; sys.argv = ['apexplan', '--version']; from apexplan.cli.main import main; main();"
        "print({'typer', 'rich', 'pydantic', 'yaml', 'sqlalchemy'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert ran.stdout == f"apexplan {__version__}\nset()\n"


@pytest.mark.parametrize(
    "arguments", [["validate"], ["fmt", "--check"], ["lint"], ["graph"], ["schema"], ["init", "fake"]]
)
def test_commands_without_a_store_import_no_driver(shop: Shop, arguments: list[str]) -> None:
    code = (
        f"import sys; from apexplan.cli.guard import guarded; guarded({arguments[0]!r}, {arguments[1:]!r});"
        "print('loaded', {'psycopg', 'sqlalchemy', 'alembic', 'neo4j', 'redis'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True, cwd=shop.root
    )
    assert ran.stdout.splitlines()[-1] == "loaded set()"


def test_help_lists_every_command(shop: Shop) -> None:
    told = program(shop, "--help").out
    assert [name for name in COMMANDS if f"  {name} " not in told] == []
