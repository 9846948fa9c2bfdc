"""Keys of one call in different slots of a cluster, found without one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from apexplan.model.diagnostics import Problem
from apexplan_redis.document.models import RedisContract
from apexplan_redis.patterns import Literal, Pattern


def slot_problems(document: RedisContract, entries: Mapping[str, Pattern]) -> Iterator[Problem]:
    """Yields cached entries that lie in another slot than the library's own keys, where the document is of a
    cluster. `entries` by their text there."""
    if not (document.cluster and document.given("invalidation")):
        return
    own = tag_of_prefix(document.invalidation.prefix)
    if own is None:
        yield Problem(
            "no-hash-tag",
            ("invalidation", "prefix"),
            "the library's keys lie in many slots of a cluster",
            f"`{document.invalidation.prefix}` has no hash tag",
            "keys of one call must share a slot; the part in braces alone is hashed",
            "write a tag into it, such as `{apex}:`",
        )
        return
    for text, pattern in entries.items():
        if pattern.hash_tag != own:
            yield Problem(
                "other-slot",
                ("keys", text),
                "keys of one call lie in different slots of a cluster",
                f"`{text}` has the hash tag {_said(pattern.hash_tag)}, the library's keys have `{{{own}}}`",
                "a cluster refuses a call whose keys lie in different slots (CROSSSLOT)",
                f"begin the pattern with `{{{{{own}}}}}:`",
            )


def tag_of_prefix(prefix: str) -> str | None:
    """Returns the hash tag of keys that begin with `prefix`, None where it has none."""
    return Pattern((Literal(prefix),)).hash_tag


def _said(tag: str | None) -> str:
    return "none" if tag is None else f"`{{{tag}}}`"
