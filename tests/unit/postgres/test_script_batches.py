"""Which statements of a script are committed together."""

from __future__ import annotations

import pytest

from apexplan_postgres.run.migration import batches

WAYS = {"s": "shared", "a": "auto-commit", "1": "alone"}


def told(ways: str, done: int = 0) -> list[str]:
    """Returns the batches as the letters of their ways; in brackets what is outside of any transaction."""
    found = batches([WAYS[way] for way in ways], done)
    return [f"[{ways[start:end]}]" if outside else ways[start:end] for start, end, outside in found]


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ("", []),
        ("sss", ["sss"]),
        ("a", ["[a]"]),
        ("ssasaas", ["ss", "[a]", "s", "[a]", "[a]", "s"]),
        ("s1s", ["s", "1", "s"]),
    ],
)
def test_neighbours_that_can_share_a_transaction_do(ways: str, expected: list[str]) -> None:
    assert told(ways) == expected


def test_what_is_done_is_left_out() -> None:
    assert told("ssas", 1) == ["s", "[a]", "s"]
    assert told("ssas", 3) == ["s"]
