"""Batches, tallies and progress: what was counted adds up, waits, and goes into JSON and back."""

from __future__ import annotations

import json

import pytest

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_redis.audit import progress
from apexplan_redis.audit.batch import AGAIN_S, Batch, Line
from apexplan_redis.audit.progress import Part
from apexplan_redis.audit.tally import Found, Seen, Tally, readable
from apexplan_redis.specs import KeyPattern, Keyspace, Stream


def tally(looked: int, *keys: bytes) -> Tally:
    seen = Seen(looked, sampled={"bad_value": 2}, unread=1, reason="why")
    seen.depart("no_ttl", keys, private=False)
    return Tally(looked, {3: seen}, sized=1, sized_bytes=10, moved=1)


def test_tallies_add_up() -> None:
    total = tally(5, b"a")
    total.add(tally(7, b"b", b"c"))
    assert (total.looked, total.sized, total.sized_bytes, total.moved) == (12, 2, 20, 2)
    assert total.seen[3] == Seen(12, {"no_ttl": Found(3, ["a", "b", "c"])}, {"bad_value": 4}, 2, "why")


def test_no_more_than_five_samples_are_kept() -> None:
    total = tally(5, *map(bytes, b"abcd"))
    total.add(tally(5, b"x", b"y", b"z"))
    assert (total.seen[3].found["no_ttl"].count, len(total.seen[3].found["no_ttl"].samples)) == (7, 5)


def test_private_keys_are_counted_and_not_kept() -> None:
    seen = Seen()
    seen.depart("no_ttl", [b"ann"], private=True)
    assert seen.found == {"no_ttl": Found(1, [])}


def test_a_sample_is_a_line_of_bounded_length() -> None:
    assert readable(b"doc:\xff\n\x1b[31m") == "doc:\\xff\\n\\x1b[31m"
    assert readable("ä".encode()) == "ä"
    assert readable(b" a b  c ") == "\\x20a b \\x20c\\x20"
    assert len(readable(b"\xff" * 10_000)) == 200
    assert len(readable(b"x" * 200)) == 200


def test_progress_goes_through_json_and_back() -> None:
    part = Part("a:1", "run", "0-5", 2**63 + 1, tally(5, b"a"))
    part.groups.add_many([b"tmp:1", b"tmp:2", b"\xff"])
    told = json.loads(json.dumps(progress.dumped({"a": part}, "contract")))
    (back,) = progress.loaded(told, "contract").values()
    assert (back.reader, back.run_id, back.slots) == ("a:1", "run", "0-5")
    assert (back.cursor, back.tally) == (2**63 + 1, tally(5, b"a"))
    assert back.strangers() == part.strangers()


def test_undeclared_keys_of_two_processes_are_counted_together() -> None:
    part = Part("a:1", "run", earlier={"tmp:{n:int}": Found(3, ["tmp:0"])})
    part.groups.add_many([b"tmp:1", b"tmp:2"])
    assert part.strangers() == {"tmp:{n:int}": Found(5, ["tmp:0", "tmp:1", "tmp:2"])}


def test_progress_of_another_contract_is_none() -> None:
    told = progress.dumped({"a": Part("a:1", "run")}, "contract")
    assert progress.loaded(told, "other") == {}
    assert progress.loaded({}, "contract") == {}
    assert progress.loaded(None, "contract") == {}


def test_the_same_process_with_the_same_slots_goes_on() -> None:
    assert Part("a:1", "run", "0-5").anew(Part("a:1", "run", "0-5")) == ""


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (Part("a:1", "other", "0-5"), "is another process than before"),
        (Part("b:1", "run", "0-5"), "is another process than before"),
        (Part("a:1", "run", "0-4"), "has other slots than before"),
        (Part("a:1", "", "0-5"), "does not tell which process it is"),
    ],
)
def test_another_process_and_other_slots_are_begun_anew(now: Part, why: str) -> None:
    assert why in now.anew(Part("a:1", "run", "0-5"))


def test_a_stream_more_is_another_contract() -> None:
    streams: list[dict[Address, Spec]] = [
        {Address("cache", "stream", name): Stream() for name in names} for names in ("ac", "abc")
    ]
    assert progress.contract_digest(streams[0], 0) != progress.contract_digest(streams[1], 0)


def test_findings_do_not_make_another_contract() -> None:
    address = Address("cache", "pattern", "doc:{id}")
    keyspace: dict[Address, Spec] = {Address("cache", "keyspace", "keys"): Keyspace(undeclared="report")}
    digests = {
        progress.contract_digest({address: spec, **keyspace}, 0)
        for spec in (KeyPattern(type="hash"), KeyPattern(type="hash", findings=("no_ttl",)))
    }
    assert len(digests) == 1
    assert progress.contract_digest({address: KeyPattern(type="hash"), **keyspace}, 1) not in digests


# ── the line ──────────────────────────────────────────────────────────────────────────────────


def doubtful(now: float) -> Batch:
    batch = Batch(1)
    batch.doubt((0, "no_ttl"), [b"doc:1"], now)
    return batch


def test_batches_are_committed_in_their_order() -> None:
    first, second = doubtful(0.0), Batch(2)
    line = Line()
    line.waiting.extend([first, second])
    assert list(line.settled()) == []
    first.doubted()
    assert list(line.settled()) == [first, second]


def test_a_batch_with_open_questions_is_not_committed() -> None:
    line, batch = Line(), Batch(1, open=1)
    line.waiting.append(batch)
    assert list(line.settled()) == []


def test_doubts_are_looked_at_again_after_a_second() -> None:
    line = Line()
    line.waiting.append(doubtful(5.0))
    assert list(line.doubtful(5.0 + AGAIN_S / 2)) == []
    assert len(list(line.doubtful(5.0 + AGAIN_S))) == 1
    assert line.due == 5.0 + AGAIN_S


def test_a_batch_without_doubts_does_not_hold_up_those_behind_it() -> None:
    line = Line()
    line.waiting.extend([Batch(1, open=1), doubtful(0.0)])
    assert len(list(line.doubtful(AGAIN_S))) == 1


def test_the_line_is_full_when_too_many_bytes_wait() -> None:
    line, batch = Line(), Batch(1)
    line.waiting.append(batch)
    batch.doubt((0, "no_ttl"), [b"x" * (20 << 20)], 0.0)
    assert line.is_full
    batch.doubted()
    assert not line.is_full
