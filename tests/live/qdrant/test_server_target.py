"""The server target does over REST what `Target` promises: against a server, see `servers`."""

from __future__ import annotations

from typing import Any

import pytest

from apexplan.model.errors import StoreError, Unsupported
from apexplan_qdrant.errors import NotThere, Taken
from apexplan_qdrant.server.waiting import Clock
from apexplan_qdrant.target import Point, Work

from .servers import Server

PLAIN = {"vectors": {"size": 4, "distance": "Dot"}}
NAMED = {
    "vectors": {"m": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}}},
    "sparse_vectors": {"s": {}},
}
UUID = "11111111-2222-3333-4444-555555555555"
POINTS = [
    Point(1, [1.0, 0.0, 0.0, 0.0], {"k": "a"}),
    Point(2, [0.5, 0.5, 0.0, 0.0], {"k": "b", "n": 1}),
    Point(UUID, [0.0, 0.0, 0.0, 1.0], {}),
]
INDEXED = {**PLAIN, "optimizers_config": {"indexing_threshold": 1}}
ENOUGH_TO_BE_INDEXED = [Point(number, [1.0, 0.0, 0.0, float(number)], {}) for number in range(1000)]
"""1,000 × 4 × 4 bytes are more than one KiB."""


class Silent:
    """A watch that nobody looks at."""

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        pass

    def stopping(self) -> bool:
        return False


@pytest.fixture
def documents(server: Server) -> str:
    """An empty collection."""
    name = server.name("documents")
    server.target.create(name, PLAIN)
    return name


@pytest.fixture
def filled(server: Server, documents: str) -> str:
    """A collection with POINTS."""
    server.target.insert(documents, POINTS)
    return documents


def aliased(alias: str, collection: str) -> dict[str, Any]:
    return {"create_alias": {"alias_name": alias, "collection_name": collection}}


def renamed(former: str, alias: str) -> dict[str, Any]:
    return {"rename_alias": {"old_alias_name": former, "new_alias_name": alias}}


def shadowed(server: Server, name: str, by: str) -> None:
    """Lets the alias `name` stand before the collection of that name."""
    server.target.change_aliases([aliased(server.name("next"), by), renamed(server.name("next"), name)])


# ---------------------------------------------------------------- collections


def test_a_new_collection_has_the_settings_that_were_sent(server: Server, documents: str) -> None:
    assert server.target.info(documents)["config"]["params"]["vectors"] == PLAIN["vectors"]


def test_collections_are_listed_in_order(server: Server) -> None:
    names = [server.name(stem) for stem in ("b", "a", "c")]
    for name in names:
        server.target.create(name, PLAIN)
    assert [name for name in server.target.collections() if name in names] == sorted(names)


def test_a_name_that_a_collection_has_is_taken(server: Server, documents: str) -> None:
    with pytest.raises(Taken):
        server.target.create(documents, PLAIN)


def test_a_name_that_an_alias_has_is_taken(server: Server, documents: str) -> None:
    server.target.change_aliases([aliased(server.name("docs"), documents)])
    with pytest.raises(Taken):
        server.target.create(server.name("docs"), PLAIN)


def test_a_collection_that_is_missing_has_no_info(server: Server) -> None:
    with pytest.raises(NotThere):
        server.target.info(server.name("nothing"))


def test_a_change_is_seen_at_once(server: Server, documents: str) -> None:
    server.target.update(documents, {"hnsw_config": {"m": 32}})
    assert server.target.info(documents)["config"]["hnsw_config"]["m"] == 32


def test_a_change_of_a_missing_collection_fails(server: Server) -> None:
    with pytest.raises(NotThere):
        server.target.update(server.name("nothing"), {"hnsw_config": {"m": 32}})


def test_a_refused_change_tells_the_words_of_the_server(server: Server, documents: str) -> None:
    with pytest.raises(StoreError, match="Not existing vector name error: zzz"):
        server.target.update(documents, {"vectors": {"zzz": {"on_disk": True}}})


def test_a_deleted_collection_is_gone(server: Server, documents: str) -> None:
    server.target.delete(documents)
    assert documents not in server.target.collections()


def test_deleting_what_is_not_there_does_nothing(server: Server, documents: str) -> None:
    server.target.change_aliases([aliased(server.name("docs"), documents)])
    server.target.delete(server.name("nothing"))
    server.target.delete(server.name("docs"))
    assert documents in server.target.collections()


