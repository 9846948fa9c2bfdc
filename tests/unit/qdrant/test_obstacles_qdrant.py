"""What stands in the way of a plan, seen before anything is done."""

from __future__ import annotations

from typing import Any

import pytest
from fake_qdrant import FakeQdrant, info
from steps_qdrant_kit import noted

from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan_qdrant import obstacles
from apexplan_qdrant.target import Point

ONE = "vectors: {size: 4, distance: Cosine}"
HALF = "vectors: {size: 4, distance: Cosine, datatype: float16}"
BARE = FakeQdrant({"d": info()})
POINTS = {"d_v1": [Point(1, [0.5], {})]}
SERVED = FakeQdrant({"d_v1": info()}, {"d": "d_v1"}, POINTS)
RETIRED = {"retired": {"name": "d", "since": "2026-01-01T00:00:00Z"}}
NEW_COLLECTION = "this needs a new collection. The plan shows a copy with a switch of the alias"


def d(text: str, vectors: str = ONE) -> str:
    return f"collections: {{d: {{{vectors}{', ' + text if text else ''}}}}}"


def blocking(there: FakeQdrant, body: str, **given: Any) -> Note:
    """Returns the only note, which blocks and says how to mend it."""
    (note,) = noted(there, body, **given)
    assert note.blocks and note.mend
    assert note.address is not None
    return note


@pytest.mark.parametrize(
    ("there", "body"),
    [
        (FakeQdrant(), d("on_replace: copy, payload_indexes: {k: keyword}") + "\naliases: {x: d}"),
        (BARE, d("hnsw: {m: 32}")),
        (SERVED, d("on_replace: copy", HALF)),
        (SERVED, d("on_replace: drop", "vectors: {size: 8, distance: Dot}")),
        (BARE, ""),
    ],
    ids=["create", "change", "copy", "drop", "delete"],
)
def test_nothing_stands_in_the_way_of_what_can_be_done(there: FakeQdrant, body: str) -> None:
    assert noted(there, body) == []


# ------------------------------------------------------------------ what the target lacks


def test_a_setting_that_the_target_would_drop_blocks() -> None:
    note = blocking(BARE, d("hnsw: {memory: cached}"))
    assert note.text.startswith("hnsw_memory: ")
    assert note.mend == "leave hnsw_memory out, or use a target that has it"


def test_a_setting_that_an_index_asks_for_in_vain_blocks() -> None:
    note = blocking(BARE, d("payload_indexes: {k: {type: keyword, enable_hnsw: false}}"))
    assert note.address == Address.parse("vectors.payload_index.d.k")


def test_a_lacking_setting_that_is_as_wished_does_not_block() -> None:
    newer = info(hnsw_config={"m": 16, "ef_construct": 100, "memory": "cached"})
    assert noted(FakeQdrant({"d": newer}), d("hnsw: {memory: cached, m: 8}")) == []


# ------------------------------------------------------------------ names


def physical(name: str) -> str:
    """Returns the manifest of a collection `e` that has this name."""
    return f"collections: {{e: {{{ONE}, physical: {name}}}}}"


def test_a_collection_cannot_have_the_name_of_an_alias() -> None:
    there = FakeQdrant({"x": info()}, {"d": "x"})
    note = blocking(there, physical("d"), unmanaged=["collection.x", "alias.d"])
    assert note.text == "d is an alias of x: no collection can have that name"


def test_a_physical_name_that_is_taken_blocks() -> None:
    note = blocking(FakeQdrant({"x": info()}), physical("x"), unmanaged=["collection.x"])
    assert note.text == "a collection x is there already"
    assert note.mend == "choose another `physical` name, or declare that collection"


def test_a_name_that_is_kept_aside_blocks_until_a_purge() -> None:
    note = blocking(FakeQdrant({"d": info(marks=RETIRED)}), d(""))
    assert note.text == "a collection d is kept aside since 2026-01-01T00:00:00Z"
    assert note.mend.startswith("purge it, roll back the run")


def test_an_alias_needs_a_word_to_take_the_name_of_a_collection() -> None:
    body = f"collections: {{a: {{{ONE}}}}}\naliases: {{b: a}}"
    note = blocking(FakeQdrant({"a": info(), "b": info()}), body, unmanaged=["collection.b"])
    assert note.text == "a collection has the name b, and an alias of it would be refused (409)"
    assert "`over: shadow`" in note.mend and "`over: gap`" in note.mend


