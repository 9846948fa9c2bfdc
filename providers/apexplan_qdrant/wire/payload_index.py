"""A payload index as GET shows it ↔ the values of a `PayloadIndex`.

A bare kind (`"keyword"`) and `{"type": "keyword"}` are one meaning; so are an option that is left out and its
default. The server compares the text of the two, and replaces an index as a whole (measured on 1.16.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apexplan_qdrant.specs import PayloadIndex
from apexplan_qdrant.wire.places import Json, read

_EVERY: Final[Mapping[str, Any]] = {"on_disk": False, "enable_hnsw": True, "memory": None}
_TENANT: Final[Mapping[str, Any]] = {"is_tenant": False, **_EVERY}
_PRINCIPAL: Final[Mapping[str, Any]] = {"is_principal": False, **_EVERY}

OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "keyword": _TENANT,
    "uuid": _TENANT,
    "integer": {"lookup": True, "range": True, **_PRINCIPAL},
    "float": _PRINCIPAL,
    "datetime": _PRINCIPAL,
    "bool": _EVERY,
    "geo": _EVERY,
    "text": {
        "tokenizer": "word",
        "min_token_len": None,
        "max_token_len": None,
        "lowercase": True,
        "ascii_folding": False,
        "phrase_matching": False,
        "stopwords": {},
        "stemmer": {},
        **_EVERY,
    },
}
"""The options of each type, and what absence means."""


def index_values(entry: Mapping[str, Any]) -> Json:
    """Returns every field of a `PayloadIndex` from an entry of `payload_schema`. None: its type has no such
    option."""
    kind = entry["data_type"]
    params = entry.get("params") or {}
    options = {
        option: read(params, (option,), default) for option, default in OPTIONS.get(kind, _EVERY).items()
    }
    if "stopwords" in options:
        options["stopwords"] = stopwords_values(options["stopwords"])
    return {**dict.fromkeys(PayloadIndex.rules), "type": kind, **options}


def index_schema(spec: PayloadIndex) -> Json:
    """Returns the `field_schema` that asks for what is managed, and for no more."""
    return index_schema_of(spec.values())


def index_schema_of(values: Mapping[str, Any]) -> Json:
    """Returns the `field_schema` of these values. {} and None are said by leaving the option out."""
    return {option: value for option, value in values.items() if value is not None and value != {}}


def stopwords_values(raw: Any) -> Json:
    """Returns stop words as `{languages, custom}`, sorted, without what is empty. A word alone is a
    language."""
    named = {"languages": [raw]} if isinstance(raw, str) else raw
    return {key: sorted(set(named[key])) for key in ("languages", "custom") if named.get(key)}
