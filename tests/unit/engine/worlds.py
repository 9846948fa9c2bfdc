"""Worlds of the fake store for the engine's tests: boxes that are there and owned, boxes wished for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from apexplan.engine.planner import Desired
from apexplan.engine.survey import OpenStore
from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle, Recorded
from apexplan.testing.chaos import World
from apexplan.testing.fake import PROVIDER, Behaviour, Box, FakeServer, session_on
from apexplan.testing.memory import MemoryState

Boxes = Mapping[str, Mapping[str, Any]]


def box(name: str) -> Address:
    """The address of a box in the store `shelf`."""
    return Address("shelf", "box", name)


def declared(boxes: Boxes) -> dict[Address, Declared]:
    """Returns the boxes as a manifest would declare them; the key `lifecycle` is taken out."""
    found = {}
    for name, values in boxes.items():
        spec = Box.model_validate({k: v for k, v in values.items() if k != "lifecycle"})
        found[box(name)] = Declared(box(name), spec, lifecycle=values.get("lifecycle", Lifecycle()))
    return found


def full(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns values as the fake store holds them: every field."""
    given = {k: v for k, v in values.items() if k != "lifecycle"}
    return {"color": "grey", "size": 1, "needs": [], "tags": {}, **given}


def world(live: Boxes, desired: Boxes, behaviour: Behaviour | None = None, *, owned: bool = True) -> World:
    """Returns a fresh world in which `live` is there (and owned), and `desired` is wished for."""
    server = FakeServer(behaviour or Behaviour(), {name: full(values) for name, values in live.items()})
    state = MemoryState()
    if owned:
        state._objects = {box(n): Recorded(box(n), full(v), False, "run-0") for n, v in live.items()}
    state._head = type(state._head)("memory", 1)

    @contextmanager
    def opened() -> Iterator[dict[str, OpenStore]]:
        yield {"shelf": OpenStore("shelf", PROVIDER, session_on("shelf", server))}

    made = World(
        state=state,
        open=opened,
        snapshot=lambda: ({n: dict(b) for n, b in server.boxes.items()}, sorted(server.unhealthy)),
        desired=Desired("test", "", declared(desired), "digest"),
    )
    SERVERS_OF[id(made)] = server
    return made


SERVERS_OF: dict[int, FakeServer] = {}
"""The server behind each world, for tests that look at it or break it."""


def server_of(made: World) -> FakeServer:
    """Returns the fake server of a world."""
    return SERVERS_OF[id(made)]
