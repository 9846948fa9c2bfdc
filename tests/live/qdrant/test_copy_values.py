"""What arrives in a copy: every kind of vector, payload and id, bit for bit or as its new datatype has it;
new vectors by an embedder; and what cannot be carried over is refused before anything is done."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from typing import Any
from uuid import UUID

import pytest

from apexplan_qdrant import embedding
from apexplan_qdrant.target import Point, PointId

from .bench import applied, objects
from .spied import SpiedBench

pytestmark = pytest.mark.live

HEAD = "\ncollections:\n  documents:\n    on_replace: copy\n"
COPY = "    copy: {sample: 0, batch: 16}\n"
SEED = 4242


def declared(vectors: str, more: str = COPY) -> str:
    return f"{HEAD}    vectors: {vectors}\n{more}"


V1 = declared("{size: 4, distance: Dot}")
HALF = declared("{size: 4, distance: Dot, datatype: float16}")


def drawn(count: int, size: int, low: float = -1, high: float = 1) -> list[list[float]]:
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    return [[draw.uniform(low, high) for _ in range(size)] for _ in range(count)]


def payloads(bench: SpiedBench) -> dict[Any, Any]:
    return {number: payload for number, (_, payload) in bench.points("documents").items()}


def blocking(bench: SpiedBench, manifest: str) -> str:
    """Returns the one note that stands in the way of a manifest, with its mend."""
    (note,) = [note for note in bench.notes(objects(manifest)) if note.blocks]
    return f"{note.text}; {note.mend}"


# ------------------------------------------------------------------ vectors


@pytest.mark.parametrize("distance", ["Cosine", "Dot", "Euclid", "Manhattan"])
@pytest.mark.parametrize("datatype", ["float16", "uint8"])
def test_vectors_arrive_as_their_new_datatype_has_them(
    bench: SpiedBench, distance: str, datatype: str
) -> None:
    """The comparison that ends the copy finds them so; 16 bits hold three digits, 8 whole numbers."""
    applied(bench.apply(objects(declared(f"{{size: 16, distance: {distance}}}"))))
    vectors = drawn(200, 16, 0, 200)
    bench.write("documents", [Point(n, vector, {}) for n, vector in enumerate(vectors)])
    before = bench.points("documents")
    applied(bench.apply(objects(declared(f"{{size: 16, distance: {distance}, datatype: {datatype}}}"))))
    near = 1.0 if datatype == "uint8" else 0.1
    after = bench.points("documents")
    assert after.keys() == before.keys()
    for number, (vector, _) in after.items():
        assert vector == pytest.approx(before[number][0], abs=near)


def test_a_value_in_the_middle_between_two_of_16_bits_goes_the_way_of_the_store(bench: SpiedBench) -> None:
    """Read as 64 bits the numbers lie a little above the middle; as the 32 bits that they are, in it."""
    middles = [0.09768677, 0.27819824, -0.27819824, -0.09768677]
    applied(bench.apply(objects(V1)))
    bench.write("documents", [Point(1, middles, {})])
    applied(bench.apply(objects(HALF)))
    assert bench.points("documents")[1][0] == pytest.approx(middles, abs=2e-4)


def test_vectors_of_one_datatype_arrive_bit_for_bit(bench: SpiedBench) -> None:
    applied(bench.apply(objects(declared("{size: 16, distance: Cosine}"))))
    bench.write("documents", [Point(n, vector, {}) for n, vector in enumerate(drawn(200, 16))])
    before = bench.points("documents")
    applied(bench.apply(objects(declared("{size: 16, distance: Cosine}", COPY + "    physical: other\n"))))
    assert bench.names()["documents"] == "other"
    assert bench.points("documents") == before


RICH = """
    vectors:
      text: {size: 4, distance: Dot}
      rows: {size: 2, distance: Dot, multivector: max_sim}
    sparse_vectors: {words: {}}
