"""What is wrong with the key patterns of a document, one by one and among them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from apexplan.document import Path
from apexplan.model.diagnostics import Problem, Severity
from apexplan_redis.document.models import KeyBlock
from apexplan_redis.document.values import seconds, ttl_block
from apexplan_redis.patterns import Pattern, PatternError, overlaps, parse, ties

_CONTRADICTION: Final = "two settings contradict each other"


def parsed(text: str, path: Path) -> Pattern | Problem:
    """Returns the pattern of a key of the document, or what is wrong with it."""
    try:
        pattern = parse(text)
    except PatternError as error:
        place = f"`{text}`, character {error.position + 1}"
        why = "a pattern says which keys are meant, by literals and placeholders"
        return Problem("bad-pattern", path, error.summary, f"{place}: {error.what}", why, error.mend)
    if pattern.matches_everything:
        return Problem(
            "pattern-matches-everything",
            path,
            "a pattern matches everything",
            f"`{text}`",
            "no key would be undeclared, and none could be told from another",
            "begin it with what these keys begin with, such as `cache:*`",
        )
    return pattern


def key_problems(block: KeyBlock, pattern: Pattern, path: Path) -> Iterator[Problem]:
    """Yields what is wrong with what is said of one pattern's keys."""
    yield from _ttl(block, path)
    yield from _repair(block, path)
    yield from _examples(block, pattern, path)
    yield from _type(block, path)
    if block.given("value"):
        yield from _schema(block, path)


Placed: TypeAlias = Mapping[str, tuple[Pattern, Path]]
"""Patterns with their places in the document, by the text that they have there."""


def among(placed: Placed) -> Iterator[Problem]:
    """Yields the pairs of patterns that share keys."""
    texts = {pattern.text: text for text, (pattern, _) in reversed(list(placed.items()))}
    for text, (pattern, path) in placed.items():
        if texts[pattern.text] != text:
            what = f"`{text}` and `{texts[pattern.text]}` are one pattern"
            why = "they have the same keys, of which two things would be said"
            yield Problem(
                "pattern-twice", path, "a pattern is declared twice", what, why, "remove one of them"
            )
    distinct = [placed[text][0] for text in texts.values()]
    yield from _ties(distinct, texts, placed)
    yield from _overlaps(distinct, texts, placed)


def _ties(distinct: Sequence[Pattern], texts: Mapping[str, str], placed: Placed) -> Iterator[Problem]:
    for first, second, key in ties(distinct):
        one, other = texts[first.text], texts[second.text]
        yield Problem(
            "patterns-tie",
            placed[other][1],
            "two patterns match the same key, and neither is the more literal one",
            f"`{one}` and `{other}` both match `{key}`",
            "the most literal pattern has a key; here nothing says whose it is",
            "make one of them more literal, or its placeholders narrower",
        )


def _overlaps(distinct: Sequence[Pattern], texts: Mapping[str, str], placed: Placed) -> Iterator[Problem]:
    for winner, loser, key in overlaps(distinct):
        one, other = texts[winner.text], texts[loser.text]
        yield Problem(
            "patterns-overlap",
            placed[other][1],
            "two patterns match the same key",
            f"`{key}` is of `{one}`, which is more literal, and not of `{other}`",
            "the most literal pattern has a key",
            "nothing has to be done where that is meant",
            Severity.NOTE,
        )


def _ttl(block: KeyBlock, path: Path) -> Iterator[Problem]:
    ttl = ttl_block(block)
    if ttl is None:
        return
    bounds = ttl.given("max", "min")
    if ttl.policy == "forbidden" and bounds:
        what = f"`policy: forbidden` and `{bounds[0]}`"
        yield _contradiction((*path, "ttl", bounds[0]), what, "keys without TTL have no bounds of it")
    elif len(bounds) == 2 and seconds(ttl.min) > seconds(ttl.max):
        why = "keys would be made with more than they may have"
        yield _contradiction((*path, "ttl", "min"), f"{ttl.min} is more than {ttl.max}", why)


def _repair(block: KeyBlock, path: Path) -> Iterator[Problem]:
    ttl = ttl_block(block)
    if not block.given("repair"):
        return
    if ttl is None or not ttl.given("max"):
        yield Problem(
            "repair-without-maximum",
            (*path, "repair"),
            "nothing says what keys are repaired to",
            "`repair` without `ttl: {max: …}`",
            "keys without TTL, or with a longer one, are given the maximum",
            "say the longest TTL, or leave `repair` out",
        )


def _examples(block: KeyBlock, pattern: Pattern, path: Path) -> Iterator[Problem]:
    for number, example in enumerate(block.examples or ()):
        if not pattern.accepts(example.encode()):
            yield Problem(
                "example-does-not-match",
                (*path, "examples", number),
                "an example is not of its pattern",
                f"`{example}` is not of `{pattern.text}`",
                "examples are the test of a pattern",
                "correct the one or the other",
            )


def _type(block: KeyBlock, path: Path) -> Iterator[Problem]:
    if block.given("cached") and block.given("type") and block.type != "hash":
        why = "a cached entry is a hash with value, tags and clock"
        yield _contradiction((*path, "type"), f"`type: {block.type}` and `cached`", why)
    if block.given("cached") and block.given("fields"):
        why = "the fields of a cached entry are those that the functions write"
        yield _contradiction((*path, "fields"), "`fields` and `cached`", why)
    if block.given("fields") and block.type not in (None, "hash"):
        yield _contradiction(
            (*path, "fields"), f"`type: {block.type}` and `fields`", "only a hash has fields"
        )
    has_value = block.type in (None, "string") or block.given("cached") or "value" in (block.fields or {})
    if block.given("value") and not has_value:
        why = "a JSON Schema is of a string's value, or of the field `value` of a hash"
        yield _contradiction((*path, "value"), f"`type: {block.type}` and `value`", why)


def _schema(block: KeyBlock, path: Path) -> Iterator[Problem]:
    import jsonschema  # costs 60 ms, and few contracts have a schema

    validator = jsonschema.validators.validator_for(block.value, default=jsonschema.Draft7Validator)
    try:
        validator.check_schema(block.value)
    except jsonschema.SchemaError as error:
        place = (*path, "value", *error.absolute_path)
        yield _bad_schema(place, error.message.splitlines()[0], "see the specification of JSON Schema")
        return
    yield from _unusable(block.value, (*path, "value"))


def _unusable(schema: Any, path: Path) -> Iterator[Problem]:
    """Finds in a schema, which is one, what no audit can follow."""
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from _unusable(part, (*path, number))
    if not isinstance(schema, dict):
        return
    for word, part in schema.items():
        if word in ("const", "default", "enum", "examples"):
            continue
        if word == "$ref" and isinstance(part, str) and not part.startswith("#"):
            mend = "write that part into `definitions` of this schema, and refer to `#/definitions/…`"
            yield _bad_schema((*path, word), f"`{part}` is in another document, which nobody reads", mend)
        yield from _unusable(part, (*path, word))


def _bad_schema(path: Path, what: str, mend: str) -> Problem:
    why = "an audit holds a sample of the values against it"
    return Problem("bad-json-schema", path, "a value's JSON Schema is none", what, why, mend)


def _contradiction(path: Path, what: str, why: str) -> Problem:
    return Problem("contradiction", path, _CONTRADICTION, what, why, "leave one of them out")
