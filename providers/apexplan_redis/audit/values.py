"""Values against their JSON Schema, and which of many are looked at.

A schema is compiled once. It comes from a manifest, which must not reach other places: references beyond the
schema itself are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from apexplan_redis.audit.tally import printable

MOST_VALUES: Final = 1000
LONGEST_BYTES: Final = 1 << 20
"""Longer values are not read."""
_SLACK: Final = 100
_LONGEST_REASON: Final = 200

_NOT_KNOWN: Final = frozenset(
    (
        *("prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedItems"),
        *("unevaluatedProperties", "minContains", "maxContains", "$dynamicRef", "$anchor"),
    )
)
"""Words of JSON Schema 2019-09 and 2020-12; fastjsonschema knows draft 7."""

Validate = Callable[[bytes], str]
"""Returns why a value is refused, "" where it is not."""


@dataclass(slots=True)
class Quota:
    """Which of many are looked at, of which nobody knows how many will come: `MOST_VALUES`, spread evenly
    over the pass. Where there are fewer, and they come evenly, all of them."""

    taken: int = 0

    def take(self, there: int, share: float) -> int:
        """Returns how many of `there` to look at now, `share` of the pass being over."""
        allowed = min(MOST_VALUES, _SLACK + int(MOST_VALUES * share))
        some = max(0, min(there, allowed - self.taken))
        self.taken += some
        return some


def compiled(schema: Mapping[str, Any]) -> Validate:
    """Returns what validates a value. Raises ValueError where the schema cannot be compiled."""
    import fastjsonschema

    try:
        validate = fastjsonschema.compile(dict(schema), handlers=_Nowhere(), use_default=False)
    except Exception as error:  # whatever it runs into: re.error, IndexError, RecursionError, its own
        raise ValueError(_line(error)) from error

    def refused(data: bytes) -> str:
        try:
            validate(orjson.loads(data))
        except orjson.JSONDecodeError:
            return "it is no JSON"
        except Exception as error:  # its own, or a number or a depth that it cannot deal with
            return _line(error)
        return ""

    return refused


def _line(error: Exception) -> str:
    text = printable(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def not_known(schema: Any) -> Iterator[str]:
    """Yields the words of a schema that are not looked at."""
    if isinstance(schema, Mapping):
        yield from (word for word in schema if word in _NOT_KNOWN)
    parts = schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ()
    for part in parts:
        yield from not_known(part)


class _Nowhere(dict[str, Callable[[str], Any]]):
    """Stands for the handlers of all kinds of addresses, and refuses each."""

    def __contains__(self, scheme: object) -> bool:
        return True

    def __getitem__(self, scheme: str) -> Callable[[str], Any]:
        raise ValueError("it refers to another document; write that part into the schema itself")


def fits(fields: Mapping[str, str], names: list[bytes]) -> bool:
    """Returns whether a hash has the fields that it must have, and no others than it may."""
    there = set(names)
    allowed = {name.encode(): word for name, word in fields.items()}
    return there <= allowed.keys() and all(
        name in there for name, word in allowed.items() if word == "required"
    )
