"""Steps of search indexes: their order, what they say, and what each puts at risk."""

from __future__ import annotations

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import HazardKind, RollbackClass, Step
from apexplan.provider import Facts
from apexplan_redis.specs import SearchIndex
from apexplan_redis.specs.index import IndexField
from apexplan_redis.steps import plan_steps

AT = Address("cache", "index", "docs")
WISHED = SearchIndex(on="hash", prefixes=("doc:",), fields=(IndexField(name="t", path="t", type="text"),))


def live(physical: str) -> SearchIndex:
    rest = {"language": "english", "stopwords": None, "filter": None, "further": (), "physical": physical}
    return SearchIndex.model_validate({**WISHED.values(), "prefixes": ("old:",), **rest})


def steps(action: Action, there: SearchIndex | None, wished: SearchIndex | None, *taken: str) -> list[Step]:
    details = {"indexes": list(taken), "contract": {"objects": {}, "before": {}}}
    return plan_steps([Change(AT, action, there, wished)], Facts({}, {}, details=details))


def said(found: list[Step]) -> list[str]:
    """Returns the statements, of FT.CREATE the first two words."""
    lines = [line for step in found for line in step.statements]
    return [" ".join(line.split()[:2]) if line.startswith("FT.CREATE") else line for line in lines]


def undone(found: list[Step]) -> list[str]:
    return said([step.inverse for step in reversed(found) if step.inverse is not None])


def hazards(step: Step) -> set[HazardKind]:
    return {one.kind for one in step.hazards}


MADE = steps(Action.CREATE, None, WISHED)
ANEW = steps(Action.REPLACE, live("docs_v1"), WISHED, "docs_v1")
BARE = steps(Action.REPLACE, live("docs"), WISHED, "docs")
GONE = steps(Action.DELETE, live("docs_v1"), None, "docs_v1")


def test_an_index_is_made_before_its_alias() -> None:
    assert said(MADE) == ["FT.CREATE docs_v1", "FT.ALIASADD docs docs_v1"]
    assert undone(MADE) == ["FT.ALIASDEL docs", "FT.DROPINDEX docs_v1"]


def test_a_name_that_a_leftover_has_is_not_taken() -> None:
    assert said(steps(Action.CREATE, None, WISHED, "docs_v1"))[0] == "FT.CREATE docs_v2"


def test_another_index_is_built_and_the_alias_turned_before_the_former_goes() -> None:
    assert said(ANEW) == ["FT.CREATE docs_v2", "FT.ALIASUPDATE docs docs_v2", "FT.DROPINDEX docs_v1"]


def test_an_undo_builds_the_former_index_before_the_alias_goes_back() -> None:
    assert undone(ANEW) == ["FT.CREATE docs_v1", "FT.ALIASUPDATE docs docs_v1", "FT.DROPINDEX docs_v2"]


def test_an_index_of_the_bare_name_goes_before_the_alias_takes_it() -> None:
    assert said(BARE) == ["FT.CREATE docs_v1", "FT.DROPINDEX docs", "FT.ALIASADD docs docs_v1"]
    assert undone(BARE) == ["FT.ALIASDEL docs", "FT.CREATE docs", "FT.DROPINDEX docs_v1"]


def test_only_the_bare_name_leaves_a_gap() -> None:
    assert [hazards(step) for step in BARE[1:]] == [{HazardKind.INDEX_GAP, HazardKind.DOWNTIME}, set()]
    assert [hazards(step) for step in ANEW[1:]] == [set(), set()]


def test_a_build_scans_the_keys_and_takes_memory() -> None:
    for found in (MADE, ANEW, BARE):
        assert hazards(found[0]) == {HazardKind.SCANS_DATA, HazardKind.COSTS_MEMORY}


def test_an_index_goes_after_its_alias() -> None:
    assert said(GONE) == ["FT.ALIASDEL docs", "FT.DROPINDEX docs_v1"]
    assert {kind for step in GONE for kind in hazards(step)} == {HazardKind.DOWNTIME}


def test_a_dropped_index_comes_back_by_a_build() -> None:
    again = GONE[1].inverse
    assert again is not None
    assert HazardKind.REBUILDS in hazards(again)
    assert "PREFIX 1 old:" in again.statements[0]


def test_no_step_deletes_documents() -> None:
    every = [*MADE, *ANEW, *BARE, *GONE]
    lines = [line for step in every for one in (step, step.inverse) if one for line in one.statements]
    assert not any("DD" in line.split() for line in lines)
    assert {step.rollback for step in every} == {RollbackClass.LOSSLESS}
