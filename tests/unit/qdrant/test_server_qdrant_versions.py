"""What a server is too old for is known before it drops it without a word."""

from __future__ import annotations

from typing import Any

import pytest

from apexplan.model.spec import Spec
from apexplan_qdrant.server.versions import lacks
from apexplan_qdrant.specs import ALL, Alias, Collection, PayloadIndex
from apexplan_qdrant.target import Version

LACKING: list[tuple[Version, Spec, str]] = [
    ((1, 18, 4), Collection(hnsw_memory="cold"), "hnsw_memory"),
    ((1, 18, 4), Collection(vector_memory={"": "cached"}), "vector_memory"),
    ((1, 18, 4), Collection(quantization={"kind": "scalar", "memory": "pinned"}), "quantization"),
    ((1, 17, 0), Collection(quantization={"kind": "turbo"}), "quantization"),
    ((1, 17, 0), Collection(vector_quantization={"text.kind": "turbo"}), "vector_quantization"),
    ((1, 16, 3), Collection(prevent_unoptimized=True), "prevent_unoptimized"),
    ((1, 16, 3), PayloadIndex(type="keyword", enable_hnsw=False), "enable_hnsw"),
    ((1, 16, 3), PayloadIndex(type="keyword", memory="cold"), "memory"),
    ((1, 15, 5), Collection(hnsw_inline_storage=True), "hnsw_inline_storage"),
    ((1, 15, 5), Collection(vector_hnsw={"a.b.inline_storage": True}), "vector_hnsw"),
    ((1, 15, 5), Collection(metadata={"owner": False}), "metadata"),
    ((1, 15, 5), Collection(wal_retain_closed=0), "wal_retain_closed"),
    ((1, 14, 0), Collection(quantization={"kind": "binary", "encoding": "two_bits"}), "quantization"),
    ((1, 14, 0), Collection(vector_quantization={".query_encoding": "scalar8bits"}), "vector_quantization"),
]
NOT_LACKING: list[tuple[Version, Spec]] = [
    ((1, 19, 0), Collection(hnsw_memory="cold", quantization={"kind": "turbo", "memory": "cold"})),
    ((1, 16, 3), Collection(hnsw_memory=None, vector_memory={"": None}, prevent_unoptimized=False)),
    ((1, 16, 3), PayloadIndex(type="keyword", enable_hnsw=True, memory=None)),
    ((1, 16, 3), Collection(metadata={"owner": "team"}, hnsw_inline_storage=True)),
    ((1, 15, 0), Collection(metadata={}, vector_hnsw={"text.inline_storage": False})),
    ((1, 14, 0), Collection(quantization={"encoding": "one_bit", "query_encoding": "default"})),
    ((1, 14, 0), Collection(quantization=None, vector_quantization=None)),
    ((1, 13, 0), Collection(strict_mode={"enabled": True}, hnsw_m=16)),
    ((1, 13, 0), Alias(collection="documents")),
]


@pytest.mark.parametrize(("version", "spec", "field"), LACKING)
def test_what_would_be_dropped_is_lacking(version: Version, spec: Spec, field: str) -> None:
    assert set(lacks(spec, version)) == {field}


@pytest.mark.parametrize(("version", "spec"), NOT_LACKING)
def test_what_the_server_does_anyhow_is_not_lacking(version: Version, spec: Spec) -> None:
    assert lacks(spec, version) == {}


def test_the_reason_tells_both_versions_and_what_would_happen() -> None:
    lack = lacks(PayloadIndex(type="keyword", memory="cold"), (1, 16, 3))["memory"]
    assert lack.reason == "memory needs Qdrant 1.19 and this is 1.16.3, which would answer 200 and drop it"


def test_what_would_be_dropped_is_refused() -> None:
    assert lacks(Collection(hnsw_memory="cold"), (1, 16, 3))["hnsw_memory"].refused


RULES = [(spec.kind, field, rule.since) for spec in ALL for field, rule in spec.rules.items() if rule.since]


@pytest.mark.parametrize(("kind", "field", "since"), RULES)
def test_every_since_of_a_rule_is_a_version(kind: str, field: str, since: str) -> None:
    values: dict[str, Any] = {"vector_memory": {"": "cold"}, "sparse_memory": {"s": "cold"}}
    spec = next(spec for spec in ALL if spec.kind == kind)
    value = values.get(field, {"a": 1} if field in ("metadata", "strict_mode") else "x")
    assert field in lacks(spec.model_construct(_fields_set={field}, **{field: value}), (1, 12, 0))
