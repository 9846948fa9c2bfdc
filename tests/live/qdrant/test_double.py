"""The double answers as Qdrant 1.16.3 did: every recorded scenario is replayed from an empty double.

Not compared, because it differs between two recordings of the same server too: times, the number of
segments, the order of collections and aliases, the order of several validation errors in one text, the state
right after a change that was not waited for. Of telemetry only what segments were built with is compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from .double import Double, Settings

RECORDINGS = Path(__file__).parents[2] / "cases" / "qdrant_recordings"

NOT_REPLAYED = {
    "rebuild/while-running": "it is about the course of time; test_double_hooks.py has its facts",
    "status": "points were loaded between its lines, which the lines do not tell",
    "snapshots": "the double takes no snapshots",
    "cluster": "the double is a single node",
}

SERVERS = {
    "auth/keys": Settings(api_key="<admin>", read_only_api_key="<reader>"),
    "defaults/other-server-defaults": Settings(
        max_collections=4,
        defaults={
            "on_disk_payload": False,
            "replication_factor": 2,
            "vectors": {"on_disk": True},
            "wal_config": {"wal_capacity_mb": 8},
            "optimizers_config": {
                "indexing_threshold": 20000,
                "default_segment_number": 2,
                "flush_interval_sec": 2,
            },
            "hnsw_config": {
                "m": 24,
                "ef_construct": 150,
                "full_scan_threshold": 5000,
                "on_disk": True,
                "payload_m": 12,
            },
            "quantization_config": {"scalar": {"type": "int8", "always_ram": True}},
            "strict_mode_config": {"enabled": True, "max_query_limit": 500, "max_payload_index_count": 3},
        },
    ),
}
"""How the server was started, for scenarios where it was not as delivered."""


COMPARED = ("status", "config", "payload_schema", "points_count", "indexed_vectors_count", "warnings")
"""The keys of GET that follow neither the number of cores nor work in the background."""


class Answer(NamedTuple):
    status: int
    body: Any


class Client:
    """Sends requests as they were recorded, over one connection."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
        self._headers = headers

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        self._connection.request(method, path, text, self._headers if headers is None else headers)
        response = self._connection.getresponse()
        content = response.read().decode()
        is_json = response.headers["content-type"] == "application/json"
        return Answer(response.status, json.loads(content) if is_json else content)

    def result(self, path: str) -> Any:
        return self.send("GET", path).body["result"]

    def close(self) -> None:
        self._connection.close()


def scenarios() -> Iterator[Any]:
    """One parameter a scenario, in the order of the files."""
    for file in sorted(RECORDINGS.glob("*.jsonl")):
        lines: dict[str, list[dict[str, Any]]] = {}
        for text in file.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            lines.setdefault(f"{line['topic']}/{line['scenario']}", []).append(line)
        yield from (pytest.param(of_one, id=name, marks=marks(name)) for name, of_one in lines.items())


def marks(scenario: str) -> list[pytest.MarkDecorator]:
    reason = NOT_REPLAYED.get(scenario)
    return [pytest.mark.skip(reason=reason)] if reason else []


@pytest.mark.parametrize("lines", list(scenarios()))
def test_the_double_answers_as_recorded(lines: list[dict[str, Any]]) -> None:
    settings = SERVERS.get(f"{lines[0]['topic']}/{lines[0]['scenario']}", Settings())
    with Double(settings) as double:
        client = Client(double.url, {"api-key": settings.api_key} if settings.api_key else {})
        for line in lines:
            replay(client, line)
        client.close()


@pytest.mark.parametrize("topic", [topic for topic in NOT_REPLAYED if "/" not in topic])
def test_these_recordings_are_not_replayed(topic: str) -> None:
    pytest.skip(NOT_REPLAYED[topic])


def replay(client: Client, line: dict[str, Any]) -> None:
    """Sends one recorded request; compares the answer and the state behind it."""
    request, recorded = line["request"], line["response"]
    if request is None:
        load_points(client, line)
        return
    answered = client.send(request["method"], request["path"], request["body"], request.get("headers"))
    assert answered.status == recorded["status"], (line["id"], answered.body)
    path = urlsplit(request["path"]).path
    assert comparable(path, answered.body) == comparable(path, recorded["body"]), line["id"]
    if "aliases_after" in line:
        assert aliases(client) == line["aliases_after"], line["id"]
    if shows_a_collection(line) and not is_only_acknowledged(answered):
        assert state_behind(client, path) == state(line["after"]), line["id"]
    if "effective_after" in line:
        assert segment_configs(client) == [each["config"] for each in line["effective_after"]], line["id"]


def load_points(client: Client, line: dict[str, Any]) -> None:
    """Loads what a line without a request says in words: so many points with vectors and payload."""
    count, size = map(int, re.findall(r"\d+", line["title"])[:2])
    params = line["after"]["config"]["params"]
    dense = [""] if "size" in params["vectors"] else list(params["vectors"])
    sparse = {name: {"indices": [1], "values": [1.0]} for name in params.get("sparse_vectors", {})}
    filled = {name: [1.0] * size for name in dense}
    points = [
        {"id": number, "payload": {"k": f"k{number}", "n": number}, "vector": filled | sparse}
        for number in range(count)
    ]
    assert client.send("PUT", "/collections/c/points?wait=true", {"points": points}).status == 200


def segment_configs(client: Client) -> list[Any]:
    """What telemetry says that the segments of the one collection were built with."""
    (collection,) = client.result("/telemetry?details_level=4")["collections"]["collections"]
    return [each["config"] for each in collection["shards"][0]["local"]["segments"]]


def shows_a_collection(line: dict[str, Any]) -> bool:
    """Is `after` the state of the collection in the path? With aliases only the recorder knew which."""
    of_aliases = line["request"]["path"] == "/collections/aliases"
    return bool(line["before"] or line["after"]) and not of_aliases


def comparable(path: str, body: Any) -> Any:
    """The part of an answer that is the same each time."""
    if not isinstance(body, dict):
        return body
    if path == "/telemetry":
        return None
    if "result" not in body:
        return {**body, "time": None, "status": sorted_problems(body.get("status"))}
    result = body["result"]
    if isinstance(result, dict) and "payload_schema" in result:
        return state(result)
    if path.rstrip("/") == "/collections" or path.endswith("/aliases"):
        return sorted_lists(result)
    return result


def sorted_problems(status: Any) -> Any:
    """`[a; b]` with the problems in order."""
    text = status.get("error", "") if isinstance(status, dict) else ""
    return sorted(text.partition(": [")[2].removesuffix("]").split("; ")), text.partition(": [")[0]


def sorted_lists(result: Any) -> Any:
    if not isinstance(result, dict):
        return result
    return {key: sorted(items, key=json.dumps) for key, items in result.items()}


def is_only_acknowledged(answered: Answer) -> bool:
    result = answered.body.get("result") if isinstance(answered.body, dict) else None
    return isinstance(result, dict) and result.get("status") == "acknowledged"


def state_behind(client: Client, path: str) -> Any:
    """What GET says of the collection that the path names."""
    answered = client.send("GET", "/".join(path.split("/")[:3]))
    return state(answered.body["result"]) if answered.status == 200 else None


def state(view: dict[str, Any] | None) -> Any:
    if view is None:
        return None
    return {key: view.get(key) for key in COMPARED}


def aliases(client: Client) -> dict[str, str]:
    return {each["alias_name"]: each["collection_name"] for each in client.result("/aliases")["aliases"]}
