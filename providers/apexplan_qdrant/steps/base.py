"""What the steps of all kinds share: the facts of a plan, statements as they go over the wire, hazards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from apexplan.model.address import Address
from apexplan.model.plan import Hazard, HazardKind, Size
from apexplan.model.spec import canonical, digest
from apexplan.provider import Facts
from apexplan_qdrant.read.marks import METADATA
from apexplan_qdrant.specs import Collection, PayloadIndex
from apexplan_qdrant.wire.places import HNSW, OWN, by_vector, kept_by_apexplan, with_vector

ALIASES: Final = "POST /collections/aliases"


@dataclass(frozen=True, slots=True)
class Planning:
    """The facts of one plan, with the words to ask for them. `anew`: collections that are made anew, by
    name → the physical name that they get; `turned`: aliases that other steps turn."""

    facts: Facts
    anew: Mapping[str, str] = field(default_factory=dict)
    turned: AbstractSet[str] = frozenset()

    @property
    def marks(self) -> bool:
        """True where collections have metadata, so that steps leave a mark and nothing need be deleted."""
        version = tuple(int(part) for part in self.facts.details["version"].split("."))
        return version >= METADATA

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias → physical name, all there are."""
        found: Mapping[str, str] = self.facts.details["aliases"]
        return found

    @property
    def configs(self) -> Mapping[str, Mapping[str, Any]]:
        """Physical name → configuration, as the server tells it."""
        found: Mapping[str, Mapping[str, Any]] = self.facts.details["configs"]
        return found

    @property
    def taken(self) -> AbstractSet[str]:
        """Returns the physical names of all collections, also of those that nothing leads to."""
        return {*self.configs, *self.facts.details.get("unreached", ())}

    def ledger(self, physical: str) -> dict[str, Any]:
        """Returns what projects own of a collection, as its metadata has it."""
        metadata = self.configs[physical].get("metadata") or {}
        return {key: owned for key, owned in metadata.items() if key != OWN and kept_by_apexplan(key)}

    def live(self, store: str, name: str) -> Collection | None:
        spec = self.facts.live.get(Address(store, Collection.kind, name))
        return spec if isinstance(spec, Collection) else None

    def indexes(self, collection: Address) -> dict[Address, PayloadIndex]:
        """Returns the payload indexes that a collection has."""
        return {
            address: spec
            for address, spec in self.facts.live.items()
            if isinstance(spec, PayloadIndex) and spec.parent(address) == collection
        }

    def physical(self, store: str, name: str) -> str:
        """Returns the physical name of what will be known by `name`."""
        if name in self.anew:
            return self.anew[name]
        live = self.live(store, name)
        if live is not None and live.physical is not None:
            return live.physical
        desired = self.facts.desired.get(Address(store, Collection.kind, name))
        return own_name(name, desired) if isinstance(desired, Collection) else name

    def size(self, address: Address) -> Size | None:
        return self.facts.sizes.get(address)


def own_name(name: str, desired: Collection) -> str:
    """Returns the physical name that a new collection gets: versioned where it will be copied one day."""
    if desired.physical is not None:
        return desired.physical
    return f"{name}_v1" if desired.on_replace == "copy" else name


def hazard(kind: HazardKind, text: str) -> Hazard:
    return Hazard(kind=kind, text=text)


def points(size: Size | None) -> str:
    """Returns `20,000 points`, or `the points` where nobody knows how many."""
    return f"{size.count:,} point{'s' * (size.count != 1)}" if size is not None else "the points"


def request(verb: str, physical: str, body: Mapping[str, Any] | None = None, path: str = "") -> str:
    """Returns a request as it could be typed: `PATCH /collections/documents {"hnsw_config": …}`."""
    line = f"{verb} /collections/{quote(physical, safe='')}{path}"
    return line if body is None else f"{line} {text(body)}"


def alias_request(*actions: Mapping[str, Any]) -> str:
    return f"{ALIASES} {text({'actions': list(actions)})}"


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def mark(address: Address, verb: str, *parts: Any) -> str:
    """Returns the digest by which a step is known in the metadata of a collection."""
    return digest(str(address), verb, *(canonical(part) for part in parts))


def filled(live: Collection, desired: Collection) -> Collection:
    """Returns all that the collection shall be: what nobody manages stays as it is. Settings of vectors that
    go away go with them."""
    kept = live.values() | _own(live)
    wish = desired.values()
    for one, value in wish.items():
        kept[one] = _overlaid(one, kept.get(one), value) if isinstance(value, dict) else value
    names = {*(kept.get("vectors") or ()), *(kept.get("sparse_vectors") or ())}
    for one in BY_VECTOR:
        if kept.get(one):
            kept[one] = {k: v for k, v in kept[one].items() if _vector(one, k) in names}
    return Collection.model_validate(kept)


BY_VECTOR: Final = (
    "size",
    "distance",
    "datatype",
    "multivector",
    "vector_on_disk",
    "vector_memory",
    "vector_hnsw",
    "vector_quantization",
    "sparse_datatype",
    "sparse_modifier",
    "sparse_on_disk",
    "sparse_full_scan_threshold",
    "sparse_memory",
)


def _vector(field: str, key: str) -> str:
    return key.rpartition(".")[0] if field in ("vector_hnsw", "vector_quantization") else key


def _own(live: Collection) -> dict[str, Any]:
    """Returns what vectors have for themselves of graph and compression: the rest they have from the
    collection, and follow it."""
    shared = {setting: getattr(live, f"hnsw_{setting}", None) for setting in HNSW}
    graphs = {key: v for key, v in (live.vector_hnsw or {}).items() if v != shared[key.rpartition(".")[2]]}
    compressed = {
        name: settings
        for name, settings in by_vector(live.vector_quantization or {}).items()
        if settings != live.quantization
    }
    own = {key: v for name, settings in compressed.items() for key, v in with_vector(name, settings).items()}
    follows = {"hnsw_payload_m": None} if live.hnsw_payload_m == live.hnsw_m else {}
    return {"vector_hnsw": graphs, "vector_quantization": own, **follows}


def _overlaid(field: str, former: Any, value: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings with the wished ones over them; of a quantization of another kind, none stays."""
    if not isinstance(former, dict):
        return value
    if field == "quantization" and _is_of_another_kind(former, value):
        return value
    if field == "vector_quantization":
        wished, had = by_vector(value), by_vector(former)
        other = {
            name for name, settings in wished.items() if _is_of_another_kind(had.get(name, {}), settings)
        }
        former = {key: v for key, v in former.items() if key.rpartition(".")[0] not in other}
    return {**former, **value}


def _is_of_another_kind(former: Mapping[str, Any], wished: Mapping[str, Any]) -> bool:
    return bool(wished.get("kind", former.get("kind")) != former.get("kind"))
