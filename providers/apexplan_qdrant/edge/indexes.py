"""Payload indexes: `field_schema` as JSON ↔ Edge's types.

A bare kind stays one, an object stays one: Edge tells the two apart, as the server does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import qdrant_edge as edge

_PARAMS: Final[Mapping[str, Callable[..., edge.PayloadSchemaParams]]] = {
    "keyword": edge.KeywordIndexParams,
    "integer": edge.IntegerIndexParams,
    "float": edge.FloatIndexParams,
    "bool": edge.BoolIndexParams,
    "geo": edge.GeoIndexParams,
    "datetime": edge.DatetimeIndexParams,
    "uuid": edge.UuidIndexParams,
    "text": edge.TextIndexParams,
}


def edge_schema(schema: str | Mapping[str, Any]) -> edge.PayloadSchemaType | edge.PayloadSchemaParams:
    """Returns what `create_field_index` takes. Raises ValueError and TypeError for what Edge has not."""
    if isinstance(schema, str):
        kind: edge.PayloadSchemaType = _member(edge.PayloadSchemaType, schema)
        return kind
    options = {name: value for name, value in schema.items() if name != "type" and value is not None}
    if schema.get("type") not in _PARAMS:
        raise ValueError(f"there is no payload index of type {schema.get('type')!r}")
    return _PARAMS[schema["type"]](**{name: _option(name, value) for name, value in options.items()})


def field_schema(info: edge.PayloadIndexInfo) -> Any:
    """Returns the `field_schema` of an index that a shard has: a bare kind or an object."""
    if info.params is None:
        return _word(info.data_type)
    options = {name: getattr(info.params, name) for name in dir(info.params) if not name.startswith("_")}
    said = {name: _plain(value) for name, value in options.items() if value is not None}
    return {"type": _word(info.data_type), **said}


def shown(schema: Any, points: int | None) -> dict[str, Any]:
    """Returns an entry of `payload_schema` in GET. `points`: None where only an open shard would tell."""
    if isinstance(schema, str):
        return {"data_type": schema, "points": points}
    return {"data_type": schema["type"], "params": dict(schema), "points": points}


def _option(name: str, value: Any) -> Any:
    match name:
        case "memory":
            return _member(edge.Memory, value)
        case "tokenizer":
            return _member(edge.TokenizerType, value)
        case "stopwords":
            return _stopwords(value)
        case "stemmer":
            return _stemmer(value)
        case _:
            return value


def _stopwords(value: Any) -> Any:
    if isinstance(value, str):
        return _member(edge.Language, value)
    languages = {_member(edge.Language, language) for language in value.get("languages") or ()}
    return edge.StopwordsSet(languages or None, set(value.get("custom") or ()) or None)


def _stemmer(value: Mapping[str, Any]) -> Any:
    if value.get("type") == "none":
        return edge.DisabledStemmer()
    return edge.SnowballParams(_member(edge.SnowballLanguage, value["language"]))


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, edge.StopwordsSet):
        languages = sorted(map(_word, value.languages or ()))
        sets = {"languages": languages, "custom": sorted(value.custom or ())}
        return {key: words for key, words in sets.items() if words}
    if isinstance(value, edge.SnowballParams):
        return {"type": "snowball", "language": _word(value.language)}
    if isinstance(value, edge.DisabledStemmer):
        return {"type": "none"}
    if isinstance(value, edge.TextScoringParams):
        return {"type": _word(value.type)}
    return _word(value)


def _member(words: Any, word: str) -> Any:
    """Returns the member of one of Edge's enumerations that the server calls `word`."""
    for name in dir(words):
        if name.lower() == word.lower() and not name.startswith("_"):
            return getattr(words, name)
    raise ValueError(f"{word!r} is no {words.__name__}")


def _word(member: Any) -> str:
    """Returns the server's word for a member of one of Edge's enumerations."""
    return str(member).rpartition(".")[2].lower()
