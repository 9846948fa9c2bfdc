"""Recorded changes of collections, replayed on the real engine: what is left is what Qdrant 1.16.3 left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .edge_kit import edge

pytestmark = pytest.mark.live
RECORDINGS = Path(__file__).parents[2] / "cases" / "qdrant_recordings"
SCENARIOS = (
    "patch/hnsw",
    "patch/vector-override",
    "patch/named",
    "patch/optimizers",
    "patch/params",
    "patch/immutable",
    "metadata/merge",
    "metadata/create",
    "strict_mode/patch",
    "quantization/binary",
)
LEFT_OUT = {
    "patch/optimizers/14": "a spelling that apexplan does not send",
    "patch/optimizers/15": "a spelling that apexplan does not send",
    "patch/params/02": "Edge has no replicas",
    "patch/immutable/11": "fields of newer servers, which Edge has",
    "strict_mode/patch/11": "an unknown limit, which is kept here",
    "quantization/binary/15": "two kinds at once, which Edge refuses",
    "quantization/binary/17": "a spelling that apexplan does not send",
}


def scenario(name: str) -> Iterator[dict[str, Any]]:
    """Gives the lines that create and change a collection and were answered 200."""
    topic, _, title = name.partition("/")
    for text in (RECORDINGS / f"{topic}.jsonl").read_text("utf-8").splitlines():
        line = json.loads(text)
        request = line["request"] or {}
        changes = request.get("method") in ("PUT", "PATCH") and request["path"].count("/") == 2
        if line["scenario"] == title and changes and line["response"]["status"] == 200:
            yield line


def kept(config: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
    """Returns a configuration without what a line that was left out had changed."""
    if "patch/params/02" in left_out:
        config = {
            **config,
            "params": {k: v for k, v in config["params"].items() if k != "replication_factor"},
        }
    return config


@pytest.mark.parametrize("name", SCENARIOS)
def test_changes_leave_what_was_recorded(name: str, tmp_path: Path) -> None:
    left_out: set[str] = set()
    compared = 0
    with edge(tmp_path) as target:
        for line in scenario(name):
            collection = line["request"]["path"].partition("?")[0].rpartition("/")[2]
            if line["id"] in LEFT_OUT:
                left_out.add(line["id"])
                continue
            if line["request"]["method"] == "PUT":
                target.create(collection, line["request"]["body"])
            else:
                target.update(collection, line["request"]["body"])
            live = target.info(collection)["config"]
            assert kept(live, left_out) == kept(line["after"]["config"], left_out), line["id"]
            compared += 1
    assert compared > 2
