"""What is written of points: floats as floats to the last bit, and no body larger than a server takes."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

import httpx
import pytest
from answering_qdrant import Answering, always, connected, result

from apexplan.model.errors import Unsupported
from apexplan_qdrant.server import points
from apexplan_qdrant.target import Hit, Point

COMPLETED = result({"operation_id": 1, "status": "completed"})


def written(*some: Point, version: str = "1.16.3") -> list[httpx.Request]:
    answering = Answering(always(COMPLETED), version=version)
    connected(answering).insert("c", some)
    return answering.seen


def vector_of(request: httpx.Request) -> str:
    """The JSON text of the first point's vector."""
    text = request.content.decode()
    return text[text.index('"vector":') + len('"vector":') : text.index(',"payload"')]


WHOLE_NUMBERS = [
    ([1, 2], "[1.0,2.0]"),
    ([[1, 2], [3, 4]], "[[1.0,2.0],[3.0,4.0]]"),
    ({"m": [[1, 2], [3, 4]]}, '{"m":[[1.0,2.0],[3.0,4.0]]}'),
    ({"s": {"indices": [7, 3], "values": [1, 2.5]}}, '{"s":{"indices":[7,3],"values":[1.0,2.5]}}'),
    ({"indices": [7, 3], "values": [1, 2]}, '{"indices":[7,3],"values":[1.0,2.0]}'),
    ({}, "{}"),
    ({"m": []}, '{"m":[]}'),
]


@pytest.mark.parametrize(("vector", "text"), WHOLE_NUMBERS)
def test_whole_numbers_of_a_vector_are_written_as_floats(vector: Any, text: str) -> None:
    assert vector_of(written(Point(1, vector, {}))[0]) == text


def test_every_float32_comes_back_to_the_last_bit() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    bits = random.Random(seed)
    patterns = (bits.getrandbits(32).to_bytes(4, "little") for _ in range(20_000))
    numbers = [n for (n,) in map(struct.Struct("<f").unpack, patterns) if abs(n) < float("inf")]
    text = vector_of(written(Point(1, numbers, {}))[0])
    assert [struct.pack("<f", n) for n in json.loads(text)] == [struct.pack("<f", n) for n in numbers]


def test_a_payload_is_written_as_it_was_read() -> None:
    payload = {"whole": 1, "float": 1.0, "large": 2**63, "none": None, "text": "ä\n", "deep": [{"a": [True]}]}
    text = written(Point(1, [0.5], payload))[0].content.decode()
    assert json.dumps(json.loads(text)["points"][0]["payload"]) == json.dumps(payload)


def test_inserting_replaces_no_point() -> None:
    body = json.loads(written(Point(1, [0.5], {}))[0].content)
    assert body["update_filter"] == {"must": [{"has_id": []}]}


def test_upserting_replaces_points() -> None:
    answering = Answering(always(COMPLETED))
    connected(answering).upsert("c", [Point(1, [0.5], {})])
    assert "update_filter" not in json.loads(answering.seen[0].content)


def test_a_server_that_would_overwrite_is_not_asked_to_insert() -> None:
    with pytest.raises(Unsupported, match=r"1\.15\.5 cannot insert without overwriting"):
        written(Point(1, [0.5], {}), version="1.15.5")


def test_no_points_are_no_request() -> None:
    answering = Answering(always(COMPLETED))
    target = connected(answering)
    target.insert("c", [])
    target.upsert("c", [])
    target.remove("c", [])
    assert answering.seen == []


def test_points_that_fill_more_than_one_body_are_sent_in_several() -> None:
    half = {"text": "x" * (points.MOST_BYTES // 2)}
    requests = written(*(Point(number, [0.5], half) for number in range(3)))
    assert [[one["id"] for one in json.loads(request.content)["points"]] for request in requests] == [
        [0],
        [1],
        [2],
    ]
    assert all(len(request.content) < points.MOST_BYTES + 100 for request in requests)


def test_as_many_items_as_fit_go_together() -> None:
    assert list(points.parts([b"aa", b"bb", b"cc"], most=6)) == [b"aa,bb", b"cc"]


def test_an_item_that_never_fits_goes_alone() -> None:
    assert list(points.parts([b"a", b"bbbbbbbbb", b"c"], most=5)) == [b"a", b"bbbbbbbbb", b"c"]


def test_a_point_without_vector_and_payload_is_read() -> None:
    told = {"points": [{"id": 7, "payload": None}], "next_page_offset": None}
    page = connected(Answering(always(result(told)))).page("c", None, 10)
    assert (page.points, page.next) == ([Point(7, {}, {})], None)


def test_ids_alone_are_read_without_anything_else() -> None:
    answering = Answering(always(result({"points": [], "next_page_offset": None})))
    connected(answering).page("c", 5, 10, vectors=False)
    wanted = {"limit": 10, "offset": 5, "with_payload": False, "with_vector": False}
    assert json.loads(answering.seen[0].content) == wanted


def test_a_page_from_the_id_zero_begins_there() -> None:
    answering = Answering(always(result({"points": [], "next_page_offset": None})))
    connected(answering).page("c", 0, 10)
    assert json.loads(answering.seen[0].content)["offset"] == 0


def test_the_nearest_are_asked_for_exactly() -> None:
    answering = Answering(always(result({"points": [{"id": 2, "score": 1.0}, {"id": 1, "score": 0.5}]})))
    found = connected(answering).nearest("c", [1, 0], "text", 2, exact=True)
    body = json.loads(answering.seen[0].content)
    assert (found, body["using"]) == ([Hit(2, 1.0), Hit(1, 0.5)], "text")
    assert body["params"] == {"exact": True, "quantization": {"ignore": True}}


def test_the_unnamed_vector_is_not_named_in_a_query() -> None:
    answering = Answering(always(result({"points": []})))
    connected(answering).nearest("c", [1.0, 0.0], "", 2, exact=False)
    assert "using" not in json.loads(answering.seen[0].content)
