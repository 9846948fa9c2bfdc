"""What a contract declares, block by block, in long forms and short ones."""

from __future__ import annotations

import pytest
from redis_document_kit import checked, codes, declared, diagnostics, key, user, values

from apexplan.model.diagnostics import Severity
from apexplan_redis.document.parameters import DEFAULTS
from apexplan_redis.document.spelling import canonical_value
from apexplan_redis.specs import KeyPattern

# ── keys ──────────────────────────────────────────────────────────────────────────────────────


def test_a_pattern_is_declared_in_its_canonical_spelling() -> None:
    assert list(declared('keys: {"a:{id:str}:{e:enum(b|a)}": {}}')) == ["pattern.a:{id}:{e:enum(a|b)}"]


def test_what_is_not_said_of_a_pattern_is_no_longer_published() -> None:
    spec = declared('keys: {"k:{id}": {}}')["pattern.k:{id}"].spec
    assert spec.values() == dict.fromkeys(set(KeyPattern.rules) - {"repair", "repair_limit"})


@pytest.mark.parametrize(
    ("said", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800)]
)
def test_a_duration_is_seconds_or_has_a_unit(said: str, seconds: int) -> None:
    assert key(said) == {"ttl": "required", "ttl_max_s": seconds}


@pytest.mark.parametrize("said", ["{ttl: 60}", "{ttl: {max: 60}}", "{ttl: {policy: required, max: 1m}}"])
def test_a_ttl_alone_is_short_for_a_required_one(said: str) -> None:
    assert key(said)["ttl"] == "required"
    assert key(said)["ttl_max_s"] == 60


def test_ttl_none_forbids_one() -> None:
    assert key("{ttl: none}") == {"ttl": "forbidden"}


def test_a_ttl_has_bounds_and_a_mode() -> None:
    said = "{ttl: {policy: optional, min: 1m, max: 1h, mode: sliding}}"
    assert key(said) == {"ttl": "optional", "ttl_min_s": 60, "ttl_max_s": 3600, "ttl_mode": "sliding"}


@pytest.mark.parametrize(
    ("said", "size"), [("5", 5), ("5b", 5), ("64kb", 65_536), ("10mb", 10 << 20), ("1gb", 1 << 30)]
)
def test_a_size_is_bytes_or_has_a_unit_of_a_power_of_two(said: str, size: int) -> None:
    assert key(f"{{max_bytes: {said}}}") == {"max_bytes": size}


def test_all_that_can_be_said_of_a_key_is_in_its_spec() -> None:
    said = """
      {type: hash, encodings: [listpack], max_length: 9, fields: {a: required, b: optional}, owner: docs,
       personal_data: true, description: text, examples: ["k:1"]}
    """
    assert key(said) == {
        "type": "hash",
        "encodings": ["listpack"],
        "max_length": 9,
        "fields": {"a": "required", "b": "optional"},
        "owner": "docs",
        "personal_data": True,
        "description": "text",
        "examples": ["k:1"],
    }


def test_repair_ttl_is_short_for_its_block() -> None:
    wanted = {"ttl": "required", "ttl_max_s": 60, "repair": ["ttl"], "repair_limit": 100_000}
    assert key("{ttl: 60, repair: ttl}") == key("{ttl: 60, repair: {}}") == wanted


def test_repair_has_a_limit() -> None:
    assert key("{ttl: 60, repair: {limit: 5}}")["repair_limit"] == 5


def test_patterns_that_share_keys_are_only_noted_where_one_is_more_literal() -> None:
    (note,) = diagnostics('keys: {"s:{id:any}": {}, "s:expires:{id}": {}}')
    assert (note.code, note.severity) == ("patterns-overlap", Severity.NOTE)
    assert "which is more literal, and not of `s:{id:any}`" in note.what


# ── undeclared keys ───────────────────────────────────────────────────────────────────────────


def test_undeclared_keys_are_reported_or_allowed_by_one_word() -> None:
    assert values("undeclared: allow") == {"undeclared": "allow"}


