"""A collection: its vectors, how they are indexed and compressed, and everything else that a collection is.

What belongs to one vector is a mapping by the vector's name ("" for the only, unnamed one). Where a vector
has several settings of a kind, the key is `NAME.SETTING`: `{"text.m": 32}`. Values are *effective* ones: a
vector without settings of its own has those of the collection, what the server leaves out has its default
written out. So two spellings of one meaning are equal here, and reading is the only place that knows them.

Which field may change how was measured on 1.16.3, one PATCH a field with the segments compared before and
after; what newer servers brought is marked by `since`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, IN_PLACE, REPLACE, OnChange, Spec

OnReplace: TypeAlias = Literal["refuse", "copy", "drop"]
Over: TypeAlias = Literal["shadow", "gap"]
Health: TypeAlias = Literal["ok", "grey", "red"]

_MEASURED = "measured on 1.16.3"


def _fixed(what: str, since: str = "") -> OnChange:
    why = f"{what} is fixed when the collection is created; PATCH drops it and answers 200"
    return OnChange(REPLACE, why, source=_MEASURED, since=since)


def _rebuild(what: str, since: str = "") -> OnChange:
    why = f"{what}: every segment is rebuilt in the background, and the old ones answer meanwhile"
    return OnChange(IN_PLACE, why, rebuilds=True, source=_MEASURED, since=since)


def _instant(why: str, since: str = "") -> OnChange:
    return OnChange(IN_PLACE, why, source=_MEASURED, since=since)


_GRAPH = _rebuild("the graph is built anew")
_PLACED = _rebuild("the data moves between memory and disk")
_TUNED = _instant("taken up at once; segments change when they are optimized next")
_LIMIT = _instant("taken up at once; a value cannot be unset again")


class Collection(Spec):
    """One collection, by the name that its readers use. See `names` for the physical name."""

    kind: ClassVar[str] = "collection"

    physical: Annotated[
        str | None,
        OnChange(REPLACE, "a collection cannot be renamed: its points are copied into one of the new name"),
    ] = None
    """The collection's own name. Left out: its name here, or that with `_v1`, `_v2`, … where it is copied."""

    vectors: Annotated[tuple[str, ...] | None, _fixed("the set of vectors")] = None
    """Names of the dense vectors, sorted."""
    size: Annotated[dict[str, int] | None, _fixed("the size of a vector")] = None
    """Components, 1 to 65,536."""
    distance: Annotated[dict[str, str] | None, _fixed("the distance")] = None
    """Cosine, Dot, Euclid, Manhattan."""
    datatype: Annotated[dict[str, str] | None, _fixed("the datatype")] = None
    """float32, float16, uint8."""
    multivector: Annotated[dict[str, str] | None, _fixed("whether a point has many vectors")] = None
    """max_sim, or none."""
    vector_on_disk: Annotated[dict[str, bool] | None, _PLACED] = None
    vector_memory: Annotated[dict[str, str | None] | None, _rebuild("the data moves", "1.19")] = None
    """cold, cached or pinned."""
    vector_hnsw: Annotated[dict[str, Any] | None, _GRAPH] = None
    """`NAME.m`, `NAME.ef_construct`, `NAME.full_scan_threshold`, `NAME.max_indexing_threads`,
    `NAME.payload_m`, `NAME.on_disk`, `NAME.inline_storage`."""
    vector_quantization: Annotated[dict[str, Any] | None, _rebuild("vectors are compressed anew")] = None
    """As `quantization`, each key after the name of its vector."""

    sparse_vectors: Annotated[tuple[str, ...] | None, _fixed("the set of sparse vectors")] = None
    sparse_datatype: Annotated[
        dict[str, str] | None,
        OnChange(
            REPLACE,
            "PATCH stores it, but segments keep the former one until something else rebuilds them",
            source=_MEASURED,
        ),
    ] = None
    sparse_modifier: Annotated[
        dict[str, str] | None, _instant("scores are weighted when they are asked for")
    ] = None
    """idf, or none."""
    sparse_on_disk: Annotated[dict[str, bool] | None, _PLACED] = None
    sparse_full_scan_threshold: Annotated[
        dict[str, int | None] | None,
        _instant("stored at once; segments keep the former one until something else rebuilds them"),
    ] = None
    sparse_memory: Annotated[dict[str, str | None] | None, _rebuild("the index moves", "1.19")] = None

    hnsw_m: Annotated[int | None, _GRAPH] = None
    """Edges of a node; 0: no graph."""
    hnsw_ef_construct: Annotated[int | None, _GRAPH] = None
    """Neighbours looked at while building, 4 or more."""
    hnsw_full_scan_threshold: Annotated[int | None, _GRAPH] = None
    """Kilobytes of vectors below which a filtered search reads all of them, 10 or more."""
    hnsw_max_indexing_threads: Annotated[int | None, _TUNED] = None
    hnsw_payload_m: Annotated[int | None, _GRAPH] = None
    """Edges of a node among points of one payload value; as `hnsw_m` where it is left out."""
    hnsw_on_disk: Annotated[bool | None, _PLACED] = None
    hnsw_inline_storage: Annotated[bool | None, _rebuild("vectors are stored in the graph", "1.16")] = None
    hnsw_memory: Annotated[str | None, _rebuild("the graph moves", "1.19")] = None

    quantization: Annotated[dict[str, Any] | None, _rebuild("vectors are compressed anew")] = None
    """`kind`: none, scalar, product, binary, turbo; and its keys: type, quantile, compression, encoding,
    query_encoding, bits, always_ram, memory."""

    on_disk_payload: Annotated[bool | None, _rebuild("payloads move between memory and disk")] = None
    payload_memory: Annotated[str | None, _rebuild("payloads move", "1.19")] = None
    shard_number: Annotated[int | None, _fixed("the number of shards")] = None
    sharding_method: Annotated[str | None, _fixed("the way of sharding")] = None
    """auto or custom."""
    replication_factor: Annotated[
        int | None, _instant("for shards to come: replicas of those that are there are not made")
    ] = None
    write_consistency_factor: Annotated[int | None, _LIMIT] = None
    read_fan_out_factor: Annotated[int | None, _LIMIT] = None

    deleted_threshold: Annotated[float | None, _TUNED] = None
    """Part of deleted points, 0 to 1, from which on a segment is cleaned."""
    vacuum_min_vector_number: Annotated[int | None, _TUNED] = None
    default_segment_number: Annotated[int | None, _TUNED] = None
    """0: as many as there are cores."""
    max_segment_size: Annotated[int | None, _TUNED] = None
    """Kilobytes."""
    memmap_threshold: Annotated[int | None, _TUNED] = None
    """Kilobytes; 0: never."""
    indexing_threshold: Annotated[
        int | None,
        OnChange(
            IN_PLACE,
            "a lower value starts building; with a higher one the next rebuild leaves graph and compression "
            "away",
            rebuilds=True,
            source=_MEASURED,
        ),
    ] = None
    """Kilobytes of vectors in a segment from which on it gets a graph; 0: never."""
    flush_interval_sec: Annotated[int | None, _TUNED] = None
    max_optimization_threads: Annotated[int | str | None, _TUNED] = None
    """auto, or a number; 0 stops all building."""
    prevent_unoptimized: Annotated[bool | None, _instant("taken up at once", "1.17")] = None

    wal_capacity_mb: Annotated[int | None, _fixed("the log")] = None
    wal_segments_ahead: Annotated[int | None, _fixed("the log")] = None
    wal_retain_closed: Annotated[int | None, _fixed("the log", "1.16")] = None

    strict_mode: Annotated[dict[str, Any] | None, _instant("requests are checked from now on", "1.13")] = None
    metadata: Annotated[dict[str, Any] | None, _instant("only stored", "1.16")] = None
    """Without what apexplan keeps there itself."""

    health: Annotated[
        Health | None,
        OnChange(
            IN_PLACE,
            "grey after a restart: work is waiting, and waits until something wakes it; red: an optimizer "
            "failed. An empty change of the optimizers starts it",
            rebuilds=True,
            source=_MEASURED,
        ),
    ] = None

    on_replace: Annotated[
        OnReplace | None, OnChange(IGNORE, "what to do where a new collection is needed")
    ] = None
    over: Annotated[Over | None, OnChange(IGNORE, "how an alias takes a name that a collection has")] = None
    copying: Annotated[dict[str, Any] | None, OnChange(IGNORE, "how points are copied")] = None
    """batch (points), points_per_second, recall (0 to 1), sample (points), rename ({former: new}), drop
    ([field]), embed (name of an entry point of `apexplan.embedders`)."""

    def summary(self) -> str:
        """Returns the vectors as a reader knows them: `1536 Cosine, scalar`."""
        size, distance = self.size or {}, self.distance or {}
        dense = [f"{name} {n} {distance.get(name, '')}".strip() for name, n in size.items()]
        sparse = [f"{name} sparse" for name in self.sparse_vectors or ()]
        kind = (self.quantization or {}).get("kind", "none")
        return ", ".join([*dense, *sparse, *([kind] if kind != "none" else [])])

    def told(self, field: str) -> str:
        """Returns a mapping by vector without the braces; of the unnamed vector, its value alone."""
        value = getattr(self, field)
        if not isinstance(value, dict) or not value:
            return super().told(field)
        return ", ".join(_told(key, part) for key, part in value.items())

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"name {address.name}", f"name {self.physical or address.name}"})


def _told(key: str, value: Any) -> str:
    key = key.removeprefix(".")
    word = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"{key} {word}" if key else word
