"""How one Cypher statement runs and what it is about, told by its tokens; or why it is refused.

Only the first words decide, except for `CALL { … } IN TRANSACTIONS` and `USE`, which may stand
anywhere. Keywords are names as well in Cypher: `CREATE index = (a)-->(b)` binds a path, a label
may be called INDEX, a variable `transactions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from apexplan.migrations.places import Refusal
from apexplan.migrations.script import Topic, Way
from apexplan_neo4j.cypher import refusals
from apexplan_neo4j.cypher.lexer import Token, tokens

_HEAD: Final = 5
"""Tokens that tell a command: `CREATE OR REPLACE INDEX =` at most."""
_OPTIONS: Final = 256
"""Tokens looked at beyond them for the options after `CYPHER`, of which there are about a dozen."""

_NOTHING: Final = Token("", "")
_INDEX_KINDS: Final = frozenset({"RANGE", "TEXT", "POINT", "LOOKUP", "FULLTEXT", "VECTOR", "BTREE"})
_OBJECTS_OF_THE_SERVER: Final = frozenset({"DATABASE", "COMPOSITE", "USER", "ROLE", "IMMUTABLE", "ALIAS"})
_REFUSED: Final = {
    **dict.fromkeys(("EXPLAIN", "PROFILE"), refusals.NO_EFFECT),
    **dict.fromkeys(("BEGIN", "COMMIT", "ROLLBACK"), refusals.TRANSACTION),
    **dict.fromkeys(("ALTER", "GRANT", "DENY", "REVOKE", "RENAME"), refusals.ADMINISTRATION),
    **dict.fromkeys(("START", "STOP", "TERMINATE"), refusals.ADMINISTRATION),
    **dict.fromkeys(("ENABLE", "DRYRUN", "DEALLOCATE", "REALLOCATE"), refusals.ADMINISTRATION),
    "USE": refusals.DATABASE,
    "SHOW": refusals.SHOW,
    "USING": refusals.PERIODIC,
}
_COMMANDS: Final = frozenset({*_REFUSED, "CREATE", "DROP", "CYPHER"})
"""First words that take a closer look."""
_FIRST: Final = re.compile(r"[^\W\d][\w$]*+")
_MAY_CHOOSE: Final = re.compile(r"\buse\b", re.IGNORECASE)
_MAY_COMMIT: Final = re.compile(r"\btransactions\b", re.IGNORECASE)
# A USE clause is the first of a query: of a subquery, or after UNION or UNION ALL.
_BEFORE_A_QUERY: Final = frozenset({"{", "UNION", "ALL"})


def classify(statement: str) -> tuple[Way, Topic] | Refusal:
    """Returns how a statement runs and what it is about, or why it may not stand in a script."""
    word = _FIRST.match(statement)
    if word and word[0].upper() not in _COMMANDS:
        return _query(statement)
    body = _beginning(statement)
    first = _word(body, 0)
    if first in _REFUSED:
        return _REFUSED[first]
    if first in ("CREATE", "DROP"):
        return _command(first, body) or _query(statement)
    return _query(statement)


def _word(body: Sequence[Token], at: int) -> str:
    return body[at].text if at < len(body) and body[at].kind == "word" else ""


def _text(body: Sequence[Token], at: int) -> str:
    return body[at].text if at < len(body) else ""


def _beginning(statement: str) -> Sequence[Token]:
    """Returns the first tokens without `CYPHER 5 runtime=slotted …`, which may stand several times."""
    stream = tokens(statement)
    head = list(islice(stream, _HEAD))
    if _word(head, 0) == "CYPHER":
        head += islice(stream, _OPTIONS)
    at = 0
    while _word(head, at) == "CYPHER":
        at += 1
        at += at < len(head) and head[at].kind == "number"
        while _text(head, at + 1) == "=":
            at += 3
    return head[at:]


def _command(verb: str, body: Sequence[Token]) -> tuple[Way, Topic] | Refusal | None:
    """Returns None for the clause `CREATE …`, which writes data."""
    at = 3 if (_word(body, 1), _word(body, 2)) == ("OR", "REPLACE") else 1
    thing = _word(body, at)
    if verb == "CREATE" and _text(body, at + 1) == "=":
        return None
    if thing == "INDEX" or (thing in _INDEX_KINDS and _word(body, at + 1) == "INDEX"):
        return Way.SHARED, Topic.SCHEMA
    if thing == "CONSTRAINT":
        # An index may take its name in the same transaction, and a rollback then breaks the table
        # of names; drop and create of one schema are refused (measured on 5.26.12).
        return Way.ALONE, Topic.SCHEMA
    if verb == "DROP" or thing in _OBJECTS_OF_THE_SERVER:
        return refusals.ADMINISTRATION
    return None


def _query(statement: str) -> tuple[Way, Topic] | Refusal:
    words = statement.lower()
    if "use" in words and _MAY_CHOOSE.search(statement) and _chooses_a_database(tokens(statement)):
        return refusals.DATABASE
    if "transactions" in words and _MAY_COMMIT.search(statement) and _commits_by_itself(tokens(statement)):
        return Way.AUTO, Topic.DATA
    return Way.SHARED, Topic.DATA


def _chooses_a_database(body: Iterable[Token]) -> bool:
    before = this = _NOTHING
    for after in body:
        if this == ("word", "USE") and before.text in _BEFORE_A_QUERY and after.kind in ("word", "name"):
            return True
        before, this = this, after
    return False


def _commits_by_itself(body: Iterable[Token]) -> bool:
    """Says whether `CALL { … } IN …` or `CALL (…) { … } IN …` stands in a statement.

    What follows IN may be an expression before `CONCURRENT TRANSACTIONS`. `COLLECT { … } IN list`
    and maps look the same from behind, so each brace remembers whether CALL stands before it.
    """
    brackets: list[bool] = []
    calls = body_ended = False
    for kind, text in body:
        if body_ended and text == "IN" and kind == "word":
            return True
        body_ended = False
        if text in ("(", "{"):
            brackets.append(calls)
            calls = False
        elif text in (")", "}") and brackets:
            called = brackets.pop()
            calls, body_ended = called and text == ")", called and text == "}"
        else:
            calls = kind == "word" and text == "CALL"
    return False
