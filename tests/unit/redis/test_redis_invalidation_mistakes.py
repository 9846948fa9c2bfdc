"""What is wrong with a contract's events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from redis_invalidation_kit import DOC, ID, QUERY, UPDATED, contract

from apexplan_redis.invalidation.mistakes import mistakes
from apexplan_redis.invalidation.model import Entry, Placeholder

NUMBER = Placeholder("id", "int", "[0-9]+")
NUMBERED = Entry("mine", "mine:{id:int}", ("mine:", NUMBER), 60, {"document": "id"})


STALE = ("events", "document_updated", "stale")


def _with(*entries: Entry) -> dict[str, Any]:
    return {"entries": (DOC, QUERY, *entries)}


def _doc(**other: Any) -> dict[str, Any]:
    return {"entries": (replace(DOC, **other), QUERY)}


def _query(*tags: str) -> dict[str, Any]:
    return {"entries": (DOC, replace(QUERY, tags=tags))}


def _event(**other: Any) -> dict[str, Any]:
    return {"events": (replace(UPDATED, **other),)}


@pytest.mark.parametrize(
    ("more", "path", "summary"),
    [
        ({"chunk": 0}, ("chunk",), "number out of range"),
        ({"chunk": 5001}, ("chunk",), "number out of range"),
        ({"populate_within_s": 0}, ("populate_within_s",), "number out of range"),
        ({"outbox_maxlen": 0}, ("outbox_maxlen",), "number out of range"),
        ({"prefix": ""}, ("prefix",), "unusable prefix of keys"),
        ({"prefix": "a\nb"}, ("prefix",), "unusable prefix of keys"),
        ({"library": "apex-cache"}, ("library",), "not a plain name"),
        ({"entries": (), "events": ()}, ("entries",), "no entries"),
        (_doc(ttl_s=0), ("entries", "doc", "ttl_s"), "entry without a longest life"),
        (_with(DOC), ("entries", "doc"), "name is taken"),
        (_with(replace(DOC, name="sweep")), ("entries", "sweep"), "name is taken"),
        (_with(replace(DOC, name="int")), ("entries", "int"), "name is taken"),
        (_with(replace(DOC, name="async_x")), ("entries", "async_x"), "name is taken"),
        (_with(replace(DOC, name="Doc")), ("entries", "Doc"), "not a plain name"),
        (_with(replace(DOC, name="class")), ("entries", "class"), "not a plain name"),
        (_query("document", "value"), ("entries", "query"), "name is taken"),
        (_query("document", "str"), ("entries", "query"), "name is taken"),
        (_doc(tags=("document",)), ("entries", "doc"), "subject named twice"),
        (_doc(parts=(ID, ":", ID)), ("entries", "doc"), "placeholder named twice"),
        (_with(Entry("s", "{str}", (replace(ID, name="str"),), 60)), ("entries", "s"), "name is taken"),
        (_doc(own={"document": "key"}), ("entries", "doc", "own", "document"), "no such placeholder"),
        (_with(NUMBERED), ("entries", "mine", "own", "document"), "subject with two types of id"),
        (_event(stale=()), STALE, "event that nothing handles"),
        (_event(stale=("dog",)), STALE, "no such entry"),
        (_event(stale=("doc", "doc")), STALE, "entry named twice"),
        (_event(subject="user", stale=("doc",)), STALE, "entry that the event cannot reach"),
        (_event(name="doc"), ("entries", "doc"), "name is taken"),
        (_event(name="2x"), ("events", "2x"), "not a plain name"),
    ],
)
def test_a_mistake_is_found_at_its_place(more: dict[str, Any], path: tuple[str, ...], summary: str) -> None:
    assert [(p.path, p.summary) for p in mistakes(contract(**more))] == [(path, summary)]


def test_a_right_contract_has_no_mistakes() -> None:
    assert mistakes(contract()) == ()


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(contract(chunk=0, prefix="", entries=(replace(DOC, ttl_s=0), QUERY)))
    assert len(found) == 3


def test_each_mistake_says_how_to_mend_it() -> None:
    assert all(p.mend and p.what for p in mistakes(contract(chunk=0, prefix="", library="A")))
