"""Keys, lost connections and servers that are none: what comes out of a target when things go wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from apexplan.model.errors import AccessDenied, Ambiguous, StoreUnreachable, Transient
from apexplan.provider import Check
from apexplan_qdrant.errors import Full
from apexplan_qdrant.server import ServerTarget, connect

from .double import Double, Settings
from .servers import Server, settings

PLAIN = {"vectors": {"size": 4, "distance": "Dot"}}
FULL, READER = "full-key", "read-only-key"


@pytest.fixture
def guarded() -> Iterator[Double]:
    """A server with a full key and a read-only one."""
    with Double(Settings(api_key=FULL, read_only_api_key=READER)) as double:
        yield double


def checks(target: ServerTarget) -> dict[str, Check]:
    return {check.name: check for check in target.examine()}


# ----------------------------------------------------------------------- keys


@pytest.mark.parametrize("key", [None, "wrong"])
def test_without_the_right_key_nobody_is_connected(guarded: Double, key: str | None) -> None:
    with pytest.raises(AccessDenied):
        connect("vectors", settings(guarded.url, key))


def test_a_read_only_key_reads(guarded: Double) -> None:
    assert list(connect("vectors", settings(guarded.url, READER)).collections()) == []


def test_a_read_only_key_may_not_change(guarded: Double) -> None:
    with pytest.raises(AccessDenied, match="this key may not PUT /collections/c"):
        connect("vectors", settings(guarded.url, READER)).create("c", PLAIN)


def test_a_read_only_key_is_recognised(guarded: Double) -> None:
    key = checks(connect("vectors", settings(guarded.url, READER)))["key"]
    assert (key.value, key.ok) == ("read-only", None)


def test_a_full_key_is_recognised(guarded: Double) -> None:
    assert checks(connect("vectors", settings(guarded.url, FULL)))["key"] == Check("key", "full", True)


def test_a_server_without_keys_is_recognised() -> None:
    with Double() as double:
        assert "none is asked for" in checks(connect("vectors", settings(double.url)))["key"].value


def test_examining_tells_the_version_and_what_is_there(server: Server) -> None:
    server.target.create(server.name("c"), PLAIN)
    found = checks(server.target)
    assert found["version"].value == ".".join(map(str, server.target.version))
    assert found["telemetry"].value == "readable"
    assert int(found["collections"].value) >= 1


def test_examining_changes_nothing(guarded: Double) -> None:
    target = connect("vectors", settings(guarded.url, FULL))
    target.create("c", PLAIN)
    before = (target.collections(), target.info("c"))
    target.examine()
    assert (target.collections(), target.info("c")) == before


# ----------------------------------------------------------- lost connections


def test_a_change_whose_answer_was_lost_is_in_doubt(server: Server) -> None:
    name = server.name("c")
    server.hooks.drop_connection()
    with pytest.raises(Ambiguous):
        server.target.create(name, PLAIN)
    assert server.target.resolve(name) == name


def test_a_question_whose_answer_was_lost_can_be_asked_again(server: Server) -> None:
    server.hooks.drop_connection()
    with pytest.raises(Transient):
        server.target.collections()
    assert server.name("c") not in server.target.collections()


def test_a_full_disk_is_told(server: Server) -> None:
    server.hooks.fail_next(500, "Service internal error: No space left on device")
    with pytest.raises(Full):
        server.target.create(server.name("c"), PLAIN)


def test_a_server_that_is_gone_is_unreachable() -> None:
    with Double() as double:
        target = connect("vectors", settings(double.url))
    target.close()
    with pytest.raises(StoreUnreachable, match=r"nobody answers at 127\.0\.0\.1:\d+"):
        connect("vectors", settings(double.url))


def test_a_server_that_never_answers_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StoreUnreachable, match=f"no answer came from 127.0.0.1:{port} in time"):
            connect("vectors", settings(f"http://127.0.0.1:{port}", timeout_s=0.05))


def test_tls_to_a_server_without_it_is_told() -> None:
    with Double() as double, pytest.raises(StoreUnreachable, match="speaks no TLS") as caught:
        connect("vectors", settings(double.url.replace("http://", "https://")))
    assert "http://" in caught.value.mend
