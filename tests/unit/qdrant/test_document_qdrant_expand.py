"""What a document means: short forms spelled out, and nothing set that it does not say."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from qdrant_document_kit import HEAD, check, codes, collection, declared, fields, index, one, with_fields

from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain
from apexplan.manifest.scaffold import init_files
from apexplan.manifest.schema import schema_of
from apexplan.model.address import Address
from apexplan_qdrant.document import KIND

STARTER = init_files(["qdrant"])["schema/vectors.yaml"]
EVERYTHING = (
    HEAD
    + """\
collections:
  documents:
    physical: documents_v2
    vectors:
      size: 1536
      distance: Cosine
      datatype: float32
      multivector: max_sim
      on_disk: false
      memory: cold
      hnsw: {m: 32, inline_storage: false}
      quantization: {binary: {encoding: two_bits, query_encoding: scalar8bits}}
    sparse_vectors:
      keywords: {modifier: idf, on_disk: true, full_scan_threshold: 5000, datatype: float16, memory: cold}
    hnsw:
      m: 16
      ef_construct: 100
      full_scan_threshold: 10000
      max_indexing_threads: 0
      payload_m: 16
      on_disk: false
      inline_storage: false
      memory: cached
    quantization: {scalar: {type: int8, quantile: 0.99, always_ram: true, memory: pinned}}
    optimizers:
      deleted_threshold: 0.2
      vacuum_min_vector_number: 1000
      default_segment_number: 0
      max_segment_size: 100000
      memmap_threshold: 50000
      indexing_threshold: 20000
      flush_interval_sec: 5
      max_optimization_threads: auto
      prevent_unoptimized: true
    wal: {capacity_mb: 32, segments_ahead: 0, retain_closed: 1}
    on_disk_payload: true
    payload_memory: cold
    shard_number: 1
    sharding_method: auto
    replication_factor: 1
    write_consistency_factor: 1
    read_fan_out_factor: 1
    strict_mode:
      enabled: true
      max_query_limit: 1000
      search_max_oversampling: 3.5
      multivector_config: {tokens: {max_vectors: 10}}
      sparse_config: {keywords: {max_length: 100}}
    metadata: {owner: search-team, nested: {list: [1, 2.5, null]}, gone: null}
    payload_indexes:
      user_id: keyword
      created_at: {type: datetime, is_principal: true}
      "meta.tags[]": keyword
      body:
        type: text
        tokenizer: word
        min_token_len: 2
        max_token_len: null
        lowercase: true
        stopwords: english
        stemmer: {type: snowball, language: english}
    on_replace: copy
    over: shadow
    copy:
      batch: 500
      points_per_second: 2000
      recall: 0.95
      sample: 100
      embed: my_embedder
      transform: {rename: {former: new}, drop: [field]}
    lifecycle: {protect: true, renamed_from: docs}
  images:
    vectors: {small: {size: 512, distance: Dot}, large: {size: 1024, distance: Euclid, quantization: none}}
aliases:
  search: documents
  pictures: {collection: images, over: gap, lifecycle: {protect: true}}
