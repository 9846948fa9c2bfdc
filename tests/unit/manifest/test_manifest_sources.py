"""A manifest may name a directory of the project: its files are read, and nothing beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_kit import PROJECT, load, places, problems, provider, write

from apexplan.manifest import load_files_of, sources
from apexplan.model.errors import ManifestError

PAGES = "kind: PageFiles\nstore: box\ndirectory: pages\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {"apexplan.yaml": PROJECT, "schema/box.yaml": PAGES, "pages/a.page": "a\n", "pages/b.page": "b\n"},
    )
    return tmp_path


def test_each_file_is_an_object_whose_place_is_the_file(root: Path) -> None:
    assert [f"{one.address} {one.where}" for one in load(root).declared.values()] == [
        "box.page.a pages/a.page:1:1",
        "box.page.b pages/b.page:1:1",
    ]


def test_no_variable_is_replaced_in_a_file(root: Path) -> None:
    write(root, {"pages/a.page": "${PASSWORD}"})
    texts = [one.spec.values()["text"] for one in load(root, PASSWORD="told").declared.values()]
    assert texts == ["${PASSWORD}", "b\n"]


def test_the_digest_changes_with_a_file(root: Path) -> None:
    digest = load(root).digest
    write(root, {"pages/a.page": "other\n"})
    assert load(root).digest != digest


def test_hidden_files_and_directories_are_not_read(root: Path) -> None:
    write(root, {"pages/.c.page": "c", "pages/more/d.page": "d"})
    assert [one.address.name for one in load(root).declared.values()] == ["a", "b"]


def test_what_is_wrong_in_a_file_is_told_at_its_place(root: Path) -> None:
    write(root, {"pages/b.page": ""})
    assert places(problems(root)) == ["empty-page at pages/b.page:1:1"]


def test_a_directory_that_is_not_there_is_an_error_where_it_is_named(root: Path) -> None:
    write(root, {"schema/box.yaml": PAGES.replace(" pages", " page")})
    assert places(problems(root)) == ["no-directory at schema/box.yaml:3:12"]


@pytest.mark.parametrize("directory", ["/etc", "../x", "pages/../..", "out"])
def test_a_directory_outside_of_the_project_is_an_error(root: Path, directory: str) -> None:
    (root / "out").symlink_to(root.parent)
    write(root, {"schema/box.yaml": PAGES.replace(" pages", f" {directory}")})
    assert places(problems(root)) == ["outside-project at schema/box.yaml:3:12"]


def test_a_symlink_that_leads_out_of_the_project_is_an_error(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "c.page"
    outside.write_text("c")
    (root / "pages/c.page").symlink_to(outside)
    assert places(problems(root)) == ["outside-project at schema/box.yaml:3:12"]


def test_a_name_with_the_signs_of_a_pattern_means_itself(root: Path) -> None:
    write(root, {"schema/box.yaml": PAGES.replace(" pages", ' "p*"'), "p*/c.page": "c\n"})
    assert [one.address.name for one in load(root).declared.values()] == ["c"]


def test_a_file_that_is_not_utf8_is_told_with_its_place(root: Path) -> None:
    (root / "pages/a.page").write_bytes(b"one\ntwo \xff\n")
    assert places(problems(root)) == ["not-utf8 at pages/a.page:2:5"]


def test_a_file_that_is_too_large_is_not_read_to_its_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    write(root, {"pages/a.page": "0123456789", "pages/b.page": "0123456789+"})
    assert places(problems(root)) == ["too-large at pages/b.page:1:1"]


def test_two_manifests_of_one_store_are_an_error_at_the_second(root: Path) -> None:
    write(root, {"schema/c.yaml": PAGES})
    (found,) = problems(root)
    assert (found.code, str(found.where)) == ("two-manifests-of-files", "schema/c.yaml:1:1")
    assert "schema/box.yaml" in found.what


def test_the_manifests_that_name_files_are_found_without_their_directories(root: Path) -> None:
    write(root, {"schema/box.yaml": PAGES.replace(" pages", " nowhere")})
    (found,) = load_files_of(root, environment=None, variables={}, providers=provider)
    assert (found.store, found.kind.name, found.directories) == ("box", "PageFiles", ("nowhere",))


@pytest.mark.parametrize("directory", ["/tmp", "../new", "out/new"])
def test_they_may_name_no_directory_outside_of_the_project(root: Path, directory: str) -> None:
    (root / "out").symlink_to(root.parent)
    write(root, {"schema/box.yaml": PAGES.replace(" pages", f" {directory}")})
    with pytest.raises(ManifestError, match="a path leads out of the project"):
        load_files_of(root, environment=None, variables={}, providers=provider)


def test_a_manifest_that_names_files_and_is_wrong_is_an_error_without_them_too(root: Path) -> None:
    write(root, {"schema/box.yaml": PAGES + "more: 1\n"})
    with pytest.raises(ManifestError):
        load_files_of(root, environment=None, variables={}, providers=provider)
