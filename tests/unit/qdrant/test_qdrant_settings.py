from __future__ import annotations

from pathlib import Path

from apexplan.provider import Anchorable
from apexplan_qdrant.connection import QdrantSettings


def test_the_directory_of_edge_is_relative_to_the_project() -> None:
    settings = QdrantSettings(url="edge:.apexplan/qdrant")
    assert isinstance(settings, Anchorable)
    assert settings.anchored(Path("/project")).directory == "/project/.apexplan/qdrant"


def test_an_absolute_directory_stays() -> None:
    assert QdrantSettings(url="edge:/var/q").anchored(Path("/project")).directory == "/var/q"


def test_a_server_is_found_by_its_url_from_everywhere() -> None:
    settings = QdrantSettings(url="http://localhost:6333")
    assert settings.anchored(Path("/project")) == settings
    assert settings.directory is None


def test_neither_url_nor_key_is_in_the_text_of_the_settings() -> None:
    settings = QdrantSettings(url="https://u:geheim@host", api_key="schluessel")
    assert "geheim" not in repr(settings) and "schluessel" not in repr(settings)