@pytest.mark.parametrize("way", ["shadow", "gap"])
def test_an_alias_with_the_word_takes_the_name(way: str) -> None:
    body = f"collections: {{a: {{{ONE}}}}}\naliases: {{b: {{collection: a, over: {way}}}}}"
    assert noted(FakeQdrant({"a": info(), "b": info()}), body, unmanaged=["collection.b"]) == []


def test_an_alias_that_hides_a_collection_already_needs_no_word() -> None:
    there = FakeQdrant({"a": info(), "b": info(), "c": info()}, {"c": "a", "c__kept": "c"})
    body = f"collections: {{a: {{{ONE}}}, b: {{{ONE}}}}}\naliases: {{c: b}}"
    assert noted(there, body, unmanaged=["collection.c"]) == []


def test_a_copy_of_a_collection_with_a_bare_name_needs_a_word() -> None:
    assert "would be refused (409)" in blocking(BARE, d("on_replace: copy", HALF)).text
    assert noted(BARE, d("on_replace: copy, over: shadow", HALF)) == []


@pytest.mark.parametrize("way", ["on_replace: copy", "physical: d_v1"])
def test_a_new_collection_behind_an_alias_needs_a_word_for_the_name_of_another(way: str) -> None:
    there = FakeQdrant({"d": info(marks=RETIRED)})
    assert "would be refused (409)" in blocking(there, d(way)).text
    assert noted(there, d(f"{way}, over: shadow")) == []


def test_a_gap_must_not_delete_what_is_read_under_another_name() -> None:
    there = FakeQdrant({"d": info(), "y": info()}, {"e": "d"})
    body = f"collections: {{e: {{{ONE}}}, y: {{{ONE}}}}}\naliases: {{d: {{collection: y, over: gap}}}}"
    note = blocking(there, body)
    assert note.text == "`over: gap` would delete the collection d, which is read as e"


def test_a_rename_needs_a_word_for_the_name_of_another_collection() -> None:
    there = FakeQdrant({"d": info(), "e": info()}, {"f": "e"})
    body = f"collections: {{e: {{{ONE}, lifecycle: {{renamed_from: d}}}}, f: {{{ONE}}}}}"
    assert "would be refused (409)" in blocking(there, body).text


def test_the_new_name_of_a_copy_must_not_be_an_alias() -> None:
    there = FakeQdrant({"d_v1": info(), "y": info()}, {"d": "d_v1", "x": "y"})
    note = blocking(there, d("on_replace: copy, physical: x"), unmanaged=["collection.y", "alias.x"])
    assert note.text == "x is an alias of y: no collection can have that name"


def test_a_new_physical_name_of_a_copy_must_be_free() -> None:
    there = FakeQdrant({"d_v1": info(), "x": info()}, {"d": "d_v1"})
    note = blocking(there, d("on_replace: copy, physical: x"), unmanaged=["collection.x"])
    assert note.text == "a collection x is there already"


def test_a_copy_cannot_have_the_physical_name_of_the_old_collection() -> None:
    note = blocking(SERVED, d("on_replace: copy, physical: d_v1", HALF))
    assert note.text == "a copy is another collection, and `physical` says d_v1, as the old one has it"


# ------------------------------------------------------------------ copies


@pytest.mark.parametrize("word", ["", "on_replace: refuse"])
def test_a_new_collection_needs_a_word(word: str) -> None:
    note = blocking(SERVED, d(word, HALF))
    assert note.text == f"datatype: {NEW_COLLECTION}"
    assert "`on_replace: copy`" in note.mend and "`on_replace: drop`" in note.mend


def test_every_field_that_needs_a_new_collection_is_named() -> None:
    note = noted(SERVED, d("shard_number: 2", HALF))[0]
    assert note.text == f"datatype; shard_number: {NEW_COLLECTION}"


def test_before_1_16_nothing_can_be_copied() -> None:
    old = FakeQdrant(SERVED.there, SERVED.alias_of, version=(1, 15, 4))
    note = blocking(old, d("on_replace: copy", HALF))
    assert note.text == "a copy needs Qdrant 1.16: older ones cannot insert without overwriting"


def test_before_1_16_a_collection_can_still_be_dropped() -> None:
    old = FakeQdrant(SERVED.there, SERVED.alias_of, version=(1, 15, 4))
    assert noted(old, d("on_replace: drop", HALF)) == []


