"""Key patterns: what a contract says about the names of keys. Pure, and without a driver.

    doc:{id}                     a literal, and a placeholder of the default type: no `:` in it
    session:{id:uuid7}:{n:int}   typed placeholders, see `types`
    query:*                      `*` is an `any` without a name: the rest, colons and all
    {{apex}}:doc:{id}            braces that are braces are doubled: a hash tag of a cluster
    a\\*b                         a star that is a star; `\\\\` is a backslash

A pattern is a regular language over bytes, and everything here comes from the one description of it in
`types`: the regular expression, the glob, sample keys, and the automaton that decides whether two patterns
have a key in common.

    grammar      text → Pattern                 types       what a placeholder may stand for
    pattern      what can be asked of one       bytesets    sets of bytes
    automata     common keys, long keys         ranking     who wins a key, and which pairs tie
    classifier   keys → the pattern of each     guessing    an undeclared key → the pattern it seems to follow
                                                groups      counts of those, in bounded memory
"""

from apexplan_redis.patterns.classifier import Classifier
from apexplan_redis.patterns.grammar import PatternError, parse
from apexplan_redis.patterns.groups import Group, Groups
from apexplan_redis.patterns.guessing import guess
from apexplan_redis.patterns.pattern import Literal, Part, Pattern, Placeholder
from apexplan_redis.patterns.ranking import overlap, overlaps, ties
from apexplan_redis.patterns.types import TYPES, Type

__all__ = [
    "TYPES",
    "Classifier",
    "Group",
    "Groups",
    "Literal",
    "Part",
    "Pattern",
    "PatternError",
    "Placeholder",
    "Type",
    "guess",
    "overlap",
    "overlaps",
    "parse",
    "ties",
]
