"""Each operation of the embedded target, on the real engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from qdrant_edge import EdgeShard

from apexplan.model.errors import StoreError, Unsupported
from apexplan_qdrant.edge import open_collection
from apexplan_qdrant.edge.registry import directory_of
from apexplan_qdrant.edge.shards import MOST_OPEN
from apexplan_qdrant.edge.target import EdgeTarget
from apexplan_qdrant.errors import NotThere, Taken
from apexplan_qdrant.target import Point, Target

from .edge_kit import SMALL, Watched, edge, points

pytestmark = pytest.mark.live
GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "qdrant-edge.md"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[EdgeTarget]:
    with edge(tmp_path) as target:
        yield target


def alias(name: str, collection: str) -> dict[str, Any]:
    return {"create_alias": {"alias_name": name, "collection_name": collection}}


def shards(directory: Path) -> int:
    return len(list((directory / "shards").glob("*")))


def test_it_is_a_target(target: EdgeTarget) -> None:
    found: Target = target
    assert found.embedded


# ------------------------------------------------------------------------------ collections and aliases


def test_a_created_collection_is_listed(target: EdgeTarget) -> None:
    target.create("b", SMALL)
    target.create("a", SMALL)
    assert target.collections() == ["a", "b"]


def test_info_has_the_shape_of_the_server(target: EdgeTarget) -> None:
    target.create("a", SMALL | {"metadata": {"k": 1}})
    info = target.info("a")
    assert info["status"] == "green"
    assert info["config"]["params"]["vectors"] == SMALL["vectors"]
    assert info["config"]["metadata"] == {"k": 1}
    assert info["points_count"] == 0
    assert info["payload_schema"] == {}


def test_a_name_that_a_collection_has_is_taken(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    with pytest.raises(Taken, match="collection a"):
        target.create("a", SMALL)


def test_a_name_that_an_alias_has_is_taken(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.change_aliases([alias("b", "a")])
    with pytest.raises(Taken, match="alias b"):
        target.create("b", SMALL)


def test_a_name_that_cannot_be_one_is_refused(target: EdgeTarget) -> None:
    with pytest.raises(StoreError, match="cannot contain"):
        target.create("a/b", SMALL)


@pytest.mark.parametrize("name", ["..", "Ä b", "x" * 255, "a.b"])
def test_an_odd_name_can_be_used(target: EdgeTarget, name: str) -> None:
    target.create(name, SMALL)
    target.insert(name, points(1))
    assert target.count(name) == 1


def test_what_edge_cannot_do_makes_nothing(target: EdgeTarget, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="shard_number 2"):
        target.create("a", SMALL | {"shard_number": 2})
    assert target.collections() == []


def test_what_the_engine_refuses_is_no_collection(target: EdgeTarget) -> None:
    with pytest.raises(StoreError, match=r"a: .*QuantizationConfig"):
        target.create("a", SMALL | {"quantization_config": {"scalar": {"type": "int9"}}})
    assert target.collections() == []


def test_a_collection_without_vectors_can_be_made(target: EdgeTarget) -> None:
    target.create("a", {})
    target.insert("a", [Point(1, {}, {"k": 1})])
    assert target.count("a") == 1


def test_every_setting_reaches_the_engine(target: EdgeTarget) -> None:
    target.create(
        "a",
        {
            "vectors": {
                "big": {
                    "size": 8,
                    "distance": "Cosine",
                    "datatype": "float16",
                    "memory": "cold",
                    "hnsw_config": {"m": 4, "memory": "cached"},
                    "quantization_config": {"binary": {"encoding": "two_bits"}},
                },
                "many": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}},
            },
            "sparse_vectors": {"s": {"modifier": "idf", "index": {"on_disk": True, "datatype": "float16"}}},
            "quantization_config": {"turbo": {"bits": "bits2"}},
            "hnsw_config": {"payload_m": 8, "inline_storage": True},
            "optimizers_config": {"prevent_unoptimized": False, "default_segment_number": 1},
            "payload": {"memory": "cached"},
        },
    )
    target.insert("a", [Point(1, {"big": [1.0] * 8}, {})])
    assert target.count("a") == 1


def test_a_deleted_collection_leaves_neither_name_nor_alias_nor_files(
    target: EdgeTarget, tmp_path: Path
) -> None:
    target.create("a", SMALL)
    target.change_aliases([alias("x", "a")])
    target.delete("a")
    assert (target.collections(), dict(target.aliases()), shards(tmp_path)) == ([], {}, 0)


def test_deleting_what_is_not_there_does_nothing(target: EdgeTarget) -> None:
    target.delete("a")
    assert target.collections() == []


def test_deleting_takes_the_shadowed_collection_and_leaves_the_alias(target: EdgeTarget) -> None:
    target.create("docs", SMALL)
    target.create("docs_v2", SMALL)
    rename = {"rename_alias": {"old_alias_name": "next", "new_alias_name": "docs"}}
    target.change_aliases([alias("next", "docs_v2"), rename])
    target.delete("docs")
    assert (target.collections(), target.resolve("docs")) == (["docs_v2"], "docs_v2")


def test_a_deleted_collection_can_be_made_again_and_is_empty(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", points(3))
    target.delete("a")
    target.create("a", SMALL)
    assert target.count("a") == 0


def test_info_goes_through_an_alias(target: EdgeTarget) -> None:
    target.create("a", SMALL | {"metadata": {"k": 1}})
    target.change_aliases([alias("x", "a")])
    assert target.info("x")["config"]["metadata"] == {"k": 1}


def test_infos_leave_out_what_is_not_there(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    assert list(target.infos(["a", "b"])) == ["a"]


@pytest.mark.parametrize("call", ["info", "count", "segments", "wake", "work"])
def test_what_is_not_there_is_told_by_name(target: EdgeTarget, call: str) -> None:
    with pytest.raises(NotThere, match="missing"):
        getattr(target, call)("missing")


def test_asking_for_what_is_not_there_makes_no_directory(tmp_path: Path) -> None:
    with edge(tmp_path / "none") as target, pytest.raises(NotThere):
        target.count("a")
    assert not (tmp_path / "none").exists()


# --------------------------------------------------------------------------------------- payload indexes


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "keyword", "is_tenant": True, "on_disk": False},
        {"type": "integer", "lookup": True, "range": False, "is_principal": True},
        {"type": "float", "memory": "cold", "enable_hnsw": False},
        {"type": "bool"},
        {"type": "geo", "on_disk": True},
        {"type": "datetime", "is_principal": False},
        {"type": "uuid", "is_tenant": False},
        {
            "type": "text",
            "tokenizer": "multilingual",
            "min_token_len": 2,
            "lowercase": True,
            "phrase_matching": True,
            "stopwords": {"languages": ["english", "german"], "custom": ["foo"]},
            "stemmer": {"type": "snowball", "language": "english"},
        },
        {"type": "text", "tokenizer": "word", "stopwords": "german", "stemmer": {"type": "none"}},
    ],
    ids=lambda schema: str(schema["type"]),
)
def test_an_index_is_shown_as_it_was_made(tmp_path: Path, schema: dict[str, Any]) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
        target.put_index("a", "k", schema)
        assert target.info("a")["payload_schema"]["k"]["params"] == schema
    with edge(tmp_path) as target:
        assert target.info("a")["payload_schema"]["k"]["params"] == schema


@pytest.mark.parametrize(
    ("path", "shown"), [('"k"', "k"), ('"a.b"', '"a.b"'), ("arr[].v", "arr[].v"), ("a.b.c", "a.b.c")]
)
def test_a_path_is_shown_in_its_plainest_form(target: EdgeTarget, path: str, shown: str) -> None:
    target.create("a", SMALL)
    target.put_index("a", path, {"type": "keyword"})
    assert list(target.info("a")["payload_schema"]) == [shown]


def test_an_index_takes_the_place_of_another(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.put_index("a", "k", {"type": "keyword"})
    target.put_index("a", "k", {"type": "integer"})
    assert {p: entry["data_type"] for p, entry in target.info("a")["payload_schema"].items()} == {
        "k": "integer"
    }


def test_a_dropped_index_is_gone(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.put_index("a", "k", {"type": "keyword"})
    target.delete_index("a", "k")
    assert target.info("a")["payload_schema"] == {}


def test_dropping_an_index_that_is_not_there_does_nothing(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.delete_index("a", "k")
    assert target.info("a")["payload_schema"] == {}


@pytest.mark.parametrize(
    "schema", [{"type": "words"}, {"type": "keyword", "size": 1}, {"type": "text", "tokenizer": "none"}]
)
def test_an_index_that_edge_does_not_know_is_refused(target: EdgeTarget, schema: dict[str, Any]) -> None:
    target.create("a", SMALL)
    with pytest.raises(StoreError, match="a: "):
        target.put_index("a", "k", schema)


def test_an_index_that_somebody_else_made_is_learnt(target: EdgeTarget, tmp_path: Path) -> None:
    import qdrant_edge

    target.create("a", SMALL)
    target.close()
    with open_collection(str(tmp_path), "a") as shard:
        kind = qdrant_edge.PayloadSchemaType.Keyword
        shard.update(qdrant_edge.UpdateOperation.create_field_index("k", kind))
    assert target.info("a")["payload_schema"] == {"k": {"data_type": "keyword", "points": None}}


# ------------------------------------------------------------------------------------------------ points

_MANY = {
    "vectors": {
        "a": {"size": 2, "distance": "Dot"},
        "m": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}},
    },
    "sparse_vectors": {"s": {}},
}
_UUID = "0f0f0f0f-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    "point",
    [
        Point(1, {"a": [0.5, 1.5]}, {"k": {"deep": [1, None, True, 1.5, "z"]}}),
        Point(2**64 - 1, {"m": [[1.0, 2.0], [3.0, 4.0]]}, {}),
        Point(_UUID, {"s": {"indices": [1, 7], "values": [0.5, 0.25]}}, {}),
        Point(3, {}, {"k": "v"}),
    ],
    ids=lambda point: str(point.id),
)
def test_a_point_comes_back_as_it_was_written(target: EdgeTarget, point: Point) -> None:
    target.create("a", _MANY)
    target.insert("a", [point])
    assert list(target.page("a", None, 10).points) == [point]


def test_the_unnamed_vector_comes_back_as_a_list(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", points(1))
    assert list(target.page("a", None, 1).points) == points(1)


def test_pages_go_on_where_the_last_ended_numbers_before_uuids(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", [Point(_UUID, {}, {}), *points(3)])
    first = target.page("a", None, 3)
    second = target.page("a", first.next, 3)
    assert [p.id for p in (*first.points, *second.points)] == [0, 1, 2, _UUID]
    assert (first.next, second.next) == (_UUID, None)


def test_a_page_without_vectors_has_ids_alone(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", points(1))
    assert list(target.page("a", None, 1, vectors=False).points) == [Point(0, {}, {})]


def test_insert_leaves_a_point_that_is_there(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", points(1))
    target.insert("a", [Point(0, [9.0] * 4, {"other": 1}), Point(1, [9.0] * 4, {})])
    assert list(target.page("a", None, 9).points) == [*points(1), Point(1, [9.0] * 4, {})]


def test_upsert_goes_over_a_point_that_is_there(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", points(1))
    target.upsert("a", [Point(0, [9.0] * 4, {"other": 1})])
    assert list(target.page("a", None, 9).points) == [Point(0, [9.0] * 4, {"other": 1})]


def test_removed_points_are_gone(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", [*points(3), Point(_UUID, {}, {})])
    target.remove("a", [1, _UUID, 77])
    assert [point.id for point in target.page("a", None, 9).points] == [0, 2]


@pytest.mark.parametrize(
    "point", [Point(1, [1.0], {}), Point("x", [1.0] * 4, {}), Point(1, {"other": [1.0] * 4}, {})]
)
def test_a_point_that_does_not_fit_is_refused(target: EdgeTarget, point: Point) -> None:
    target.create("a", SMALL)
    with pytest.raises(StoreError, match="a: "):
        target.insert("a", [point])


def test_a_point_that_was_refused_is_not_there_after_a_restart(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
        target.insert("a", points(1))
        with pytest.raises(StoreError):
            target.insert("a", [Point(1, [1.0], {})])
    with edge(tmp_path) as target:
        assert [point.id for point in target.page("a", None, 9).points] == [0]


@pytest.mark.parametrize("exact", [True, False])
def test_the_nearest_come_best_first(target: EdgeTarget, exact: bool) -> None:
    target.create("a", SMALL)
    target.insert("a", [Point(n, [float(n)] * 4, {}) for n in range(5)] + [Point(_UUID, [9.0] * 4, {})])
    found = target.nearest("a", [1.0] * 4, "", 3, exact=exact)
    assert [hit.id for hit in found] == [_UUID, 4, 3]


@pytest.mark.parametrize(
    ("using", "vector"),
    [("a", [1.0, 1.0]), ("m", [[1.0, 1.0]]), ("s", {"indices": [1], "values": [1.0]})],
)
def test_every_kind_of_vector_can_be_asked_for(target: EdgeTarget, using: str, vector: Any) -> None:
    target.create("a", _MANY)
    target.insert("a", [Point(1, {using: vector}, {})])
    assert [hit.id for hit in target.nearest("a", vector, using, 3, exact=True)] == [1]


# ---------------------------------------------------------------------------------------------- the rest


def test_the_number_of_points_is_known_after_a_close(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
        target.insert("a", points(3))
    assert target.info("a")["points_count"] == 3


def test_more_collections_than_may_be_open_can_be_used(target: EdgeTarget) -> None:
    names = [f"c{n}" for n in range(MOST_OPEN + 2)]
    for name in names:
        target.create(name, SMALL)
        target.insert(name, points(2))
    assert {name: target.info(name)["points_count"] for name in names} == dict.fromkeys(names, 2)


def test_only_the_shards_used_last_stay_open(target: EdgeTarget, tmp_path: Path) -> None:
    for n in range(MOST_OPEN + 1):
        target.create(f"c{n}", SMALL)
    shard = EdgeShard.load(str(tmp_path / "shards" / directory_of("c0")))
    shard.close()
    with pytest.raises(Exception, match="WouldBlock"):
        EdgeShard.load(str(tmp_path / "shards" / directory_of("c1")))


def test_reading_names_and_configurations_opens_no_shard(target: EdgeTarget, tmp_path: Path) -> None:
    target.create("a", SMALL)
    target.close()
    with edge(tmp_path) as reader:
        reader.infos(reader.collections())
        reader.resolve("a")
        with edge(tmp_path) as writer:
            writer.insert("a", points(1))
        assert reader.info("a")["points_count"] == 1


def test_an_application_finds_a_collection_by_its_alias(target: EdgeTarget, tmp_path: Path) -> None:
    target.create("a", SMALL)
    target.insert("a", points(3))
    target.change_aliases([alias("x", "a")])
    target.close()
    with open_collection(str(tmp_path), "x") as shard:
        assert shard.info().points_count == 3


def test_an_application_may_close_its_shard(target: EdgeTarget, tmp_path: Path) -> None:
    target.create("a", SMALL)
    target.close()
    with open_collection(str(tmp_path), "a") as shard:
        shard.close()
    assert target.count("a") == 0


def test_an_application_that_asks_for_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="x"), open_collection(str(tmp_path), "x"):
        pass


def test_doctor_is_told_what_waits(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.update("a", {"hnsw_config": {"m": 8}})
    assert "a" in {check.value for check in target.examine()}


def test_a_closed_target_can_be_used_again(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.close()
    target.settle("a", Watched(), 60)
    assert target.count("a") == 0


def test_threads_share_a_target(target: EdgeTarget) -> None:
    for name in ("a", "b"):
        target.create(name, SMALL)

    def insert(start: int) -> None:
        target.insert("ab"[start % 2], points(50, start=start * 50))
        target.info("ab"[start % 2])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insert, range(40)))
    assert (target.count("a"), target.count("b")) == (1_000, 1_000)


def test_the_guide_opens_a_collection(
    target: EdgeTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target.create("documents_v1", SMALL)
    target.insert("documents_v1", points(3))
    target.change_aliases([alias("documents", "documents_v1")])
    target.close()
    (tmp_path / ".apexplan").mkdir()
    (tmp_path / ".apexplan" / "qdrant").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    exec(example[1], {})
    assert capsys.readouterr().out == "2 3\n"
