"""Search indexes, as FT._LIST and FT.INFO tell them.

In a cluster the module spreads every command over all shards itself, so one primary is asked. FT.INFO answers
with a map (RESP3), or with a flat list in which flags stand alone (RESP2 and older modules): both are read.
Defaults are written out. No command lists aliases: one is found by asking FT.INFO for its name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from apexplan.model.errors import StoreError
from apexplan_redis.names import stem
from apexplan_redis.read.everywhere import text_of
from apexplan_redis.specs.index import ENGLISH, EVERY_KEY, FLAGS, OPTIONS, IndexField, SearchIndex

if TYPE_CHECKING:
    from apexplan_redis.server import Node, Servers

LIST: Final = "ft._list"
"""The command by which a server with the module is known."""
_UNKNOWN: Final = re.compile("unknown index name|no such index|index not found", re.IGNORECASE)
"""How versions of the module say that there is neither index nor alias of a name."""
_FLAG_WORDS: Final = frozenset(FLAGS.values())
_FURTHER: Final = {
    "language_field": "LANGUAGE_FIELD",
    "score_field": "SCORE_FIELD",
    "payload_field": "PAYLOAD_FIELD",
}
_WIDE: Final = "MAXTEXTFIELDS"
_NARROW: Final = 32
"""Text fields from which on every index is a wide one."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands behind a name. `spec` is None for an index that holds something unknown; `why` says what.
    `share`: how much of the keyspace it has indexed. `failures`: documents that it could not index."""

    physical: str
    spec: SearchIndex | None
    why: str
    indexing: bool
    share: float
    failures: int

    @property
    def complete(self) -> bool:
        return not self.indexing and self.share >= 1


def read_indexes(servers: Servers, wanted: Collection[str]) -> tuple[list[str], dict[str, Found]]:
    """Returns the names of all indexes, and what stands behind each name: an alias that is wanted or that an
    index is a version of, or else the index's own name."""
    node = search_node(servers)
    listed = sorted(map(text_of, node.call("FT._LIST")))
    asked = dict.fromkeys([*wanted, *(name for one in listed if (name := stem(one))), *listed])
    found: dict[str, Found] = {}
    reached: set[str] = set()
    for name in asked:
        if name in reached:
            continue
        there = behind(node, name)
        if there is not None:
            found[name] = there
            reached.add(there.physical)
    return listed, found


def search_node(servers: Servers) -> Node:
    """Returns the server that is told about indexes."""
    return servers.primaries[0]


def behind(node: Node, name: str) -> Found | None:
    """Returns the index of a name, or the one that an alias of that name leads to."""
    try:
        return told(node.call("FT.INFO", name))
    except StoreError as error:
        if _UNKNOWN.search(error.text):
            return None
        raise


def told(answer: Any) -> Found:
    """Returns what an answer to FT.INFO says."""
    info = _pairs(answer)
    spec: SearchIndex | None = None
    why = ""
    try:
        spec = _spec(info)
    except ValidationError as error:
        places = {".".join(map(str, one["loc"])) or "fields" for one in error.errors()}
        why = "unknown values of " + ", ".join(sorted(places))
    return Found(
        physical=text_of(info["index_name"]),
        spec=spec,
        why=why,
        indexing=float(info.get("indexing", 0)) != 0,
        share=float(info.get("percent_indexed", 1)),
        failures=int(float(info.get("hash_indexing_failures", 0))),
    )


def _spec(info: Mapping[str, Any]) -> SearchIndex:
    definition = _pairs(info["index_definition"])
    on = text_of(definition["key_type"]).lower()
    fields = sorted((_field(_pairs(one), on) for one in info["attributes"]), key=lambda field: field.name)
    prefixes = sorted({text_of(one) or EVERY_KEY for one in definition.get("prefixes", [b""])})
    words = info.get("stopwords_list")
    return SearchIndex.model_validate(
        {
            "on": on,
            "prefixes": prefixes,
            "fields": fields,
            "language": text_of(definition.get("default_language", ENGLISH.encode())),
            "stopwords": None if words is None else sorted(map(text_of, words)),
            "filter": text_of(definition["filter"]) if "filter" in definition else None,
            "further": _further(info, definition, fields),
            "physical": text_of(info["index_name"]),
        }
    )


def _further(
    info: Mapping[str, Any], definition: Mapping[str, Any], fields: Sequence[IndexField]
) -> list[str]:
    """Returns the words of FT.CREATE for what no manifest says."""
    wide = sum(field.type == "text" for field in fields) > _NARROW
    options = map(text_of, info.get("index_options", ()))
    words = [option for option in options if not (wide and option == _WIDE)]
    for name, word in _FURTHER.items():
        default = b"__language" if name == "language_field" else b"__score" if name == "score_field" else b""
        if definition.get(name, default) not in (default, b""):
            words += [word, text_of(definition[name])]
    score = float(definition.get("default_score", 1))
    return words if score == 1 else [*words, "SCORE", f"{score:g}"]


def _field(said: Mapping[str, Any], on: str) -> IndexField:
    kind = text_of(said["type"]).lower()
    flags = {text_of(one) for one in said.get("flags", ())}
    values: dict[str, Any] = {
        "name": text_of(said["attribute"]),
        "path": text_of(said["identifier"]),
        "type": kind,
        **{name: word in flags and kind in OPTIONS[name] for name, word in FLAGS.items()},
    }
    if kind == "text":
        values["weight"] = float(said.get("WEIGHT", 1))
    if kind == "tag":
        values["separator"] = text_of(said.get("SEPARATOR", b"," if on == "hash" else b"")).strip("\0")
    if on == "json" or not values["sortable"]:
        values["unf"] = False  # always so of JSON, and without a meaning where nothing is sorted
    return IndexField.model_validate(values | (_vector(said) if kind == "vector" else {}))


def _vector(said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of a vector field. Older modules than 2.10 may not tell them: such a field is one
    that nobody can compare, and fails validation."""
    texts = {"algorithm": "algorithm", "distance": "distance_metric", "datatype": "data_type"}
    values: dict[str, Any] = {
        name: text_of(said[key]).lower() if key in said else "not told" for name, key in texts.items()
    }
    numbers = {"dim": "dim", "m": "M", "ef_construction": "ef_construction"}
    return values | {name: int(said[key]) for name, key in numbers.items() if key in said}


def _pairs(answer: Any) -> dict[str, Any]:
    """Returns a map, or a flat list of names and values as one; words that stand alone come under `flags`."""
    if isinstance(answer, Mapping):
        return {text_of(key): value for key, value in answer.items()}
    found: dict[str, Any] = {"flags": []}
    rest = iter(answer)
    for word in rest:
        key = text_of(word)
        if key in _FLAG_WORDS:
            found["flags"].append(word)
        else:
            found[key] = next(rest, None)
    return found