def test_many_collections_are_asked_side_by_side(server: Server) -> None:
    names = [server.name(str(number)) for number in range(100)]
    for name in names:
        server.target.create(name, PLAIN)
    found = server.target.infos([*names, server.name("nothing")])
    assert list(found) == names


def test_odd_names_are_names(server: Server) -> None:
    name = server.name("a%2Fb#c d ä&e=f")
    server.target.create(name, PLAIN)
    assert name in server.target.collections()
    assert server.target.info(name)["points_count"] == 0


# -------------------------------------------------------------------- aliases


def test_an_alias_is_repointed(server: Server, documents: str) -> None:
    docs, newer = server.name("docs"), server.name("documents_v2")
    server.target.create(newer, PLAIN)
    server.target.change_aliases([aliased(docs, documents)])
    server.target.change_aliases([aliased(docs, newer)])
    assert server.target.aliases()[docs] == newer


def test_an_alias_to_nothing_fails(server: Server) -> None:
    with pytest.raises(NotThere):
        server.target.change_aliases([aliased(server.name("docs"), server.name("nothing"))])


def test_an_alias_over_a_collection_is_taken(server: Server, documents: str) -> None:
    with pytest.raises(Taken):
        server.target.change_aliases([aliased(documents, documents)])


def test_a_name_resolves_to_its_collection(server: Server, documents: str) -> None:
    assert server.target.resolve(documents) == documents


def test_an_alias_resolves_to_what_is_behind_it(server: Server, documents: str) -> None:
    server.target.change_aliases([aliased(server.name("docs"), documents)])
    assert server.target.resolve(server.name("docs")) == documents


def test_a_name_that_nothing_has_resolves_to_nothing(server: Server) -> None:
    assert server.target.resolve(server.name("nothing")) is None


def test_an_alias_wins_over_a_collection_of_its_name(server: Server, documents: str) -> None:
    newer = server.name("documents_v2")
    server.target.create(newer, PLAIN)
    shadowed(server, documents, by=newer)
    assert server.target.resolve(documents) == newer


def test_deleting_a_shadowed_name_takes_the_collection(server: Server, documents: str) -> None:
    newer = server.name("documents_v2")
    server.target.create(newer, PLAIN)
    shadowed(server, documents, by=newer)
    server.target.delete(documents)
    assert documents not in server.target.collections()
    assert server.target.resolve(documents) == newer


# ------------------------------------------------------------ payload indexes


@pytest.mark.parametrize("path", ["k", "o.p", "arr[].v", '"a.b"', '"sp ace"'])
def test_an_index_comes_and_goes(server: Server, filled: str, path: str) -> None:
    server.target.put_index(filled, path, {"type": "keyword"})
    assert list(server.target.info(filled)["payload_schema"]) == [path]
    server.target.delete_index(filled, path)
    assert server.target.info(filled)["payload_schema"] == {}


def test_an_index_is_complete_when_the_call_returns(server: Server, filled: str) -> None:
    server.target.put_index(filled, "k", {"type": "keyword"})
    assert server.target.info(filled)["payload_schema"]["k"]["points"] == 2


def test_an_index_is_replaced_by_one_of_another_kind(server: Server, filled: str) -> None:
    server.target.put_index(filled, "k", {"type": "keyword"})
    server.target.put_index(filled, "k", {"type": "uuid"})
    assert server.target.info(filled)["payload_schema"]["k"]["data_type"] == "uuid"


def test_deleting_an_index_that_is_not_there_does_nothing(server: Server, documents: str) -> None:
    server.target.delete_index(documents, "never")
    assert server.target.info(documents)["payload_schema"] == {}


# --------------------------------------------------------------------- points


def test_points_come_back_as_they_were_written(server: Server, filled: str) -> None:
    page = server.target.page(filled, None, 10)
    assert (page.points, page.next) == (POINTS, None)


def test_pages_follow_one_another_without_a_gap(server: Server, filled: str) -> None:
    first = server.target.page(filled, None, 2)
    second = server.target.page(filled, first.next, 2)
    assert [*first.points, *second.points] == POINTS
    assert second.next is None


def test_a_page_of_ids_holds_nothing_else(server: Server, filled: str) -> None:
    page = server.target.page(filled, None, 10, vectors=False)
    assert page.points == [Point(1, {}, {}), Point(2, {}, {}), Point(UUID, {}, {})]


def test_points_are_counted(server: Server, filled: str) -> None:
    assert server.target.count(filled) == len(POINTS)


def test_counting_a_missing_collection_fails(server: Server) -> None:
    with pytest.raises(NotThere):
        server.target.count(server.name("nothing"))


