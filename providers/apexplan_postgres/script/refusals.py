"""What an SQL script may not hold, with the reason and the way out. Words only."""

from __future__ import annotations

from typing import Final

from apexplan.migrations.places import Refusal

_STRING: Final = Refusal(
    "unterminated-string",
    "a string is not closed",
    "{} opens a string that goes on to the end of the script",
    "everything after it belongs to the string",
    "close it, or double a quote inside of it",
)
UNTERMINATED: Final = {
    "'": _STRING,
    "$": _STRING._replace(mend="close it with the same tag, in the same case"),
    '"': Refusal(
        "unterminated-name",
        "a quoted name is not closed",
        "{} opens a name that goes on to the end of the script",
        "everything after it belongs to the name",
        "close it, or double a quote inside of it",
    ),
    "*": Refusal(
        "unterminated-comment",
        "a comment is not closed",
        "{} opens a comment that goes on to the end of the script",
        "comments nest in PostgreSQL: each `/*` needs its own `*/`",
        "close it with `*/`",
    ),
}
"""By the last character of what opens."""

BRACKET: Final = Refusal(
    "unclosed-bracket",
    "a bracket is not closed",
    "{} opens a bracket that is never closed",
    "a semicolon in brackets ends no statement, so everything after it belongs to this one",
    "close it",
)
BODY: Final = Refusal(
    "unclosed-body",
    "the body of a function is not closed",
    "{} opens a body, or a CASE in one, that no END closes",
    "a semicolon in such a body ends no statement, so everything after it belongs to this one",
    "close it with `END`",
)
CONTROL: Final = Refusal(
    "control-character",
    "a control character stands in the script",
    "the character {}",
    "nobody who reads the script sees it, and no SQL needs it",
    "delete it; in a string, write it as an escape such as `E'\\x07'`",
)
PSQL: Final = Refusal(
    "psql-command",
    "a command of psql stands in the script",
    "the command {}",
    "psql carries out such commands itself; no server knows them",
    "delete the command; `\\copy` becomes INSERT, `\\i` the text of the other file",
)
TRANSACTION: Final = Refusal(
    "transaction-command",
    "a script does not control transactions",
    "the statement begins with {}",
    "the transactions are made where the script is run, so that its record is kept with its effect",
    "delete the statement",
)
SESSION: Final = Refusal(
    "session-setting",
    "a statement changes the session and not the database",
    "the statement begins with {}",
    "it would hold for the scripts after this one as well, and not where this one is resumed",
    "write `SET LOCAL …`, which ends with the transaction, or delete the statement",
)
COPY: Final = Refusal(
    "copy-from-client",
    "a statement copies from or to its client",
    "the statement begins with {}",
    "the rows are no part of any statement, so nobody sends or takes them",
    "write INSERT, or name a file of the server",
)
ADMINISTRATION: Final = Refusal(
    "administration-command",
    "a statement administers the server",
    "the statement begins with {}",
    "databases, tablespaces and the server's settings are no part of this database, so no record of this "
    "migration can be kept with them",
    "delete the statement, and run it where the server is set up",
)
