"""The events of a document → what the function library is made from, and its mistakes with their places in
the document. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from apexplan.document import Path
from apexplan.model.diagnostics import Problem, Severity
from apexplan_redis.document.models import KeyBlock, RedisContract
from apexplan_redis.document.values import cached_name, key_block, seconds, ttl_block
from apexplan_redis.invalidation import model
from apexplan_redis.invalidation.mistakes import mistakes
from apexplan_redis.patterns import Literal, Pattern, Placeholder, overlaps, parse

NAMELESS = "rest"
"""What the value of a `*` is called."""


def invalidation_of(
    document: RedisContract, patterns: Mapping[str, Pattern]
) -> tuple[model.Invalidation | None, list[Problem]]:
    """Returns what the document's events say, None where it has none or something is wrong with them.
    `patterns` are those that could be read, by the text that the document has."""
    if not document.given("invalidation"):
        return None, list(_without_library(document))
    found = list(_events(document, patterns))
    problems = [one for one in found if isinstance(one, Problem)]
    block = document.invalidation
    made = model.Invalidation(
        library=block.library,
        entries=tuple(_entries(document, patterns)),
        events=tuple(one for one in found if isinstance(one, model.Event)),
        prefix=block.prefix,
        populate_within_s=seconds(block.populate_within),
        chunk=block.chunk,
        count_reads=block.count_reads,
        outbox_maxlen=block.outbox_maxlen,
        **({"outbox_group": block.groups[0]} if block.groups else {}),
    )
    problems += [_placed(problem, document, patterns) for problem in mistakes(made)]
    return (None, problems) if problems else (made, list(_in_anothers_place(document, patterns, made)))


def cached(
    document: RedisContract, patterns: Mapping[str, Pattern]
) -> Iterator[tuple[str, KeyBlock, Pattern]]:
    """Yields the patterns of cached entries, with what is said of them."""
    for text, said in document.keys.items():
        block = key_block(said)
        if block.given("cached") and text in patterns:
            yield text, block, patterns[text]


def _without_library(document: RedisContract) -> Iterator[Problem]:
    """Events and cached entries are nothing without the functions that know of them."""
    for name in document.events:
        yield Problem(
            "no-invalidation",
            ("events", name),
            "an event that no library carries into the server",
            f"`{name}`",
            "events work through a function library, which `invalidation` names",
            "add `invalidation: {library: NAME}`",
        )


def _entries(document: RedisContract, patterns: Mapping[str, Pattern]) -> Iterator[model.Entry]:
    for text, block, pattern in cached(document, patterns):
        ttl = ttl_block(block)
        yield model.Entry(
            name=cached_name(block.cached, pattern),
            pattern=text,
            parts=tuple(map(_part, pattern.parts)),
            ttl_s=seconds(ttl.max) if ttl is not None and ttl.given("max") else 0,
            own=dict(block.cached.about),
            tags=tuple(block.cached.made_of),
        )


def _in_anothers_place(
    document: RedisContract, patterns: Mapping[str, Pattern], made: model.Invalidation
) -> Iterator[Problem]:
    """Yields entries that some id puts in the place of a key that a more literal pattern has."""
    others = [*patterns.values(), *(parse(own.pattern) for own in model.own_keys(made))]
    pairs = ((text, [pattern, other]) for text, _, pattern in cached(document, patterns) for other in others)
    for text, pair in pairs:
        for winner, loser, key in overlaps(pair):
            if loser is pair[0]:
                yield Problem(
                    "cached-in-anothers-place",
                    ("keys", text),
                    "a cached value can take the place of another key",
                    f"`{key}` is of `{winner.text}`, and some id of `{text}` makes it too",
                    "an event of that id removes the key, and a value of it replaces the key",
                    "let one of them begin otherwise, or give the placeholder a type that the key is not of",
                    Severity.WARNING,
                )


def _part(part: Literal | Placeholder) -> model.Part:
    if isinstance(part, Literal):
        return part.text
    kind = part.type
    choices = tuple(kind.name[5:-1].split("|")) if kind.name.startswith("enum(") else ()
    return model.Placeholder(
        part.name or NAMELESS, kind.name.partition("(")[0], kind.regex().decode("latin-1"), choices
    )


def _events(document: RedisContract, patterns: Mapping[str, Pattern]) -> Iterator[model.Event | Problem]:
    names = {text: cached_name(block.cached, pattern) for text, block, pattern in cached(document, patterns)}
    for name, event in document.events.items():
        for number, text in enumerate(event.stale):
            if text not in names:
                yield _not_cached(("events", name, "stale", number), text, document)
        stale = tuple(names[text] for text in event.stale if text in names)
        if stale or not event.stale:
            yield model.Event(name, event.subject, stale)


def _not_cached(path: Path, text: str, document: RedisContract) -> Problem:
    if text in document.keys:
        return Problem(
            "not-cached",
            path,
            "an event names keys that are no entries of a cache",
            f"`{text}`",
            "the functions write and check entries; other keys carry neither version nor tags",
            "add `cached: {about: {SUBJECT: PLACEHOLDER}}` or `cached: {made_of: [SUBJECT]}` to the pattern",
        )
    return Problem(
        "unknown-pattern",
        path,
        "an event names a pattern that is not declared",
        f"`{text}`",
        "an event makes keys of declared patterns stale",
        "write the pattern as it stands under `keys`, or declare it",
    )


def _placed(problem: Problem, document: RedisContract, patterns: Mapping[str, Pattern]) -> Problem:
    """Returns a mistake with its place in the document instead of the one in the values made of it, and in
    the document's words."""
    mend = problem.mend.replace("`own`", "`cached.about`").replace("`tags`", "`cached.made_of`")
    return replace(
        problem,
        path=_path(problem.path, document, patterns),
        why=problem.why or "functions and a client for applications are made from it",
        mend=mend,
    )


def _path(path: Path, document: RedisContract, patterns: Mapping[str, Pattern]) -> Path:
    head, *rest = map(str, path)
    if head == "events":
        return path
    if head != "entries" or not rest:
        field = {"populate_within_s": "populate_within", "entries": "library"}.get(head, head)
        return ("invalidation", field)
    name, *inner = rest
    texts = {cached_name(block.cached, pattern): text for text, block, pattern in cached(document, patterns)}
    if name not in texts:
        return ("events", name)
    fields = {"ttl_s": ("ttl",), "own": ("cached", "about"), "tags": ("cached", "made_of")}
    return ("keys", texts[name], *fields.get("".join(inner[:1]), ("cached",)), *inner[1:])
