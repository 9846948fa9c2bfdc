"""The ways in which a collection is made anew or read under another name, each with what it puts at risk."""

from __future__ import annotations

import pytest

from apexplan.model.address import Address
from apexplan.model.errors import StoreError, Transient
from apexplan.model.plan import HazardKind, Plan, RollbackClass
from apexplan.testing.memory import Crash

from .bench import applied, objects
from .spied import SpiedBench, failing

pytestmark = pytest.mark.live

BARE = """
collections:
  documents:
    vectors: {size: 4, distance: Dot}
    payload_indexes: {user: keyword}
"""
HALF = BARE.replace("Dot}", "Dot, datatype: float16}")
COPY = "    on_replace: copy\n    copy: {sample: 0, batch: 64}\n"
DROP = "    on_replace: drop\n"
SHADOW = "    over: shadow\n"
GAP = "    over: gap\n"
COUNT = 100
SEARCH = "aliases: {search: documents}\n"
PAST = BARE + COPY
FROM = "    lifecycle: {renamed_from: documents}\n"


@pytest.fixture
def bare(bench: SpiedBench) -> SpiedBench:
    """A collection of the very name that readers use."""
    return bench.filled(BARE, COUNT)


@pytest.fixture
def served(bench: SpiedBench) -> SpiedBench:
    """A collection behind an alias."""
    return bench.filled(PAST, COUNT)


def blocking(plan: Plan) -> str:
    """Returns the one note that stands in the way, with its mend."""
    (note,) = [note for note in plan.notes if note.blocks]
    return f"{note.text}; {note.mend}"


def hazards(plan: Plan) -> set[HazardKind]:
    return {hazard.kind for step in plan.steps for hazard in step.hazards}


def indexes(bench: SpiedBench, physical: str) -> list[str]:
    with bench.target() as target:
        return sorted(target.info(physical)["payload_schema"])


def kept(bench: SpiedBench) -> list[str]:
    return sorted(address.name for address in bench.live().objects if address.kind == "retained")


# ------------------------------------------------------------------ refuse


def test_by_default_the_copy_is_shown_and_refused_with_its_mend(bare: SpiedBench) -> None:
    plan = bare.plan(objects(HALF + SHADOW))
    assert "copy" in [step.verb for step in plan.steps]
    assert "on_replace: copy" in blocking(plan) and "on_replace: drop" in blocking(plan)


# ------------------------------------------------------------------ drop


def test_a_drop_deletes_data_and_takes_readers_down(bare: SpiedBench) -> None:
    plan = bare.plan(objects(HALF + DROP))
    assert {HazardKind.DELETES_DATA, HazardKind.DOWNTIME} <= hazards(plan)
    assert plan.rollback is RollbackClass.LOSSY


def test_a_drop_of_nothing_risks_nothing(bench: SpiedBench) -> None:
    applied(bench.apply(objects(BARE)))
    plan = bench.plan(objects(HALF + DROP))
    assert not {HazardKind.DELETES_DATA, HazardKind.DOWNTIME} & hazards(plan)
    assert plan.rollback is RollbackClass.LOSSLESS


def test_after_a_drop_indexes_and_aliases_are_there_again(bench: SpiedBench) -> None:
    bench.filled(BARE + SEARCH, COUNT)
    applied(bench.apply(objects(HALF + DROP + SEARCH)))
    assert bench.names() == {"documents": "documents", "search": "documents"}
    assert indexes(bench, "documents") == ["user"]
    assert bench.points("documents") == {}


def test_the_way_back_from_a_drop_restores_all_but_the_points(bench: SpiedBench) -> None:
    bench.filled(BARE + SEARCH, COUNT)
    before = bench.names(), bench.live().objects
    applied(bench.apply(objects(HALF + DROP + SEARCH)))
    applied(bench.roll_back())
    assert (bench.names(), bench.live().objects) == before
    assert bench.points("documents") == {}


def test_a_drop_behind_an_alias_makes_it_anew_under_the_same_names(served: SpiedBench) -> None:
    applied(served.apply(objects(HALF + DROP + "    physical: documents_v1\n")))
    assert served.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}


# ------------------------------------------------------------------ bare names


