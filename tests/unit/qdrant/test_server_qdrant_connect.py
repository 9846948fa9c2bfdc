"""Who may be connected to, and what goes along with every request."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx
import pytest
from answering_qdrant import KEY, Answering, always, connected, result, settings

from apexplan.model.errors import AccessDenied, StoreError, StoreUnreachable, Unsupported
from apexplan_qdrant.server import connect
from apexplan_qdrant.server.endpoint import parsed


def greeting(**about: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(200, json=about))


def test_something_else_at_the_url_is_no_qdrant() -> None:
    with pytest.raises(Unsupported, match="no Qdrant"):
        connect("vectors", settings(), transport=greeting(title="a wiki", version="1.16.3"))


def test_a_version_that_cannot_be_read_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="does not tell its version"):
        connect("vectors", settings(), transport=greeting(title="qdrant - vector search engine"))


def test_a_server_before_1_13_is_too_old() -> None:
    with pytest.raises(Unsupported, match=r"Qdrant 1\.12\.6 is too old"):
        connect("vectors", settings(), transport=greeting(title="qdrant", version="1.12.6"))


@pytest.mark.parametrize(
    ("told", "version"), [("1.16.3", (1, 16, 3)), ("1.17.0-dev", (1, 17, 0)), ("v1.13", (1, 13, 0))]
)
def test_versions_are_read_as_servers_write_them(told: str, version: tuple[int, int, int]) -> None:
    assert connected(Answering(always(result({})), version=told)).version == version


def test_a_wrong_key_is_noticed_though_the_root_answers() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/":
            return httpx.Response(200, json={"title": "qdrant", "version": "1.16.3"})
        return httpx.Response(401, text="Invalid API key or JWT")

    with pytest.raises(AccessDenied):
        connected(answer, key=KEY)


@pytest.mark.parametrize("kind", [httpx.ConnectTimeout, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_whoever_does_not_greet_is_unreachable(kind: type[httpx.TransportError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise kind("no")

    with pytest.raises(StoreUnreachable):
        connected(fail)


def test_a_server_that_is_not_ready_is_unreachable() -> None:
    with pytest.raises(StoreUnreachable):
        connected(always(httpx.Response(503)))


def test_the_key_goes_along_and_nothing_is_compressed() -> None:
    answering = Answering(always(result({"count": 1})))
    connected(answering, key=KEY).count("c")
    headers = answering.seen[0].headers
    assert (headers["api-key"], headers["accept-encoding"]) == (KEY, "identity")


def test_user_and_password_of_the_url_go_to_what_stands_before_the_server() -> None:
    answering = Answering(always(result({})))
    connected(answering, url="http://admin:p%2Fw@qdrant.test/behind/").info("c")
    request = answering.seen[0]
    assert base64.b64decode(request.headers["authorization"].split()[1]) == b"admin:p/w"
    assert str(request.url) == "http://qdrant.test:6333/behind/collections/c"


NAMES = {
    "a/b": "a%2Fb",
    "a%2Fb": "a%252Fb",
    "..": "%2E%2E",
    ".": "%2E",
    "a?b#c": "a%3Fb%23c",
    "ä b": "%C3%A4%20b",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_part_of_the_path(name: str) -> None:
    answering = Answering(always(result({})))
    connected(answering).info(name)
    assert answering.seen[0].url.raw_path == f"/collections/{NAMES[name]}".encode()


def test_the_path_of_a_field_is_one_part_of_the_path() -> None:
    answering = Answering(always(result({})))
    connected(answering).delete_index("c", 'arr[]."a/b"')
    assert answering.seen[0].url.raw_path == b"/collections/c/index/arr%5B%5D.%22a%2Fb%22?wait=true"


@pytest.mark.parametrize(
    ("url", "base", "told"),
    [
        ("http://localhost", "http://localhost:6333", "localhost:6333"),
        ("https://q.example:443/", "https://q.example:443", "q.example:443"),
        ("http://[::1]:7000", "http://[::1]:7000", "[::1]:7000"),
        ("http://user:pw@q.example:6333/x", "http://q.example:6333/x", "q.example:6333"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(url: str, base: str, told: str) -> None:
    endpoint = parsed(url, "vectors")
    assert (endpoint.base, str(endpoint)) == (base, told)


@pytest.mark.parametrize(
    ("host", "near"),
    [("localhost", True), ("127.0.0.2", True), ("[::1]", True), ("10.0.0.1", False), ("q.example", False)],
)
def test_loopback_is_what_no_network_carries(host: str, near: bool) -> None:
    assert parsed(f"http://{host}:6333", "vectors").loopback is near


def test_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="`ca_file`"):
        connect("vectors", settings("https://q.example", ca_file=str(tmp_path / "none.pem")))


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    with pytest.raises(StoreError, match="`ca_file`"):
        connect("vectors", settings("https://q.example", ca_file=str(empty)))


def test_fields_that_nobody_knows_yet_survive() -> None:
    info = {"status": "green", "config": {"of_tomorrow": [1, 1.0, {"x": None}]}}
    found = connected(Answering(always(result(info)))).info("c")
    assert json.dumps(found) == json.dumps(info)


def test_building_an_index_may_take_as_long_as_a_rebuild() -> None:
    answering = Answering(always(result({})))
    connected(answering).put_index("c", "k", {"type": "keyword"})
    assert answering.seen[0].extensions["timeout"] == {"connect": 30, "read": 600, "write": 30, "pool": 30}
