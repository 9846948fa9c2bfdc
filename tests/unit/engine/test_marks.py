"""The marks of ownership in a store follow the state, also where a run dies between the two."""

from __future__ import annotations

from worlds import Boxes, server_of, world

from apexplan.testing import chaos
from apexplan.testing.chaos import Mishap, Recovery, World


def marked(made: World) -> set[str]:
    return {text for marks in server_of(made).ledger.values() for text in marks}


def dying_before_the_state_is_written(live: Boxes, desired: Boxes, recovery: Recovery) -> World:
    """The last write of a run ends it in the state; the marks are in the store by then."""
    writes = chaos.live_through(world(live, desired), Mishap()).writes
    made = world(live, desired)
    chaos.live_through(made, Mishap(write=writes, recovery=recovery))
    return made


def test_a_run_that_is_undone_takes_its_marks_away() -> None:
    made = dying_before_the_state_is_written({}, {"a": {}}, Recovery.ROLLBACK)
    assert marked(made) == set()


def test_a_run_that_is_undone_gives_back_the_marks_that_it_took() -> None:
    before = world({"a": {}}, {"a": {}})
    assert marked(before) == set()
    made = dying_before_the_state_is_written({"a": {}}, {}, Recovery.ROLLBACK)
    assert marked(made) == {str(address) for address in made.state.recorded()}


def test_a_run_that_is_resumed_has_its_marks() -> None:
    made = dying_before_the_state_is_written({}, {"a": {}}, Recovery.RESUME)
    assert marked(made) == {"shelf.box.a"}
