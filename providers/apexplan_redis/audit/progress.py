"""How far an audit is, as it is kept for another process to go on.

For each server: what was counted up to a cursor. A cursor means something to the process that gave it alone
(another one has another seed for its hashes), so the server's run id is kept beside it; where that differs,
this server's part begins anew. So it does where a cluster's server has other slots than it had: keys that
came may be counted already, where they came from. All begins anew where the contract is another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.spec import Spec, canonical, digest
from apexplan_redis.audit.tally import Found, Tally, readable
from apexplan_redis.patterns import Groups
from apexplan_redis.specs import KeyPattern, Keyspace, Stream

_FORMAT: Final = 2


@dataclass(slots=True)
class Part:
    """One server's keys. `reader`: who was asked, `run_id`: which process that was, "" where it does not
    say; `slots`: whose keys it had, as a text. `cursor`: where to go on, None at the end. `earlier`:
    undeclared keys by what they look like, of an earlier audit; `groups`: those of this one."""

    reader: str
    run_id: str
    slots: str = ""
    cursor: int | None = 0
    tally: Tally = field(default_factory=Tally)
    groups: Groups = field(default_factory=Groups)
    earlier: Mapping[str, Found] = field(default_factory=dict)

    def strangers(self) -> dict[str, Found]:
        """Returns undeclared keys by what they look like."""
        found = {like: Found(one.count, list(one.samples)) for like, one in self.earlier.items()}
        for group in self.groups.found():
            found.setdefault(group.text, Found()).add(group.count, map(readable, group.samples))
        return found

    def anew(self, kept: Part) -> str:
        """Returns why this part cannot go on where `kept` was, "" where it can."""
        if not self.run_id:
            return f"{self.reader} does not tell which process it is (INFO server)"
        if (self.reader, self.run_id) != (kept.reader, kept.run_id):
            return f"{self.reader} is another process than before"
        return f"{self.reader} has other slots than before" if self.slots != kept.slots else ""

    def dumped(self) -> dict[str, Any]:
        strangers = {like: [one.count, one.samples] for like, one in self.strangers().items()}
        return {
            "reader": self.reader,
            "run_id": self.run_id,
            "slots": self.slots,
            "cursor": None if self.cursor is None else str(self.cursor),  # 64 bits are too many for JSON
            "tally": self.tally.dumped(),
            "strangers": strangers,
        }

    @classmethod
    def loaded(cls, told: Mapping[str, Any]) -> Part:
        cursor = None if told["cursor"] is None else int(told["cursor"])
        earlier = {like: Found(count, list(samples)) for like, (count, samples) in told["strangers"].items()}
        tally = Tally.loaded(told["tally"])
        return cls(told["reader"], told["run_id"], told["slots"], cursor, tally, Groups(), earlier)


def dumped(parts: Mapping[str, Part], contract: str) -> dict[str, Any]:
    """Returns the parts by the servers' names as JSON values."""
    return {
        "format": _FORMAT,
        "contract": contract,
        "parts": {name: part.dumped() for name, part in parts.items()},
    }


def loaded(told: Mapping[str, Any] | None, contract: str) -> dict[str, Part]:
    """Returns the parts that were kept, none where they are of another contract, or of an audit that came to
    its end."""
    if not told or told.get("format") != _FORMAT or told.get("contract") != contract:
        return {}
    return {name: Part.loaded(part) for name, part in told["parts"].items()}


def contract_digest(contract: Mapping[Address, Spec], db: int) -> str:
    """Returns what is equal where the same would be looked at."""
    said = {
        str(address): {name: value for name, value in spec.values().items() if name != "findings"}
        for address, spec in contract.items()
        if isinstance(spec, KeyPattern | Keyspace | Stream)
    }
    return digest(canonical({"db": db, "contract": said}))
