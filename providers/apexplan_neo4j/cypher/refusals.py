"""What a Cypher script may not hold, with the reason and the way out. Words only."""

from __future__ import annotations

from typing import Final

from apexplan.migrations.places import Refusal

UNTERMINATED: Final = {
    "'": Refusal(
        "unterminated-string",
        "a string is not closed",
        "the quote {} opens a string that goes on to the end of the script",
        "everything after it belongs to the string",
        "close it, or write a quote inside of it as `\\'` or `\\\"`",
    ),
    "`": Refusal(
        "unterminated-name",
        "a quoted name is not closed",
        "the backtick {} opens a name that goes on to the end of the script",
        "everything after it belongs to the name",
        "close it, or double a backtick inside of it",
    ),
    "/*": Refusal(
        "unterminated-comment",
        "a comment is not closed",
        "{} opens a comment that goes on to the end of the script",
        "everything after it belongs to the comment",
        "close it with `*/`",
    ),
}
UNTERMINATED['"'] = UNTERMINATED["'"]

CONTROL: Final = Refusal(
    "control-character",
    "a control character stands in the script",
    "the character {}",
    "nobody who reads the script sees it, and servers differ in what they make of it",
    "delete it; in a string, write it as an escape such as `\\u0007`",
)
ESCAPE: Final = Refusal(
    "unicode-escape",
    "a unicode escape would be read in different ways",
    "the escape {}",
    "Neo4j 5 decodes such escapes before it looks for strings, names and comments, so this one can end "
    "or begin one of them there; in the form `\\uXXXX` it takes exactly four hexadecimal digits",
    "write the character itself, or double the backslash if none is meant",
)
BACKSLASH: Final = Refusal(
    "unicode-escape",
    "a backslash stands outside of strings and names",
    "the characters {}",
    "the only meaning it can have is a unicode escape, and servers differ in where they decode these",
    "write the character itself",
)
PARAMETER: Final = Refusal(
    "parameter",
    "a script has no parameters",
    "the parameter {}",
    "a migration runs the same in every environment, so nothing gives the parameter a value",
    "write the value into the script",
)
SHELL: Final = Refusal(
    "shell-command",
    "a command of a client stands in the script",
    "the line begins with {}",
    "cypher-shell and Neo4j Browser carry out such lines themselves; no server knows them",
    "delete the line",
)
TRANSACTION: Final = Refusal(
    "transaction-command",
    "a script does not control transactions",
    "the statement begins with {}",
    "the transactions are made where the script is run, so that its record is kept with its effect",
    "delete the statement",
)
DATABASE: Final = Refusal(
    "use-clause",
    "a script does not choose its database",
    "the statement {}",
    "the record of the migration would stand in another database than its effect",
    "delete the clause, and name the database in the store's block of the project file",
)
NO_EFFECT: Final = Refusal(
    "explained-statement",
    "a statement is only explained or profiled",
    "the statement begins with {}",
    "EXPLAIN runs nothing, and the plan that PROFILE shows would be seen by nobody",
    "delete the word, or the statement",
)
SHOW: Final = Refusal(
    "show-command",
    "a statement shows something and changes nothing",
    "the statement begins with {}",
    "nobody sees what it returns when a migration runs",
    "delete the statement",
)
ADMINISTRATION: Final = Refusal(
    "administration-command",
    "a statement administers the server",
    "the statement begins with {}",
    "databases, users, roles and privileges stand in the system database, where no record of this "
    "migration can be kept with them",
    "delete the statement, and run it where the server is set up",
)
PERIODIC: Final = Refusal(
    "periodic-commit",
    "a hint that Neo4j 5 removed",
    "the statement begins with {}",
    "`USING PERIODIC COMMIT` went with Neo4j 5.0",
    "write `LOAD CSV … CALL (row) { … } IN TRANSACTIONS`",
)
MIXED: Final = Refusal(
    "schema-and-data",
    "schema and data in one script",
    "the statement begins with {}",
    "a transaction of Neo4j changes the schema or writes data, never both (25N01), so the record of this "
    "migration could not be committed with all of it",
    "split the script into two migrations",
)
