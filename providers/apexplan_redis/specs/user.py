"""An ACL user."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, IN_PLACE, OnChange, Spec

DEFAULT: Final = "default"
"""The user of connections that say no name. It cannot be deleted."""

_SHOWN: Final = 6
"""Rules that a summary tells."""

_ONE = OnChange(
    IN_PLACE,
    "one ACL SETUSER with `reset` and every rule: all of it or nothing, and connections of a user who may "
    "less now go on with less",
    source="ACL SETUSER, 7.0; measured on 7.0.15: without reset it only adds",
)


class User(Spec):
    """What a user may do, as `ACL GETUSER` spells it."""

    kind: ClassVar[str] = "user"

    enabled: Annotated[bool | None, _ONE] = None
    nopass: Annotated[bool | None, _ONE] = None
    """True: any password is right."""
    passwords: Annotated[tuple[str, ...] | None, _ONE] = None
    """SHA-256 of each, 64 hex digits, sorted. Before they are looked up in the store's settings, names."""
    commands: Annotated[str | None, _ONE] = None
    keys: Annotated[str | None, _ONE] = None
    channels: Annotated[str | None, _ONE] = None
    selectors: Annotated[tuple[str, ...] | None, _ONE] = None
    """Further sets of rules, each `COMMANDS KEYS CHANNELS`; one that allows a command is enough."""
    sanitize_payload: Annotated[bool | None, _ONE] = None
    """False: what the user RESTOREs is loaded unchecked, where `sanitize-dump-payload` is `clients`."""
    before: Annotated[str | None, OnChange(IGNORE, "what the user `default` goes back to")] = None
    """Its rules when they were first changed from a manifest: that user cannot be deleted."""

    def summary(self) -> str:
        """Returns the keys, and the first of many rules: categories become a long list in a server."""
        rules = (self.commands or "").split()
        more = [f"… ({len(rules)} rules)"] if len(rules) > _SHOWN else []
        words = ["on" if self.enabled else "off", self.keys or "", *rules[:_SHOWN], *more]
        return " ".join(word for word in words if word)

    def told(self, field: str) -> str:
        """Returns passwords by the first digits of their hashes: enough to see which one it is."""
        if field != "passwords" or not self.passwords:
            return super().told(field)
        return ", ".join(f"sha256 {one[:8]}…" for one in self.passwords)

    def lasts(self, address: Address) -> bool:
        return address.name == DEFAULT

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"user {address.name}"})
