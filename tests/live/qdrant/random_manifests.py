"""Random manifests of Qdrant over a small space: three names, few settings with few values each, so that the
same things meet again and again in different orders. A walk changes a part of the manifest before it, or
begins with another one."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from apexplan.manifest.check import check_manifest
from apexplan.manifest.load import load_text
from apexplan_qdrant.provider import PROVIDER

from .bench import Objects, objects

Json = dict[str, Any]

NAMES: Final = ("ants", "bees", "cats")
ALIASES: Final = ("find", "seek")
INDEXES: Final = ("user", "n", "note.text")
_DISTANCES: Final = ("Dot", "Dot", "Cosine", "Euclid")
_LEAST: Final = 0.3


class Manifests:
    """Draws manifests, each from the one before it. `samples`: how many searches a copy may be tried by."""

    def __init__(self, draw: random.Random, samples: tuple[int, ...]) -> None:
        self._draw = draw
        self._samples = samples
        self.now: Json = {"collections": {}, "aliases": {}}

    def another(self) -> Json:
        """Returns the next manifest, one that loads without a word."""
        while True:
            found = self._begun() if self._chance(0.15) else self._changed(self.now)
            for block in found["collections"].values():
                self._set(block, "copy")
            if found["collections"] and loads(found):
                return found

    def _begun(self) -> Json:
        names = self._draw.sample(NAMES, self._draw.randint(1, 3))
        found: Json = {"collections": {name: self._collection() for name in names}, "aliases": {}}
        for _ in range(self._draw.randint(0, 2)):
            self._change_alias(found)
        return found

    def _changed(self, before: Json) -> Json:
        found: Json = json.loads(json.dumps(before))
        for block in found["collections"].values():
            block.get("lifecycle", {}).pop("renamed_from", None)
        for _ in range(self._draw.randint(1, 3)):
            self._draw.choice((self._change_collections, *[self._change_block] * 5, self._change_alias))(
                found
            )
        return found

    # ------------------------------------------------------------------ what is there

    def _change_collections(self, found: Json) -> None:
        """Adds, takes away or renames one."""
        blocks = found["collections"]
        free = [name for name in NAMES if name not in blocks]
        if free and (not blocks or self._chance(0.4)):
            blocks[self._draw.choice(free)] = self._collection()
            return
        former = self._draw.choice(sorted(blocks))
        block = blocks.pop(former)
        name = self._draw.choice(free) if free and self._chance(0.6) else None
        if name is not None:
            block.setdefault("lifecycle", {})["renamed_from"] = former
            blocks[name] = block
        for alias, target in list(found["aliases"].items()):
            if target["collection"] == former:
                found["aliases"].pop(alias)
                if name is not None:
                    found["aliases"][alias] = target | {"collection": name}

    def _change_alias(self, found: Json) -> None:
        if not found["collections"]:
            return
        alias = self._draw.choice((*ALIASES, *NAMES) if self._chance(0.3) else ALIASES)
        if alias in found["aliases"] and self._chance(0.4):
            found["aliases"].pop(alias)
        elif alias not in found["collections"]:
            to = {"collection": self._draw.choice(sorted(found["collections"]))}
            found["aliases"][alias] = to | self._maybe(0.5, over=self._draw.choice(("shadow", "gap")))

    # ------------------------------------------------------------------ one collection

    def _change_block(self, found: Json) -> None:
        if found["collections"]:
            name = self._draw.choice(sorted(found["collections"]))
            block = found["collections"][name]
            part = self._draw.choice(sorted(self._parts()))
            self._set(block, part)

    def _set(self, block: Json, part: str) -> None:
        value = self._parts()[part](block)
        block.pop(part, None)
        if value is not None:
            block[part] = value

    def _collection(self) -> Json:
        block: Json = {}
        for part in self._parts():
            if part in ("vectors", "on_replace") or self._chance(_LEAST):
                self._set(block, part)
        return block

    def _parts(self) -> dict[str, Any]:
        return {
            "vectors": self._vectors,
            "sparse_vectors": self._sparse,
            "hnsw": lambda _: self._hnsw(),
            "quantization": lambda _: self._quantization(),
            "optimizers": lambda _: self._optimizers(),
            "wal": lambda _: self._maybe(0.2, capacity_mb=self._draw.choice((1, 2))) or None,
            "on_disk_payload": lambda _: self._draw.choice((True, False, None)),
            "write_consistency_factor": lambda _: self._draw.choice((None, None, 1, 2)),
            "read_fan_out_factor": lambda _: self._draw.choice((None, None, None, 1)),
            "metadata": lambda _: self._some({"a": (1, "x", None, {"k": [1]}), "b": (2, None)}),
            "strict_mode": lambda _: self._strict(),
            "payload_indexes": lambda _: self._indexes(),
            "on_replace": lambda _: self._draw.choice(("copy", "copy", "copy", "copy", "drop", None)),
            "copy": self._copying,
            "over": lambda _: self._draw.choice(("shadow", "shadow", "gap", None)),
            "physical": lambda _: self._draw.choice((None, None, None, "one", "two", "ants_v3")),
            "lifecycle": lambda _: self._ignored(),
        }

    def _vectors(self, block: Json) -> Json | None:
        """Returns other vectors, or the same with another setting."""
        now = block.get("vectors")
        if now and self._chance(0.6):
            one = now if "size" in now else now[self._draw.choice(sorted(now))]
            one |= self._draw.choice(({"on_disk": self._chance(0.5)}, self._vector()))
            return dict(now)
        if self._chance(0.4):
            return self._vector()
        names = self._draw.sample(("text", "image", "a.b"), self._draw.randint(0, 2))
        return {name: self._vector() for name in names} or (
            None if block.get("sparse_vectors") else self._vector()
        )

    def _vector(self) -> Json:
        return (
            {"size": self._draw.choice((4, 4, 4, 8)), "distance": self._draw.choice(_DISTANCES)}
            | self._maybe(0.3, datatype=self._draw.choice(("float32", "float16", "uint8")))
            | self._maybe(0.1, multivector=self._draw.choice(("max_sim", "none")))
            | self._maybe(0.3, on_disk=self._chance(0.5))
            | self._maybe(0.3, hnsw=self._hnsw())
            | self._maybe(0.3, quantization=self._quantization())
        )

    def _sparse(self, block: Json) -> Json | None:
        if self._chance(0.4):
            return None if block.get("vectors") else {"words": {}}
        names = self._draw.sample(("words", "tags"), self._draw.randint(1, 2))
        return {name: self._sparse_vector() for name in names}

    def _sparse_vector(self) -> Json:
        return (
            self._some(
                {
                    "modifier": ("idf", "none"),
                    "datatype": ("float32", "float16"),
                    "on_disk": (True, False),
                    "full_scan_threshold": (100, 5000),
                }
            )
            or {}
        )

    def _hnsw(self) -> Json | None:
        return self._some(
            {
                "m": (0, 8, 16),
                "ef_construct": (50, 100),
                "full_scan_threshold": (10, 10000),
                "max_indexing_threads": (0, 1),
                "payload_m": (0, 4, 16),
                "on_disk": (True, False),
                "inline_storage": (True, False),
            }
        )

    def _quantization(self) -> Json | str | None:
        ram = self._maybe(0.4, always_ram=self._chance(0.5))
        return self._draw.choice(
            (
                None,
                "none",
                {"scalar": ram | self._maybe(0.4, quantile=self._draw.choice((0.99, None)))},
                {"product": ram | {"compression": self._draw.choice(("x4", "x16"))}},
                {
                    "binary": ram
                    | self._maybe(0.4, encoding="two_bits")
                    | self._maybe(0.3, query_encoding="scalar8bits")
                },
            )
        )

    def _optimizers(self) -> Json | None:
        return self._some(
            {
                "deleted_threshold": (0.1, 0.2),
                "vacuum_min_vector_number": (100, 1000),
                "default_segment_number": (0, 2),
                "max_segment_size": (1000, 200000),
                "memmap_threshold": (0, 5000),
                "indexing_threshold": (0, 1, 10000),
                "flush_interval_sec": (1, 5),
                "max_optimization_threads": ("auto", 1),
            }
        )

    def _strict(self) -> Json | None:
        return self._some(
            {
                "enabled": (True, True, False),
                "max_query_limit": (10, 100),
                "max_timeout": (5, 60),
                "unindexed_filtering_retrieve": (True, False),
                "unindexed_filtering_update": (True, False),
                "upsert_max_batchsize": (5, 100),
                "search_allow_exact": (True, False),
            }
        )

    def _indexes(self) -> Json | None:
        chosen = self._draw.sample(INDEXES, self._draw.randint(0, 3))
        return {field: self._index(field) for field in chosen} or None

    def _index(self, field: str) -> Json | str:
        kinds: dict[str, tuple[tuple[str, Json], ...]] = {
            "user": (
                ("keyword", {"is_tenant": (True, False), "on_disk": (True, False)}),
                (
                    "text",
                    {"tokenizer": ("word", "prefix"), "min_token_len": (2, None), "lowercase": (True, False)},
                ),
                ("uuid", {"is_tenant": (True, False)}),
            ),
            "n": (
                ("integer", {"lookup": (True,), "range": (True, False), "is_principal": (True, False)}),
                ("float", {"on_disk": (True, False)}),
                ("datetime", {}),
            ),
            "note.text": (
                (
                    "text",
                    {
                        "stopwords": ("english", {"custom": ["foo"]}, {}),
                        "stemmer": ({"language": "english"}, None),
                        "phrase_matching": (True, False),
                        "ascii_folding": (True, False),
                    },
                ),
                ("bool", {"on_disk": (True, False)}),
                ("geo", {}),
            ),
        }
        kind, options = self._draw.choice(kinds[field])
        said = self._some(options) or {}
        if not said and self._chance(0.5):
            return kind
        return {"type": kind} | said | self._maybe(0.1, lifecycle={"ignore": ["on_disk"]})

    def _copying(self, block: Json) -> Json | None:
        if block.get("on_replace") != "copy":
            return None
        return {"batch": self._draw.choice((3, 5)), "sample": self._draw.choice(self._samples)}

    def _ignored(self) -> Json | None:
        names = ("hnsw", "optimizers", "quantization", "metadata", "vector_hnsw", "on_disk_payload", "wal")
        return self._maybe(0.4, ignore=self._draw.sample(names, self._draw.randint(1, 2))) or None

    # ------------------------------------------------------------------ chance

    def _chance(self, part: float) -> bool:
        return self._draw.random() < part

    def _maybe(self, part: float, **settings: Any) -> Json:
        kept = {key: value for key, value in settings.items() if value is not None}
        return kept if self._chance(part) else {}

    def _some(self, settings: Json) -> Json | None:
        """Returns some of the settings, each with one of its values."""
        drawn = {key: self._draw.choice(values) for key, values in settings.items() if self._chance(_LEAST)}
        return drawn or None


def loads(manifest: Json) -> bool:
    """Says whether nothing is wrong with a manifest."""
    loaded = load_text(f"kind: QdrantSchema\nstore: vectors\n{written(manifest)}", "case.yaml")
    return loaded.node is not None and not check_manifest(loaded.node, {"vectors": PROVIDER}).diagnostics


def written(manifest: Json) -> str:
    """Returns a manifest as text, one collection or alias a line."""
    return "".join(
        f"{part}:\n" + "".join(f"  {name}: {json.dumps(block)}\n" for name, block in blocks.items())
        for part, blocks in manifest.items()
        if blocks
    )


def declared(manifest: Json) -> Objects:
    """Returns what a manifest declares."""
    return objects(written(manifest))
