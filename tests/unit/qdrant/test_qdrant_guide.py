"""The guide of Qdrant: its table of costs says what the specs say, and its example of an embedder works."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import httpx
import pytest
from qdrant_document_kit import check

from apexplan.model.spec import OnChange
from apexplan_qdrant import embedding
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex
from apexplan_qdrant.target import Point

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "qdrant.md").read_text(encoding="utf-8")
COMPARED = {
    field: rule
    for spec in (Collection, PayloadIndex, Alias)
    for field, rule in spec.rules.items()
    if rule.how not in ("key", "ignore")
}


def table() -> list[list[str]]:
    """Returns the cells of the table of costs, without its head."""
    lines = re.findall(r"^\| (.*?) ?\|$", GUIDE.split("## What a change costs")[1], re.MULTILINE)
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [row for row in rows[1:] if len(row) == 5 and row[1].startswith("`")]


ROWS = {
    field: (cost, since) for _, fields, cost, since, _ in table() for field in re.findall(r"`(\w+)`", fields)
}


def cost(rule: OnChange) -> str:
    if rule.how == "replace":
        return "new collection"
    return "rebuilds" if rule.rebuilds else "at once"


@pytest.mark.parametrize("field", COMPARED)
def test_the_table_says_what_a_change_costs(field: str) -> None:
    assert ROWS[field] == (cost(COMPARED[field]), COMPARED[field].since)


def test_the_table_has_each_field_once_and_no_other() -> None:
    named = [field for _, fields, *_ in table() for field in re.findall(r"`(\w+)`", fields)]
    assert sorted(named) == sorted(COMPARED)


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_package_of_the_guide_offers_an_embedder() -> None:
    declared = tomllib.loads(block("toml"))["project"]["entry-points"][embedding.GROUP]
    (entry,) = (EntryPoint(name, value, embedding.GROUP) for name, value in declared.items())
    code: dict[str, Any] = {}
    exec(block("python"), code)
    assert entry.module + ".py" in block("python").splitlines()[0]
    assert callable(code[entry.attr])
    assert f"embed: {entry.name}," in GUIDE


def test_the_manifest_of_the_guide_has_nothing_wrong_with_it() -> None:
    assert check(block("yaml")).diagnostics == ()


def test_the_embedder_of_the_guide_returns_a_vector_for_each_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(url: str, json: dict[str, Any], timeout: float) -> httpx.Response:
        vectors = [{"embedding": [float(len(text))]} for text in json["input"]]
        return httpx.Response(200, json={"data": vectors}, request=httpx.Request("POST", url))

    monkeypatch.setenv("EMBEDDINGS_URL", "http://localhost/embeddings")
    monkeypatch.setattr(httpx, "post", answered)
    code: dict[str, Any] = {}
    exec(block("python"), code)
    points = [Point(1, [], {"content": "four"}), Point(2, [], {"content": "sixsix"})]
    found = embedding.embedded(code["text_large"], points)
    assert [point.vector for point in found] == [[4.0], [6.0]]
