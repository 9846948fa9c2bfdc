"""What `doctor` is told of a server that does not tell everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from answering_qdrant import KEY, URL, Answering, connected, refusal, result

from apexplan.provider import Check

ANSWERS: Mapping[str, httpx.Response] = {
    "/collections/apexplan-no-such-collection": refusal(404, "Not found: no such collection"),
    "/cluster": result({"status": "disabled"}),
    "/collections": result({"collections": [{"name": "a"}, {"name": "b"}]}),
    "/telemetry": result({}),
}


def checks(others: Mapping[str, httpx.Response] | None = None, **how: Any) -> dict[str, Check]:
    answers = {**ANSWERS, **(others or {})}
    target = connected(Answering(lambda request: answers[request.url.path]), **how)
    return {check.name: check for check in target.examine()}


def test_a_single_node_is_told() -> None:
    assert checks()["cluster"].value == "one node"


def test_the_peers_of_a_cluster_are_counted() -> None:
    peers = {"status": "enabled", "peer_id": 1, "peers": {"1": {}, "2": {}}}
    assert checks({"/cluster": result(peers)})["cluster"].value == "2 peers"


def test_collections_are_counted() -> None:
    assert checks()["collections"].value == "2"


def test_telemetry_that_may_not_be_read_is_told_with_what_it_costs() -> None:
    telemetry = checks({"/telemetry": refusal(403, "Forbidden")}, key=KEY)["telemetry"]
    assert telemetry.value == "not told: this key may not GET /telemetry"
    assert "segments" in telemetry.mend


def test_what_a_key_may_do_is_not_guessed() -> None:
    key = checks({"/collections/apexplan-no-such-collection": refusal(500, "broken")}, key=KEY)["key"]
    assert (key.value.startswith("not known"), key.ok) == (True, None)


@pytest.mark.parametrize(
    ("url", "key", "told"), [(URL, KEY, True), (URL, None, False), ("http://127.0.0.1:6333", KEY, False)]
)
def test_a_key_in_the_clear_over_a_network_is_told(url: str, key: str | None, told: bool) -> None:
    assert ("transport" in checks(url=url, key=key)) is told