def test_inserting_changes_no_point_that_is_there(server: Server, filled: str) -> None:
    server.target.insert(filled, [Point(1, [9.0, 9.0, 9.0, 9.0], {"k": "z"}), Point(3, [0.0] * 4, {})])
    points = server.target.page(filled, None, 10).points
    assert [points[0], points[2]] == [POINTS[0], Point(3, [0.0] * 4, {})]


def test_upserting_replaces_a_point(server: Server, filled: str) -> None:
    newer = Point(1, [9.0, 9.0, 9.0, 9.0], {"k": "z"})
    server.target.upsert(filled, [newer])
    assert server.target.page(filled, None, 1).points == [newer]


def test_removed_points_are_gone(server: Server, filled: str) -> None:
    server.target.remove(filled, [1, UUID, 77])
    assert server.target.page(filled, None, 10).points == [POINTS[1]]


@pytest.mark.parametrize(
    "vector",
    [
        {"m": [[1, 2], [3, 4]], "s": {"indices": [3, 7], "values": [1, 2]}},
        {"s": {"indices": [3], "values": [0.5]}},
        {},
    ],
)
def test_vectors_of_every_form_are_written(server: Server, vector: dict[str, Any]) -> None:
    name = server.name("named")
    server.target.create(name, NAMED)
    server.target.insert(name, [Point(1, vector, {})])
    assert server.target.page(name, None, 1).points == [Point(1, vector, {})]


def test_a_copy_is_equal_to_the_last_bit(server: Server) -> None:
    cosine = {"vectors": {"size": 3, "distance": "Cosine"}}
    source, copy = server.name("source"), server.name("copy")
    server.target.create(source, cosine)
    server.target.create(copy, cosine)
    server.target.upsert(source, [Point(n, [1 / (n + 1), n / 7, 1e-30], {"f": n / 3}) for n in range(200)])
    points = server.target.page(source, None, 1000).points
    server.target.insert(copy, points)
    assert server.target.page(copy, None, 1000).points == points


def test_the_nearest_come_first(server: Server, filled: str) -> None:
    server.needs_a_real_one()
    found = server.target.nearest(filled, [0.0, 0.1, 0.0, 1.0], "", 2, exact=True)
    assert [hit.id for hit in found] == [UUID, 2]


def test_a_server_that_does_not_search_is_told(server: Server, filled: str) -> None:
    server.hooks.fail_next(501, "not implemented")
    with pytest.raises(Unsupported):
        server.target.nearest(filled, [1.0, 0.0, 0.0, 0.0], "", 2, exact=True)


# ----------------------------------------------------------------------- work


def test_a_collection_at_rest_is_idle(server: Server, documents: str) -> None:
    server.target.settle(documents, Silent(), 60)
    assert server.target.work(documents).idle


def test_a_rebuild_is_waited_for(server: Server) -> None:
    name = server.name("indexed")
    server.target.create(name, INDEXED)
    server.target.upsert(name, ENOUGH_TO_BE_INDEXED)
    server.target.settle(name, Silent(), 60)
    assert server.target.info(name)["indexed_vectors_count"] == len(ENOUGH_TO_BE_INDEXED)


def test_the_wait_ends_after_the_rebuild(server: Server) -> None:
    double, name = server.hooks, server.name("indexed")
    seen: list[Work] = []

    def sleep(seconds: float) -> None:
        seen.append(server.target.work(name))
        double.release_rebuilds()

    double.hold_rebuilds()
    server.target.create(name, INDEXED)
    server.target.upsert(name, ENOUGH_TO_BE_INDEXED)
    server.connect(clock=Clock(sleep=sleep)).settle(name, Silent(), 60)
    assert [seen[0].status, *(work.status for work in seen[1:])] == ["yellow", "green", "green"]


def test_waking_a_collection_changes_none_of_its_settings(server: Server, documents: str) -> None:
    before = server.target.info(documents)["config"]
    server.target.wake(documents)
    assert server.target.info(documents)["config"] == before


def test_segments_tell_what_was_built(server: Server) -> None:
    server.needs_a_real_one()
    name = server.name("indexed")
    server.target.create(name, INDEXED)
    server.target.upsert(name, ENOUGH_TO_BE_INDEXED)
    server.target.settle(name, Silent(), 60)
    segments = server.target.segments(name)
    assert sum(segment.points for segment in segments) == len(ENOUGH_TO_BE_INDEXED)
    assert [s.index[""]["m"] for s in segments if s.points] == [16] * sum(bool(s.points) for s in segments)
