"""What the steps of all kinds share: the facts of a plan, the ways of several servers, hazards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apexplan.model.address import Address
from apexplan.model.plan import Hazard, HazardKind, Size
from apexplan.model.spec import Spec
from apexplan.provider import Facts
from apexplan_redis.read.everywhere import ALL
from apexplan_redis.read.published import Published


@dataclass(frozen=True, slots=True)
class Planning:
    """The facts of one plan, with the words to ask for them."""

    facts: Facts

    @property
    def contract(self) -> Published:
        """The published contract as it is."""
        told = self.facts.details["contract"]
        return Published(told["objects"], told["before"])

    @property
    def used_bytes(self) -> int:
        """The memory that the fullest primary uses."""
        return max(self.facts.details["memory"].values(), default=0)

    def live(self, store: str, spec: type[Spec], name: str) -> Spec | None:
        return self.facts.live.get(Address(store, spec.kind, name))

    def was(self, address: Address, value: Any) -> dict[str, Any]:
        """Returns what the servers have: `value`, or each its own where they differ."""
        spread: Mapping[str, dict[str, Any]] = self.facts.details["spread"]
        return spread.get(str(address), {ALL: value})

    def size(self, address: Address) -> Size | None:
        return self.facts.sizes.get(address)


def hazard(kind: HazardKind, text: str) -> Hazard:
    return Hazard(kind=kind, text=text)


def quoted(text: str) -> str:
    """Returns `text` as redis-cli takes it: in quotes where it is no plain word."""
    plain = text and all(c.isalnum() or c in "_-.:/@+~*&%#|$" for c in text)
    if plain:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def line(*words: str) -> str:
    """Returns a command as it could be typed."""
    return " ".join(quoted(word) for word in words)
