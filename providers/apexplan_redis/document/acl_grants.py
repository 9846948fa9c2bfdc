"""Rules of ACL users that grant more than they seem to. Pure.

What a category holds is the server's to say: here are the answers of COMMAND INFO on 7.0.15. What is
concluded from them was compared with ACL DRYRUN there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from apexplan.document import Path
from apexplan.model.diagnostics import Problem, Severity
from apexplan_redis.document.models import UserBlock
from apexplan_redis.patterns import Literal, Pattern, Placeholder, overlap
from apexplan_redis.patterns.types import ANY

FUNCTIONS: Final = "function|load"
CATEGORIES: Final[Mapping[str, frozenset[str]]] = {
    "flushall": frozenset({"@keyspace", "@write", "@slow", "@dangerous"}),
    "migrate": frozenset({"@keyspace", "@write", "@slow", "@dangerous"}),
    "config|set": frozenset({"@admin", "@slow", "@dangerous"}),
    "acl|setuser": frozenset({"@admin", "@slow", "@dangerous"}),
    "shutdown": frozenset({"@admin", "@slow", "@dangerous"}),
    "debug": frozenset({"@admin", "@slow", "@dangerous"}),
    FUNCTIONS: frozenset({"@write", "@slow", "@scripting"}),
}
"""Commands that destroy or give away everything, with their categories."""
_FRANK: Final = frozenset({"@admin", "@dangerous"})
"""Categories that say what they hold."""


def grant_problems(
    name: str, block: UserBlock, patterns: Mapping[str, Pattern], path: Path
) -> Iterator[Problem]:
    """Yields what a user is granted beyond what it looks like. `patterns` are those of the document."""
    if block.enabled:
        yield from _login(name, block, path)
        yield from _commands(block.commands, name, path)
        for number, selector in enumerate(block.selectors):
            yield from _commands(selector.commands, name, (*path, "selectors", number))
    yield from _neighbours(block, patterns, path)


def words(commands: str | tuple[str, ...]) -> list[str]:
    """Returns the rules of commands one by one."""
    return (commands if isinstance(commands, str) else " ".join(commands)).split()


def granted_by(rules: Sequence[str], command: str) -> str:
    """Returns the rule that allows `command`, one of `CATEGORIES`, in the end; "" where none does."""
    allowing = ""
    container = command.partition("|")[0]
    meant = {command, container, "@all", *CATEGORIES[command]}
    for rule in rules:
        sign, what = _plain(rule.lower())
        if what in meant:
            allowing = rule if sign == "+" else ""
    return allowing


def _plain(rule: str) -> tuple[str, str]:
    if rule in ("allcommands", "nocommands"):
        return ("+" if rule == "allcommands" else "-"), "@all"
    return rule[:1], rule[1:]


def _login(name: str, block: UserBlock, path: Path) -> Iterator[Problem]:
    if block.nopass and not block.passwords:
        yield _warning(
            (*path, "nopass"),
            "anybody may be this user",
            f"`{name}` has no password",
            "whoever reaches the server needs its name alone",
            "give it a password, or say `enabled: false`",
        )
    if not block.nopass and not block.passwords:
        yield _warning(
            path,
            "nobody can be this user",
            f"`{name}` is enabled and has neither `passwords` nor `nopass`",
            "what is not said it may not do, and so no password is right",
            "give it a password, or say `enabled: false`",
            "acl-nobody",
        )


def _commands(commands: str | tuple[str, ...], name: str, path: Path) -> Iterator[Problem]:
    rules = words(commands)
    quiet = {command for command in CATEGORIES if _is_quiet(granted_by(rules, command))}
    dangerous = [command for command in CATEGORIES if command in quiet and command != FUNCTIONS]
    if dangerous:
        told = ", ".join(command.replace("|", " ").upper() for command in dangerous)
        yield _warning(
            (*path, "commands"),
            "a user may run dangerous commands",
            f"`{name}` may {told} by `{granted_by(rules, dangerous[0])}`",
            "a category holds more than its name says, and these concern every key and user",
            "add -@dangerous behind it, or name the commands that are needed",
        )
    if FUNCTIONS in quiet:
        yield _warning(
            (*path, "commands"),
            "a user may load and delete functions",
            f"`{name}` may FUNCTION LOAD by `{granted_by(rules, FUNCTIONS)}`",
            "it changes what libraries do for everybody, and is not in @dangerous",
            "add -function behind it; calling functions needs +fcall alone",
            "acl-grants-functions",
        )


def _is_quiet(rule: str) -> bool:
    """True for a rule that allows a command without naming it."""
    _, what = _plain(rule.lower())
    return what.startswith("@") and what not in _FRANK


def _neighbours(block: UserBlock, patterns: Mapping[str, Pattern], path: Path) -> Iterator[Problem]:
    """Finds patterns whose keys a user may touch because a glob is wider than the pattern that it is for."""
    for number, text in enumerate(block.patterns):
        if text not in patterns:
            continue
        wide = _widened(patterns[text])
        for other, pattern in patterns.items():
            key = overlap(wide, pattern) if other not in block.patterns else None
            if key is not None:
                yield _warning(
                    (*path, "patterns", number),
                    "a glob lets a user touch keys of another pattern",
                    f"`{patterns[text].glob.decode()}`, for `{text}`, has also `{key}` of `{other}`",
                    "an ACL knows globs alone, and their star crosses colons",
                    "name both patterns if that is meant; otherwise let the keys begin differently",
                )


def _widened(pattern: Pattern) -> Pattern:
    """Returns the pattern with stars for what its glob has stars for."""
    parts = (
        part if isinstance(part, Literal) or part.type.length is not None else Placeholder("", ANY)
        for part in pattern.parts
    )
    return Pattern(tuple(parts))


def _warning(
    path: Path, summary: str, what: str, why: str, mend: str, code: str = "acl-grants-more"
) -> Problem:
    return Problem(code, path, summary, what, why, mend, Severity.WARNING)
