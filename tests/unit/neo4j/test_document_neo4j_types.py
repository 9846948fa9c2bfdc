"""Types of properties in the server's spelling. The pairs are what 5.26.12 says of each."""

from __future__ import annotations

import random

import pytest

from apexplan_neo4j.document.property_types import canonical_type

IN_ORDER = [
    "BOOLEAN",
    "STRING",
    "INTEGER",
    "FLOAT",
    "DATE",
    "LOCAL TIME",
    "ZONED TIME",
    "LOCAL DATETIME",
    "ZONED DATETIME",
    "DURATION",
    "POINT",
    "LIST<BOOLEAN NOT NULL>",
    "LIST<STRING NOT NULL>",
    "LIST<INTEGER NOT NULL>",
    "LIST<FLOAT NOT NULL>",
    "LIST<DATE NOT NULL>",
    "LIST<LOCAL TIME NOT NULL>",
    "LIST<ZONED TIME NOT NULL>",
    "LIST<LOCAL DATETIME NOT NULL>",
    "LIST<ZONED DATETIME NOT NULL>",
    "LIST<DURATION NOT NULL>",
    "LIST<POINT NOT NULL>",
]
NEWER_IN_ORDER = [
    "STRING",
    "UUID",
    "INTEGER",
    "POINT",
    "VECTOR<INTEGER8 NOT NULL>(1)",
    "VECTOR<INTEGER8 NOT NULL>(3)",
    "VECTOR<INTEGER16 NOT NULL>(1)",
    "VECTOR<INTEGER32 NOT NULL>(1)",
    "VECTOR<INTEGER NOT NULL>(3)",
    "VECTOR<FLOAT32 NOT NULL>(1)",
    "VECTOR<FLOAT NOT NULL>(1)",
    "LIST<STRING NOT NULL>",
    "LIST<UUID NOT NULL>",
]


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("BOOL", "BOOLEAN"),
        ("VARCHAR", "STRING"),
        ("INT", "INTEGER"),
        ("SIGNED INTEGER", "INTEGER"),
        ("TIME WITHOUT TIME ZONE", "LOCAL TIME"),
        ("TIME WITHOUT TIMEZONE", "LOCAL TIME"),
        ("TIME WITH TIME ZONE", "ZONED TIME"),
        ("TIME WITH TIMEZONE", "ZONED TIME"),
        ("TIMESTAMP WITHOUT TIME ZONE", "LOCAL DATETIME"),
        ("timestamp without timezone", "LOCAL DATETIME"),
        ("TIMESTAMP WITH TIME ZONE", "ZONED DATETIME"),
        ("TIMESTAMP WITH TIMEZONE", "ZONED DATETIME"),
        ("  zoned \n datetime ", "ZONED DATETIME"),
        ("ARRAY<INT NOT NULL>", "LIST<INTEGER NOT NULL>"),
        ("list < int  not  null >", "LIST<INTEGER NOT NULL>"),
        ("LIST<INT!>", "LIST<INTEGER NOT NULL>"),
        ("INT NOT NULL LIST", "LIST<INTEGER NOT NULL>"),
        ("INT ! ARRAY", "LIST<INTEGER NOT NULL>"),
        ("INT!LIST", "LIST<INTEGER NOT NULL>"),
        ("FLOAT | INTEGER", "INTEGER | FLOAT"),
        ("INT|INTEGER", "INTEGER"),
        ("LIST<INTEGER NOT NULL>|LIST<INT NOT NULL>", "LIST<INTEGER NOT NULL>"),
        ("ANY<FLOAT|INT>", "INTEGER | FLOAT"),
        ("ANY VALUE <INT | FLOAT>", "INTEGER | FLOAT"),
        ("ANY<FLOAT>|STRING", "STRING | FLOAT"),
    ],
)
def test_a_type_is_spelled_as_the_server_does(text: str, server: str) -> None:
    assert canonical_type(text) == server


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("VECTOR<FLOAT>(3)", "VECTOR<FLOAT NOT NULL>(3)"),
        ("vector < float64 not null > ( 4096 )", "VECTOR<FLOAT NOT NULL>(4096)"),
        ("VECTOR<SIGNED INTEGER>(1)", "VECTOR<INTEGER NOT NULL>(1)"),
        ("VECTOR<INT64>(1)", "VECTOR<INTEGER NOT NULL>(1)"),
        ("VECTOR<INT8>(1)", "VECTOR<INTEGER8 NOT NULL>(1)"),
    ],
)
def test_a_vector_is_spelled_as_newer_servers_do(text: str, server: str) -> None:
    assert canonical_type(text) == server


