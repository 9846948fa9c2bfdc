"""What an audit found, in the words of plan and drift."""

from __future__ import annotations

from apexplan.model.audit import Audit, Strangers
from apexplan.provider import Live
from apexplan_redis.read.judged import judged


def notes(report: Audit) -> list[str]:
    return [note.text for note in judged(Live({}), report).notes]


def test_undeclared_keys_are_told_in_number() -> None:
    strangers = (Strangers(like="tmp:{n:int}", count=1200), Strangers(like="a", count=1))
    assert notes(Audit(store="cache", strangers=strangers)) == [
        "1,200 undeclared keys look like tmp:{n:int}",
        "1 undeclared key looks like a",
    ]


def test_the_empty_key_is_told_and_is_no_pattern() -> None:
    report = Audit(store="cache", strangers=(Strangers(like="", count=1),))
    assert notes(report) == ['1 undeclared key looks like ""']
    assert judged(Live({}), report).objects == {}


def test_what_was_not_judged_is_told_and_how_long_it_took_is_not() -> None:
    blind = "what MEMORY USAGE tells was not looked at: the user may not run MEMORY USAGE"
    assert notes(Audit(store="cache", remarks=(blind, "all keys were looked at, in 1.0 s"))) == [blind]
