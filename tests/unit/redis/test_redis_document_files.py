"""Files of function libraries: only those that the manifest names, and none out of the project."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from redis_document_kit import HEAD

from apexplan.manifest.check import CheckedManifest, check_manifest
from apexplan.manifest.load import load_text
from apexplan.manifest.sources import read_directory
from apexplan.provider import Provider, ReadsFiles
from apexplan_redis.document import KIND, RedisContract

CODE = "#!lua name=lib\nreturn 1\n"


def checked(root: Path, body: str) -> CheckedManifest:
    """Checks a manifest of a project in `root` as loading does."""
    node = load_text(HEAD + body, "cache.yaml").node
    assert node is not None
    provider = cast(Provider, SimpleNamespace(name="redis", kinds=(KIND,)))
    return check_manifest(node, {"cache": provider}, partial(read_directory, root.resolve()))


def project(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(CODE)
    return root


def told(found: CheckedManifest) -> list[tuple[str, int]]:
    return [(one.code, one.where.line if one.where else 0) for one in found.diagnostics]


def test_a_library_has_the_text_of_its_file(tmp_path: Path) -> None:
    found = checked(project(tmp_path, "redis/lib.lua"), "libraries: {lib: redis/lib.lua}")
    assert [one.spec.values() for one in found.declared] == [{"code": CODE}]


def test_a_file_beside_the_project_file_is_read(tmp_path: Path) -> None:
    found = checked(project(tmp_path, "lib.lua"), "libraries: {lib: lib.lua}")
    assert [one.spec.values() for one in found.declared] == [{"code": CODE}]


def test_a_missing_file_is_told_at_its_place(tmp_path: Path) -> None:
    found = checked(project(tmp_path, "redis/lib.lua"), "libraries:\n  lib: {file: redis/lob.lua}\n")
    assert told(found) == [("no-such-file", 4)]
    assert found.declared == ()


def test_a_directory_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    found = checked(project(tmp_path, "redis/deep/lib.lua"), "libraries: {lib: redis/lib.lua}")
    assert told(found) == [("no-such-file", 3)]


def test_a_path_out_of_the_project_is_refused(tmp_path: Path) -> None:
    inside = project(tmp_path, "project/x.lua", "secret/lib.lua") / "project"
    found = checked(inside, "libraries: {lib: ../secret/lib.lua}")
    assert "outside-project" in {code for code, _ in told(found)}
    assert found.declared == ()


def test_an_absolute_path_is_refused(tmp_path: Path) -> None:
    inside = project(tmp_path, "project/x.lua", "secret/lib.lua") / "project"
    found = checked(inside, f"libraries: {{lib: {tmp_path}/secret/lib.lua}}")
    assert "outside-project" in {code for code, _ in told(found)}
    assert found.declared == ()


def test_a_symlink_out_of_the_project_is_refused(tmp_path: Path) -> None:
    inside = project(tmp_path, "project/redis/x.lua", "secret/lib.lua") / "project"
    (inside / "redis" / "lib.lua").symlink_to(tmp_path / "secret" / "lib.lua")
    found = checked(inside, "libraries: {lib: redis/lib.lua}")
    assert "outside-project" in {code for code, _ in told(found)}
    assert found.declared == ()


def test_each_directory_is_read_once() -> None:
    libraries = {"a": "redis/a.lua", "b": {"file": "./redis/b.lua"}, "c": {"code": "x"}, "d": "d.lua"}
    document = RedisContract.model_validate(
        {"kind": "RedisContract", "store": "cache", "libraries": libraries}
    )
    assert isinstance(KIND, ReadsFiles)
    assert KIND.directories(document) == [".", "redis"]