@pytest.mark.parametrize(
    ("vectors", "field"),
    [
        ("vectors: {size: 8, distance: Cosine}", "size"),
        ("vectors: {size: 4, distance: Cosine, multivector: max_sim}", "multivector"),
    ],
)
def test_vectors_of_another_shape_cannot_be_made_from_those_that_are_there(vectors: str, field: str) -> None:
    note = blocking(SERVED, d("on_replace: copy", vectors))
    assert note.text == f"another {field} of the vector cannot be made from the values that are there"
    assert "embed" in note.mend and "`on_replace: drop`" in note.mend


@pytest.mark.parametrize(
    "vectors", ["vectors: {size: 8, distance: Dot}", "vectors: {a: {size: 4, distance: Cosine}}"]
)
def test_a_collection_without_points_has_nothing_that_could_not_be_carried_over(vectors: str) -> None:
    empty = FakeQdrant(SERVED.there, SERVED.alias_of)
    assert noted(empty, d("on_replace: copy", vectors)) == []


def vectors(**distances: str) -> dict[str, Any]:
    return {name: {"size": 4, "distance": distance} for name, distance in distances.items()}


def served(**distances: str) -> FakeQdrant:
    return FakeQdrant({"d_v1": info(vectors(**distances))}, {"d": "d_v1"}, POINTS)


@pytest.mark.parametrize(
    ("before", "after"), [("Cosine", "Dot"), ("Cosine", "Euclid"), ("Dot", "Cosine"), ("Manhattan", "Cosine")]
)
def test_with_cosine_lengths_are_lost_so_nothing_is_copied(before: str, after: str) -> None:
    text = f"vectors: {{a: {{size: 4, distance: {after}}}}}"
    note = blocking(served(a=before), d("on_replace: copy", text))
    assert note.text.startswith(f"the vector a from {before} to {after}: ")


@pytest.mark.parametrize("after", ["Euclid", "Manhattan"])
def test_between_distances_that_keep_lengths_a_copy_is_possible(after: str) -> None:
    text = f"vectors: {{a: {{size: 4, distance: {after}}}}}"
    assert noted(served(a="Dot"), d("on_replace: copy", text)) == []


def test_a_vector_may_be_left_behind() -> None:
    assert (
        noted(served(a="Dot", b="Cosine"), d("on_replace: copy", "vectors: {a: {size: 4, distance: Dot}}"))
        == []
    )


def test_a_vector_may_be_added_and_points_do_without_it_at_first() -> None:
    text = "vectors: {a: {size: 4, distance: Dot}, c: {size: 9, distance: Cosine}}"
    (note,) = noted(served(a="Dot"), d("on_replace: copy", text))
    assert note.text == "the vector c is new: points that are copied have none until somebody writes it"
    assert not note.blocks


def test_a_copy_that_would_keep_no_vector_blocks() -> None:
    note = blocking(SERVED, d("on_replace: copy", "vectors: {a: {size: 4, distance: Cosine}}"))
    assert note.text == "the vector a is new, and no other is kept: points would have none"


def test_several_vectors_of_another_size_are_named() -> None:
    text = "vectors: {a: {size: 8, distance: Dot}, b: {size: 8, distance: Dot}}"
    note = blocking(served(a="Dot", b="Dot"), d("on_replace: copy", text))
    assert note.text.startswith("another size of the vectors a, b cannot be made")


def test_an_embedder_that_nobody_installed_blocks() -> None:
    note = blocking(SERVED, d("on_replace: copy, copy: {embed: mine}", "vectors: {size: 8, distance: Dot}"))
    assert note.text == "no installed package offers an embedder mine"


def test_an_embedder_makes_vectors_of_any_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstacles, "known", lambda: ["mine"])
    body = d("on_replace: copy, copy: {embed: mine}", "vectors: {size: 8, distance: Dot}")
    assert noted(SERVED, body) == []


# ------------------------------------------------------------------ remarks


STRAY = FakeQdrant({"d_v1": info()}, {"d": "d_v1", "x": "d_v1"})


def test_an_alias_that_is_not_declared_stays_behind_and_that_is_told() -> None:
    (note,) = noted(STRAY, d("on_replace: copy", HALF), unmanaged=["alias.x"])
    assert note.text == "the alias x is not declared: it stays with d_v1, and goes when that is purged"
    assert not note.blocks


def test_an_alias_that_is_declared_is_no_remark() -> None:
    assert noted(STRAY, d("on_replace: copy", HALF) + "\naliases: {x: d}") == []
