"""Types as the server spells them: `int` is `integer`, `decimal(5)` is `numeric(5,0)`.

No table of aliases: the server is asked, all texts in one query that only reads. `NULL` is cast
to each type and the answer says type and modifier.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg
    from psycopg import Connection

# The text is put into a query: names, one pair of parentheses with numbers or words, brackets.
_TYPE = re.compile(r'[\w\s".]+(\([\w\s,.+-]*\))?[\w\s]*(\[\d*\]\s*)*\Z')

_NAMES = """
SELECT format_type(type, CASE WHEN type = base THEN modifier ELSE -1 END)
FROM unnest(%s::oid[], %s::oid[], %s::int4[]) WITH ORDINALITY AS t(type, base, modifier, n) ORDER BY n
"""


@dataclass(frozen=True, slots=True)
class Types:
    """What the server says of type texts: its own spelling, or why it refuses."""

    names: dict[str, str] = field(default_factory=dict)
    refused: dict[str, psycopg.Error | None] = field(default_factory=dict)
    """None: the text has a form that no type has, and the server was not asked."""


def resolve(connection: Connection[Any], texts: Collection[str]) -> Types:
    """Returns the server's spelling of each text. Nothing is asked where there are none."""
    found = Types(refused={text: None for text in texts if not _TYPE.match(text)})
    asked = [text for text in texts if text not in found.refused]
    if asked:
        _ask(connection, asked, found)
    return found


def _ask(connection: Connection[Any], texts: list[str], found: Types) -> None:
    """Asks for all at once; where one is refused, halves the question until it stands alone."""
    import psycopg

    try:
        found.names.update(zip(texts, _spelled(connection, texts), strict=True))
    except psycopg.Error as error:
        if (error.sqlstate or "")[:2] not in ("0A", "22", "3F", "42"):
            raise
        if len(texts) == 1:
            found.refused[texts[0]] = error
            return
        middle = len(texts) // 2
        _ask(connection, texts[:middle], found)
        _ask(connection, texts[middle:], found)


def _spelled(connection: Connection[Any], texts: list[str]) -> list[str]:
    casts = ", ".join(f"CAST(NULL AS {t}), pg_typeof(CAST(NULL AS {t}))::oid" for t in texts)
    cursor = connection.execute(f"SELECT {casts}".encode(), binary=True)
    row, result = cursor.fetchone(), cursor.pgresult
    assert row is not None and result is not None
    numbers = range(0, 2 * len(texts), 2)
    # A result column of a domain is told with its base type: the second value is the domain.
    types, bases = [row[n + 1] for n in numbers], [result.ftype(n) for n in numbers]
    modifiers = [result.fmod(n) for n in numbers]
    return [name for (name,) in connection.execute(_NAMES, [types, bases, modifiers]).fetchall()]
