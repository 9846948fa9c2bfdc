"""What is wrong with the ACL users of a document. Pure. What their rules grant is in `acl_grants`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from apexplan.document import Path
from apexplan.model.diagnostics import Problem
from apexplan_redis.document.acl_grants import grant_problems, words
from apexplan_redis.document.models import UserBlock
from apexplan_redis.document.values import is_hash
from apexplan_redis.names import OWN_USERS
from apexplan_redis.patterns import Pattern

_RULE: Final = re.compile(
    r"[+-](@[a-z0-9_.-]+|[a-z0-9_.-]+(\|[a-z0-9_.-]+)?)|allcommands|nocommands", re.IGNORECASE
)
_SECRET_LIKE: Final = re.compile(r"^[<>#!]")
_BLANK: Final = re.compile(r"[\s\0]")
_KEY_RIGHTS: Final = re.compile(r"%(R|W|RW|WR)~", re.IGNORECASE)
_ALL_KEYS: Final = re.compile(r"(~|%(RW|WR)~)?\*", re.IGNORECASE)
_ALL_CHANNELS: Final = re.compile(r"&?\*")
_WORDS: Final = frozenset({"allkeys", "resetkeys", "allchannels", "resetchannels"})


def user_problems(
    name: str, block: UserBlock, patterns: Mapping[str, Pattern], path: Path
) -> Iterator[Problem]:
    """Yields what is wrong with one user. `patterns` are those of the document, by their text."""
    yield from _name(name, path)
    yield from _passwords(block, path)
    yield from _patterns(block, patterns, path)
    yield from _rules(block.commands, path)
    yield from _keys(block.keys, path, beside=len(block.patterns))
    yield from _channels(block.channels, path)
    for number, selector in enumerate(block.selectors):
        inner = (*path, "selectors", number)
        if not (words(selector.commands) or selector.keys or selector.channels):
            why = "what no set of rules allows is not allowed anyway"
            yield Problem(
                "empty-selector", inner, "a selector allows nothing", "it is empty", why, "leave it out"
            )
        yield from _rules(selector.commands, inner)
        yield from _keys(selector.keys, inner)
        yield from _channels(selector.channels, inner)
    yield from grant_problems(name, block, patterns, path)


def _name(name: str, path: Path) -> Iterator[Problem]:
    if _BLANK.search(name):
        yield Problem(
            "bad-user",
            path,
            "a name is none of a user",
            f"`{name}`",
            "names of users hold no blanks",
            "take a name without blanks",
        )
    if name.startswith(OWN_USERS):
        why = f"users {OWN_USERS}… are made and removed while rules are compared"
        yield Problem("own-user", path, "a name is kept for apexplan", f"`{name}`", why, "take another name")


def _passwords(block: UserBlock, path: Path) -> Iterator[Problem]:
    for number, password in enumerate(block.passwords):
        place = (*path, "passwords", number)
        if password.startswith("sha256:") and not is_hash(password):
            yield Problem(
                "bad-hash",
                place,
                "a hash of a password is none",
                "`sha256:` without 64 lower-case hex digits behind it",
                "the server keeps SHA-256 of passwords",
                "write sha256: and what `printf %s PASSWORD | sha256sum` says",
            )
        elif _SECRET_LIKE.match(password):
            yield _password_here(place)
    if block.nopass and block.passwords:
        yield Problem(
            "contradiction",
            (*path, "nopass"),
            "two settings contradict each other",
            "`nopass` and `passwords`",
            "with nopass any password is right",
            "leave one of them out",
        )


def _password_here(place: Path) -> Problem:
    return Problem(
        "password-in-manifest",
        place,
        "a password stands in the manifest",
        "one that begins as in an ACL rule",
        "what a manifest says is shown in plans and kept in the state",
        "name it in `passwords`: those of the store in the project file have name and secret",
    )


def _patterns(block: UserBlock, patterns: Mapping[str, Pattern], path: Path) -> Iterator[Problem]:
    for number, text in enumerate(block.patterns):
        place = (*path, "patterns", number)
        if text not in patterns:
            yield Problem(
                "unknown-pattern",
                place,
                "a user names a pattern that is not declared",
                f"`{text}`",
                "a user may touch keys of declared patterns",
                "write the pattern as it stands under `keys`, or give globs in `keys`",
            )
        elif _BLANK.search(text):
            yield _blank(place, text, "give a glob in `keys` that has `?` in the blank's place")


def _rules(commands: str | tuple[str, ...], path: Path) -> Iterator[Problem]:
    for rule in words(commands):
        if _SECRET_LIKE.match(rule):
            yield _password_here((*path, "commands"))
        elif not _RULE.fullmatch(rule):
            yield Problem(
                "bad-acl-rule",
                (*path, "commands"),
                "a rule is none of commands",
                f"`{rule}`",
                "commands are allowed by +NAME or +@CATEGORY, and taken back by - in front",
                "see ACL CAT for categories; globs of keys belong into `keys`, channels into `channels`",
            )


def _keys(globs: Sequence[str], path: Path, *, beside: int = 0) -> Iterator[Problem]:
    """`beside`: how many globs of patterns there are as well."""
    for number, glob in enumerate(globs):
        place = (*path, "keys", number)
        yield from _glob(glob, place)
        if glob.startswith("%") and not _KEY_RIGHTS.match(glob):
            yield Problem(
                "bad-glob",
                place,
                "a glob is none of keys",
                f"`{glob}`",
                "a percent sign begins what may be done: %R~, %W~ or %RW~",
                "write ~ in front where keys begin with a percent sign",
            )
        if _ALL_KEYS.fullmatch(glob) and len(globs) + beside > 1:
            yield _needless(place, glob)


def _channels(globs: Sequence[str], path: Path) -> Iterator[Problem]:
    for number, glob in enumerate(globs):
        place = (*path, "channels", number)
        yield from _glob(glob, place)
        if _ALL_CHANNELS.fullmatch(glob) and len(globs) > 1:
            yield _needless(place, glob)


def _glob(glob: str, place: Path) -> Iterator[Problem]:
    if _BLANK.search(glob):
        yield _blank(place, glob, "write `?` in the blank's place, which stands for any byte")
    if glob.lower() in _WORDS:
        yield Problem(
            "bad-glob",
            place,
            "a word of the ACL language stands for a glob",
            f"`{glob}`",
            "it would be taken for a name",
            "write `*` for all; a user has nothing that is not said",
        )


def _needless(place: Path, glob: str) -> Problem:
    return Problem(
        "contradiction",
        place,
        "a glob of everything stands beside others",
        f"`{glob}`",
        "the server refuses others beside it, since they add nothing",
        "leave it out, or the others",
    )


def _blank(place: Path, text: str, mend: str) -> Problem:
    why = "rules of ACLs are words: what stands behind the blank would be a rule of its own"
    return Problem("bad-glob", place, "a glob has a blank", f"`{text}`", why, mend)
