"""What `inspect` writes of a collection that was recorded from a real server gives an empty plan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from apexplan.engine import planner
from apexplan.engine.survey import OpenStore
from apexplan.model.change import Action
from apexplan.model.spec import canonical
from apexplan.provider import Scope
from apexplan.testing.memory import MemoryState
from apexplan_qdrant.document import KIND
from apexplan_qdrant.provider import PROVIDER
from apexplan_qdrant.session import QdrantSession
from apexplan_qdrant.target import Lack, Target

RECORDINGS = Path(__file__).parents[2] / "cases" / "qdrant_recordings"


def recorded() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields every recorded state of a collection once, by the line that it was seen in first."""
    seen: set[str] = set()
    for file in sorted(RECORDINGS.glob("*.jsonl")):
        for line in map(json.loads, file.read_text().splitlines()):
            for side in ("before", "after"):
                state = line.get(side)
                key = canonical(state and [state["config"], state["payload_schema"]])
                if state and key not in seen:
                    seen.add(key)
                    yield f"{line['id']} {side}", state


STATES = dict(recorded())


class _Recorded:
    """A target that holds one recorded collection. It is only read."""

    store = "vectors"
    version = (1, 16, 3)
    embedded = False

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.state = state

    def collections(self) -> Sequence[str]:
        return ["c"]

    def aliases(self) -> Mapping[str, str]:
        return {}

    def infos(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        return dict.fromkeys(names, self.state)

    def count(self, name: str) -> int:
        return int(self.state["points_count"])

    def lacks(self, spec: object) -> Mapping[str, Lack]:
        return {}


@contextmanager
def read_again(state: Mapping[str, Any]) -> Iterator[Mapping[str, OpenStore]]:
    session = QdrantSession(cast(Target, _Recorded(state)), 1)
    yield {"vectors": OpenStore("vectors", PROVIDER, session)}


def test_there_are_recordings() -> None:
    assert len(STATES) > 250


@pytest.mark.parametrize("line", STATES)
def test_a_manifest_written_by_inspect_changes_nothing(line: str) -> None:
    with read_again(STATES[line]) as stores:
        live = stores["vectors"].session.read(Scope("vectors", everything=True))
        document = KIND.collapse("vectors", live.objects)
        declared = KIND.expand(KIND.document.model_validate(document)).declared if document else ()
        desired = planner.Desired("test", "", {item.address: item for item in declared}, "digest")
        state = MemoryState()
        plan = planner.plan(desired, state.recorded(), state.head(), stores, created="now")
    assert [(str(c.address), c.fields) for c in plan.changes if c.action is not Action.ADOPT] == []
