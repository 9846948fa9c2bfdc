"""A function that moves from one library to another: in what order they change, what it costs, how it goes
back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random, SystemRandom

import pytest

from apexplan.engine.ports import RunStatus
from apexplan.model.plan import HazardKind, Step
from apexplan_redis.specs.library import functions
from tests.live.redis.libraries_kit import libraries
from tests.live.redis.same_kit import Life, objects
from tests.live.redis.servers import Running, server

pytestmark = pytest.mark.live


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with server(tmp_path) as started:
        yield started


def moving(running: Running, before: dict[str, str], after: dict[str, str]) -> Life:
    """Returns a store that has the libraries `before`, and is to have `after`."""
    life = Life(running.url)
    life.declare(libraries(**before))
    life.apply()
    life.declare(libraries(**after))
    return life


def has(running: Running) -> dict[str, str]:
    """Returns the functions by library."""
    return {
        one[b"library_name"].decode(): " ".join(sorted(f[b"name"].decode() for f in one[b"functions"]))
        for one in running.ask("FUNCTION", "LIST")
        if not one[b"library_name"].startswith(b"apexplan_")
    }


def steps(life: Life) -> list[Step]:
    return [step for unit in life.plan().units for step in unit.steps]


def titles(life: Life) -> list[str]:
    return [step.title for step in steps(life)]


def told(step: Step | None) -> list[str]:
    """Returns what a step warns of."""
    assert step is not None
    assert {hazard.kind for hazard in step.hazards} <= {HazardKind.DOWNTIME}
    return [hazard.text for hazard in step.hazards]


MOVES = {
    "to a later name": ({"a": "f g", "b": "h"}, {"a": "g", "b": "f h"}),
    "to an earlier name": ({"a": "h", "b": "f g"}, {"a": "f h", "b": "g"}),
    "into a new library": ({"b": "f g"}, {"b": "g", "a": "f"}),
    "out of a library that goes": ({"a": "h", "b": "f"}, {"a": "f h"}),
    "with its library's name": ({"b": "f g"}, {"a": "f g"}),
    "in exchange for another": ({"a": "f g", "b": "h"}, {"a": "g h", "b": "f"}),
    "in a ring of three": ({"a": "f x", "b": "g", "c": "h"}, {"a": "h x", "b": "f", "c": "g"}),
    "in two rings": ({"a": "f", "b": "g i", "c": "h"}, {"a": "g", "b": "f h", "c": "i"}),
    "out of two libraries": ({"a": "f i", "b": "g j"}, {"a": "i", "b": "j", "c": "f g"}),
    "along a chain": ({"a": "f", "b": "g", "c": "h"}, {"a": "i", "b": "f", "c": "g"}),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_function_moves(running: Running, name: str) -> None:
    before, after = MOVES[name]
    life = moving(running, before, after)
    life.apply()
    assert (has(running), life.changes()) == (after, [])


@pytest.mark.parametrize("name", MOVES)
def test_a_function_that_moved_moves_back(running: Running, name: str) -> None:
    before, after = MOVES[name]
    life = moving(running, before, after)
    life.apply()
    life.undo()
    assert has(running) == before


def test_random_moves_there_and_back(running: Running) -> None:
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    random = Random(seed)
    life, before = Life(running.url), dict[str, str]()
    for _ in range(30):
        after = _somewhere(random)
        life.declare(libraries(**after))
        if life.changes():
            life.apply()
            assert has(running) == after
            life.undo()
            assert has(running) == before
            life.apply()
        before = after


def _somewhere(random: Random) -> dict[str, str]:
    """Returns each of six functions in one of four libraries, or in none."""
    found: dict[str, list[str]] = {}
    for function in "fghijk":
        found.setdefault(random.choice("abcd-"), []).append(function)
    found.pop("-", None)
    return {library: " ".join(names) for library, names in sorted(found.items())}


# ── the way there ─────────────────────────────────────────────────────────────────────────────


def test_the_library_that_gives_changes_right_before_the_one_that_takes(running: Running) -> None:
    life = moving(running, {"a": "h", "m": "x", "z": "f g"}, {"a": "f h", "m": "y", "z": "g"})
    assert titles(life) == ["replace library m", "replace library z", "replace library a"]


def test_of_a_ring_one_library_is_deleted_for_a_moment(running: Running) -> None:
    life = moving(running, {"a": "f", "b": "g", "c": "h"}, {"a": "h", "b": "f", "c": "g"})
    assert titles(life) == [
        "delete library a for a moment",
        "replace library b",
        "replace library c",
        "replace library a",
    ]


def test_along_a_chain_no_library_is_deleted(running: Running) -> None:
    life = moving(running, *MOVES["along a chain"])
    assert titles(life) == ["replace library a", "replace library b", "replace library c"]


def test_libraries_that_only_change_are_replaced_without_a_gap(running: Running) -> None:
    life = moving(running, {"a": "f", "b": "g"}, {"a": "f h", "b": "g i"})
    assert [(step.title, told(step)) for step in steps(life)] == [
        ("replace library a", []),
        ("replace library b", []),
    ]


def test_a_move_warns_of_the_moment_without_the_function(running: Running) -> None:
    gives, takes = steps(moving(running, {"a": "f g k", "b": "h"}, {"a": "g", "b": "f h k"}))
    assert told(gives) == ["moved to library b, and missing until that is loaded: f, k"]
    assert told(takes) == []


def test_a_move_back_warns_of_it_too(running: Running) -> None:
    gives, takes = steps(moving(running, {"a": "f g", "b": "h"}, {"a": "g", "b": "f h"}))
    assert told(takes.inverse) == ["given back to library a, and missing until that is loaded: f"]
    assert told(gives.inverse) == []


def test_a_function_that_goes_is_told(running: Running) -> None:
    (only,) = steps(moving(running, {"a": "f g h"}, {"a": "g"}))
    assert told(only) == ["whoever calls f, h gets an error from then on"]


def test_a_library_that_goes_warns_of_what_moves_and_of_the_rest(running: Running) -> None:
    gives, _ = steps(moving(running, {"a": "f g", "b": "h"}, {"b": "f h"}))
    assert told(gives) == [
        "whoever calls another of these functions gets an error from then on",
        "moved to library b, and missing until that is loaded: f",
    ]


def test_a_library_that_is_not_ours_does_not_change_for_one_of_ours(running: Running) -> None:
    running.ask("FUNCTION", "LOAD", "#!lua name=theirs\nredis.register_function('f', function() end)\n")
    life = moving(running, {"a": "g"}, {"a": "f g"})
    assert titles(life) == ["replace library a"]


def test_where_the_library_that_takes_is_refused_the_other_gets_its_function_back(running: Running) -> None:
    life = moving(running, {"a": "f g", "b": "h"}, {})
    bad = "#!lua name=b\nredis.register_function('f', function() end)\nerror('no')\n"
    life.declare({**libraries(a="g"), **objects(libraries={"b": {"code": bad}})})
    ended = life._suite.apply(life.world, life.plan()).status
    assert (ended, has(running)) == (RunStatus.UNDONE, {"a": "f g", "b": "h"})


# ── which functions a text registers ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "redis.register_function('f', function() end)",
        'redis.register_function("f", g)',
        "redis . register_function ( 'f' , g )",
        "redis.register_function{function_name='f', callback=g}",
        "redis.register_function({\n  function_name = 'f',\n  callback = g,\n})",
        "redis.register_function{callback = function() return {} end, function_name = 'f'}",
        "redis.register_function{flags = {'no-writes'}, function_name = \"f\", callback = g}",
        "server.register_function('f', g)",
    ],
)
def test_a_function_is_found_however_it_is_registered(text: str) -> None:
    assert functions(f"#!lua name=x\n{text}\n") == {"f"}


def test_two_functions_are_two() -> None:
    text = "redis.register_function{function_name = 'f', callback = h}\nredis.register_function('g', h)"
    assert functions(text) == {"f", "g"}


@pytest.mark.parametrize(
    "text",
    ["redis.register_function(name .. '_get', g)", "redis.register_function{function_name = n}", "'f'"],
)
def test_a_name_that_is_put_together_is_not_guessed(text: str) -> None:
    assert functions(text) == frozenset()
