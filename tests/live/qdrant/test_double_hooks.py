"""What the double offers to tests beyond the recorded server: failures, held rebuilds, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import pytest

from .double import Double

VECTORS = {"vectors": {"size": 4, "distance": "Dot"}, "optimizers_config": {"indexing_threshold": 1}}
ENOUGH_TO_BE_INDEXED = 100
"""Points: 100 × 4 × 4 bytes are more than one KiB."""


@pytest.fixture
def double() -> Iterator[Double]:
    with Double() as running:
        yield running


def send(double: Double, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = HTTPConnection(urlsplit(double.url).netloc, timeout=10)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def result(double: Double, path: str) -> Any:
    return send(double, "GET", path)[1]["result"]


def effective_m(double: Double) -> int:
    (collection,) = result(double, "/telemetry?details_level=4")["collections"]["collections"]
    (segment,) = collection["shards"][0]["local"]["segments"]
    m: int = segment["config"]["vector_data"][""]["index"]["options"]["m"]
    return m


def points_in_index(double: Double, field: str) -> int:
    count: int = result(double, "/collections/c")["payload_schema"][field]["points"]
    return count


@pytest.fixture
def waiting(double: Double) -> Double:
    """A collection with an index of n, whose m was changed from 16 to 32 while rebuilds are held."""
    points = [
        {"id": number, "vector": [1, 0, 0, 0], "payload": {"k": "a", "n": number}}
        for number in range(ENOUGH_TO_BE_INDEXED)
    ]
    send(double, "PUT", "/collections/c", VECTORS)
    send(double, "PUT", "/collections/c/points?wait=true", {"points": points})
    send(double, "PUT", "/collections/c/index?wait=true", {"field_name": "n", "field_schema": "integer"})
    double.hold_rebuilds()
    send(double, "PATCH", "/collections/c", {"hnsw_config": {"m": 32}})
    return double


def test_a_failed_request_changes_nothing(double: Double) -> None:
    double.fail_next(500, "Service internal error")
    answered = send(double, "PUT", "/collections/c", VECTORS)
    assert answered == (500, {"status": {"error": "Service internal error"}, "time": 0.0})
    assert result(double, "/collections") == {"collections": []}


def test_a_request_whose_answer_is_lost_was_carried_out(double: Double) -> None:
    double.drop_connection()
    with pytest.raises(RemoteDisconnected):
        send(double, "PUT", "/collections/c", VECTORS)
    assert result(double, "/collections") == {"collections": [{"name": "c"}]}


def test_requests_are_kept_as_they_came(double: Double) -> None:
    send(double, "PUT", "/collections/c?timeout=5", VECTORS)
    (request,) = double.requests
    assert request == ("PUT", "/collections/c?timeout=5", json.dumps(VECTORS))


def test_a_collection_whose_rebuild_is_held_is_yellow(waiting: Double) -> None:
    assert result(waiting, "/collections/c")["status"] == "yellow"


def test_a_held_rebuild_shows_as_ongoing(waiting: Double) -> None:
    assert len(result(waiting, "/collections/c/optimizations")["ongoing"]) == 1


def test_segments_keep_their_settings_while_rebuilds_are_held(waiting: Double) -> None:
    assert effective_m(waiting) == 16


def test_an_index_made_during_a_rebuild_is_completed_but_holds_nothing_until_its_end(waiting: Double) -> None:
    index = {"field_name": "k", "field_schema": "keyword"}
    _, answered = send(waiting, "PUT", "/collections/c/index?wait=true", index)
    assert answered["result"]["status"] == "completed"
    assert points_in_index(waiting, "k") == 0
    waiting.release_rebuilds()
    assert points_in_index(waiting, "k") == ENOUGH_TO_BE_INDEXED


def test_an_index_dropped_during_a_rebuild_stays_until_its_end(waiting: Double) -> None:
    send(waiting, "DELETE", "/collections/c/index/n?wait=true")
    assert points_in_index(waiting, "n") == ENOUGH_TO_BE_INDEXED
    waiting.release_rebuilds()
    assert result(waiting, "/collections/c")["payload_schema"] == {}


def test_without_threads_what_waits_is_never_built(waiting: Double) -> None:
    send(waiting, "PATCH", "/collections/c", {"optimizers_config": {"max_optimization_threads": 0}})
    waiting.release_rebuilds()
    assert result(waiting, "/collections/c")["status"] == "yellow"
    assert result(waiting, "/collections/c/optimizations") == {"ongoing": []}


def test_released_rebuilds_give_segments_what_is_declared(waiting: Double) -> None:
    waiting.release_rebuilds()
    assert effective_m(waiting) == 32
    assert result(waiting, "/collections/c")["status"] == "green"


@pytest.mark.parametrize(
    "body",
    [{"filter": {"should": [{"has_id": [1]}]}}, {"filter": {"must": [{"is_empty": {"key": "k"}}]}}],
)
def test_a_filter_that_was_never_recorded_is_refused(double: Double, body: dict[str, Any]) -> None:
    send(double, "PUT", "/collections/c", VECTORS)
    assert send(double, "POST", "/collections/c/points/count", body)[0] == 501


def test_a_body_that_the_double_cannot_read_is_answered(double: Double) -> None:
    send(double, "PUT", "/collections/c", VECTORS)
    assert send(double, "PUT", "/collections/c/points", {"point": []})[0] == 501


def test_has_id_knows_every_spelling_of_a_uuid(double: Double) -> None:
    point = {"id": "550e8400-e29b-41d4-a716-446655440000", "vector": [1, 0, 0, 0]}
    send(double, "PUT", "/collections/c", VECTORS)
    send(double, "PUT", "/collections/c/points?wait=true", {"points": [point]})
    condition = {"filter": {"must": [{"has_id": ["550E8400E29B41D4A716446655440000"]}]}}
    assert send(double, "POST", "/collections/c/points/count", condition)[1]["result"] == {"count": 1}


def test_a_search_is_refused(double: Double) -> None:
    send(double, "PUT", "/collections/c", VECTORS)
    query = {"query": [1, 0, 0, 0], "limit": 1}
    assert send(double, "POST", "/collections/c/points/query", query)[0] == 501
