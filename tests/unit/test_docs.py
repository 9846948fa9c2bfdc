"""What the README and the guides say of commands, options and exit codes is so."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

from apexplan.cli.guard import guarded
from apexplan.cli.main import COMMANDS, EXIT_CODES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
_IN_CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
_GROUPS = frozenset({"dev", "migrate", "state"})


def calls(page: Path) -> list[tuple[str, str]]:
    """Returns each `apexplan COMMAND …` that stands in code, with what follows it on its line."""
    found = []
    for code in _IN_CODE.findall(page.read_text(encoding="utf-8")):
        for line in (code if code.startswith("```") else " ".join(code.split())).splitlines():
            call = re.match(r"(?:.*(?:run: |\$ |[`(]|^\s*))?apexplan ([a-z]+)\b([^#`]*)", line)
            if call:
                found.append((call[1], call[2]))
    return found


@cache
def help_of(*words: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out), mock.patch.dict("os.environ", {"COLUMNS": "300"}):
        assert guarded(words[0], [*words[1:], "--help"]) == 0
    return out.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    assert {name for name, _ in calls(page)} - {*COMMANDS, "help"} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_uses_exists(page: Path) -> None:
    unknown = []
    for name, rest in calls(page):
        words = rest.split()
        subcommand = words[:1] if name in _GROUPS else []
        options = {word for word in words if re.match(r"--[a-z]", word)}
        unknown += [f"{name} {o}" for o in options if o not in help_of(name, *subcommand)]
    assert unknown == []


def test_the_guides_do_name_commands() -> None:
    assert {"plan", "apply", "drift"} <= {name for page in PAGES for name, _ in calls(page)}


def _rows(page: Path, heading: str) -> list[list[str]]:
    """Returns the cells of the table after `heading`, without its head."""
    text = page.read_text(encoding="utf-8").split(heading, 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert lines is not None
    rows = [re.split(r"(?<!\\)\|", line.strip("|\n")) for line in lines[0].splitlines()]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_table_of_exit_codes_is_the_one_of_the_code() -> None:
    found = {}
    for code, meaning, commands in _rows(ROOT / "docs" / "guides" / "ci.md", "## Exit codes"):
        names = tuple(COMMANDS) if commands == "every command" else tuple(re.findall(r"`(\w+)`", commands))
        found[int(code)] = (meaning.replace("`", ""), names)
    assert found == EXIT_CODES


def test_the_exit_codes_in_the_readme_are_those_of_the_code() -> None:
    differing = []
    for commands, _, exits in _rows(ROOT / "README.md", "## Commands"):
        codes = {3, 4, 0, 1} if exits == "as apply" else set(map(int, re.findall(r"\d+", exits)))
        for name in re.findall(r"`(\w+)`", commands):
            known = {code for code, (_, names) in EXIT_CODES.items() if name in names}
            differing += [(name, codes, known)] if codes != known else []
    assert differing == []


def test_the_readme_lists_every_command() -> None:
    listed = {n for row in _rows(ROOT / "README.md", "## Commands") for n in re.findall(r"`(\w+)`", row[0])}
    assert listed == set(COMMANDS)


@pytest.mark.parametrize("what", ["plan", "drift", "audit", "graph"])
def test_the_formats_in_the_guide_are_those_of_the_command(what: str) -> None:
    rows = {row[0]: row[1] for row in _rows(ROOT / "docs" / "guides" / "ci.md", "## Formats")}
    assert f"<{'|'.join(re.findall('`([a-z]+)`', rows[f'`{what}`']))}>" in help_of(what)