def test_a_bare_name_is_blocked_unless_the_manifest_says_how_it_is_taken(bare: SpiedBench) -> None:
    said = blocking(bare.plan(objects(HALF + COPY)))
    assert "over: shadow" in said and "over: gap" in said and "renamed_from" in said


def test_a_shadow_hides_the_bare_collection_and_keeps_it(bare: SpiedBench) -> None:
    applied(bare.apply(objects(HALF + COPY + SHADOW)))
    names = bare.names()
    assert names["documents"] == "documents_v1"
    assert kept(bare) == ["documents"]
    assert len(bare.points("documents")) == COUNT


def test_a_gap_says_what_it_costs_and_has_no_way_back(bare: SpiedBench) -> None:
    plan = bare.plan(objects(HALF + COPY + GAP))
    (step,) = [step for step in plan.steps if step.verb == "take over"]
    assert {HazardKind.DOWNTIME, HazardKind.IRREVERSIBLE} <= {hazard.kind for hazard in step.hazards}
    assert step.inverse is None and "documents_v1" in step.no_inverse


def test_after_a_gap_all_points_are_in_the_new_one(bare: SpiedBench) -> None:
    before = bare.points("documents")
    applied(bare.apply(objects(HALF + COPY + GAP)))
    assert bare.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}
    assert bare.points("documents") == before
    assert bare.plan(objects(HALF + COPY + GAP)).empty


def test_the_way_back_from_a_gap_leaves_the_only_copy_there_is(bare: SpiedBench) -> None:
    applied(bare.apply(objects(HALF + COPY + GAP)))
    before = bare.points("documents")
    bare.roll_back()
    with bare.target() as target:
        assert "documents_v1" in target.collections()
    assert bare.points("documents_v1") == before


def test_a_gap_is_closed_by_another_try(bare: SpiedBench) -> None:
    bare.spy.before("change_aliases", failing(Transient("busy")))
    applied(bare.apply(objects(HALF + COPY + GAP)))
    assert len(bare.points("documents")) == COUNT


def test_a_gap_is_closed_after_a_crash_in_it(bare: SpiedBench) -> None:
    bare.spy.after("delete", failing(Crash()), "documents")
    with pytest.raises(Crash):
        bare.apply(objects(HALF + COPY + GAP))
    applied(bare.resume())
    assert len(bare.points("documents")) == COUNT


def test_a_gap_that_stays_open_loses_no_point(bare: SpiedBench) -> None:
    before = bare.points("documents")
    bare.spy.before("change_aliases", failing(StoreError("the disk is on fire")), every=True)
    result = bare.apply(objects(HALF + COPY + GAP))
    assert "take over" in [step.verb for unit in result.left for step in unit.steps]
    assert kept(bare) == ["documents_v1"]
    assert bare.points("documents_v1") == before


def test_a_shadow_that_does_not_hide_is_taken_back(bare: SpiedBench) -> None:
    """Nobody promises that an alias hides a collection: here is a server on which it does not."""
    bare.spy.changes["resolve"] = lambda found: "documents"
    error = bare.undone(objects(HALF + COPY + SHADOW))
    assert "is answered by documents" in error
    assert bare.names() == {"documents": "documents"}


def test_a_further_alias_over_a_bare_collection_is_blocked(bare: SpiedBench) -> None:
    two = BARE + BARE.replace("collections:\n", "").replace("documents", "texts")
    bare.filled(two, 5, "texts")
    said = blocking(bare.plan(objects(BARE + "aliases: {texts: documents}\n")))
    assert "over: shadow" in said


def test_a_further_alias_over_a_bare_collection_hides_it_and_shows_it_again(bench: SpiedBench) -> None:
    bench.filled(BARE, COUNT)
    with bench.target() as target:
        target.create("texts", {"vectors": {"size": 2, "distance": "Dot"}})
    applied(bench.apply(objects(BARE + "aliases: {texts: {collection: documents, over: shadow}}\n")))
    assert len(bench.points("texts")) == COUNT
    applied(bench.roll_back())
    assert bench.names() == {"documents": "documents", "texts": "texts"}
    assert bench.points("texts") == {}


# ------------------------------------------------------------------ physical names


def test_a_physical_name_that_is_given_is_used(served: SpiedBench) -> None:
    applied(served.apply(objects(HALF + COPY + "    physical: docs_half\n")))
    assert served.names()["documents"] == "docs_half"


