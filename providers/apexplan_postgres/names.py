"""Names of PostgreSQL objects in addresses and in SQL: the one place that quotes and splits.

The name part of an address is what SQL would call the object, in full:

    table, index      schema.name                column, constraint, trigger   schema.table.name
    function          schema.name(type, type)    extension, schema             name

A manifest may use `[A-Za-z_][A-Za-z0-9_]*` of at most 63 bytes. A live name outside of that is
put in double quotes as in SQL, so that every live object has an address. SQL is made with every
name quoted where the server's own `quote_ident` might: nothing is ever passed through bare.
"""

from __future__ import annotations

import re
from functools import lru_cache

from apexplan.model.address import Address

MAX_NAME_BYTES = 63
"""NAMEDATALEN - 1; the server cuts longer names in silence (manual 4.1.1, measured on 18.4)."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BARE_SQL = re.compile(r"[a-z_][a-z0-9_]*\Z")
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|([^."(]+)')

# Words that PostgreSQL 14–18 refuse as a bare column or table name (manual, appendix C: reserved,
# and reserved "can be function or type").
RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast
    check collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign freeze from full grant
    group having ilike in initially inner intersect into is isnull join lateral leading left
    like limit localtime localtimestamp natural not notnull null offset on only or order outer
    overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using
    variadic verbose when where window with between bigint bit boolean char character coalesce
    dec decimal exists extract float greatest grouping inout int integer interval json
    json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
    json_serialize json_table json_value least merge_action national nchar none normalize nullif
    numeric out overlay position precision real row setof smallint substring time timestamp
    treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split()  # noqa: SIM905  one word a line would be a hundred lines
)


def why_not_a_name(name: str) -> str:
    """Returns what is wrong with `name` as a name in a manifest, or "" if nothing is."""
    if "\0" in name:
        return "it holds a NUL byte, at which the server would cut it"
    if not _PLAIN.match(name):
        return "only letters, digits and _ are allowed, and no digit in front"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"it has {len(name.encode())} bytes; the server cuts names at {MAX_NAME_BYTES}"
    return ""


def quote(name: str) -> str:
    """Returns `name` as an SQL identifier, quoted unless it is a plain lower-case word."""
    if _BARE_SQL.match(name) and name not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Returns `text` as an SQL string literal under standard_conforming_strings."""
    if "\0" in text:
        raise ValueError("a text with a NUL byte cannot be stored")
    return "'" + text.replace("'", "''") + "'"


def spelled(*parts: str) -> str:
    """Returns the name part of an address for these names: `spelled("public", "documents")`."""
    return ".".join(p if _PLAIN.match(p) else '"' + p.replace('"', '""') + '"' for p in parts)


@lru_cache(maxsize=65536)
def parts(name: str) -> tuple[str, ...]:
    """Returns the names in the name part of an address, without quotes. A function's argument
    types stay with its name: `("public", "f(integer, text)")`."""
    head, paren, arguments = _split_arguments(name)
    found = tuple(
        quoted.replace('""', '"') if quoted or not bare else bare for quoted, bare in _TOKEN.findall(head)
    )
    return (*found[:-1], found[-1] + paren + arguments) if paren else found


def _split_arguments(name: str) -> tuple[str, str, str]:
    """Splits `schema.f(types)` at the first parenthesis that stands outside of quotes."""
    inside = False
    for index, character in enumerate(name):
        if character == '"':
            inside = not inside
        elif character == "(" and not inside:
            return name[:index], "(", name[index + 1 :]
    return name, "", ""


def sql_name(address: Address) -> str:
    """Returns the object's full name as SQL: `public.documents`, `public.f(integer)`. For a column,
    constraint or trigger: its own name without the table."""
    names = parts(address.name)
    if address.kind in IN_TABLE:
        return quote(names[-1])
    if address.kind == "function":
        head, paren, arguments = _split_arguments(address.name)
        return ".".join(map(quote, parts(head))) + paren + arguments
    return ".".join(map(quote, names))


def table_sql(address: Address) -> str:
    """Returns the full SQL name of the table that a column, constraint or trigger belongs to, or
    of the table itself."""
    return ".".join(map(quote, parts(address.name)[:2]))


RETAINED_SCHEMA = "apexplan_retained"
"""What the names of the schemas begin with into which dropped tables are moved."""

ASIDE = "_apx_"
"""What names of our own begin with, while something is made aside."""

IN_TABLE = frozenset({"column", "primary_key", "unique", "check", "foreign_key", "exclude", "trigger"})
"""Kinds whose name is schema.table.name."""


def table_of(address: Address) -> Address:
    """Returns the table of a column, constraint or trigger."""
    schema, table, *_ = parts(address.name)
    return Address(address.store, "table", spelled(schema, table))


def in_table(store: str, kind: str, table: str, name: str) -> Address:
    """Returns the address of a column, constraint or trigger; `table` is `schema.table` as in an address."""
    return Address(store, kind, f"{table}.{spelled(name)}")


def schema_of(address: Address) -> str:
    """Returns the schema that the object lives in."""
    return parts(address.name)[0]


def last(address: Address) -> str:
    """Returns the object's own name without schema and table, unquoted."""
    return parts(address.name)[-1]
