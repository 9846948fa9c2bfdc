"""The quick way through a plain script finds what the slow one finds."""

from __future__ import annotations

import random

from apexplan_neo4j.cypher import split

_BITS = (
    *("MATCH (n)", "x", "1", " ", "\n", "\r", "\t", "\xa0", ";", ":", "/", "*", "'", '"', "`", "{", "}"),
    *("$p", "$(", "a$b", "'a;b'", '"x"', "`n;`", "// c;\n", "/* ; */", "/*", "*/", ":param x\n", "\\"),
    *("SET n.a='//'", " use ", "CALL { x } IN TRANSACTIONS", "CREATE INDEX i FOR (n:A) ON (n.x)"),
    *("DROP CONSTRAINT c", "EXPLAIN "),
)


def test_both_ways_split_random_scripts_alike() -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(20_000):
        text = "".join(dice.choices(_BITS, k=dice.randint(1, 14)))
        slow = split._Script(text)
        slow._plain = False
        assert split._Script(text).split() == slow.split(), f"seed {seed}: {text!r}"
