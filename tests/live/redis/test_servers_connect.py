"""Every form of URL leads to a server, and what stands in the way is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apexplan.model.errors import AccessDenied, StoreError, StoreUnreachable, Transient, Unsupported
from apexplan_redis.server import Servers, connect

from .servers import Running, one_at_a_time, replica_of, server, settings, standalone, tls_server

pytestmark = [pytest.mark.live]


@contextmanager
def connected(url: str, **more: Any) -> Iterator[Servers]:
    servers = connect("cache", settings(url, **more))
    try:
        yield servers
    finally:
        servers.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server with users, at a port and at a socket."""
    home = tmp_path_factory.mktemp("server")
    with server(home, "--unixsocket", str(home / "redis.sock"), "--databases", "4") as started:
        started.ask("ACL", "SETUSER", "alice", "on", ">p@ss/word", "~*", "+@all", "-client")
        started.ask("ACL", "SETUSER", "bob", "on", ">builder", "~b:*", "+get", "+select")
        yield started


class TestStandalone:
    pytestmark = one_at_a_time

    def test_a_plain_url_leads_to_its_server(self, tmp_path: Path) -> None:
        with standalone(tmp_path) as url, connected(url) as servers:
            assert servers.primaries[0].call("PING") == b"PONG"

    def test_the_version_is_the_servers(self, tmp_path: Path) -> None:
        with standalone(tmp_path) as url, connected(url) as servers:
            told = servers.primaries[0].call("INFO", "server").decode()
            assert f"redis_version:{servers.version}\r" in told

    def test_a_single_server_holds_every_key_and_is_its_own_reader(self, tmp_path: Path) -> None:
        with standalone(tmp_path) as url, connected(url) as servers:
            only = servers.primaries[0]
            assert (servers.holder(b"k"), servers.reader(only), servers.nodes) == (only, only, [only])

    def test_abilities_are_asked_by_command(self, tmp_path: Path) -> None:
        with standalone(tmp_path) as url, connected(url) as servers:
            asked = ("get", "client|setname", "no-such-command", "client|no-such")
            assert [servers.has(command) for command in asked] == [True, True, False, False]


def test_a_socket_leads_to_its_server(running: Running) -> None:
    path = running.local.directory / "redis.sock"
    with connected(f"unix://{path}?db=2") as servers:
        assert servers.primaries[0].name == str(path)
        assert b" db=2 " in servers.primaries[0].call("CLIENT", "INFO")


def test_the_database_of_the_url_is_selected(running: Running) -> None:
    with connected(f"redis://{running.name}/3") as servers:
        assert servers.db == 3
        assert b" db=3 " in servers.primaries[0].call("CLIENT", "INFO")


def test_the_connection_has_our_name(running: Running) -> None:
    with connected(running.url) as servers:
        assert servers.primaries[0].call("CLIENT", "GETNAME") == b"apexplan"


def test_a_user_who_may_not_name_the_connection_comes_in(running: Running) -> None:
    with connected(f"redis://bob:builder@{running.name}/1") as servers:
        assert servers.primaries[0].call("GET", "b:1") is None


def test_user_and_password_of_the_url_are_decoded(running: Running) -> None:
    with connected(f"redis://alice:p%40ss%2Fword@{running.name}") as servers:
        assert servers.primaries[0].call("ACL", "WHOAMI") == b"alice"


def test_user_and_password_of_the_settings_go_before_the_urls(running: Running) -> None:
    with connected(f"redis://bob:wrong@{running.name}", username="alice", password="p@ss/word") as servers:
        assert servers.primaries[0].call("ACL", "WHOAMI") == b"alice"


def test_a_wrong_password_is_refused(running: Running) -> None:
    with pytest.raises(AccessDenied, match="wrong user or password"):
        connect("cache", settings(f"redis://alice:wrong@{running.name}"))


def test_a_missing_password_is_told(tmp_path: Path) -> None:
    with server(tmp_path, "--requirepass", "secret") as locked, pytest.raises(AccessDenied) as caught:
        connect("cache", settings(locked.url))
    assert caught.value.mend == "set `password`"


def test_a_database_that_the_server_does_not_have_is_told(running: Running) -> None:
    with pytest.raises(StoreError, match="no database of this number"):
        connect("cache", settings(f"redis://{running.name}/9"))


def test_nobody_at_the_port_is_unreachable() -> None:
    with pytest.raises(StoreUnreachable, match=r"nobody answers at 127\.0\.0\.1:1\b"):
        connect("cache", settings("redis://127.0.0.1:1"))


def test_no_socket_at_the_path_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="nobody answers"):
        connect("cache", settings(f"unix://{tmp_path}/redis.sock"))


def test_a_name_that_nobody_knows_is_unreachable() -> None:
    with pytest.raises(StoreUnreachable, match="not known"):
        connect("cache", settings("redis://cache.invalid"))


def test_a_server_without_a_free_place_for_us_is_to_be_tried_again(tmp_path: Path) -> None:
    with server(tmp_path) as full:
        full.ask("CONFIG", "SET", "maxclients", 1)
        with connected(full.url), pytest.raises(Transient) as caught:
            connect("cache", settings(full.url))
    assert "maxclients" in caught.value.mend