"""
RICH_HALF = RICH.replace("size: 4, distance: Dot", "size: 4, distance: Dot, datatype: float16")


def rich(number: int) -> Point:
    """Every third point lacks a vector."""
    vectors = {
        "text": [1.0, 2.0, 0.5, float(number)],
        "rows": [[float(number), 0.5], [0.25, 1.0], [1.5, 1.0]],
        "words": {"indices": [1, 7, 100 + number], "values": [0.5, 0.25, 1.0]},
    }
    left_out = ("text", "rows", "words", None)[number % 4]
    return Point(number, {k: v for k, v in vectors.items() if k != left_out}, {"n": number})


def test_multivectors_sparse_vectors_and_points_without_some_arrive(bench: SpiedBench) -> None:
    applied(bench.apply(objects(HEAD + RICH + COPY)))
    bench.write("documents", [rich(number) for number in range(1, 60)])
    before = bench.points("documents")
    applied(bench.apply(objects(HEAD + RICH_HALF + COPY)))
    assert bench.points("documents") == before


def test_a_named_vector_that_is_no_longer_declared_is_left_behind(bench: SpiedBench) -> None:
    applied(bench.apply(objects(HEAD + RICH + COPY)))
    bench.write("documents", [rich(number) for number in range(1, 60)])
    before = bench.points("documents")
    applied(bench.apply(objects(HEAD + "    vectors: {text: {size: 4, distance: Dot}}\n" + COPY)))
    after = bench.points("documents")
    for number, (vector, payload) in before.items():
        kept = {"text": vector["text"]} if "text" in vector else {}
        assert after[number] == (kept, payload)


def test_a_named_vector_that_is_new_is_empty_at_first(bench: SpiedBench) -> None:
    one = "    vectors: {text: {size: 4, distance: Dot}}\n"
    two = "    vectors: {text: {size: 4, distance: Dot}, image: {size: 2, distance: Dot}}\n"
    applied(bench.apply(objects(HEAD + one + COPY)))
    bench.write("documents", [Point(n, {"text": [1.0, 2.0, 3.0, float(n)]}, {}) for n in range(40)])
    before = bench.points("documents")
    applied(bench.apply(objects(HEAD + two + COPY)))
    assert bench.points("documents") == before


# ------------------------------------------------------------------ payloads and ids


def test_payload_fields_are_renamed_and_left_behind(bench: SpiedBench) -> None:
    bench.filled(V1, 40)
    moved = "    copy: {sample: 0, batch: 16, transform: {rename: {n: number}, drop: [user]}}\n"
    applied(bench.apply(objects(declared("{size: 4, distance: Dot, datatype: float16}", moved))))
    assert payloads(bench) == {n: {"number": n} for n in range(1, 41)}


def test_odd_payloads_arrive(bench: SpiedBench) -> None:
    odd = [
        {},
        {"": 1, "a.b": 2, "a": {"b": [1, [2], {"c": None}]}},
        {"text": 'Ünïcödé \u2028 \U0001f600 \\ "quoted"', "n": 2**53 - 1, "f": 0.1},
    ]
    applied(bench.apply(objects(V1)))
    bench.write("documents", [Point(n, [1.0, 2.0, 3.0, 4.0], payload) for n, payload in enumerate(odd)])
    before = bench.points("documents")
    applied(bench.apply(objects(HALF)))
    assert bench.points("documents") == before


def test_ids_of_all_kinds_arrive_in_their_order(bench: SpiedBench) -> None:
    """Whole numbers up to 64 bits, UUIDs after them, some of which look like small numbers."""
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    numbers = [
        0,
        1,
        2**53,
        2**53 + 1,
        2**63 - 1,
        2**63,
        2**64 - 1,
        *(draw.getrandbits(64) for _ in range(30)),
    ]
    uuids = [str(UUID(int=n)) for n in (0, 1, 2**128 - 1, *(draw.getrandbits(128) for _ in range(30)))]
    ids: list[PointId] = [*numbers, *uuids]
    draw.shuffle(ids)
    applied(bench.apply(objects(V1)))
    bench.write("documents", [Point(one, [1.0, 2.0, 3.0, 4.0], {"id": str(one)}) for one in ids])
    applied(bench.apply(objects(HALF)))
    assert payloads(bench) == {one: {"id": str(one)} for one in ids}


def test_a_batch_of_one_is_enough(bench: SpiedBench) -> None:
    bench.filled(V1, 12)
    one = declared("{size: 4, distance: Dot, datatype: float16}", "    copy: {sample: 0, batch: 1}\n")
    applied(bench.apply(objects(one)))
    assert len(bench.points("documents")) == 12


def test_nothing_is_copied_from_nothing(bench: SpiedBench) -> None:
    applied(bench.apply(objects(V1)))
    applied(bench.apply(objects(HALF)))
    assert bench.names()["documents"] == "documents_v2"
    assert bench.points("documents") == {}


# ------------------------------------------------------------------ embedders

EMBEDDED = declared("{size: 8, distance: Dot}", "    copy: {sample: 0, batch: 16, embed: by-number}\n")


def by_number(points: Sequence[Point]) -> list[Any]:
    return [[float(point.payload["n"])] * 8 for point in points]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Installs a function as the embedder `by-number`."""

    def install(function: Any) -> None:
        class Entry:
            name = "by-number"

            def load(self) -> Any:
                return function

        def entries(*, group: str) -> list[EntryPoint] | list[Entry]:
            return [Entry()] if group == embedding.GROUP else []

        monkeypatch.setattr(embedding, "entry_points", entries)

    return install


