"""How one SQL statement runs and what it is about, told by its tokens; or why it is refused.

AUTO are the statements that PostgreSQL refuses in a transaction block (the commands' pages in the
manual of 18; measured on 18). Whether a procedure commits, or a table to reindex has partitions, no
text can tell: such a statement is SHARED, and the server refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import Final

from apexplan.migrations.places import Refusal
from apexplan.migrations.script import Topic, Way
from apexplan_postgres.script import refusals
from apexplan_postgres.script.lexer import Token, tokens

_HEAD: Final = 4
"""Tokens that tell most commands: `CREATE UNIQUE INDEX CONCURRENTLY` at most."""

_REFUSED: Final = {
    **dict.fromkeys(("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"), refusals.TRANSACTION),
    **dict.fromkeys(("SAVEPOINT", "RELEASE"), refusals.TRANSACTION),
    **dict.fromkeys(("RESET", "DISCARD", "LISTEN", "UNLISTEN", "DEALLOCATE", "LOAD"), refusals.SESSION),
}
_ABOUT_SCHEMA: Final = frozenset(
    {"ALTER", "CLUSTER", "COMMENT", "CREATE", "DROP", "GRANT", "IMPORT", "REASSIGN", "REINDEX", "REVOKE"}
) | {"SECURITY"}
_OF_THE_SERVER: Final = frozenset({"DATABASE", "TABLESPACE", "SYSTEM"})
_UNATOMIC_IN_SUBSCRIPTIONS: Final = frozenset({"PUBLICATION", "FAILOVER", "TWO_PHASE"})
_FALSE: Final = frozenset({"FALSE", "OFF", "0"})


def classify(statement: str) -> tuple[Way, Topic] | Refusal:
    """Returns how a statement runs and what it is about, or why it may not stand in a script."""
    head = list(islice(tokens(statement), _HEAD))
    verb = _word(head, 0)
    refusal = _REFUSED.get(verb) or _refusal(verb, head, statement)
    if refusal:
        return refusal
    way = Way.AUTO if _commits_by_itself(verb, head, statement) else Way.SHARED
    return way, Topic.SCHEMA if verb in _ABOUT_SCHEMA else Topic.DATA


def _word(head: Sequence[Token], at: int) -> str:
    return head[at].text if at < len(head) and head[at].kind == "word" else ""


def _refusal(verb: str, head: Sequence[Token], statement: str) -> Refusal | None:
    following = _word(head, 1)
    if verb == "SET" and following not in ("LOCAL", "CONSTRAINTS"):
        return refusals.TRANSACTION if following == "TRANSACTION" else refusals.SESSION
    if verb == "PREPARE":
        return refusals.TRANSACTION if following == "TRANSACTION" else refusals.SESSION
    if verb in ("CREATE", "ALTER", "DROP") and following in _OF_THE_SERVER:
        return refusals.ADMINISTRATION
    if verb == "COPY" and _speaks_to_the_client(tokens(statement)):
        return refusals.COPY
    return None


def _speaks_to_the_client(body: Iterable[Token]) -> bool:
    depth = 0
    for (_, before), (kind, text) in pairwise(body):
        depth += (before == "(") - (before == ")")
        if not depth and before in ("FROM", "TO") and kind == "word" and text in ("STDIN", "STDOUT"):
            return True
    return False


def _commits_by_itself(verb: str, head: Sequence[Token], statement: str) -> bool:
    match verb, _word(head, 1):
        case "VACUUM", _:
            return True
        case "REINDEX", _:
            return _reindexes_alone(list(tokens(statement)))
        case "CLUSTER", _:
            return not _without_options(list(tokens(statement))[1:])
        case (("CREATE" | "DROP"), "SUBSCRIPTION"):
            return True
        case "ALTER", "SUBSCRIPTION":
            return any(text in _UNATOMIC_IN_SUBSCRIPTIONS for _, text in islice(tokens(statement), 3, None))
        case "CREATE", ("INDEX" | "UNIQUE"):
            return "CONCURRENTLY" in (_word(head, 2), _word(head, 3))
        case "DROP", "INDEX":
            return _word(head, 2) == "CONCURRENTLY"
        case "ALTER", "TABLE":
            return _detaches_concurrently(tokens(statement))
    return False


def _without_options(rest: Sequence[Token]) -> Sequence[Token]:
    """Leaves out `(…)` or VERBOSE."""
    if rest and rest[0].text == "(":
        closing = next((at for at, token in enumerate(rest) if token.text == ")"), len(rest))
        return rest[closing + 1 :]
    return rest[1:] if _word(rest, 0) == "VERBOSE" else rest


def _reindexes_alone(body: Sequence[Token]) -> bool:
    """Says whether `REINDEX [(options)] what [CONCURRENTLY] name` needs to run by itself."""
    rest = _without_options(body[1:])
    options = body[1 : len(body) - len(rest)]
    if _word(rest, 0) in ("SCHEMA", "DATABASE", "SYSTEM") or _word(rest, 1) == "CONCURRENTLY":
        return True
    return any(
        option.text == "CONCURRENTLY" and value.text.strip("'").upper() not in _FALSE
        for option, value in pairwise(options)
    )


def _detaches_concurrently(body: Iterable[Token]) -> bool:
    words = [text for kind, text in body if kind == "word"]
    return ("DETACH", "PARTITION") in pairwise(words) and words[-1] == "CONCURRENTLY"