@contextmanager
def stranger(answer: bytes) -> Iterator[str]:
    """Gives the URL of somebody who says `answer` to whatever is sent, once, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.recv(1000)
                caller.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_what_is_no_redis_is_unsupported() -> None:
    with (
        stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url,
        pytest.raises(Unsupported, match="is no Redis"),
    ):
        connect("cache", settings(url))


def test_a_server_that_knows_no_hello_is_unsupported() -> None:
    old = b"-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n"
    with stranger(old) as url, pytest.raises(Unsupported):
        connect("cache", settings(url))


def test_protected_mode_is_told_with_what_to_do() -> None:
    with (
        stranger(b"-DENIED Redis is running in protected mode\r\n") as url,
        pytest.raises(AccessDenied) as caught,
    ):
        connect("cache", settings(url))
    assert "requirepass" in caught.value.mend


def test_a_server_that_loads_its_data_is_to_be_tried_again() -> None:
    said = b"-LOADING Redis is loading the dataset in memory\r\n"
    with stranger(said) as url, pytest.raises(Transient, match="loading its data"):
        connect("cache", settings(url))


def test_a_replica_alone_is_read_only(tmp_path: Path) -> None:
    with (
        server(tmp_path / "a") as primary,
        replica_of(primary, tmp_path / "b") as replica,
        connected(replica.url) as servers,
    ):
        assert (servers.read_only, len(servers.primaries)) == (True, 1)


def test_the_replica_of_the_settings_is_the_reader(tmp_path: Path) -> None:
    with (
        server(tmp_path / "a") as primary,
        replica_of(primary, tmp_path / "b") as replica,
        connected(primary.url, replica_url=replica.url) as servers,
    ):
        assert servers.reader(servers.primaries[0]).name == replica.name
        assert [node.name for node in servers.nodes] == [primary.name, replica.name]


def test_a_replica_of_another_database_is_refused() -> None:
    with pytest.raises(StoreError, match="names the database 2, and `url` the database 3"):
        connect("cache", settings("redis://127.0.0.1:1/3", replica_url="redis://127.0.0.1:2/2"))


def test_a_replica_whose_link_is_down_is_not_read_from(tmp_path: Path) -> None:
    with server(tmp_path / "a") as primary, replica_of(primary, tmp_path / "b") as replica:
        replica.ask("REPLICAOF", "127.0.0.1", 1)
        with connected(primary.url, replica_url=replica.url) as servers:
            assert servers.reader(servers.primaries[0]) is servers.primaries[0]


def test_the_replica_of_another_primary_is_not_read_from(tmp_path: Path) -> None:
    with (
        server(tmp_path / "a") as primary,
        server(tmp_path / "b") as other,
        replica_of(other, tmp_path / "c") as replica,
        connected(primary.url, replica_url=replica.url) as servers,
    ):
        assert servers.reader(servers.primaries[0]) is servers.primaries[0]


def test_a_replica_that_is_away_is_done_without(tmp_path: Path) -> None:
    with server(tmp_path) as primary, connected(primary.url, replica_url="redis://127.0.0.1:1") as servers:
        assert servers.reader(servers.primaries[0]) is servers.primaries[0]
        assert servers.nodes == [servers.primaries[0]]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    with tls_server(tmp_path_factory.mktemp("tls")) as found:
        yield found


def test_a_tls_url_leads_to_its_server(tls: tuple[Running, Path]) -> None:
    running, certificates = tls
    with connected(running.url, ca_file=str(certificates / "ca.crt")) as servers:
        assert servers.primaries[0].call("PING") == b"PONG"


def test_a_tls_connection_lasts_from_call_to_call(tls: tuple[Running, Path]) -> None:
    running, certificates = tls
    with connected(running.url, ca_file=str(certificates / "ca.crt")) as servers:
        assert len({servers.primaries[0].call("CLIENT", "ID") for _ in range(5)}) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: tuple[Running, Path]) -> None:
    running, _ = tls
    with pytest.raises(StoreUnreachable, match="not trusted") as caught:
        connect("cache", settings(running.url))
    assert "`ca_file`" in caught.value.mend


def test_a_ca_file_replaces_the_systems_certificates(
    tls: tuple[Running, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, certificates = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.crt"))
    with connected(running.url):
        pass
    with pytest.raises(StoreUnreachable, match="not trusted"):
        connect("cache", settings(running.url, ca_file=str(certificates / "client.crt")))


def test_a_plain_url_to_a_tls_port_is_told(tls: tuple[Running, Path]) -> None:
    running, _ = tls
    with pytest.raises(StoreUnreachable) as caught:
        connect("cache", settings(running.url.replace("rediss", "redis")))
    assert "rediss://" in caught.value.mend


def test_a_tls_url_to_a_plain_port_is_told(running: Running) -> None:
    with pytest.raises(StoreUnreachable, match="in time") as caught:
        connect("cache", settings(running.url.replace("redis", "rediss", 1), timeout_s=0.2))
    assert "redis://" in caught.value.mend


def test_a_server_that_wants_a_certificate_gets_ours(tmp_path: Path) -> None:
    with tls_server(tmp_path, "--tls-auth-clients", "yes") as (running, made):
        files = {"cert_file": str(made / "client.crt"), "key_file": str(made / "client.key")}
        with connected(running.url, ca_file=str(made / "ca.crt"), **files) as servers:
            assert servers.primaries[0].call("PING") == b"PONG"


def test_a_server_that_misses_our_certificate_is_told(tmp_path: Path) -> None:
    wanting = tls_server(tmp_path, "--tls-auth-clients", "yes")
    with wanting as (running, made), pytest.raises(StoreUnreachable, match="certificate") as caught:
        connect("cache", settings(running.url, ca_file=str(made / "ca.crt")))
    assert "`cert_file`" in caught.value.mend


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_that_is_no_certificate_is_told(tmp_path: Path, text: str | None) -> None:
    if text:
        (tmp_path / "ca.crt").write_text(text)
    with pytest.raises(StoreError, match="`ca_file`"):
        connect("cache", settings("rediss://127.0.0.1:1", ca_file=str(tmp_path / "ca.crt")))