def test_undeclared_keys_are_removed_within_bounds() -> None:
    bounds = {"idle_s": 604_800, "keep_bytes": 64 << 20, "repair_limit": 10_000}
    assert values("undeclared: remove") == {"undeclared": "remove", **bounds}
    said = "undeclared: {action: remove, idle: 1h, keep: 1mb, limit: 3}"
    assert values(said) == {"undeclared": "remove", "idle_s": 3600, "keep_bytes": 1 << 20, "repair_limit": 3}


# ── configuration ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "name", "value"),
    [
        ("maxmemory: 100mb", "maxmemory", "104857600"),
        ("maxmemory: 1g", "maxmemory", "1000000000"),
        ("maxmemory: 1GB", "maxmemory", "1073741824"),
        ("maxmemory-clients: 5%", "maxmemory-clients", "5%"),
        ("appendonly: true", "appendonly", "yes"),
        ("appendonly: no", "appendonly", "no"),
        ("appendonly: false", "appendonly", "no"),
        ("AppendFsync: EverySec", "appendfsync", "everysec"),
        ("slave-read-only: YES", "replica-read-only", "yes"),
        ("min-slaves-max-lag: 5", "min-replicas-max-lag", "5"),
        ("hash-max-ziplist-value: 1kb", "hash-max-listpack-value", "1024"),
        ("lua-time-limit: 100", "busy-reply-threshold", "100"),
        ("notify-keyspace-events: KEA", "notify-keyspace-events", "AKE"),
        ("notify-keyspace-events: Exg$lshzted", "notify-keyspace-events", "AE"),
        ("notify-keyspace-events: Koc", "notify-keyspace-events", "Kco"),
        ("save: ''", "save", ""),
        ("save: 0900  1", "save", "900 1"),
        ("oom-score-adj: relative", "oom-score-adj", "yes"),
        ("shutdown-on-sigterm: now SAVE", "shutdown-on-sigterm", "save now"),
        ("latency-tracking-info-percentiles: 50.0 99.90", "latency-tracking-info-percentiles", "50 99.9"),
        ("masteruser: Yes", "masteruser", "Yes"),
        ("proc-title-template: '{title}  X'", "proc-title-template", "{title}  X"),
        (
            "client-output-buffer-limit: SLAVE 1mb 1k 060 normal 0 0 0",
            "client-output-buffer-limit",
            "normal 0 0 0 replica 1048576 1000 60",
        ),
        ("of-another-version: As It Is", "of-another-version", "As It Is"),
        ("of-another-version: No", "of-another-version", "no"),
    ],
)
def test_a_parameter_is_declared_as_the_server_spells_it(written: str, name: str, value: str) -> None:
    found = declared(f"config: {{{written}}}")
    assert {address: one.spec.values() for address, one in found.items()} == {
        f"config.{name}": {"value": value}
    }


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_canonical_value_stays_as_it_is(name: str) -> None:
    once = canonical_value(name, DEFAULTS[name])
    assert canonical_value(name, once) == once


# ── users ─────────────────────────────────────────────────────────────────────────────────────


def test_a_user_may_do_nothing_that_is_not_said() -> None:
    assert user("passwords: [app]") == {
        "enabled": True,
        "nopass": False,
        "passwords": ["app"],
        "commands": "",
        "keys": "",
        "channels": "",
        "selectors": [],
        "sanitize_payload": True,
    }


def test_commands_are_one_text_or_a_list_of_rules() -> None:
    assert user("enabled: false, commands: [+get, +set]") == user('enabled: false, commands: "+get +set"')


def test_globs_are_given_their_marks() -> None:
    found = user('enabled: false, keys: ["a:*", "~b", "%R~c"], channels: ["x", "&y"]')
    assert (found["keys"], found["channels"]) == ("~a:* ~b %R~c", "&x &y")


def test_a_channel_may_begin_with_a_percent_sign() -> None:
    assert user('enabled: false, channels: ["%RW~x"]')["channels"] == "&%RW~x"


def test_patterns_of_the_contract_become_globs() -> None:
    more = 'keys: {"doc:{id}": 60, "a*[{id:hex2}": 60}'.replace("a*", r"a\\*")
    found = user(r'enabled: false, keys: ["x"], patterns: ["doc:{id}", "a\\*[{id:hex2}"]', more)
    assert found["keys"] == r"~x ~doc:* ~a\*\[??"


