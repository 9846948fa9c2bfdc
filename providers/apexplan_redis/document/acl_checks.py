"""What is wrong with the ACL users of a document: rules that grant more than they seem to. Pure.

What a category holds is the server's to say; what is here was measured on 7.0.15 with ACL DRYRUN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from apexplan.document import Path
from apexplan.model.diagnostics import Problem, Severity
from apexplan_redis.document.models import UserBlock
from apexplan_redis.document.values import is_hash
from apexplan_redis.patterns import Pattern

_RULE: Final = re.compile(r"[+-](@?[a-z0-9_.-]+)(\|[a-z0-9_.-]+)?|allcommands|nocommands", re.IGNORECASE)
_SECRET_LIKE: Final = re.compile(r"^[<>#!]")
_FUNCTIONS: Final = "FUNCTION LOAD, DELETE, FLUSH and RESTORE"
_CATEGORIES: Final = ("@all", "@write", "@scripting", "@slow", "function", "function|load")
_GIVES_FUNCTION: Final = frozenset({"allcommands", *(f"+{one}" for one in _CATEGORIES)})
_TAKES_FUNCTION: Final = frozenset({"nocommands", *(f"-{one}" for one in _CATEGORIES)})


def user_problems(
    name: str, block: UserBlock, patterns: Mapping[str, Pattern], path: Path
) -> Iterator[Problem]:
    """Yields what is wrong with one user. `patterns` are those of the document, by their text."""
    if not name.strip() or re.search(r"[\s\0]", name):
        yield Problem(
            "bad-user", path, "a name is none of a user", f"`{name}`", mend="take a name without blanks"
        )
    yield from _passwords(block, path)
    for number, text in enumerate(block.patterns):
        if text not in patterns:
            yield Problem(
                "unknown-pattern",
                (*path, "patterns", number),
                "a user names a pattern that is not declared",
                f"`{text}`",
                mend="write the pattern as it stands under `keys`, or give globs in `keys`",
            )
    rules = _rules(block.commands)
    yield from _syntax(rules, path)
    yield from _grants(name, block, rules, path)


def _passwords(block: UserBlock, path: Path) -> Iterator[Problem]:
    for number, password in enumerate(block.passwords):
        if password.startswith("sha256:") and not is_hash(password):
            yield Problem(
                "bad-hash",
                (*path, "passwords", number),
                "a hash of a password is none",
                "`sha256:` without 64 lower-case hex digits behind it",
                mend="write sha256: and what `printf %s PASSWORD | sha256sum` says",
            )
        elif _SECRET_LIKE.match(password):
            yield Problem(
                "password-in-manifest",
                (*path, "passwords", number),
                "a password stands in the manifest",
                "one that begins as in an ACL rule",
                "what a manifest says is shown in plans and kept in the state",
                "name it: `passwords` of the store in the project file has name and secret",
            )
    if block.nopass and block.passwords:
        why = "with nopass any password is right"
        yield Problem(
            "contradiction",
            (*path, "nopass"),
            "two settings contradict each other",
            "`nopass` and `passwords`",
            why,
            "leave one of them out",
        )


def _rules(commands: str | tuple[str, ...]) -> list[str]:
    return (commands if isinstance(commands, str) else " ".join(commands)).split()


def _syntax(rules: list[str], path: Path) -> Iterator[Problem]:
    for rule in rules:
        if not _RULE.fullmatch(rule):
            yield Problem(
                "bad-acl-rule",
                (*path, "commands"),
                "a rule is none of commands",
                f"`{rule}`",
                "commands are allowed by +NAME or +@CATEGORY, and taken back by - in front",
                "see ACL CAT for categories; globs of keys belong into `keys`, channels into `channels`",
            )


def _grants(name: str, block: UserBlock, rules: list[str], path: Path) -> Iterator[Problem]:
    """Yields what is allowed beyond what it looks like."""
    lower = [rule.lower() for rule in rules]
    everything = any(rule in ("+@all", "allcommands") for rule in lower)
    open_keys = any(glob.lstrip("~") == "*" for glob in block.keys)
    if block.enabled and block.nopass:
        yield _warning((*path, "nopass"), "anybody may be this user", f"`{name}` has no password")
    if block.enabled and everything and "-@dangerous" not in lower:
        yield _warning(
            (*path, "commands"),
            "a user may do everything",
            f"`{name}`: {' '.join(rules)}",
            "FLUSHALL, CONFIG, SHUTDOWN, DEBUG and ACL SETUSER are among it",
            "name the categories that it needs, or add -@dangerous",
        )
    elif _may_load_functions(lower):
        yield _warning(
            (*path, "commands"),
            "a user may load and delete functions",
            f"`{name}`: {' '.join(rules)}",
            f"{_FUNCTIONS} are in @write and not in @dangerous, so that this user can change what the "
            "library does for everybody",
            "add -function; calling functions needs +fcall alone",
        )
    if open_keys and (everything or "+@write" in lower) and block.patterns:
        yield _warning(
            (*path, "keys"),
            "a glob of all keys makes the others needless",
            f"`{name}` may write `*` beside {len(block.patterns)} patterns",
            mend="leave `*` out",
        )


def _may_load_functions(rules: list[str]) -> bool:
    """True where FUNCTION LOAD is allowed by a category and not taken back."""
    allowed = False
    for rule in rules:
        if rule in _GIVES_FUNCTION:
            allowed = True
        elif rule in _TAKES_FUNCTION:
            allowed = False
    return allowed


def _warning(path: Path, summary: str, what: str, why: str = "", mend: str = "give it a password") -> Problem:
    return Problem("acl-grants-more", path, summary, what, why, mend, Severity.WARNING)
