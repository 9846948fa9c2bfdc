"""The typed settings of one object, with a rule on each field that says how it may change.

A spec is a frozen pydantic model. A field that was not set is *not managed*:
it is neither compared nor changed. Setting a field to None is a statement
("no default"), leaving it out is not. Specs read from a store set every field.

The rule stands where the field is:

    m: Annotated[int | None, OnChange(IN_PLACE, rebuilds=True, why="…")] = None

A field without a rule fails when the class is defined.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from apexplan.model.address import Address


class How(StrEnum):
    """The ways in which a field may change."""

    KEY = "key"
    IN_PLACE = "in place"
    REPLACE = "replace"
    IGNORE = "ignore"


KEY: Final = How.KEY
IN_PLACE: Final = How.IN_PLACE
REPLACE: Final = How.REPLACE
IGNORE: Final = How.IGNORE


@dataclass(frozen=True, slots=True)
class OnChange:
    """How one field may change, why, and where that is written (`source`: manual section, version).

    KEY: part of the identity, never differs. IN_PLACE: the object is altered.
    REPLACE: the object must be made anew. IGNORE: carried along, never compared.
    `rebuilds`: the store does work in proportion to the data. `since`: the first version of the store that
    knows the field; an older one may drop it without a word. `whole`: of a mapping, a key that the manifest
    leaves out is to go; else it is not managed.
    """

    how: How
    why: str = ""
    rebuilds: bool = False
    source: str = ""
    since: str = ""
    whole: bool = False

    def same(self, live: Any, desired: Any) -> bool:
        """Says whether the field has the desired value."""
        return bool(live == desired) if self.whole else same(live, desired)

    def projected(self, live: Any, desired: Any) -> Any:
        """Returns of the JSON value `live` what is compared with `desired`."""
        return live if self.whole else projected(live, desired)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        out = handler(schema)
        rule = {"how": str(self.how), "why": self.why, "rebuilds": self.rebuilds, "source": self.source}
        rule |= {"since": self.since, "whole": self.whole}
        out["x-on-change"] = {key: value for key, value in rule.items() if value}
        return out


@runtime_checkable
class Summarized(Protocol):
    """A value that can say in a few words what it is, such as a key of an index."""

    def summary(self) -> str: ...


class Spec(BaseModel):
    """Base of all specs. Subclasses name their `kind` and annotate every field with OnChange."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: ClassVar[str] = ""
    rules: ClassVar[Mapping[str, OnChange]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        rules = {}
        for name, info in cls.model_fields.items():
            rule = next((m for m in info.metadata if isinstance(m, OnChange)), None)
            if rule is None:
                raise TypeError(f"{cls.__name__}.{name} has no OnChange rule")
            rules[name] = rule
        cls.rules = rules

    @property
    def managed(self) -> frozenset[str]:
        """The names of the fields that were set."""
        return frozenset(self.model_fields_set)

    def values(self, fields: frozenset[str] | None = None) -> dict[str, Any]:
        """Returns the set fields, or those of them in `fields`, as JSON values in the order of the class."""
        keep = self.model_fields_set if fields is None else self.model_fields_set & fields
        return self.model_dump(mode="json", include=set(keep))

    def comparable(self) -> frozenset[str]:
        """The set fields that take part in comparison: neither KEY nor IGNORE."""
        rules = type(self).rules
        return frozenset(f for f in self.model_fields_set if rules[f].how not in (KEY, IGNORE))

    def summary(self) -> str:
        """Returns what is worth saying of the object in a few words, such as `gin (metadata)`."""
        return ""

    def told(self, field: str) -> str:
        """Returns a field's value in the words of its parts, or "" where its JSON says it best."""
        value = getattr(self, field)
        parts = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(part, Summarized) for part in parts):
            return ""
        return ", ".join(part.summary() for part in parts)

    def kept_since(self) -> str | None:
        """Returns since when (RFC 3339) the object is only kept aside after a drop, or None for one
        in use. What is kept aside belongs to the plan that purges it, and to nobody else."""
        return None

    def lasts(self, address: Address) -> bool:
        """True for an object that a store always has, such as a parameter: a drop of it only brings back what
        it was."""
        return False

    def parent(self, address: Address) -> Address | None:
        """The object that this one lives in and goes away with (an index's table), or None."""
        return None

    def requires(self, address: Address) -> frozenset[Address]:
        """The objects that must be there before this one can be made, and outlive it."""
        return frozenset()

    def claims(self, address: Address) -> frozenset[str]:
        """The names in the store that this object takes up, for order among drops and creates."""
        return frozenset()


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def canonical(value: Any) -> str:
    """Returns `value` as JSON text that is equal for equal values: sorted keys, no blanks."""
    return _CANONICAL.encode(value)


def same(live: Any, desired: Any) -> bool:
    """Says whether the value of a field is as desired. A key that `desired` leaves out of a mapping is not
    managed, and not compared."""
    if isinstance(desired, dict) and isinstance(live, dict):
        return all(live.get(key) == value for key, value in desired.items())
    return bool(live == desired)


def projected(live: Any, desired: Any) -> Any:
    """Returns of the JSON value `live` what `desired` speaks of: of a mapping, its keys."""
    if isinstance(live, Mapping) and isinstance(desired, Mapping):
        return {key: live.get(key) for key in desired}
    return live


def fingerprint(kind: str, values: Mapping[str, Any]) -> str:
    """Returns 16 hex digits (64 bits of SHA-256) over the kind and the JSON values of a spec."""
    return hashlib.sha256(f"{kind}\0{canonical(values)}".encode()).hexdigest()[:16]


def digest(*parts: str) -> str:
    """Returns 16 hex digits over texts; the border between two texts counts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