def test_a_selector_is_one_set_of_rules() -> None:
    found = user('enabled: false, selectors: [{commands: "+get", keys: ["a"], channels: ["c"]}]')
    assert found["selectors"] == ["+get ~a &c"]


def test_hashes_of_passwords_are_kept_without_their_mark() -> None:
    digest = "0" * 64
    assert user(f"passwords: [app, 'sha256:{digest}']")["passwords"] == [digest, "app"]


@pytest.mark.parametrize(
    ("commands", "found"),
    [
        ("+@read +fcall", []),
        ("+@all -@all +get", []),
        ("+@write -@dangerous -function", []),
        ("+function|load", []),
        ("+@admin", []),
        ("+@scripting", ["acl-grants-functions"]),
        ("+@scripting -function|load", []),
        ("-function +@write -@dangerous", ["acl-grants-functions"]),
        ("allcommands -@dangerous nocommands", []),
        ("ALLCOMMANDS -@DANGEROUS", ["acl-grants-functions"]),
        ("+@slow -function", ["acl-grants-more"]),
        ("+@all -flushall -migrate -config -acl|setuser -shutdown -debug -function", []),
    ],
)
def test_the_last_rule_decides_what_is_granted(commands: str, found: list[str]) -> None:
    assert codes(f'users: {{u: {{passwords: [p], commands: "{commands}"}}}}') == found


def test_a_user_that_is_off_is_warned_of_nothing() -> None:
    assert codes('users: {u: {enabled: false, commands: "+@all"}}') == []


# ── libraries, streams ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("said", ["redis/lib.lua", "./redis/lib.lua", "{file: redis/lib.lua}"])
def test_a_library_is_read_from_its_file(said: str) -> None:
    assert values(f"libraries: {{lib: {said}}}")["code"].startswith("#!lua name=lib\n")


def test_a_library_is_written_into_the_manifest() -> None:
    body = """
    libraries:
      lib:
        code: |
          #!lua name=lib
          return 1
    """
    assert values(body) == {"code": "#!lua name=lib\nreturn 1\n"}


def test_a_stream_has_groups_that_begin_with_what_is_to_come() -> None:
    found = declared('streams: {jobs: {groups: {a: {}, b: {start: "0"}}}}')
    assert {name: one.spec.values() for name, one in found.items()} == {
        "stream.jobs": {},
        "group.jobs/a": {"start": "$"},
        "group.jobs/b": {"start": "0"},
    }


def test_a_stream_with_a_slash_is_quoted_in_the_address_of_its_group() -> None:
    assert list(declared('streams: {"a/b": {groups: {c: {}}}}')) == ["stream.a/b", 'group."a/b"/c']


# ── lifecycle ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ('keys: {"k:{id}": {%s}}', "pattern.k:{id}"),
        ("undeclared: {%s}", "keyspace.keys"),
        ("users: {u: {passwords: [p], %s}}", "user.u"),
        ("libraries: {lib: {file: redis/lib.lua, %s}}", "library.lib"),
        ("streams: {jobs: {%s}}", "stream.jobs"),
        ("streams: {jobs: {groups: {g: {%s}}}}", "group.jobs/g"),
    ],
)
def test_every_object_but_a_parameter_has_a_lifecycle(body: str, address: str) -> None:
    found = declared(body % "lifecycle: {protect: true, depends_on: [stream.x]}")[address].lifecycle
    assert found.protect
    assert [str(one) for one in found.depends_on] == ["cache.stream.x"]


def test_to_ignore_ttl_is_to_ignore_all_of_it() -> None:
    found = declared('keys: {"k:{id}": {ttl: 60, lifecycle: {ignore: [ttl]}}}')["pattern.k:{id}"].lifecycle
    assert found.ignore == {"ttl", "ttl_max_s", "ttl_min_s", "ttl_mode"}


def test_an_object_with_something_wrong_is_not_declared() -> None:
    found = checked("streams: {jobs: {lifecycle: {ignore: [x]}}, others: {}}")
    assert [one.address.name for one in found.declared] == ["others"]
