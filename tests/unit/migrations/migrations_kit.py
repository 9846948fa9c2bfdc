"""A language of these tests: one statement a line, and short ways to make files and specs."""

from __future__ import annotations

from collections.abc import Iterator

from apexplan.migrations.files import Script, scripts
from apexplan.migrations.kind import MigrationFiles, MigrationKind
from apexplan.migrations.script import Mistake, Split, Statement, Topic, Way
from apexplan.migrations.spec import Migration
from apexplan.model.address import Address
from apexplan.model.change import Action, Change, FieldChange
from apexplan.model.diagnostics import Problem
from apexplan.provider import SourceFile


class Tale:
    """One statement a line: `schema …` is about the schema, `auto …` commits by itself, `oops` is wrong."""

    suffix = "tale"
    comment = "#"
    atomic = True

    def split(self, text: str) -> Split:
        lines = list(enumerate(text.split("\n"), 1))
        return Split(
            tuple(_statements(lines)),
            tuple(
                Mistake("oops", number, 1, "a line is wrong", line)
                for number, line in lines
                if line.startswith("oops")
            ),
        )


def _statements(lines: list[tuple[int, str]]) -> Iterator[Statement]:
    for number, line in lines:
        text = line.strip()
        if text and not text.startswith(("#", "oops")):
            topic = Topic.SCHEMA if text.startswith("schema") else Topic.DATA
            way = Way.AUTO if text.startswith("auto") else Way.SHARED
            yield Statement(text, number, line.index(text) + 1, way, topic)


TALE = Tale()
KIND = MigrationKind(TALE)


def sources(**texts: str) -> list[SourceFile]:
    """Returns files by their stems: `_0001_a` is m/0001_a.tale, `_0001_a__back` its rollback script."""
    found = []
    for stem, text in texts.items():
        name = stem.removeprefix("_").replace("__back", ".rollback")
        found.append(SourceFile(f"m/{name}.tale", text))
    return sorted(found, key=lambda file: file.name)


def read(*files: SourceFile, **texts: str) -> tuple[list[Script], list[Problem]]:
    return scripts([*files, *sources(**texts)], TALE)


def problems(*files: SourceFile, **texts: str) -> list[str]:
    """Returns `code at file:line:column` of each problem."""
    return [f"{p.code} at {p.where}" for p in read(*files, **texts)[1]]


def document(**more: object) -> MigrationFiles:
    return MigrationFiles.model_validate({"kind": "Migration", "store": "s", "directory": "m", **more})


def address(name: str) -> Address:
    return Address("s", "migration", name)


def migration(name: str, **more: object) -> Migration:
    """Returns a spec by the name of its address, such as `0001_a`."""
    version, _, rest = name.partition("_")
    values = {"version": version, "name": rest, "checksum": f"{version:c<64}", "applied": True, **more}
    return Migration.model_validate(values)


def created(name: str, **more: object) -> Change:
    return Change(address(name), Action.CREATE, desired=migration(name, **more))


def taken_back(name: str, **more: object) -> Change:
    rule = Migration.rules["applied"]
    return Change(
        address(name),
        Action.UPDATE,
        live=migration(name),
        desired=migration(name, applied=False, **more),
        fields=(FieldChange("applied", True, False, rule),),
    )


def edited(name: str) -> Change:
    rule = Migration.rules["checksum"]
    live, desired = migration(name), migration(name, checksum="e" * 64)
    field = FieldChange("checksum", live.checksum, desired.checksum, rule)
    return Change(address(name), Action.REPLACE, live=live, desired=desired, fields=(field,))


def without_file(name: str) -> Change:
    return Change(address(name), Action.DELETE, live=migration(name))


def statement(text: str, line: int = 1, topic: Topic = Topic.DATA, way: Way = Way.SHARED) -> Statement:
    return Statement(text, line, 1, way, topic)