def test_an_embedder_gives_new_vectors_and_the_rest_stays(
    bench: SpiedBench, installed: Callable[[Any], None]
) -> None:
    installed(by_number)
    bench.filled(V1, 40)
    before = payloads(bench)
    applied(bench.apply(objects(EMBEDDED)))
    assert payloads(bench) == before
    assert {n: vector for n, (vector, _) in bench.points("documents").items()} == {
        n: [float(n)] * 8 for n in before
    }


def test_an_embedder_is_asked_again_for_points_that_change_meanwhile(
    bench: SpiedBench, installed: Callable[[Any], None]
) -> None:
    installed(by_number)
    bench.filled(V1, 40)
    changed = Point(3, [0.0] * 4, {"n": 99})
    bench.spy.before("page", lambda target: target.upsert("documents_v1", [changed]), "documents_v1", nth=3)
    applied(bench.apply(objects(EMBEDDED)))
    assert bench.points("documents")[3] == ([99.0] * 8, {"n": 99})


def raising(points: Sequence[Point]) -> list[Any]:
    raise ConnectionError("the model does not answer")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (raising, ("the embedder raising", "ConnectionError")),
        (lambda points: by_number(points)[1:], ("15 vectors for 16 points",)),
        (lambda points: [[1.0] * 7 for _ in points], ("8",)),
    ],
    ids=["raises", "returns too few", "returns another size"],
)
def test_an_embedder_that_fails_ends_the_copy_and_the_old_one_serves(
    bench: SpiedBench, installed: Callable[[Any], None], function: Any, words: tuple[str, ...]
) -> None:
    installed(function)
    bench.filled(V1, 40)
    error = bench.undone(objects(EMBEDDED))
    for word in words:
        assert word in error
    assert bench.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}
    assert len(bench.points("documents")) == 40


def test_an_embedder_that_nobody_installed_is_told_before(bench: SpiedBench) -> None:
    bench.filled(V1, 5)
    assert "by-number" in blocking(bench, EMBEDDED)


def test_the_way_back_keeps_vectors_that_were_made_anew(
    bench: SpiedBench, installed: Callable[[Any], None]
) -> None:
    """Nobody can tell whether readers changed them since."""
    installed(by_number)
    bench.filled(V1, 40)
    applied(bench.apply(objects(EMBEDDED)))
    applied(bench.roll_back())
    assert bench.names()["documents"] == "documents_v1"
    assert len(bench.points("documents_v2")) == 40


# ------------------------------------------------------------------ refused, and found wanting


@pytest.mark.parametrize(
    "other",
    [
        "{size: 8, distance: Dot}",
        "{size: 4, distance: Cosine}",
        "{size: 4, distance: Dot, multivector: max_sim}",
    ],
)
def test_values_that_no_copy_can_make_are_refused_with_a_way(bench: SpiedBench, other: str) -> None:
    bench.filled(V1, 5)
    assert "embed" in blocking(bench, declared(other))


def test_from_cosine_no_way_leads_back_without_an_embedder(bench: SpiedBench) -> None:
    bench.filled(declared("{size: 4, distance: Cosine}"), 5)
    assert "lengths are lost" in blocking(bench, declared("{size: 4, distance: Euclid}"))


def test_distances_that_keep_their_values_are_copied(bench: SpiedBench) -> None:
    bench.filled(V1, 40)
    before = bench.points("documents")
    applied(bench.apply(objects(declared("{size: 4, distance: Euclid}"))))
    assert bench.points("documents") == before


@pytest.mark.slow
def test_a_copy_that_finds_less_than_is_asked_for_is_undone(edge_bench: SpiedBench) -> None:
    """Compressed to a 64th, ten of 1,000 random neighbours are not found again."""
    asked = "    copy: {sample: 20, batch: 256, recall: 0.99}\n    optimizers: {indexing_threshold: 10}\n"
    vectors = "{size: 64, distance: Dot}"
    applied(edge_bench.apply(objects(declared(vectors, asked))))
    edge_bench.write("documents", [Point(n, v, {}) for n, v in enumerate(drawn(1000, 64))])
    smaller = asked + "    quantization: {product: {compression: x64}}\n"
    error = edge_bench.undone(objects(declared("{size: 64, distance: Dot, datatype: float16}", smaller)))
    assert "99% are asked for" in error
    assert edge_bench.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}
