"""Payload indexes: kinds with their options, what a PUT replaces, how many points each holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from .json_paths import JsonPath, values
from .kinds import Flag, Items, Kind, OneOf, Struct, Text, Whole, Word

_LANGUAGES = (
    *("arabic", "azerbaijani", "basque", "bengali", "catalan", "chinese", "danish", "dutch", "english"),
    *("finnish", "french", "german", "greek", "hebrew", "hinglish", "hungarian", "indonesian", "italian"),
    *("japanese", "kazakh", "nepali", "norwegian", "portuguese", "romanian", "russian", "slovene"),
    *("spanish", "swedish", "tajik", "turkish"),
)
_STOPWORDS = OneOf(
    "StopwordsInterface",
    (
        Word(_LANGUAGES),
        Struct("StopwordsSet", {"languages": Items(Word(_LANGUAGES)), "custom": Items(Text())}),
    ),
)
_STEMMER = Struct(
    "SnowballParams",
    {"type": Word(("snowball",)), "language": Word(_LANGUAGES)},
    required=("type", "language"),
)


def _lookup_or_range(schema: Mapping[str, Any]) -> Mapping[str, str]:
    if schema.get("lookup") is False and schema.get("range") is False:
        text = "Validation error: the 'lookup' and 'range' capabilities can't be both disabled [{}]"
        return {"lookup": text}
    return {}


OPTIONS: Mapping[str, Mapping[str, Kind]] = {
    "keyword": {"is_tenant": Flag(), "on_disk": Flag()},
    "integer": {"lookup": Flag(), "range": Flag(), "is_principal": Flag(), "on_disk": Flag()},
    "float": {"is_principal": Flag(), "on_disk": Flag()},
    "geo": {"on_disk": Flag()},
    "text": {
        "tokenizer": Word(("prefix", "whitespace", "word", "multilingual")),
        "min_token_len": Whole(),
        "max_token_len": Whole(),
        "lowercase": Flag(),
        "ascii_folding": Flag(),
        "phrase_matching": Flag(),
        "stopwords": _STOPWORDS,
        "on_disk": Flag(),
        "stemmer": _STEMMER,
    },
    "bool": {"on_disk": Flag()},
    "datetime": {"is_principal": Flag(), "on_disk": Flag()},
    "uuid": {"is_tenant": Flag(), "on_disk": Flag()},
}

_SHOWN: Mapping[str, Mapping[str, Any]] = {
    "integer": {"lookup": None, "range": None, "is_principal": None},
    "float": {"is_principal": None},
    "datetime": {"is_principal": None},
    "text": {"tokenizer": "word"},
}
"""Options that the read-back shows although they were not given."""


def _typed(kind: str) -> Struct:
    return Struct(
        f"{kind.capitalize()}IndexParams",
        {"type": Word((kind,)), **OPTIONS[kind]},
        required=("type",),
        check=_lookup_or_range,
    )


CREATE_INDEX = Struct(
    "CreateFieldIndex",
    {
        "field_name": JsonPath(),
        "field_schema": OneOf("PayloadFieldSchema", (Word(tuple(OPTIONS)), *map(_typed, OPTIONS))),
    },
    required=("field_name",),
    spellings={"field_type": "field_schema"},
)


def shown(schema: str | Mapping[str, Any]) -> dict[str, Any]:
    """The schema as GET spells it: a bare kind stays bare."""
    if isinstance(schema, str):
        return {"data_type": schema}
    kind = schema["type"]
    return {"data_type": kind, "params": {**_SHOWN.get(kind, {}), **schema}}


def replaced(live: dict[str, Any] | None, desired: dict[str, Any]) -> dict[str, Any]:
    """What is stored after a PUT: of two spellings that are equal for the server the first stays."""
    if live is not None and _meaning(live) == _meaning(desired):
        return live
    return desired


def _meaning(index: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = index["data_type"]
    params: Mapping[str, Any] = index.get("params", {"type": kind, **_SHOWN.get(kind, {})})
    return params


def holds(kind: str, payload: Mapping[str, Any], path: str) -> bool:
    """Is the point in the index? Values of another type are not."""
    return any(_FITS[kind](value) for value in values(payload, path))


def points_held(kind: str, path: str, payloads: Iterable[Mapping[str, Any]]) -> int:
    """Points, not values."""
    return sum(holds(kind, payload, path) for payload in payloads)


def _parses(parse: Callable[[str], object]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        try:
            return isinstance(value, str) and parse(value) is not None
        except ValueError:
            return False

    return fits


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "keyword": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
    "bool": lambda value: isinstance(value, bool),
    "geo": lambda value: isinstance(value, dict) and {"lon", "lat"} <= set(value),
    "datetime": _parses(datetime.fromisoformat),
    "uuid": _parses(UUID),
}