def test_a_physical_name_that_is_taken_is_blocked(served: SpiedBench) -> None:
    with served.target() as target:
        target.create("docs_half", {"vectors": {"size": 2, "distance": "Dot"}})
    said = blocking(served.plan(objects(HALF + COPY + "    physical: docs_half\n")))
    assert "docs_half is there already" in said


def test_a_physical_name_that_is_kept_aside_is_blocked_with_the_purge_as_mend(served: SpiedBench) -> None:
    applied(served.apply(objects(HALF + COPY)))
    said = blocking(served.plan(objects(BARE + COPY + "    physical: documents_v1\n")))
    assert "kept aside" in said and "purge" in said


def test_a_version_that_is_taken_is_passed_over(served: SpiedBench) -> None:
    with served.target() as target:
        target.create("documents_v2", {"vectors": {"size": 2, "distance": "Dot"}})
    applied(served.apply(objects(HALF + COPY)))
    assert served.names()["documents"] == "documents_v3"


def test_a_name_that_is_alias_and_collection_is_read_as_the_alias_and_told(bench: SpiedBench) -> None:
    bench.filled(BARE, COUNT)
    with bench.target() as target:
        target.create("other", {"vectors": {"size": 2, "distance": "Dot"}})
        passing = {"create_alias": {"alias_name": "passing", "collection_name": "other"}}
        over = {"rename_alias": {"old_alias_name": "passing", "new_alias_name": "documents"}}
        target.change_aliases([passing, over])
    live = bench.live()
    assert live.objects[Address("vectors", "alias", "documents")] is not None
    assert any("documents is there too" in note.text for note in live.notes)


# ------------------------------------------------------------------ other names

TEXTS = BARE.replace("documents", "texts")


def test_a_bare_collection_under_another_name_keeps_its_own(bare: SpiedBench) -> None:
    applied(bare.apply(objects(TEXTS + FROM)))
    assert bare.names() == {"documents": "documents", "texts": "documents"}
    assert bare.plan(objects(TEXTS + FROM)).empty


def test_a_collection_behind_an_alias_gets_another_alias(served: SpiedBench) -> None:
    applied(served.apply(objects(TEXTS + COPY + FROM)))
    assert served.names() == {"texts": "documents_v1", "documents_v1": "documents_v1"}
    assert served.plan(objects(TEXTS + COPY)).empty


def test_another_name_is_taken_back(served: SpiedBench) -> None:
    before = served.names(), served.live().objects
    applied(served.apply(objects(TEXTS + COPY + FROM)))
    applied(served.roll_back())
    assert (served.names(), served.live().objects) == before


@pytest.mark.parametrize("over", ["", SHADOW])
def test_a_bare_collection_is_copied_under_another_name_without_taking_its_own(
    bare: SpiedBench, over: str
) -> None:
    desired = objects(TEXTS.replace("Dot}", "Dot, datatype: float16}") + COPY + FROM + over)
    applied(bare.apply(desired))
    assert len(bare.points("texts")) == COUNT
    assert kept(bare) == ["documents"]
    assert bare.plan(desired).empty


def test_a_collection_behind_an_alias_is_copied_under_another_name(served: SpiedBench) -> None:
    applied(served.apply(objects(TEXTS.replace("Dot}", "Dot, datatype: float16}") + COPY + FROM)))
    names = served.names()
    assert "documents" not in names
    assert kept(served) == ["documents_v1"]
    assert len(served.points("texts")) == COUNT
    applied(served.roll_back())
    assert served.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}


def test_an_alias_that_hides_a_collection_which_nothing_leads_to_is_repointed(bench: SpiedBench) -> None:
    bench.filled(BARE.replace("documents", "texts"), COUNT, "texts")
    with bench.target() as target:
        for name in ("documents", "other"):
            target.create(name, {"vectors": {"size": 2, "distance": "Dot"}})
        passing = {"create_alias": {"alias_name": "passing", "collection_name": "other"}}
        over = {"rename_alias": {"old_alias_name": "passing", "new_alias_name": "documents"}}
        target.change_aliases([passing, over])
    applied(bench.apply(objects(BARE.replace("documents", "texts") + "aliases: {documents: texts}\n")))
    assert len(bench.points("documents")) == COUNT
    applied(bench.roll_back())
    assert bench.names()["documents"] == "other"
