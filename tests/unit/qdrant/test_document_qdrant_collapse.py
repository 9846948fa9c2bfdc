"""Live objects → a document as a person would write it, which means the same objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_document_kit import check, expanded
from qdrant_wire_kit import after, info, states

from apexplan.manifest.write import render
from apexplan.model.address import Address
from apexplan.model.spec import Spec, same
from apexplan_qdrant.document import KIND
from apexplan_qdrant.names import index_address
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex, Retained
from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.payload_index import OPTIONS, index_values

Objects = Mapping[Address, Spec]
Json = dict[str, Any]
C = Address("vectors", "collection", "c")


def a(text: str) -> Address:
    return Address.parse(f"vectors.{text}")


def live(values: Json, **fields: Any) -> Collection:
    """Returns a collection as it is read: every field is set."""
    apart = {"physical": "c", "health": "ok", "on_replace": None, "over": None, "copying": None}
    return Collection.model_validate({**values, **apart, **fields})


def live_index(kind: str, **params: Any) -> PayloadIndex:
    return PayloadIndex.model_validate(index_values({"data_type": kind, "params": params}))


STOCK = live(after("create/minimal/01"))
RICH: Objects = {
    C: live(after("create/full-single/01")),
    a("collection.named"): live(after("create/named-and-sparse/01"), physical="named_v3"),
    a("collection.own"): live(after("quantization/per-vector/01"), physical="other"),
    index_address("vectors", "c", "user_id"): live_index("keyword", is_tenant=True),
    index_address("vectors", "c", 'meta."my tags"[]'): live_index("keyword"),
    index_address("vectors", "named", "body"): live_index(
        "text", tokenizer="multilingual", stopwords={"languages": ["english"], "custom": ["foo"]}
    ),
    a("alias.search"): Alias(collection="named", over=None),
}


def collapse(objects: Objects) -> Json:
    return KIND.collapse("vectors", objects)


def written(**fields: Any) -> Json:
    """Returns the block of the stock collection with these fields, without its vectors."""
    block: Json = collapse({C: STOCK.model_copy(update=fields)})["collections"]["c"]
    return {key: value for key, value in block.items() if key != "vectors"}


def vectors_of(**config: Any) -> Json:
    """Returns the block `vectors` of a collection with this configuration."""
    block = collapse({C: live(collection_values(info(**config)))})["collections"]["c"]
    found: Json = block["vectors"]
    return found


def written_index(index: PayloadIndex) -> Any:
    found = collapse({C: STOCK, index_address("vectors", "c", "k"): index})
    return found["collections"]["c"]["payload_indexes"]["k"]


def assert_same(objects: Objects, again: Objects) -> None:
    """Every object is there again, and each field that is set means what it was: a plan is empty."""
    assert set(again) == set(objects)
    for address, spec in again.items():
        values = objects[address].values()
        assert {f: v for f, v in spec.values().items() if not same(values[f], v)} == {}, address


def test_a_document_of_everything_means_the_same_objects() -> None:
    assert_same(RICH, expanded(collapse(RICH)))


def test_a_document_of_everything_means_the_same_as_a_file() -> None:
    found = check(render(collapse(RICH)))
    assert found.diagnostics == ()
    assert_same(RICH, {one.address: one.spec for one in found.declared})


def test_an_empty_store_gives_an_empty_document() -> None:
    assert collapse({}) == {"kind": "QdrantSchema", "store": "vectors"}


def test_objects_are_sorted_by_name() -> None:
    document = collapse(RICH)
    assert list(document["collections"]) == sorted(document["collections"])


def recorded() -> Iterator[tuple[str, Objects]]:
    for name, state in states():
        objects: dict[Address, Spec] = {C: live(collection_values(state))}
        for field, entry in state["payload_schema"].items():
            index = PayloadIndex.model_validate(index_values(entry))
            objects[index_address("vectors", "c", field)] = index
        yield name, objects


def _can_be_written(spec: Spec) -> bool:
    """False for what the server takes and a manifest does not: no vectors, no word that is long enough."""
    if isinstance(spec, Collection):
        return bool(spec.vectors or spec.sparse_vectors)
    assert isinstance(spec, PayloadIndex)
    return spec.max_token_len is None or (spec.min_token_len or 0) <= spec.max_token_len


def test_every_recorded_collection_means_itself() -> None:
    for name, objects in recorded():
        again = expanded(collapse(objects))
        kept = {address: spec for address, spec in objects.items() if _can_be_written(spec)}
        assert set(again) == set(kept), name
        assert_same(kept, again)


# ------------------------------------------------------------------ short forms


def test_what_the_delivered_configuration_says_is_left_out() -> None:
    assert written() == {}


def test_one_unnamed_vector_has_no_name() -> None:
    assert vectors_of() == {"size": 4, "distance": "Dot"}


def test_named_vectors_have_their_names() -> None:
    vector = {"size": 4, "distance": "Dot"}
    assert vectors_of(params={"vectors": {"b": vector, "a": vector}}) == {"a": vector, "b": vector}


@pytest.mark.parametrize(
    ("fields", "block"),
    [
        ({"hnsw_m": 32, "hnsw_payload_m": 32}, {"hnsw": {"m": 32}}),
        ({"hnsw_payload_m": 8}, {"hnsw": {"payload_m": 8}}),
        ({"indexing_threshold": 20000}, {"optimizers": {"indexing_threshold": 20000}}),
        ({"wal_capacity_mb": 8}, {"wal": {"capacity_mb": 8}}),
        ({"on_disk_payload": False}, {"on_disk_payload": False}),
        ({"physical": "other"}, {"physical": "other"}),
        ({"physical": "c_v3"}, {}),
        ({"metadata": {"owner": "a"}}, {"metadata": {"owner": "a"}}),
        ({"strict_mode": {"enabled": False, "max_timeout": 5}},) * 2,
        ({"strict_mode": {"enabled": True, "newer": 5}}, {"strict_mode": {"enabled": True}}),
        ({"quantization": {"kind": "spiral"}}, {}),
        (
            {"sparse_vectors": ("s",), "sparse_on_disk": {"s": True}},
            {"sparse_vectors": {"s": {"on_disk": True}}},
        ),
    ],
)
def test_what_differs_from_the_delivered_configuration_is_written(fields: Json, block: Json) -> None:
    assert written(**fields) == block


@pytest.mark.parametrize(
    ("shown", "block"),
    [
        ({"scalar": {"type": "int8"}}, {"scalar": {}}),
        ({"scalar": {"type": "int8", "quantile": 0.99}}, {"scalar": {"quantile": 0.99}}),
        ({"product": {"compression": "x4", "always_ram": True}},) * 2,
        ({"binary": {"encoding": "one_bit"}}, {"binary": {}}),
    ],
)
def test_a_quantization_is_short(shown: Json, block: Json) -> None:
    spec = live(collection_values(info(quantization_config=shown)))
    assert collapse({C: spec})["collections"]["c"]["quantization"] == block


def test_what_a_vector_has_of_its_collection_is_left_out() -> None:
    vector = {"size": 4, "distance": "Dot", "hnsw_config": {"m": 16, "ef_construct": 64}}
    found = vectors_of(params={"vectors": vector}, quantization_config={"binary": {}})
    assert found == {"size": 4, "distance": "Dot", "hnsw": {"ef_construct": 64}}


def test_payload_m_of_a_vector_that_is_as_its_m_is_left_out() -> None:
    found = vectors_of(params={"vectors": {"size": 4, "distance": "Dot", "hnsw_config": {"m": 32}}})
    assert found["hnsw"] == {"m": 32}


def test_payload_m_of_a_vector_is_written_where_the_collection_has_one() -> None:
    own = {"size": 4, "distance": "Dot", "hnsw_config": {"m": 32, "payload_m": 32}}
    found = vectors_of(params={"vectors": own}, hnsw_config={"m": 16, "payload_m": 8})
    assert found["hnsw"] == {"m": 32, "payload_m": 32}


def test_an_index_without_options_is_its_type() -> None:
    assert written_index(live_index("keyword")) == "keyword"


def test_an_index_has_the_options_that_are_no_defaults() -> None:
    found = written_index(live_index("integer", lookup=False, on_disk=False))
    assert found == {"type": "integer", "lookup": False}


def test_stop_words_of_one_language_are_its_name() -> None:
    assert written_index(live_index("text", stopwords="english"))["stopwords"] == "english"


def test_an_alias_is_the_name_of_its_collection() -> None:
    assert collapse({a("alias.x"): Alias(collection="c", over=None)})["aliases"] == {"x": "c"}


# ------------------------------------------------------------------ what is left out


@pytest.mark.parametrize(
    ("address", "spec"),
    [
        (Address("vectors", "collection", "a/b"), STOCK),
        (a("collection.no_vectors"), live(after("create/no-vectors/01"))),
        (a("retained.c_v1"), Retained(former="c", since="2026-01-01T00:00:00Z")),
        (Address("vectors", "alias", "a:b"), Alias(collection="c", over=None)),
        (index_address("vectors", "missing", "k"), live_index("keyword")),
        (
            index_address("vectors", "c", "t"),
            live_index("text", min_token_len=9, max_token_len=3),
        ),
    ],
)
def test_what_a_manifest_cannot_have_is_left_out(address: Address, spec: Spec) -> None:
    assert collapse({**RICH, address: spec}) == collapse(RICH)


def test_a_collection_with_a_warning_is_written() -> None:
    found = live(after("create/inline-multivector/01"))
    assert "c" in collapse({C: found})["collections"]


def test_a_collection_that_failed_is_written_for_the_plan_to_mend() -> None:
    assert written(health="red") == written()


# ------------------------------------------------------------------ any object

_NAMES = st.text("abcxyz._- é0", min_size=1, max_size=6)
_WHOLE = st.integers(1, 10**9)
_MEMORY = st.sampled_from(["cold", "cached", "pinned"])
_HNSW = st.fixed_dictionaries(
    {
        "m": st.integers(0, 512),
        "ef_construct": st.integers(4, 999),
        "full_scan_threshold": st.integers(10, 99999),
    },
    optional={
        "max_indexing_threads": st.integers(0, 64),
        "payload_m": st.integers(0, 64),
        "on_disk": st.booleans(),
        "inline_storage": st.booleans(),
    },
)
_OWN_HNSW = st.fixed_dictionaries(
    {}, optional={"m": st.integers(0, 64), "payload_m": st.integers(0, 64), "on_disk": st.booleans()}
)
_ALWAYS_RAM = st.fixed_dictionaries({}, optional={"always_ram": st.booleans(), "memory": _MEMORY})
_QUANTIZATION = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("int8")},
        optional={"quantile": st.none() | st.floats(0.5, 1), "always_ram": st.booleans()},
    ).map(lambda scalar: {"scalar": scalar}),
    st.fixed_dictionaries({"compression": st.sampled_from(["x4", "x64"])}).map(lambda p: {"product": p}),
    _ALWAYS_RAM.map(lambda binary: {"binary": binary}),
    _ALWAYS_RAM.map(lambda turbo: {"turbo": {**turbo, "bits": "bits2"}}),
)
_VECTOR = st.fixed_dictionaries(
    {"size": st.integers(1, 65536), "distance": st.sampled_from(["Cosine", "Dot", "Euclid", "Manhattan"])},
    optional={
        "datatype": st.sampled_from(["float32", "float16", "uint8"]),
        "multivector_config": st.just({"comparator": "max_sim"}),
        "on_disk": st.booleans(),
        "memory": _MEMORY,
        "hnsw_config": _OWN_HNSW,
        "quantization_config": _QUANTIZATION,
    },
)
_SPARSE = st.fixed_dictionaries(
    {},
    optional={
        "modifier": st.sampled_from(["none", "idf"]),
        "index": st.fixed_dictionaries(
            {}, optional={"on_disk": st.booleans(), "full_scan_threshold": _WHOLE, "memory": _MEMORY}
        ),
    },
)


def _has_no_name_twice(params: Json) -> bool:
    return not set(params["vectors"]) & set(params.get("sparse_vectors", ()))


_PARAMS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {
        "vectors": _VECTOR | st.dictionaries(_NAMES, _VECTOR, min_size=1, max_size=3),
        "on_disk_payload": st.booleans(),
        "shard_number": _WHOLE,
    },
    optional={
        "sparse_vectors": st.dictionaries(_NAMES.map(lambda name: f"s{name}"), _SPARSE, max_size=2),
        "read_fan_out_factor": st.integers(0, 9),
        "sharding_method": st.sampled_from(["auto", "custom"]),
    },
).filter(_has_no_name_twice)
_JSON = st.recursive(
    st.none() | st.booleans() | _WHOLE | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
_CONFIGS = st.fixed_dictionaries(
    {"params": _PARAMS, "hnsw_config": _HNSW},
    optional={
        "quantization_config": _QUANTIZATION,
        "optimizer_config": st.fixed_dictionaries(
            {"deleted_threshold": st.floats(0, 1), "max_optimization_threads": st.none() | st.integers(0, 9)},
            optional={
                "max_segment_size": _WHOLE,
                "memmap_threshold": _WHOLE,
                "prevent_unoptimized": st.booleans(),
            },
        ),
        "wal_config": st.fixed_dictionaries({"wal_capacity_mb": _WHOLE, "wal_segments_ahead": _WHOLE}),
        "strict_mode_config": st.fixed_dictionaries(
            {"enabled": st.booleans()},
            optional={"max_query_limit": _WHOLE, "search_max_oversampling": st.floats(1, 9)},
        ),
        "metadata": st.dictionaries(st.text("abc", max_size=3), _JSON, max_size=3),
    },
)
_OPTION_VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "tokenizer": st.sampled_from(["word", "whitespace", "prefix", "multilingual"]),
    "min_token_len": st.integers(0, 5),
    "max_token_len": st.integers(5, 99),
    "stopwords": st.just("german")
    | st.fixed_dictionaries(
        {}, optional={"languages": st.just(["english"]), "custom": st.lists(st.text("ab"))}
    ),
    "stemmer": st.just({"type": "snowball", "language": "tamil"}),
    "memory": _MEMORY,
}
_INDEXES = (
    st.sampled_from(sorted(OPTIONS))
    .flatmap(
        lambda kind: st.fixed_dictionaries(
            {},
            optional={option: _OPTION_VALUES.get(option, st.booleans()) for option in OPTIONS[kind]},
        ).map(lambda params: live_index(kind, **params))
    )
    .filter(lambda index: index.lookup is not False or index.range is not False)
)


@given(_NAMES, _CONFIGS)
def test_any_collection_means_itself(name: str, config: Json) -> None:
    spec = live(collection_values({"config": config}), physical=f"{name}_v1")
    objects = {Address("vectors", "collection", name): spec}
    assert_same(objects, expanded(collapse(objects)))


@given(_NAMES, _INDEXES)
def test_any_index_means_itself(collection: str, index: PayloadIndex) -> None:
    objects = {
        Address("vectors", "collection", collection): STOCK,
        index_address("vectors", collection, 'a."odd key"[]'): index,
    }
    assert_same(objects, expanded(collapse(objects)))


@given(_INDEXES)
def test_what_an_index_leaves_out_is_the_servers_default(index: PayloadIndex) -> None:
    objects = {C: STOCK, index_address("vectors", "c", "k"): index}
    (again,) = (spec for spec in expanded(collapse(objects)).values() if isinstance(spec, PayloadIndex))
    left = frozenset(PayloadIndex.rules) - again.managed
    assert index.values(left) == live_index(str(index.type)).values(left)


@given(_CONFIGS)
def test_what_a_collection_leaves_out_is_as_delivered(config: Json) -> None:
    """But for settings of vectors, which are left out where they are the collection's."""
    spec = live(collection_values({"config": config}))
    (again,) = expanded(collapse({C: spec})).values()
    of_vectors = {"vector_hnsw", "vector_quantization", "hnsw_payload_m", "physical"}
    by_name = {field for field, value in spec.values().items() if isinstance(value, dict)}
    left = frozenset(Collection.rules) - again.managed - of_vectors - by_name
    unsaid = {field: value for field, value in spec.values(left).items() if value is not None}
    assert unsaid == {field: value for field, value in STOCK.values(left).items() if field in unsaid}
