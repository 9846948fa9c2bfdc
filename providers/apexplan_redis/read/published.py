"""What apexplan itself keeps in a server: texts in function libraries of its own.

    apexplan_contract       key patterns, what becomes of undeclared keys, and what parameters were before
    apexplan_marks_DIGEST   what one project owns

Functions are no keys. Nothing evicts them, FLUSHALL leaves them, and replicas, RDB and AOF have them: a hash
would be the first to go under an allkeys policy, since nobody reads it. A library is replaced as a whole, so
that readers see the former text or the new one. Each registers one function that returns its text, since a
library without functions is refused (measured on 7.0.15).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from apexplan.model.address import Address
from apexplan.model.spec import Spec, canonical, digest
from apexplan_redis.names import OWN_LIBRARIES
from apexplan_redis.specs import KeyPattern, Keyspace

CONTRACT: Final = f"{OWN_LIBRARIES}contract"
_TEXT: Final = re.compile(r"\[==\[(.*?)\]==\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Published:
    """The published contract. `objects`: kind → name → values; `before`: what a parameter (or the user
    `default`) was when it was first changed, by `kind name`."""

    objects: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)

    def specs(self, store: str) -> dict[Address, Spec]:
        """Returns the objects that are published as live specs: every field is set."""
        return {
            Address(store, spec.kind, name): _filled(spec, values)
            for spec in (KeyPattern, Keyspace)
            for name, values in self.objects.get(spec.kind, {}).items()
        }

    def changed(self, objects: Mapping[Address, Mapping[str, Any] | None]) -> Published:
        """Returns the contract with these objects in it, or without those that are None."""
        found = {kind: dict(names) for kind, names in self.objects.items()}
        for address, values in objects.items():
            names = found.setdefault(address.kind, {})
            if values is None:
                names.pop(address.name, None)
            else:
                names[address.name] = dict(values)
        return replace(self, objects={kind: names for kind, names in found.items() if names})

    def remembering(self, before: Mapping[str, str | None]) -> Published:
        """Returns the contract with what was before, or without where that is None."""
        merged = {**self.before, **before}
        return replace(self, before={name: value for name, value in merged.items() if value is not None})

    @property
    def code(self) -> str:
        """The library, "" where there is nothing to publish."""
        content = {"objects": self.objects, "before": self.before}
        return library(CONTRACT, content) if self.objects or self.before else ""


def _filled(spec: type[Spec], values: Mapping[str, Any]) -> Spec:
    known = {name: value for name, value in values.items() if name in spec.rules}
    return spec.model_validate({**dict.fromkeys(spec.rules), **known})


def published(code: str | None) -> Published:
    """Returns the contract that a library's code holds, without what is none that we can read: a plan then
    finds it missing, and brings it back."""
    content = content_of(code)
    objects = {spec.kind: _readable(spec, content.get("objects")) for spec in (KeyPattern, Keyspace)}
    before = _mapping(content.get("before"))
    return Published(
        {kind: names for kind, names in objects.items() if names},
        {name: value for name, value in before.items() if isinstance(value, str)},
    )


def _readable(spec: type[Spec], objects: Any) -> dict[str, dict[str, Any]]:
    """Returns the objects of one kind that are as we would have written them."""
    found = {}
    for name, values in _mapping(_mapping(objects).get(spec.kind)).items():
        if not isinstance(values, dict):
            continue
        with suppress(ValidationError):
            _filled(spec, values)
            found[name] = values
    return found


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def marks_library(project: str) -> str:
    """Returns the name of the library with the marks of a project."""
    return f"{OWN_LIBRARIES}marks_{digest(project)}"


def library(name: str, content: Mapping[str, Any]) -> str:
    """Returns the code of a library that holds `content`. A `]=` can only be inside a text of the JSON, where
    its second character may be spelled as an escape: so nothing ends the Lua text early."""
    text = json.dumps(json.loads(canonical(content)), sort_keys=True, indent=0)
    text = text.replace("]=", "]\\u003d")
    return (
        f"#!lua name={name}\n"
        "-- Written by apexplan, which reads it back; do not edit.\n"
        f"local content = [==[\n{text}\n]==]\n"
        f"redis.register_function{{function_name = '{name}', flags = {{'no-writes', 'allow-stale'}},\n"
        "  callback = function() return content end}\n"
    )


def content_of(code: str | None) -> dict[str, Any]:
    """Returns what a library of ours holds, nothing where it is another's or was tampered with."""
    found = _TEXT.search(code or "")
    try:
        content = json.loads(found[1]) if found else {}
    except ValueError:
        return {}
    return _mapping(content)
