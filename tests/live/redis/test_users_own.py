"""Users that a plan must be careful with: the one that apexplan comes in as, and the one that cannot go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apexplan.model.plan import Note
from tests.live.redis import servers
from tests.live.redis.bench import Bench, applied, failure
from tests.live.redis.same_kit import Life, objects

pytestmark = pytest.mark.live

HASH = "sha256:" + "0" * 64
ALL = {"commands": "+@all", "keys": ["*"], "channels": ["*"]}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[servers.Running]:
    with servers.server(tmp_path / "redis") as running:
        running.ask("ACL", "SETUSER", "admin", "on", ">pw", "~*", "&*", "+@all")
        yield running


@pytest.fixture
def bench(running: servers.Running) -> Bench:
    """Comes in as `admin`."""
    found = bench_as(running, "admin", "pw")
    found.options |= {"passwords": {"admin": "pw", "next": "other"}}
    return found


def bench_as(running: servers.Running, user: str, password: str) -> Bench:
    return Bench(url=running.url.replace("://", f"://{user}:{password}@"))


def blocking(notes: list[Note]) -> list[str]:
    return [note.text for note in notes if note.blocks]


# ── the one that apexplan comes in as ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({**ALL, "passwords": ["admin"], "enabled": False}, "would be disabled"),
        ({**ALL, "passwords": ["next"]}, "would not have the password in use any more"),
        ({**ALL, "passwords": []}, "would not have the password in use any more"),
        ({**ALL, "passwords": ["admin"], "commands": "+@all -acl|setuser"}, "might not ACL SETUSER any more"),
        (
            {**ALL, "passwords": ["admin"], "commands": "+@all -@admin -function"},
            "might not ACL USERS, ACL GETUSER, ACL SETUSER, FUNCTION LIST any more",
        ),
    ],
)
def test_a_change_that_shuts_apexplan_out_is_not_applied(
    bench: Bench, rules: dict[str, Any], told: str
) -> None:
    (text,) = blocking(bench.notes(objects(users={"admin": rules})))
    assert text == f"apexplan itself comes in as this user, which {told}"


@pytest.mark.parametrize(
    "rules",
    [
        {**ALL, "passwords": ["admin"]},
        {**ALL, "passwords": ["admin", "next"]},
        {**ALL, "nopass": True},
        {
            "passwords": ["admin"],
            "commands": "-@all +info",
            "selectors": [{"commands": "+acl +function +ping"}],
        },
    ],
)
def test_a_change_that_leaves_the_way_back_is_no_obstacle(bench: Bench, rules: dict[str, Any]) -> None:
    assert blocking(bench.notes(objects(users={"admin": rules}))) == []


def test_the_user_without_a_name_is_looked_after_too(running: servers.Running) -> None:
    wished = objects(users={"default": {"enabled": False}})
    assert len(blocking(Bench(url=running.url).notes(wished))) == 1


def test_another_user_may_be_shut_out(bench: Bench) -> None:
    assert blocking(bench.notes(objects(users={"default": {"enabled": False}}))) == []


def test_deleting_the_user_that_apexplan_comes_in_as_is_not_applied(
    running: servers.Running, bench: Bench
) -> None:
    applied(bench.apply(objects(users={"me": {**ALL, "passwords": ["admin"]}})))
    bench.url = bench_as(running, "me", "pw").url
    assert blocking(bench.notes({})) == [
        "apexplan itself comes in as this user, which would be deleted",
    ]


def test_a_rollback_that_would_shut_apexplan_out_changes_nothing(
    running: servers.Running, bench: Bench
) -> None:
    applied(bench.apply(objects(users={"me": {**ALL, "passwords": ["admin"]}})))
    bench.url = bench_as(running, "me", "pw").url
    assert "would be deleted" in failure(bench.roll_back())
    assert bench.state.open_run() is None
    assert running.ask("ACL", "GETUSER", "me") is not None


def test_a_password_is_rotated_in_two_steps(running: servers.Running, bench: Bench) -> None:
    applied(bench.apply(objects(users={"admin": {**ALL, "passwords": ["admin", "next"]}})))
    bench.url = bench_as(running, "admin", "other").url
    applied(bench.apply(objects(users={"admin": {**ALL, "passwords": ["next"]}})))
    assert bench.plan(objects(users={"admin": {**ALL, "passwords": ["next"]}})).empty


# ── default ───────────────────────────────────────────────────────────────────────────────────


def test_the_user_default_that_was_only_adopted_is_left_when_it_is_no_longer_declared(
    running: servers.Running, bench: Bench
) -> None:
    """It never was the open user of a new server, and must not become it."""
    running.ask("ACL", "SETUSER", "default", "reset", "on", f"#{'0' * 64}", "+get", "~a")
    before = rules_of_default(bench)
    applied(bench.apply(objects(users={"default": {"passwords": [HASH], "commands": "+get", "keys": ["a"]}})))
    applied(bench.apply({}))
    assert rules_of_default(bench) == before


def test_the_user_default_goes_back_to_what_it_was_when_it_was_changed(
    running: servers.Running, bench: Bench
) -> None:
    running.ask(
        "ACL", "SETUSER", "default", "reset", "on", f"#{'0' * 64}", "+get", "~a", "skip-sanitize-payload"
    )
    before = rules_of_default(bench)
    applied(bench.apply(objects(users={"default": {"passwords": [HASH], "commands": "+set", "keys": ["b"]}})))
    assert rules_of_default(bench) != before
    applied(bench.apply({}))
    assert rules_of_default(bench) == before


def test_no_hash_of_a_password_is_published(running: servers.Running, bench: Bench) -> None:
    """An application that may call functions could read it, and try passwords at leisure."""
    running.ask("ACL", "SETUSER", "default", "reset", "on", f"#{'0' * 64}", "+get")
    applied(bench.apply(objects(users={"default": {"passwords": ["admin"], "commands": "+set"}})))
    with bench.stores() as stores:
        session: Any = stores["cache"].session
        published = session.servers.primaries[0].call("FCALL", "apexplan_contract", 0)
    assert b"user default" in published and b"0" * 64 not in published


def test_a_default_that_was_open_is_open_again(running: servers.Running, bench: Bench) -> None:
    before = rules_of_default(bench)
    applied(bench.apply(objects(users={"default": {"passwords": ["admin"], "commands": "+set"}})))
    applied(bench.apply({}))
    assert rules_of_default(bench) == before


def rules_of_default(bench: Bench) -> Any:
    """Returns what the server tells, without a flag that says what holds anyway, and that a reset sets."""
    with bench.stores() as stores:
        session: Any = stores["cache"].session
        told = session.servers.primaries[0].call("ACL", "GETUSER", "default")
    return {**told, b"flags": set(told[b"flags"]) - {b"sanitize-payload"}}


# ── flags ─────────────────────────────────────────────────────────────────────────────────────


def test_that_payloads_are_not_sanitized_is_drift_and_can_be_declared(running: servers.Running) -> None:
    life = Life(running.url)
    said = {"passwords": [HASH], "commands": "+restore", "keys": ["*"]}
    life.declare(objects(users={"app": said}))
    life.apply()
    running.ask("ACL", "SETUSER", "app", "skip-sanitize-payload")
    (change,) = life.plan().changes
    assert [field.field for field in change.fields] == ["sanitize_payload"]
    life.declare(objects(users={"app": {**said, "sanitize_payload": False}}))
    assert [change.fields for change in life.plan().changes] == [()]


def test_a_user_that_is_changed_and_taken_back_keeps_every_flag(running: servers.Running) -> None:
    running.ask("ACL", "SETUSER", "app", "on", "nopass", "skip-sanitize-payload", "+get", "~a")
    before = running.ask("ACL", "GETUSER", "app")
    life = Life(running.url)
    life.declare(objects(users={"app": {"passwords": [HASH], "commands": "+set", "keys": ["b"]}}))
    life.apply()
    assert b"skip-sanitize-payload" not in running.ask("ACL", "GETUSER", "app")[b"flags"]
    life.undo()
    assert running.ask("ACL", "GETUSER", "app") == before


def test_the_server_has_no_flags_but_those_that_are_read(running: servers.Running) -> None:
    """Of users that were made with every word that is no rule of keys, channels or commands."""
    words = ("on", "off", "nopass", "sanitize-payload", "skip-sanitize-payload", "allkeys", "allchannels")
    flags: set[bytes] = set()
    for word in (*words, "allcommands"):
        running.ask("ACL", "SETUSER", "app", "reset", word)
        flags |= set(running.ask("ACL", "GETUSER", "app")[b"flags"])
    known = {b"on", b"off", b"nopass", b"sanitize-payload", b"skip-sanitize-payload"}
    assert flags == known


# ── files ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wished",
    [{"config": {"hz": 33}}, {"users": {"app": {"passwords": [HASH], "commands": "+get"}}}],
    ids=["config", "users"],
)
def test_a_server_that_cannot_write_its_file_is_told_before_anything_changes(
    running: servers.Running, bench: Bench, tmp_path: Path, wished: dict[str, Any]
) -> None:
    before = bench.live().objects
    (tmp_path / "redis" / "redis.conf").unlink()
    (tmp_path / "redis" / "redis.conf").mkdir()
    assert "cannot write its file" in failure(bench.apply(objects(**wished)))
    assert bench.live().objects == before
    bench.options |= {"persist": False}
    applied(bench.apply(objects(**wished)))


@pytest.mark.parametrize("hidden", ["ACL", "CONFIG"])
def test_a_server_that_hides_a_command_is_planned_for_without_it(tmp_path: Path, hidden: str) -> None:
    with servers.server(tmp_path / "redis", "--rename-command", hidden, "") as running:
        bench = Bench(url=running.url)
        applied(bench.apply(objects(keys={"doc:{id}": 60})))
        assert bench.plan(objects(keys={"doc:{id}": 60})).empty


def test_users_of_a_server_that_hides_config_need_persist_off(tmp_path: Path) -> None:
    with servers.server(tmp_path / "redis", "--rename-command", "CONFIG", "") as running:
        bench = Bench(url=running.url)
        assert "persist: false" in mend_of_failure(bench)
        bench.options |= {"persist": False}
        applied(bench.apply(objects(users={"app": {"enabled": False}})))


def mend_of_failure(bench: Bench) -> str:
    found = bench.apply(objects(users={"app": {"enabled": False}})).failure
    assert found is not None
    return found.mend


def test_users_are_written_into_the_acl_file_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "users.acl").touch()
    with servers.server(tmp_path / "redis", "--aclfile", str(tmp_path / "users.acl")) as running:
        applied(
            Bench(url=running.url).apply(objects(users={"app": {"passwords": [HASH], "commands": "+get"}}))
        )
        assert "user app on" in (tmp_path / "users.acl").read_text()
        assert "user app" not in (tmp_path / "redis" / "redis.conf").read_text()
