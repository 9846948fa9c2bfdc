"""Libraries in a few words: `libraries(one="f g")` declares the library one with the functions f and g."""

from __future__ import annotations

from apexplan.model.address import Address
from apexplan.model.change import Declared
from tests.live.redis.same_kit import objects


def libraries(**said: str) -> dict[Address, Declared]:
    return objects(libraries={name: {"code": code(name, words)} for name, words in said.items()})


def code(library: str, words: str) -> str:
    """Returns a library in which every function returns the library's name."""
    lines = [
        f"redis.register_function('{name}', function() return '{library}' end)" for name in words.split()
    ]
    return "\n".join([f"#!lua name={library}", *lines, ""])
