"""Search indexes on a real Redis whose search module is played by a double, see `search_double`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apexplan.model.errors import Interrupted
from apexplan.model.plan import HazardKind, Plan, Step
from apexplan.provider import Outcome
from apexplan_redis.provider import PROVIDER
from apexplan_redis.session import RedisSession
from apexplan_redis.specs import SearchIndex
from tests.live.redis.same_kit import STORE, Life, at, objects
from tests.live.redis.search_double import SearchDouble, searching
from tests.live.redis.servers import Running, server, settings

pytestmark = pytest.mark.live

DOCS = at("index", "docs")
VECTOR = {"type": "vector", "algorithm": "flat", "dim": 4, "distance": "l2"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with server(tmp_path) as started:
        yield started


@pytest.fixture
def double(running: Running) -> Iterator[SearchDouble]:
    with searching(running) as played:
        yield played


def docs(prefix: str = "doc:", field: Any = "text") -> Any:
    return objects(indexes={"docs": {"prefixes": [prefix], "fields": {"f": field}}})


def made_by_hand(double: SearchDouble, command: str) -> None:
    double.answer(command.split())


def life(url: str, declared: Any) -> Life:
    one = Life(url)
    one.declare(declared)
    return one


@contextmanager
def session(double: SearchDouble) -> Iterator[RedisSession]:
    with PROVIDER.connect(STORE, settings(double.url)) as opened:
        yield opened


def blocking(plan: Plan) -> list[str]:
    return [note.text for note in plan.notes if note.blocks]


class Watching:
    """Remembers what it is told, and asks to stop after so many answers."""

    def __init__(self, answers: int = 1000) -> None:
        self.seen: list[float] = []
        self._answers = answers

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.seen.append(done)

    def stopping(self) -> bool:
        return len(self.seen) >= self._answers


def build(double: SearchDouble) -> Step:
    """Returns the step that builds the index."""
    return next(life(double.url, docs()).plan().steps)


def test_an_index_answers_under_its_alias(double: SearchDouble) -> None:
    life(double.url, docs()).apply()
    assert double.aliases == {"docs": "docs_v1"}


@pytest.mark.parametrize("flat", [False, True])
def test_a_second_plan_is_empty_whatever_the_shape_of_the_answers(double: SearchDouble, flat: bool) -> None:
    double.flat = flat
    one = life(double.url, docs(field=VECTOR))
    one.apply()
    assert one.changes() == []


def test_an_index_that_is_made_anew_takes_the_alias_and_the_former_goes(double: SearchDouble) -> None:
    one = life(double.url, docs())
    one.apply()
    one.declare(docs("note:"))
    one.apply()
    assert (list(double.indexes), double.aliases) == (["docs_v2"], {"docs": "docs_v2"})


def test_an_undo_brings_the_former_index_back(double: SearchDouble) -> None:
    one = life(double.url, docs())
    one.apply()
    before = double.indexes["docs_v1"]
    one.declare(docs("note:"))
    one.apply()
    one.undo()
    assert (double.indexes, double.aliases) == ({"docs_v1": before}, {"docs": "docs_v1"})


def test_an_index_of_the_bare_name_is_adopted_as_it_is(double: SearchDouble) -> None:
    made_by_hand(double, "FT.CREATE docs PREFIX 1 doc: SCHEMA f TEXT")
    one = life(double.url, docs())
    one.apply()
    assert one.changes() == []
    assert list(double.indexes) == ["docs"]


def test_an_index_of_the_bare_name_gives_it_to_an_alias(double: SearchDouble) -> None:
    made_by_hand(double, "FT.CREATE docs PREFIX 1 old: SCHEMA f TEXT")
    one = life(double.url, docs())
    kinds = {hazard.kind for step in one.plan().steps for hazard in step.hazards}
    assert {HazardKind.INDEX_GAP, HazardKind.DOWNTIME} <= kinds
    one.apply()
    assert (list(double.indexes), double.aliases) == (["docs_v1"], {"docs": "docs_v1"})
    one.undo()
    assert (list(double.indexes), double.aliases) == (["docs"], {})


def test_a_drop_that_is_run_again_spares_what_an_alias_of_that_name_leads_to(double: SearchDouble) -> None:
    made_by_hand(double, "FT.CREATE docs PREFIX 1 old: SCHEMA f TEXT")
    one = life(double.url, docs())
    drop = next(step for step in one.plan().steps if "DROPINDEX" in step.statements[0])
    one.apply()
    with session(double) as opened:
        opened.run(drop, Watching())
        assert opened.probe(drop) is Outcome.DONE
    assert list(double.indexes) == ["docs_v1"]


def test_a_build_waits_until_the_index_has_all_documents(double: SearchDouble) -> None:
    step, watching = build(double), Watching()
    double.slow = 3
    with session(double) as opened:
        opened.run(step, watching)
    assert watching.seen == [40, 40, 40, 100]


def test_a_build_that_is_stopped_goes_on_where_it_was(double: SearchDouble) -> None:
    step = build(double)
    double.slow = 3
    with session(double) as opened:
        with pytest.raises(Interrupted):
            opened.run(step, Watching(answers=1))
        assert opened.probe(step) is Outcome.PARTIAL
        opened.run(step, Watching())
        assert opened.probe(step) is Outcome.DONE
    assert [words[0] for words in double.said] == ["FT.CREATE"]


def test_another_index_of_that_name_is_nobody_s(double: SearchDouble) -> None:
    step = build(double)
    made_by_hand(double, "FT.CREATE docs_v1 PREFIX 1 x SCHEMA y TEXT")
    with session(double) as opened:
        assert opened.probe(step) is Outcome.UNKNOWN


def test_a_version_that_no_alias_leads_to_is_unmanaged(double: SearchDouble) -> None:
    made_by_hand(double, "FT.CREATE docs_v7 PREFIX 1 x SCHEMA y TEXT")
    one = life(double.url, docs())
    assert at("index", "docs_v7") in one.plan().unmanaged
    one.apply()
    assert double.aliases == {"docs": "docs_v8"}


def test_documents_that_could_not_be_indexed_are_told(double: SearchDouble) -> None:
    one = life(double.url, docs())
    one.apply()
    double.failures = 3
    assert [note.address for note in one.plan().notes if note.text.startswith("3 documents")] == [DOCS]


def test_an_index_with_an_unknown_type_of_field_is_told_and_left_alone(double: SearchDouble) -> None:
    made_by_hand(double, "FT.CREATE shapes PREFIX 1 x SCHEMA y GEOSHAPE")
    one = life(double.url, docs())
    one.apply()
    assert any(note.address == at("index", "shapes") for note in one.plan().notes)
    assert "shapes" in double.indexes


def test_a_server_without_the_module_blocks_the_plan(running: Running) -> None:
    found = blocking(life(running.url, docs()).plan())
    assert found == ["FT.* needs the search module (Redis Stack, Redis 8); this server has none"]


def test_a_module_that_tells_nothing_of_vectors_blocks_vector_fields_alone(double: SearchDouble) -> None:
    double.version = 20407
    assert blocking(life(double.url, docs()).plan()) == []
    (found,) = blocking(life(double.url, docs(field=VECTOR)).plan())
    assert "vector fields" in found


def test_nothing_is_read_where_there_is_no_module(running: Running) -> None:
    live = Life(running.url).world.snapshot()
    assert not any(address.startswith(f"{STORE}.{SearchIndex.kind}.") for address in live)
