"""The `lifecycle` of an object: what it means, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apexplan.model.address import Address
from apexplan.model.change import Lifecycle
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import Spec
from apexplan_qdrant import specs
from apexplan_qdrant.document.blocks import LifecycleBlock, Path
from apexplan_qdrant.document.models import CollectionLifecycleBlock
from apexplan_qdrant.document.values import PARTS, SPARSE_FIELDS, VECTOR_FIELDS

_KINDS: Final = frozenset(spec.kind for spec in specs.ALL)
_FIELD_NAMES: Final = {
    **{part: {f"{prefix}{name}" for name in block.model_fields} for part, (prefix, block) in PARTS.items()},
    "vectors": {"vectors", "size", "distance", *VECTOR_FIELDS.values(), "vector_hnsw", "vector_quantization"},
    "sparse_vectors": {"sparse_vectors", *SPARSE_FIELDS.values()},
    "copy": {"copying"},
}
"""What `ignore` may call by the document's name, and the fields of specs that are meant."""


def lifecycle(block: LifecycleBlock, store: str, spec: type[Spec]) -> Lifecycle:
    """Returns what the block means for an object of this kind of spec."""
    needed = (_dependency(text, store) for text in block.depends_on)
    return Lifecycle(
        block.protect,
        frozenset(field for name in block.ignore for field in _meant(name, spec)),
        block.renamed_from if isinstance(block, CollectionLifecycleBlock) else None,
        frozenset(address for address in needed if address is not None),
    )


def lifecycle_problems(block: LifecycleBlock, spec: type[Spec], path: Path) -> Iterator[Problem]:
    """What is wrong with the block of an object at `path`."""
    for number, name in enumerate(block.ignore):
        if not _meant(name, spec):
            yield Problem(
                "unknown-field",
                (*path, "lifecycle", "ignore", number),
                "a field to be ignored is not known",
                f"`{name}`",
                f"an object of kind {spec.kind} has no such field",
                "known here: " + ", ".join(sorted(spec.rules)),
            )
    for number, text in enumerate(block.depends_on):
        if _dependency(text, "store") is None:
            yield Problem(
                "bad-address",
                (*path, "lifecycle", "depends_on", number),
                "what the object depends on is no address",
                f"`{text}`",
                mend="write store.kind.name or kind.name, such as collection.documents",
            )


def _meant(name: str, spec: type[Spec]) -> frozenset[str]:
    """Returns the fields of a spec that a name in `ignore` means, none where there is no such field."""
    return frozenset(_FIELD_NAMES.get(name, set()) | {name}) & spec.rules.keys()


def _dependency(text: str, store: str) -> Address | None:
    """Returns the address that `store.kind.name` or `kind.name` says; None: neither."""
    kind, _, name = text.partition(".")
    if kind in _KINDS and name:
        return Address(store, kind, name)
    try:
        return Address.parse(text)
    except ValueError:
        return None
