"""The registry of Edge: aliases as the server has them, names of directories, and a file that is whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from qdrant_wire_kit import lines

from apexplan.model.errors import StoreError, Unsupported
from apexplan_qdrant.edge.registry import Entry, Registry, RegistryFile, directory_of
from apexplan_qdrant.errors import NotThere, Taken

Action = dict[str, dict[str, str]]


def holding(*names: str, **aliases: str) -> Registry:
    return Registry({name: Entry(directory_of(name), {}) for name in names}, aliases)


def create(alias: str, name: str) -> Action:
    return {"create_alias": {"alias_name": alias, "collection_name": name}}


def rename(former: str, alias: str) -> Action:
    return {"rename_alias": {"old_alias_name": former, "new_alias_name": alias}}


def switches() -> list[str]:
    """Returns the ids of recorded changes of aliases that were answered 200."""
    return [
        name
        for name, line in lines().items()
        if (line["request"] or {}).get("path") == "/collections/aliases"
        and line["response"]["status"] == 200
        and line["aliases_before"] is not None
        and name != "aliases/bodies/05"  # two verbs in one action, of which the server takes the first
        and name != "aliases/shadow/18"  # after a deletion that the line does not tell
    ]


@pytest.mark.parametrize("name", switches())
def test_aliases_change_as_recorded(name: str) -> None:
    line = lines()[name]
    before, after = line["aliases_before"], line["aliases_after"]
    live = holding(*before.values(), *after.values(), **before)
    assert live.realias(line["request"]["body"]["actions"], "v").aliases == after


def test_an_alias_goes_before_a_collection_of_its_name() -> None:
    assert (
        holding("documents", "documents_v2", documents="documents_v2").resolve("documents") == "documents_v2"
    )


def test_nothing_is_found_under_an_unknown_name() -> None:
    assert holding("a").resolve("b") is None


def test_an_alias_on_nothing_is_refused() -> None:
    with pytest.raises(NotThere, match="missing"):
        holding("a").realias([create("x", "missing")], "v")


def test_an_alias_on_an_alias_is_refused() -> None:
    with pytest.raises(NotThere, match="docs"):
        holding("a", docs="a").realias([create("x", "docs")], "v")


def test_an_alias_with_the_name_of_a_collection_is_refused() -> None:
    with pytest.raises(Taken, match="b"):
        holding("a", "b").realias([create("b", "a")], "v")


def test_renaming_an_alias_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotThere, match="nope"):
        holding("a").realias([rename("nope", "x")], "v")


def test_renaming_an_alias_takes_the_name_of_a_collection() -> None:
    assert holding("a", "b", x="b").realias([rename("x", "a")], "v").resolve("a") == "b"


def test_a_list_that_is_refused_changes_nothing() -> None:
    live = holding("a", x="a")
    with pytest.raises(NotThere):
        live.realias([{"delete_alias": {"alias_name": "x"}}, create("x", "missing")], "v")
    assert live.aliases == {"x": "a"}


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(StoreError, match="drop_alias"):
        holding("a").realias([{"drop_alias": {"alias_name": "x"}}], "v")


def test_a_collection_takes_its_aliases_along() -> None:
    assert holding("a", "b", x="a", y="b").drop("a") == holding("b", y="b")


@pytest.mark.parametrize("name", ["documents", "..", ".", "a b", "Ä", "x" * 255, "con", "-"])
def test_a_directory_is_one_plain_name(name: str) -> None:
    assert Path(directory_of(name)).name == directory_of(name).strip(".")


def test_names_that_differ_in_case_have_directories_that_differ_in_more() -> None:
    assert directory_of("docs").lower() != directory_of("Docs").lower()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    live = Registry({"a": Entry("a-1", {"params": {}}, {"k": "keyword"}, None, True)}, {"x": "a"})
    RegistryFile("v", tmp_path).write(live)
    assert RegistryFile("v", tmp_path).read() == live


def test_what_another_writes_is_read(tmp_path: Path) -> None:
    here, there = RegistryFile("v", tmp_path), RegistryFile("v", tmp_path)
    here.write(holding("a"))
    here.read()
    there.write(holding("b"))
    assert here.read() == holding("b")


def test_no_file_is_an_empty_registry(tmp_path: Path) -> None:
    assert RegistryFile("v", tmp_path / "none").read() == Registry()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": "x"}',
        '{"format": 1, "collections": {"a": {}}, "aliases": {}}',
    ],
)
def test_a_file_that_is_no_registry_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "registry.json").write_text(text)
    with pytest.raises(StoreError, match="no registry") as found:
        RegistryFile("v", tmp_path).read()
    assert "backup" in found.value.mend


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_text(json.dumps({"format": 2}))
    with pytest.raises(Unsupported, match="format 2"):
        RegistryFile("v", tmp_path).read()


def test_a_write_that_broke_off_leaves_the_former_registry(tmp_path: Path) -> None:
    RegistryFile("v", tmp_path).write(holding("a"))
    (tmp_path / "registry.json.new").write_text('{"format": 1, "coll')
    assert RegistryFile("v", tmp_path).read() == holding("a")


def test_a_write_goes_over_what_broke_off(tmp_path: Path) -> None:
    (tmp_path / "registry.json.new").write_text('{"format": 1, "coll')
    RegistryFile("v", tmp_path).write(holding("a"))
    assert RegistryFile("v", tmp_path).read() == holding("a")
