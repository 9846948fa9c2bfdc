"""The runner that is soon written by hand, reduced to its rule: cut the file at each `;`, and pass over a
piece that begins with `//`, taking it for a comment.

A comment above a statement is in one piece with that statement, so the statement is passed over too,
and nobody is told. A `;` within a text or a comment is the opposite mistake. apexplan reads scripts
with a lexer.
"""

from __future__ import annotations

from neo4j import Session


def pieces(script: str) -> list[str]:
    """Returns what the runner would run of a script."""
    cut = [piece.strip() for piece in script.split(";")]
    return [piece for piece in cut if piece and not piece.startswith("//")]


def run(session: Session, script: str) -> int:
    """Runs a script by that rule and returns how many statements ran."""
    kept = pieces(script)
    for piece in kept:
        session.run(piece).consume()
    return len(kept)