@pytest.mark.parametrize("members", [IN_ORDER, NEWER_IN_ORDER], ids=["5.26", "newer"])
def test_a_union_has_the_order_of_the_server(members: list[str]) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    shuffled = random.Random(seed).sample(members, len(members))
    assert canonical_type("|".join(shuffled)) == " | ".join(members)


@pytest.mark.parametrize("type_", [*IN_ORDER, *NEWER_IN_ORDER])
def test_the_spelling_of_the_server_stays(type_: str) -> None:
    assert canonical_type(type_) == type_


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing is no type"),
        ("INT|", "nothing is no type"),
        ("|INT", "nothing is no type"),
        ("LIST<>", "nothing is no type"),
        ("DATETIME", "DATETIME is no type"),
        ("DATE TIME", "DATE TIME is no type"),
        ("DOUBLE", "DOUBLE is no type"),
        ("STRING(20)", r"STRING\(20\) is no type"),
        ("ANY", "ANY is no type"),
        ("ANY PROPERTY VALUE", "ANY PROPERTY VALUE is no type"),
        ("MAP", "MAP is no type"),
        ("NULL", "NULL is no type"),
        ("FLOAT32", "FLOAT32 is no type"),
        ("INTEGER>", "INTEGER> is no type"),
        ("STRING OPTIONS {}", "is no type"),
        ("INTEGER NOT NULL", "NOT NULL after INTEGER"),
        ("INT!", "NOT NULL after INT"),
        ("INTEGER NOT NULL | FLOAT NOT NULL", "NOT NULL after INTEGER"),
        ("LIST<INT NOT NULL> NOT NULL", "NOT NULL after LIST"),
        ("INT NOT NULL LIST NOT NULL", "NOT NULL after INT NOT NULL LIST"),
        ("LIST<INT>", "write LIST<INTEGER NOT NULL>"),
        ("INT LIST", "write LIST<INTEGER NOT NULL>"),
        ("LIST<LIST<INT NOT NULL> NOT NULL>", "cannot hold lists"),
        ("INT NOT NULL LIST NOT NULL LIST", "cannot hold lists"),
        ("LIST<INTEGER NOT NULL | FLOAT NOT NULL>", "cannot hold a union"),
        ("LIST<ANY<INT>>", "cannot hold a union"),
        ("LIST<MAP NOT NULL>", "MAP is no type"),
        ("LIST<VECTOR<FLOAT>(3) NOT NULL>", "cannot hold vectors"),
        ("VECTOR", "needs the type of its components and their number"),
        ("VECTOR<FLOAT>", "needs the type of its components and their number"),
        ("VECTOR(3)", "needs the type of its components and their number"),
        ("VECTOR<FLOAT>(n)", "needs the type of its components and their number"),
        ("VECTOR<STRING>(3)", "cannot hold STRING"),
        ("VECTOR<>(3)", "cannot hold nothing"),
        ("VECTOR<FLOAT>(0)", "1 to 4096"),
        ("VECTOR<FLOAT>(4097)", "1 to 4096"),
        ("VECTOR<FLOAT>(3) NOT NULL", "NOT NULL after VECTOR"),
        ("ANY<" * 100_000, "is no type"),
    ],
)
def test_what_the_server_refuses_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        canonical_type(text)
