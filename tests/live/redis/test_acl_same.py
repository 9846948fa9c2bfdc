"""No user drifts for the spelling of its rules, what is warned of is what the server grants, and no password
is told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from random import Random, randrange
from typing import Any

import pytest
from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.errors import PlanError, StoreError
from apexplan.provider import Normal
from apexplan_redis.document.acl_grants import CATEGORIES, granted_by
from apexplan_redis.names import OWN_USERS
from apexplan_redis.normalize import normalize
from apexplan_redis.read.users import FIELDS, ordered, read_user, rules
from apexplan_redis.server import Node, Servers, connect
from apexplan_redis.specs import User
from tests.live.redis.same_kit import Life, at, objects
from tests.live.redis.servers import Running, server, settings

pytestmark = pytest.mark.live

APP = at("user", "app")
PASSWORD = "correct horse battery"
ROUNDS = 400


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with server(tmp_path) as started:
        yield started


@pytest.fixture
def servers(running: Running) -> Iterator[Servers]:
    found = connect("cache", settings(running.url))
    yield found
    found.close()


def node_of(servers: Servers) -> Node:
    return servers.primaries[0]


def wished(**values: Any) -> User:
    nothing: dict[str, Any] = {"enabled": True, "nopass": False, "passwords": (), "selectors": ()}
    return User.model_validate({**nothing, "commands": "", "keys": "", "channels": "", **values})


def normal(servers: Servers, user: User, address: Address = APP) -> User:
    found = normalize(servers, {}, {address: user}, {})
    assert found.unproven == {}
    spec = found.specs[address]
    assert isinstance(spec, User)
    return spec


def set_to(node: Node, user: User, name: str = "app") -> User:
    """Makes the user on a server, and returns what the server tells of it."""
    node.call("ACL", "SETUSER", name, "reset", *rules(user))
    found = read_user(node, name)
    assert found is not None
    return User.model_validate({field: getattr(found, field) for field in FIELDS})


def users(node: Node) -> set[str]:
    return {name.decode() for name in node.call("ACL", "USERS")}


# ── random rules ──────────────────────────────────────────────────────────────────────────────

_COMMANDS = (
    *("get", "set", "config", "config|get", "config|set", "function", "function|load", "acl|setuser", "acl"),
    *("flushall", "migrate", "debug", "shutdown", "xadd", "fcall", "client|kill", "client", "object|freq"),
)
_GLOBS = ("*", "a:*", "b:?", "%R~x", "%W~x", "%RW~y", "%r~z*", "~x", r"q\*", "[ab]", "é:*", "doc:*")


def random_commands(random: Random, categories: list[str]) -> list[str]:
    words = [f"{random.choice('+-')}{random.choice(_COMMANDS)}" for _ in range(random.randrange(6))]
    words += [f"{random.choice('+-')}@{random.choice(categories)}" for _ in range(random.randrange(5))]
    words += random.sample(["+@all", "-@all", "allcommands", "nocommands"], random.randrange(2))
    random.shuffle(words)
    return [word.upper() if random.random() < 0.1 else word for word in words]


def random_globs(random: Random) -> list[str]:
    globs = [random.choice(_GLOBS[1:]) for _ in range(random.randrange(5))]
    return random.choice([globs, globs + globs, ["*"], ["%RW~*"]])


def random_user(random: Random, categories: list[str]) -> User:
    channels = random.choice([[], ["*"], ["x", "stale:*", "x"]])
    selectors = [
        {
            "commands": random_commands(random, categories) or ["+get"],
            "keys": random_globs(random),
            "channels": channels,
        }
        for _ in range(random.randrange(3))
    ]
    said = {"commands": random_commands(random, categories), "keys": random_globs(random)}
    declared = objects(
        users={"app": {**said, "channels": channels, "selectors": selectors, "passwords": ["p"]}}
    )
    spec = declared[APP].spec
    assert isinstance(spec, User)
    return spec.model_copy(update={"passwords": ("0" * 64,)})


def random_users(node: Node) -> Iterator[User]:
    """Yields users with random rules. The seed is printed."""
    seed = randrange(2**32)
    print(f"seed {seed}")
    random = Random(seed)
    categories = [name.decode() for name in node.call("ACL", "CAT")]
    for _ in range(ROUNDS):
        yield random_user(random, categories)


def test_random_rules_are_told_as_they_were_normalised(servers: Servers) -> None:
    for user in random_users(node_of(servers)):
        spelled = normal(servers, user)
        assert set_to(node_of(servers), user) == spelled


def test_normalised_rules_are_normal(servers: Servers) -> None:
    for user in random_users(node_of(servers)):
        spelled = normal(servers, user)
        assert normal(servers, spelled) == spelled
        assert set_to(node_of(servers), spelled) == spelled


def test_another_process_tells_the_same(servers: Servers, tmp_path: Path) -> None:
    with server(tmp_path / "other") as running:
        other = running.node()
        for user in random_users(other):
            assert set_to(other, user) == normal(servers, user)
        other.close()


def test_what_a_rule_is_said_to_grant_is_what_the_server_grants(servers: Servers) -> None:
    node = node_of(servers)
    tried: dict[str, tuple[str, ...]] = {
        "flushall": ("FLUSHALL",),
        "migrate": ("MIGRATE", "h", "1", "k", "0", "1"),
        "config|set": ("CONFIG", "SET", "hz", "1"),
        "acl|setuser": ("ACL", "SETUSER", "x"),
        "shutdown": ("SHUTDOWN",),
        "debug": ("DEBUG", "JMAP"),
        "function|load": ("FUNCTION", "LOAD", "x"),
    }
    assert tried.keys() == CATEGORIES.keys()
    for user in random_users(node):
        said = (user.commands or "").split()
        node.call("ACL", "SETUSER", "app", "reset", "~*", "&*", *said)
        for command, words in tried.items():
            granted = node.call("ACL", "DRYRUN", "app", *words) == b"OK"
            assert granted == bool(granted_by(said, command)), (said, command)


@pytest.mark.parametrize("command", sorted(CATEGORIES))
def test_the_categories_of_a_command_are_those_that_the_server_tells(servers: Servers, command: str) -> None:
    (info,) = node_of(servers).call("COMMAND", "INFO", command)
    assert {category.decode() for category in info[6]} == CATEGORIES[command]


# ── one meaning, several spellings ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"keys": "%R~x %W~x"}, {"keys": "~x"}),
        ({"keys": "~a ~b"}, {"keys": "~b ~a ~b"}),
        ({"keys": "allkeys"}, {"keys": "~*"}),
        ({"keys": "~x resetkeys ~y"}, {"keys": "~y"}),
        ({"keys": "%RW~*"}, {"keys": "~*"}),
        ({"channels": "allchannels"}, {"channels": "&*"}),
        ({"channels": "&b &a"}, {"channels": "&a &b &a"}),
        ({"commands": ""}, {"commands": "nocommands"}),
        ({"commands": "-@all"}, {"commands": "+get -get"}),
        ({"commands": "-@all +@read"}, {"commands": "+@READ"}),
        ({"commands": "allcommands"}, {"commands": "+@all"}),
        ({"selectors": ("+get ~a", "+set ~b")}, {"selectors": ("+set ~b", "+get ~a")}),
        ({"selectors": ("+get %W~a %R~a",)}, {"selectors": ("+get ~a",)}),
    ],
)
def test_what_means_the_same_is_the_same(
    servers: Servers, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert normal(servers, wished(**one)) == normal(servers, wished(**other))


def test_rules_between_two_categories_are_sorted_and_no_others() -> None:
    told = "-@all +@read +set -get|x +get +@write -b -a"
    assert ordered(told) == "-@all +@read +get -get|x +set +@write -a -b"


def test_a_command_stands_before_its_subcommands() -> None:
    assert ordered("-config|set +config") == "+config -config|set"


def test_channels_are_none_unless_said_whatever_the_server_gives_to_new_users(servers: Servers) -> None:
    node = node_of(servers)
    node.call("CONFIG", "SET", "acl-pubsub-default", "allchannels")
    spelled = normal(servers, wished(commands="+@pubsub", selectors=("+get ~a",)))
    assert set_to(node, spelled).channels == ""
    assert node.call("ACL", "DRYRUN", "app", "PUBLISH", "c", "m") != b"OK"


def test_what_is_not_managed_of_a_user_stays_unmanaged(servers: Servers) -> None:
    assert normal(servers, User(commands="+get")).managed == {"commands"}


# ── the user that is made for it ──────────────────────────────────────────────────────────────


def test_nothing_is_left_of_it(servers: Servers) -> None:
    normal(servers, wished(commands="+@read", keys="~a"))
    assert users(node_of(servers)) == {"default"}


def test_it_is_not_made_where_the_rules_are_the_live_ones(servers: Servers) -> None:
    node = node_of(servers)
    live = set_to(node, wished(commands="+@read", keys="~a"))
    node.call("CONFIG", "RESETSTAT")
    normalize(servers, {}, {APP: live}, {APP: live})
    assert b"cmdstat_acl|setuser" not in node.call("INFO", "commandstats")


def test_rules_that_the_server_refuses_are_told_with_the_users_address(servers: Servers) -> None:
    user = wished(commands="+get +nonsense", passwords=("app",))
    with pytest.raises(StoreError) as raised:
        normalize(servers, {"app": SecretStr(PASSWORD)}, {APP: user}, {})
    assert raised.value.address == APP
    assert "the rule +nonsense: Unknown command or category name" in str(raised.value)
    assert PASSWORD not in str(raised.value) + repr(raised.value)


def test_nothing_is_left_where_the_server_refuses_the_rules(servers: Servers) -> None:
    with pytest.raises(StoreError):
        normal(servers, wished(commands="+nonsense"))
    assert users(node_of(servers)) == {"default"}


def test_nothing_is_left_where_the_connection_is_lost_on_the_way(
    running: Running, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = node_of(servers)
    wire = node.ready()
    sent = type(wire).send

    def cut(self: Any, commands: bytes) -> None:
        sent(self, commands[: commands.index(b"DELUSER")])
        raise StoreError("the connection was lost")

    monkeypatch.setattr(type(wire), "send", cut)
    with pytest.raises(StoreError, match="lost"):
        normal(servers, wished(commands="+get"))
    monkeypatch.undo()
    assert not any(name.startswith(OWN_USERS) for name in users(running.node()))


def test_one_that_another_process_makes_at_the_moment_is_no_user_of_the_store(running: Running) -> None:
    running.ask("ACL", "SETUSER", f"{OWN_USERS}0", "off")
    assert not any(OWN_USERS in address for address in Life(running.url).world.snapshot())


def test_who_may_not_change_users_leaves_the_rules_unproven(running: Running) -> None:
    running.ask("ACL", "SETUSER", "reader", "on", ">x", "+@all", "-acl|setuser", "~*")
    reader = connect("cache", settings(running.url, username="reader", password="x"))
    found: Normal = normalize(reader, {}, {APP: wished(commands="+get")}, {})
    assert found.unproven == {APP: frozenset({"commands", "keys", "channels", "selectors"})}
    assert found.specs[APP] == wished(commands="+get")
    reader.close()


# ── passwords ─────────────────────────────────────────────────────────────────────────────────


def test_a_password_becomes_its_hash(servers: Servers) -> None:
    found = normalize(servers, {"app": SecretStr(PASSWORD)}, {APP: wished(passwords=("app",))}, {})
    spec = found.specs[APP]
    assert isinstance(spec, User)
    assert spec.passwords == (hashlib.sha256(PASSWORD.encode()).hexdigest(),)


def test_a_password_that_is_named_twice_is_one(servers: Servers) -> None:
    known = {"a": SecretStr(PASSWORD), "b": SecretStr(PASSWORD)}
    spec = normalize(servers, known, {APP: wished(passwords=("a", "b"))}, {}).specs[APP]
    assert isinstance(spec, User)
    assert len(spec.passwords or ()) == 1


@pytest.mark.parametrize("name", ["app", "Z" * 64])
def test_a_password_that_nobody_knows_is_told_with_what_is_known(servers: Servers, name: str) -> None:
    with pytest.raises(PlanError) as raised:
        normalize(servers, {"other": SecretStr(PASSWORD)}, {APP: wished(passwords=(name,))}, {})
    assert str(APP) in str(raised.value)
    assert raised.value.mend.endswith("known there: other")
    assert PASSWORD not in str(raised.value) + raised.value.mend


def test_a_plan_holds_no_password(running: Running) -> None:
    life = Life(running.url, passwords={"app": PASSWORD})
    life.declare(objects(users={"app": {"passwords": ["app"], "commands": "+get"}}))
    plan = life.plan()
    assert PASSWORD not in plan.model_dump_json() + repr(plan)


def test_the_password_of_an_applied_user_is_right(running: Running) -> None:
    life = Life(running.url, passwords={"app": PASSWORD})
    life.declare(objects(users={"app": {"passwords": ["app"], "commands": "+get"}}))
    life.apply()
    assert running.ask("AUTH", "app", PASSWORD) == b"OK"


# ── a life ────────────────────────────────────────────────────────────────────────────────────


def test_a_second_plan_for_oddly_written_users_is_empty(running: Running) -> None:
    life = Life(running.url, passwords={"app": PASSWORD})
    odd = {
        "passwords": ["app"],
        "commands": ["-@all", "+@READ", "+@write", "-@dangerous", "+config|get", "-function"],
        "keys": ["%W~b", "b:*", "%R~b", "a:*", "a:*"],
        "channels": ["z", "a"],
        "selectors": [{"commands": "+get -get +set", "keys": ["%RW~q"]}, {"keys": ["a"]}],
    }
    life.declare(objects(users={"app": odd, "off": {"enabled": False}}))
    life.apply()
    assert life.changes() == []


def test_an_undo_brings_back_every_rule(running: Running) -> None:
    running.ask("ACL", "SETUSER", "app", "on", ">x", "+@read", "~a", "(+set ~b &c)", "&d")
    life = Life(running.url)
    before = life.world.snapshot()
    life.declare(objects(users={"app": {"enabled": False, "commands": "+get"}}))
    life.apply()
    life.undo()
    assert life.world.snapshot() == before


def test_rules_with_bytes_that_are_no_text_are_shown_and_compared(running: Running) -> None:
    running.ask("ACL", "SETUSER", "app", "on", b"~\xff*", "+get")
    life = Life(running.url)
    assert life.world.snapshot()["cache.user.app"]["keys"] == r"~\xff*"
    life.declare(objects(users={"app": {"passwords": ["sha256:" + "0" * 64], "commands": "+get"}}))
    life.apply()
    assert life.changes() == []
