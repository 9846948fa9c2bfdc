"""Recorded states, made and changed into one another on the double by the bodies that we build.

The double is held to what Qdrant 1.16.3 answered, so a body that the server would drop, refuse or take
otherwise shows here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from apexplan.model.spec import canonical, same
from apexplan_qdrant.specs import Collection
from apexplan_qdrant.wire.bodies import CHANGEABLE, after_create, create_body, patch_body, unsettable
from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.payload_index import index_schema_of, index_values

from .double import Double, Settings

Json = dict[str, Any]
RECORDINGS = Path(__file__).parents[2] / "cases" / "qdrant_recordings"
COMPRESSING = Settings(
    defaults={"quantization_config": {"scalar": {"type": "int8"}}, "on_disk_payload": False}
)
"""A server whose own file says otherwise than the one that was recorded."""


class Client:
    """One collection of the double."""

    def __init__(self, double: Double) -> None:
        self._connection = HTTPConnection(urlsplit(double.url).netloc, timeout=10)

    def send(self, method: str, body: Json | None = None, path: str = "") -> Any:
        self._connection.request(method, f"/collections/c{path}", json.dumps(body))
        answer = self._connection.getresponse()
        content = json.loads(answer.read())
        assert answer.status == 200, (body, content)
        return content["result"]

    def config(self) -> Json:
        found: Json = self.send("GET")["config"]
        return found


@pytest.fixture
def client() -> Iterator[Client]:
    with Double() as double:
        yield Client(double)


@pytest.fixture
def otherwise() -> Iterator[Client]:
    with Double(COMPRESSING) as double:
        yield Client(double)


def recorded() -> Iterator[Json]:
    texts = chain.from_iterable(
        file.read_text("utf-8").splitlines() for file in sorted(RECORDINGS.glob("*.jsonl"))
    )
    for line in map(json.loads, texts):
        yield from (line[side] for side in ("before", "after") if line.get(side))


STATES = list(
    {canonical(values): values for values in (collection_values(info) for info in recorded())}.values()
)


def fixed(values: Json) -> str:
    """Returns what no PATCH changes: states in which it is equal can become each other."""
    return canonical({field: value for field, value in values.items() if field not in CHANGEABLE})


def reachable(values: Json) -> Json:
    """Returns the values that a PATCH can bring about."""
    return {f: v for f, v in values.items() if f in CHANGEABLE and not unsettable(f, v)}


def assert_as_wanted(wanted: Mapping[str, Any], config: Json) -> None:
    live = collection_values({"config": config})
    assert {f: live[f] for f, value in wanted.items() if not same(live[f], value)} == {}


def make(client: Client, values: Json) -> None:
    spec = Collection.model_validate(values)
    client.send("PUT", create_body(spec))
    rest = after_create(spec, client.config())
    if rest:
        client.send("PATCH", rest)


def test_every_recorded_collection_can_be_made_again(client: Client) -> None:
    for values in STATES:
        make(client, values)
        assert_as_wanted(values, client.config())
        client.send("DELETE")


def test_every_recorded_collection_can_be_made_where_other_defaults_apply(otherwise: Client) -> None:
    for values in STATES:
        make(otherwise, values)
        assert_as_wanted(reachable(values), otherwise.config())
        otherwise.send("DELETE")


def test_every_recorded_collection_can_become_every_other_of_its_vectors(client: Client) -> None:
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    states = sorted(STATES, key=canonical)
    Random(seed).shuffle(states)
    for kind in {fixed(values): values for values in states}:
        alike = [values for values in states if fixed(values) == kind]
        make(client, alike[0])
        for values in alike[1:]:
            wanted = reachable(values)
            client.send("PATCH", patch_body(client.config(), wanted))
            assert_as_wanted(wanted, client.config())
        client.send("DELETE")


def test_there_are_states_to_become() -> None:
    assert len(STATES) > 150
    assert max(sum(fixed(a) == fixed(b) for b in STATES) for a in STATES) > 50


def test_settings_that_are_not_asked_for_stay(client: Client) -> None:
    for values in STATES:
        make(client, values)
        before = collection_values({"config": client.config()})
        client.send("PATCH", patch_body(client.config(), {"flush_interval_sec": 7}))
        assert collection_values({"config": client.config()}) == before | {"flush_interval_sec": 7}
        client.send("DELETE")


def test_every_recorded_index_can_be_made_again(client: Client) -> None:
    make(client, STATES[0])
    for values in (index_values(e) for info in recorded() for e in info["payload_schema"].values()):
        client.send("PUT", {"field_name": "k", "field_schema": index_schema_of(values)}, "/index?wait=true")
        assert index_values(client.send("GET")["payload_schema"]["k"]) == values
