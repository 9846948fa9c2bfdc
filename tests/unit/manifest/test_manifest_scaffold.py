"""The files of a new project."""

from __future__ import annotations

import pytest

from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain
from apexplan.manifest.project import ProjectFile
from apexplan.manifest.scaffold import init_files

ALL = ["postgres", "neo4j", "qdrant", "redis", "graphiti", "other"]


def _plain(text: str) -> dict[str, object]:
    loaded = load_text(text, "x.yaml")
    assert loaded.node and not loaded.diagnostics
    found: dict[str, object] = plain(loaded.node)
    return found


@pytest.mark.parametrize("providers", [[name] for name in ALL] + [ALL])
def test_a_new_project_file_has_the_right_shape(providers: list[str]) -> None:
    file = ProjectFile.model_validate(_plain(init_files(providers)["apexplan.yaml"]), strict=False)
    assert [entry.provider for entry in file.stores.values()] == providers


@pytest.mark.parametrize("providers", [["postgres"], ["neo4j"], ["qdrant"], ["postgres", "neo4j", "qdrant"]])
def test_every_file_of_a_new_project_is_named_by_its_patterns(providers: list[str]) -> None:
    files = init_files(providers)
    assert _plain(files["apexplan.yaml"])["manifests"] == [name for name in files if name != "apexplan.yaml"]


@pytest.mark.parametrize(
    ("provider", "manifest"),
    [("postgres", "schema/sql.yaml"), ("neo4j", "schema/graph.yaml"), ("qdrant", "schema/vectors.yaml")],
)
def test_a_manifest_of_a_new_project_is_for_its_store(provider: str, manifest: str) -> None:
    files = init_files([provider])
    stores = ProjectFile.model_validate(_plain(files["apexplan.yaml"])).stores
    assert stores[str(_plain(files[manifest])["store"])].provider == provider


def test_a_new_project_holds_no_password() -> None:
    assert "${NEO4J_URI:?" in init_files(["neo4j"])["apexplan.yaml"]
