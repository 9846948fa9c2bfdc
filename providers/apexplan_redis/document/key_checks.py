"""What is wrong with the key patterns of a document, one by one and among them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import jsonschema

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
        return Problem("bad-pattern", path, error.summary, f"{place}: {error.what}", mend=error.mend)
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
    yield from _examples(block, pattern, path)
    yield from _type(block, path)
    if block.given("value"):
        yield from _schema(block, path)


def among(patterns: Mapping[str, Pattern], keys: str = "keys") -> Iterator[Problem]:
    """Yields the pairs of patterns that share keys. `patterns` by the text of the document."""
    texts = {pattern.text: text for text, pattern in reversed(list(patterns.items()))}
    yield from _twice(patterns, texts)
    distinct: Sequence[Pattern] = [patterns[text] for text in texts.values()]
    for first, second, key in ties(distinct):
        yield Problem(
            "patterns-tie",
            (keys, texts[second.text]),
            "two patterns match the same key, and neither is the more literal one",
            f"`{texts[first.text]}` and `{texts[second.text]}` both match `{key}`",
            "the most literal pattern has a key; here nothing says whose it is",
            "make one of them more literal, or its placeholders narrower",
        )
    for winner, other, key in overlaps(distinct):
        yield Problem(
            "patterns-overlap",
            (keys, texts[other.text]),
            "two patterns match the same key",
            f"`{key}` is of `{texts[winner.text]}`, which is more literal, and not of `{texts[other.text]}`",
            "the most literal pattern has a key",
            "nothing has to be done where that is meant",
            Severity.NOTE,
        )


def _twice(patterns: Mapping[str, Pattern], texts: Mapping[str, str]) -> Iterator[Problem]:
    for text, pattern in patterns.items():
        if texts[pattern.text] != text:
            yield Problem(
                "pattern-twice",
                ("keys", text),
                "a pattern is declared twice",
                f"`{text}` and `{texts[pattern.text]}` are one pattern",
                mend="remove one of them",
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
        yield _contradiction((*path, "ttl", "min"), f"{ttl.min} is more than {ttl.max}", "take min ≤ max")
    if block.given("repair") and ttl.policy == "required" and "max" not in bounds:
        why = "a key without TTL is given the maximum, and none is said"
        yield _contradiction((*path, "repair"), "`repair` without `ttl: {max: …}`", why)


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
    try:
        jsonschema.validators.validator_for(block.value).check_schema(block.value)
    except jsonschema.SchemaError as error:
        yield Problem(
            "bad-json-schema",
            (*path, "value", *error.absolute_path),
            "a value's JSON Schema is none",
            error.message.splitlines()[0],
            mend="see the specification of JSON Schema",
        )


def _contradiction(path: Path, what: str, why: str) -> Problem:
    return Problem("contradiction", path, _CONTRADICTION, what, why, "leave one of them out")
