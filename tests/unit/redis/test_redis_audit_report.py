"""Samples, bounds and words: what is chosen, and what a count says of all keys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from apexplan.model.address import Address
from apexplan.model.errors import Transient
from apexplan_redis import kinds
from apexplan_redis.audit import course, report
from apexplan_redis.audit.commands import LENGTHS
from apexplan_redis.audit.hits import Counters, Hits
from apexplan_redis.audit.pace import Pace
from apexplan_redis.audit.patience import PATIENCE_S, Patience
from apexplan_redis.audit.rules import rules
from apexplan_redis.audit.tally import Found, Seen, Tally
from apexplan_redis.audit.values import MOST_VALUES, Quota, compiled, fits, not_known
from apexplan_redis.specs import KeyPattern

RULES = rules({Address("cache", "pattern", "doc:{id}"): KeyPattern()})


def test_every_kind_has_words_and_a_way_to_mend_it() -> None:
    assert kinds.WORDS.keys() == kinds.MENDS.keys() | {kinds.UNDECLARED}


def told(seen: Seen, scale: float = 1.0) -> str:
    (departure,) = report.departures(RULES, Tally(seen.looked, {0: seen}), scale=scale)
    return departure.text


def test_a_count_of_all_keys_is_told_as_it_is() -> None:
    assert told(Seen(200, {"no_ttl": Found(3)})) == "3 of 200 keys have no TTL"


def test_a_count_of_a_sample_is_told_with_its_interval() -> None:
    text = told(Seen(1000, {"no_ttl": Found(100)}), scale=10)
    assert text == "100 of 1,000 keys have no TTL: 8.3% to 12.0% of about 10,000 at 95 %, about 1,000"


def test_a_count_of_validated_values_is_told_with_its_interval() -> None:
    text = told(Seen(10_000, {"bad_value": Found(0)}, {"bad_value": 1000}))
    assert text.endswith("0.0% to 0.4% of all 10,000 at 95 %, about 0")


def test_the_first_reason_is_told() -> None:
    seen = Seen(10, {"bad_value": Found(1)}, {"bad_value": 10}, reason="data.title must be string")
    assert told(seen).endswith("; the first one: data.title must be string")


def test_an_interval_covers_the_truth_19_times_of_20() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    covered = 0
    for _ in range(1000):
        truth = rng.uniform(0.0, 0.3)
        low, high = report.interval(sum(rng.random() < truth for _ in range(300)), 300)
        covered += low <= truth <= high
    assert covered > 900


def test_more_keys_that_depart_than_were_there_are_all_of_them() -> None:
    assert report.interval(3, 2) == report.interval(2, 2)


def test_one_key_is_told_in_the_singular() -> None:
    assert (
        told(Seen(1, {"bad_fields": Found(1)})) == "1 of 1 key lacks a field of the hash, or has one too many"
    )


def test_groups_beyond_the_most_are_counted_as_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_GROUPS", 2)
    found = report.strangers([{"a": Found(1), "b": Found(2), "c": Found(3)}, {"d": Found(4), "a": Found(1)}])
    assert {one.like: one.count for one in found} == {"a": 2, "b": 2, "*": 7}


# ── what is chosen ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("there", [1, 100, 1000, 1001, 50_000, 1_000_000])
def test_a_quota_takes_a_thousand_spread_over_the_pass(there: int) -> None:
    quota, taken = Quota(), []
    for number in range(0, there, 50):
        some = min(50, there - number)
        taken += [number] * quota.take(some, min(1.0, (number + some) / there))
    assert len(taken) == min(there, MOST_VALUES)
    if there > 10 * MOST_VALUES:
        assert sum(one < there // 2 for one in taken) < 0.65 * len(taken)


def cursors(most: int, seed: int) -> list[int]:
    return list(course.sample(most, random.Random(seed)).starts)


def test_a_sample_starts_at_even_distances_in_the_order_of_the_table() -> None:
    starts = [int(f"{cursor:064b}"[::-1], 2) for cursor in cursors(1000, 7)]
    distances = {after - before for before, after in pairwise(starts)}
    assert (len(starts), distances) == (10, {2**64 // 10})


def test_two_samples_are_of_different_keys() -> None:
    assert not set(cursors(1000, 1)) & set(cursors(1000, 2))


def test_a_sample_asks_for_no_more_keys_than_it_wants() -> None:
    walk = course.sample(250, random.Random(1))
    asked = 0
    while not walk.ended:
        count = walk.bounded(500)
        asked += count
        walk.answered(12345, count)
    assert asked == 250


def test_a_sample_goes_on_at_the_beginning_once() -> None:
    walk = course.sample(100, random.Random(1))
    walk.answered(0, 10)
    assert (walk.ended, walk.cursor) == (False, 0)
    walk.answered(0, 10)
    assert walk.ended


def test_a_whole_pass_ends_where_the_cursor_is_0() -> None:
    walk = course.whole()
    walk.answered(5, 100)
    assert (walk.ended, walk.cursor) == (False, 5)
    walk.answered(0, 100)
    assert walk.ended


# ── values ────────────────────────────────────────────────────────────────────────────────────


def test_a_value_is_refused_with_its_reason() -> None:
    validate = compiled({"type": "object", "required": ["title"]})
    assert validate(b'{"title": 1}') == ""
    assert "title" in validate(b"{}")
    assert validate(b"\xff") == "it is no JSON"


def test_defaults_are_not_put_into_values() -> None:
    schema = {"type": "object", "properties": {"a": {"default": 1}}, "maxProperties": 0}
    assert compiled(schema)(b"{}") == ""


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/x", "file:///etc/hostname", "other.json", "ftp://x/y"])
def test_a_schema_may_not_refer_to_another_place(place: str) -> None:
    with pytest.raises(ValueError, match="refers to another document"):
        compiled({"$ref": place})


def test_a_schema_may_refer_to_its_own_parts() -> None:
    validate = compiled({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}})
    assert (validate(b"1"), validate(b'"a"') != "") == ("", True)


def test_a_pattern_that_is_none_is_a_schema_that_cannot_be_compiled() -> None:
    with pytest.raises(ValueError):
        compiled({"type": "string", "pattern": "("})


def test_a_reason_is_a_line_of_bounded_length() -> None:
    reason = compiled({"enum": ["x" * 1000, "a\nb"]})(b"1")
    assert (len(reason), "\n" in reason) == (200, False)


def test_a_reason_steers_no_terminal() -> None:
    reason = compiled({"additionalProperties": {"type": "string"}})('{"\\u001b[2J\u202e": 1}'.encode())
    assert (reason.isprintable(), "\\x1b[2J\\u202e" in reason) == (True, True)


def test_a_value_that_is_nested_deeper_than_can_be_checked_is_refused() -> None:
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {"items": {"$ref": "#/$defs/n"}}}}
    assert compiled(schema)(b"[" * 1000 + b"]" * 1000)


def test_words_of_newer_drafts_are_found_at_any_depth() -> None:
    schema = {"properties": {"a": {"anyOf": [{"prefixItems": []}]}}, "unevaluatedProperties": False}
    assert sorted(not_known(schema)) == ["prefixItems", "unevaluatedProperties"]


@pytest.mark.parametrize(
    ("names", "right"),
    [([b"a"], True), ([b"a", b"b"], True), ([b"b"], False), ([b"a", b"c"], False), ([], False)],
)
def test_a_hash_has_its_fields_and_no_others(names: list[bytes], right: bool) -> None:
    assert fits({"a": "required", "b": "optional"}, names) is right


# ── the hit rate and the pace ─────────────────────────────────────────────────────────────────


def counters(own: Hits, before: Hits | None, after: Hits | None) -> Counters:
    made = Counters()
    made.add(own, before, after)
    return made


def test_the_hit_rate_is_that_of_others() -> None:
    text = counters(Hits(100, 10), Hits(1, 1), Hits(200, 12)).remark()
    assert text.endswith("others made 99 hits and 1 miss meanwhile: hit rate 0.990 without the audit")


def test_counters_that_were_reset_say_nothing() -> None:
    text = counters(Hits(100, 0), Hits(0, 0), Hits(50, 0)).remark()
    assert text.endswith("the counters were reset meanwhile")


def test_counters_that_were_reset_on_one_server_are_not_made_up_for_by_another() -> None:
    made = counters(Hits(100, 0), Hits(1000, 0), Hits(50, 0))
    made.add(Hits(100, 0), Hits(0, 0), Hits(9000, 0))
    assert made.remark().startswith("the audit added 200 to keyspace_hits")
    assert made.remark().endswith("the counters were reset meanwhile")


def test_a_length_of_a_key_that_is_gone_does_not_look_like_a_reset() -> None:
    own = Hits()
    own.count(LENGTHS[b"hash"], [0, 1])
    text = counters(own, Hits(0, 0), Hits(1, 1)).remark()
    assert text.endswith("others made 0 hits and 0 misses meanwhile")


def test_counters_that_nobody_may_ask_for_say_nothing() -> None:
    assert counters(Hits(1, 0), None, None).remark().endswith("the user may not run INFO")


@dataclass
class Clock:
    """Time that goes by where somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_patience_has_an_end_and_then_raises_what_was_refused() -> None:
    clock, refused = Clock(), Transient("busy")
    patience = Patience(clock, clock.sleep)
    with pytest.raises(Transient) as caught:
        while True:
            patience.wait(refused)
    assert (caught.value, clock.now) == (refused, PATIENCE_S)


def test_patience_is_whole_again_once_the_server_works() -> None:
    clock = Clock()
    patience = Patience(clock, clock.sleep)
    for _ in range(3):
        while clock.now < PATIENCE_S:
            patience.wait(Transient("busy"))
        patience.rewarded()
        clock.now = 0.0


def test_a_pace_lets_so_many_keys_by_and_saves_nothing_up() -> None:
    clock = Clock()
    pace = Pace(1000, clock, clock.sleep)
    pace.spend(100)
    pace.spend(100)
    clock.now += 5.0
    pace.spend(100)
    pace.spend(100)
    assert clock.slept == pytest.approx([0.1, 0.1])


def test_keys_that_came_unasked_are_waited_for_as_well() -> None:
    clock = Clock()
    pace = Pace(1000, clock, clock.sleep)
    pace.spend(100)
    pace.owe(50)
    pace.spend(100)
    assert clock.slept == pytest.approx([0.15])