"""
)
ALWAYS: dict[str, Any] = {
    "vectors": [""],
    "size": {"": 4},
    "distance": {"": "Dot"},
    "sparse_vectors": [],
    "health": "ok",
}


@pytest.mark.parametrize("text", [STARTER, EVERYTHING], ids=["starter", "everything"])
def test_an_example_has_nothing_wrong_with_it(text: str) -> None:
    assert check(text).diagnostics == ()


@pytest.mark.parametrize("text", [STARTER, EVERYTHING], ids=["starter", "everything"])
def test_an_example_is_valid_for_an_editor(text: str) -> None:
    node = load_text(text, "vectors.yaml").node
    assert node
    jsonschema.Draft202012Validator(schema_of(KIND)).validate(plain(node))


def test_every_block_says_what_it_is_for() -> None:
    schema = schema_of(KIND)
    assert [name for name, block in schema["$defs"].items() if not block.get("description")] == []


def test_a_field_that_cannot_be_null_has_no_null_as_default() -> None:
    field = schema_of(KIND)["$defs"]["OptimizersBlock"]["properties"]["max_segment_size"]
    assert "default" not in field


def test_a_collection_comes_before_its_indexes_and_aliases_come_last() -> None:
    found = [f"{one.address.kind}.{one.address.name}" for one in check(EVERYTHING).declared]
    assert found == [
        "collection.documents",
        "payload_index.documents.user_id",
        "payload_index.documents.created_at",
        "payload_index.documents.meta.tags[]",
        "payload_index.documents.body",
        "collection.images",
        "alias.search",
        "alias.pictures",
    ]


def test_an_object_is_declared_at_its_key() -> None:
    found = check(EVERYTHING).declared[1]
    assert found.path == ("collections", "documents", "payload_indexes", "user_id")


def test_an_empty_document_declares_nothing() -> None:
    assert declared("") == {}


def test_an_object_with_something_wrong_is_not_declared() -> None:
    found = check(HEAD + "collections:\n  a: {}\n  b: {vectors: {size: 4, distance: Dot}}\n")
    assert [one.address.name for one in found.declared] == ["b"]


def test_an_object_with_a_warning_is_declared() -> None:
    found = check(HEAD + with_fields("hnsw: {inline_storage: true}, quantization: none"))
    assert [one.address.name for one in found.declared] == ["c"]


# ------------------------------------------------------------------ vectors


def test_a_collection_sets_what_its_vectors_are_and_that_it_is_healthy() -> None:
    assert one("collections: {c: {vectors: {size: 4, distance: Dot}}}").spec.values() == ALWAYS


def test_named_vectors_are_sorted() -> None:
    found = one(
        "collections: {c: {vectors: {b: {size: 8, distance: Dot}, a: {size: 4, distance: Cosine}}}}"
    ).spec.values()
    assert (found["vectors"], found["size"]) == (["a", "b"], {"a": 4, "b": 8})


def test_a_map_with_the_empty_name_is_the_unnamed_vector() -> None:
    assert one('collections: {c: {vectors: {"": {size: 4, distance: Dot}}}}').spec.values() == ALWAYS


def test_a_vector_may_be_called_size() -> None:
    found = one("collections: {c: {vectors: {size: {size: 4, distance: Dot}}}}").spec.values()
    assert found["size"] == {"size": 4}


def test_a_collection_may_have_sparse_vectors_alone() -> None:
    found = one("collections: {c: {sparse_vectors: {b: {}, a: {}}}}").spec.values()
    assert (found["vectors"], found["size"], found["sparse_vectors"]) == ([], {}, ["a", "b"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("datatype: float32", {"datatype": {"a": "float32"}}),
        ("multivector: none", {"multivector": {"a": "none"}}),
        ("on_disk: false", {"vector_on_disk": {"a": False}}),
        ("memory: cached", {"vector_memory": {"a": "cached"}}),
        ("hnsw: {m: 8, on_disk: true}", {"vector_hnsw": {"a.m": 8, "a.on_disk": True}}),
        ("hnsw: {}", {}),
        ("quantization: none", {"vector_quantization": {"a.kind": "none"}}),
        (
            "quantization: {product: {compression: x4}}",
            {"vector_quantization": {"a.kind": "product", "a.compression": "x4"}},
        ),
    ],
)
def test_a_setting_of_a_vector_is_managed_where_it_is_written(text: str, values: dict[str, Any]) -> None:
    vectors = f"a: {{size: 4, distance: Dot, {text}}}, b: {{size: 4, distance: Dot}}"
    assert collection(f"vectors: {{{vectors}}}") == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("modifier: none", {"sparse_modifier": {"s": "none"}}),
        ("datatype: uint8", {"sparse_datatype": {"s": "uint8"}}),
        ("on_disk: true", {"sparse_on_disk": {"s": True}}),
        ("full_scan_threshold: 0", {"sparse_full_scan_threshold": {"s": 0}}),
        ("memory: pinned", {"sparse_memory": {"s": "pinned"}}),
    ],
)
def test_a_setting_of_a_sparse_vector_is_managed_where_it_is_written(
    text: str, values: dict[str, Any]
) -> None:
    assert collection(f"sparse_vectors: {{s: {{{text}}}, t: {{}}}}") == values


# ------------------------------------------------------------------ the rest of a collection


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("physical: c_v2", {"physical": "c_v2"}),
        ("hnsw: {m: 16, memory: cold}", {"hnsw_m": 16, "hnsw_memory": "cold"}),
        ("optimizers: {memmap_threshold: 0}", {"memmap_threshold": 0}),
        ("optimizers: {max_optimization_threads: 2}", {"max_optimization_threads": 2}),
        ("wal: {capacity_mb: 8}", {"wal_capacity_mb": 8}),
        ("payload_memory: cold", {"payload_memory": "cold"}),
        ("read_fan_out_factor: 0", {"read_fan_out_factor": 0}),
        ("quantization: none", {"quantization": {"kind": "none"}}),
        ("quantization: {scalar: {}}", {"quantization": {"kind": "scalar", "type": "int8"}}),
        (
            "quantization: {scalar: {quantile: null}}",
            {"quantization": {"kind": "scalar", "type": "int8", "quantile": None}},
        ),
        ("quantization: {binary: {}}", {"quantization": {"kind": "binary"}}),
        ("quantization: {turbo: {bits: bits4}}", {"quantization": {"kind": "turbo", "bits": "bits4"}}),
        ("strict_mode: {max_timeout: 5}", {"strict_mode": {"max_timeout": 5}}),
        ("metadata: {a: 1, gone: null}", {"metadata": {"a": 1, "gone": None}}),
        ("on_replace: drop", {"on_replace": "drop"}),
        ("over: gap", {"over": "gap"}),
        ("on_replace: copy, copy: {batch: 5}", {"on_replace": "copy", "copying": {"batch": 5}}),
        (
            "on_replace: copy, copy: {transform: {rename: {a: b}, drop: [c]}}",
            {"on_replace": "copy", "copying": {"rename": {"a": "b"}, "drop": ["c"]}},
        ),
    ],
)
def test_a_field_is_managed_where_it_is_written(text: str, values: dict[str, Any]) -> None:
    assert fields(text) == values


def test_a_quantile_is_the_number_that_the_server_keeps() -> None:
    found = fields("quantization: {scalar: {quantile: 0.98765432109876}}")["quantization"]
    assert found["quantile"] == 0.9876543


# ------------------------------------------------------------------ payload indexes


def test_an_index_is_its_type() -> None:
    assert index("keyword") == {"type": "keyword"}


def test_an_index_without_options_means_its_type_alone() -> None:
    assert index("{type: keyword}") == index("keyword")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{type: keyword, is_tenant: false}", {"is_tenant": False}),
        ("{type: datetime, is_principal: true}", {"is_principal": True}),
        ("{type: integer, lookup: true, range: false}", {"lookup": True, "range": False}),
        ("{type: text, tokenizer: prefix, max_token_len: 8}", {"tokenizer": "prefix", "max_token_len": 8}),
        ("{type: text, min_token_len: null}", {"min_token_len": None}),
        ("{type: text, stopwords: english}", {"stopwords": {"languages": ["english"]}}),
        (
            "{type: text, stopwords: {languages: [german, english], custom: [b, a]}}",
            {"stopwords": {"languages": ["english", "german"], "custom": ["a", "b"]}},
        ),
        ("{type: text, stopwords: {}}", {"stopwords": {}}),
        (
            "{type: text, stemmer: {language: french}}",
            {"stemmer": {"type": "snowball", "language": "french"}},
        ),
        ("{type: text, stemmer: null}", {"stemmer": {}}),
        ("{type: geo, enable_hnsw: false, memory: cold}", {"enable_hnsw": False, "memory": "cold"}),
    ],
)
def test_an_option_is_managed_where_it_is_written(text: str, values: dict[str, Any]) -> None:
    kind = text.removeprefix("{type: ").partition(",")[0]
    assert index(text) == {"type": kind, **values}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a.b", "a.b"),
        ("'\"k\"'", "k"),
        ("'\"a.b\"'", '"a.b"'),
        ("'o.\"my key\"[].v'", 'o."my key"[].v'),
        ("'arr[007].v'", "arr[7].v"),
        ("'matrix[][0]'", "matrix[][0]"),
        ("1st", "1st"),
        ("é", "é"),
        ("a-b_c", "a-b_c"),
    ],
)
def test_a_path_is_spelled_as_the_server_does(written: str, shown: str) -> None:
    assert f"payload_index.c.{shown}" in declared(with_fields(f"payload_indexes: {{{written}: keyword}}"))


# ------------------------------------------------------------------ aliases


def test_an_alias_leads_to_a_collection() -> None:
    assert one("aliases: {a: c}").spec.values() == {"collection": "c"}


def test_an_alias_may_say_how_it_takes_its_name() -> None:
    assert one("aliases: {a: {collection: c, over: gap}}").spec.values() == {
        "collection": "c",
        "over": "gap",
    }


# ------------------------------------------------------------------ what the server accepts is accepted


@pytest.mark.parametrize(
    "text",
    [
        "vectors: {size: 65536, distance: Dot}",
        "vectors: {size: 1, distance: Manhattan, datatype: uint8}",
        "vectors: {size: 4, distance: Cosine, datatype: uint8}",
        "vectors: {size: 4, distance: Dot, datatype: uint8}, quantization: {scalar: {}}",
        "vectors: {size: 4, distance: Dot, multivector: max_sim}, quantization: {binary: {}}",
        "sparse_vectors: {t: {}}, quantization: {scalar: {}}",
        "vectors: {size: 4, distance: Dot}, hnsw: {m: 64, ef_construct: 4}",
        "vectors: {size: 4, distance: Dot}, hnsw: {m: 0, payload_m: 16, full_scan_threshold: 10}",
        "vectors: {size: 4, distance: Dot}, quantization: {scalar: {quantile: 0.5}}",
        "vectors: {size: 4, distance: Dot}, optimizers: {vacuum_min_vector_number: 100}",
        "vectors: {a: {size: 4, distance: Dot, quantization: none}}, quantization: none",
        "vectors: {a: {size: 4, distance: Dot}}, hnsw: {inline_storage: true}, quantization: {scalar: {}}",
        "vectors: {size: 4, distance: Dot}, hnsw: {inline_storage: true}",
        "vectors: {size: 4, distance: Dot}, physical: c_v1, on_replace: copy",
    ],
)
def test_at_the_limit_nothing_is_wrong(text: str) -> None:
    assert codes(f"collections: {{c: {{{text}}}}}") == []


@pytest.mark.parametrize("name", ["with space", "Café", "a.b", ".hidden", "x" * 255])
def test_a_name_that_the_server_takes_is_taken(name: str) -> None:
    assert codes(f'collections: {{"{name}": {{vectors: {{size: 4, distance: Dot}}}}}}') == []


def test_a_collection_with_a_dot_in_its_name_is_quoted_in_the_address_of_its_indexes() -> None:
    body = 'collections: {"a.b": {vectors: {size: 4, distance: Dot}, payload_indexes: {k: keyword}}}'
    assert 'payload_index."a.b".k' in declared(body)


# ------------------------------------------------------------------ the life of an object


def lifecycle(text: str) -> Any:
    return one(with_fields(f"lifecycle: {text}")).lifecycle


def test_an_object_may_be_protected() -> None:
    assert lifecycle("{protect: true}").protect


def test_what_is_left_out_of_a_lifecycle_is_off() -> None:
    assert lifecycle("{}") == one("collections: {c: {vectors: {size: 4, distance: Dot}}}").lifecycle


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("hnsw", {"hnsw_m", "hnsw_memory"}),
        ("optimizers", {"indexing_threshold", "prevent_unoptimized"}),
        ("wal", {"wal_capacity_mb"}),
        ("vectors", {"vectors", "size", "vector_hnsw", "vector_quantization"}),
        ("sparse_vectors", {"sparse_vectors", "sparse_modifier"}),
        ("copy", {"copying"}),
        ("hnsw_m", {"hnsw_m"}),
        ("metadata", {"metadata"}),
    ],
)
def test_ignore_takes_the_names_of_the_document_and_of_the_spec(name: str, some: set[str]) -> None:
    assert lifecycle(f"{{ignore: [{name}]}}").ignore >= some


def test_a_collection_may_have_had_another_name() -> None:
    assert lifecycle("{renamed_from: docs}").renamed_from == "docs"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("collection.d", "vectors.collection.d"),
        ("payload_index.d.k", "vectors.payload_index.d.k"),
        ("alias.a", "vectors.alias.a"),
        ("sql.table.public.documents", "sql.table.public.documents"),
    ],
)
def test_an_object_may_depend_on_an_address(text: str, address: str) -> None:
    assert lifecycle(f"{{depends_on: [{text}]}}").depends_on == {Address.parse(address)}


def test_an_index_may_have_a_life_of_its_own() -> None:
    found = declared(with_fields("payload_indexes: {k: {type: keyword, lifecycle: {ignore: [on_disk]}}}"))
    assert found["payload_index.c.k"].lifecycle.ignore == {"on_disk"}


def test_an_alias_may_have_a_life_of_its_own() -> None:
    assert one("aliases: {a: {collection: c, lifecycle: {protect: true}}}").lifecycle.protect
