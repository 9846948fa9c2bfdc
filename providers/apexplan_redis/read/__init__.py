"""A store → live specs. Never writes.

    published   what apexplan keeps in the server: the contract, what was before, marks of ownership
    config      users      libraries      streams      indexes
    everywhere  several servers' answers as one value

The keys themselves are not looked at here: that is an audit (`apexplan_redis.audit`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apexplan.model.address import Address
from apexplan.model.errors import AccessDenied
from apexplan.model.plan import Note
from apexplan.model.spec import Spec
from apexplan.provider import Live, Scope
from apexplan_redis.document.parameters import DEFAULTS
from apexplan_redis.names import group_address, group_parts
from apexplan_redis.read.config import noteworthy, read_config
from apexplan_redis.read.everywhere import ALL, Spread, differing
from apexplan_redis.read.indexes import LIST, Found, read_indexes
from apexplan_redis.read.libraries import others, read_libraries
from apexplan_redis.read.published import CONTRACT, Published, published
from apexplan_redis.read.streams import find_streams, read_streams
from apexplan_redis.read.users import chosen, read_users, rules
from apexplan_redis.specs import Config, Group, Library, SearchIndex, Stream, User

if TYPE_CHECKING:
    from apexplan_redis.server import Servers


@dataclass(slots=True)
class _Reading:
    """What was read so far. `spread`: what differs between servers, by address. `indexes`: the names of all
    search indexes themselves."""

    store: str
    published: Published
    objects: dict[Address, Spec] = field(default_factory=dict)
    spread: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)

    def take(self, address: Address, values: Spread[Any], spec: Spec) -> None:
        self.objects[address] = spec
        if ALL not in values:
            self.spread[str(address)] = values


def read(servers: Servers, scope: Scope) -> Live:
    """Returns the live objects in `scope`, and around them all users and libraries."""
    libraries = read_libraries(servers)
    own = libraries.get(CONTRACT, {})
    contract = published(next((code for code in own.values() if code), None))
    reading = _Reading(scope.store, contract, notes=list(_contract_notes(own)))
    reading.objects.update(contract.specs(scope.store))
    wanted = _by_kind(scope.addresses)
    _take_config(reading, servers, wanted.get(Config.kind, set()), everything=scope.everything)
    _take_users(reading, servers, wanted.get(User.kind, set()))
    _take_libraries(reading, others(libraries))
    _take_streams(reading, servers, wanted, everything=scope.everything)
    _take_indexes(reading, servers, wanted.get(SearchIndex.kind, set()))
    return Live(reading.objects, _details(servers, reading), tuple(reading.notes))


def _contract_notes(own: Spread[str]) -> Iterator[Note]:
    if ALL in own or not own:
        return
    holder, code = next((node, code) for node, code in own.items() if code)
    others = ", ".join(node for node, other in own.items() if other != code)
    yield Note(
        text=f"the contract that is published is not the same on all servers: this is what {holder} has, "
        f"and {others} has another or none",
        mend="the next change of it brings it everywhere; until then load there (FUNCTION LOAD REPLACE) what "
        f"FUNCTION LIST LIBRARYNAME {CONTRACT} WITHCODE tells on {holder}",
    )


def _by_kind(addresses: Collection[Address]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for address in addresses:
        found.setdefault(address.kind, set()).add(address.name)
    return found


def _take_config(reading: _Reading, servers: Servers, wanted: set[str], *, everything: bool) -> None:
    known = {
        name.partition(" ")[2] for name in reading.published.before if name.startswith(f"{Config.kind} ")
    }
    values = read_config(servers, wanted | known | (DEFAULTS.keys() if everything else set()))
    if everything:
        keep = noteworthy({name: v for name, v in values.items() if name in DEFAULTS}).keys() | wanted | known
        values = {name: found for name, found in values.items() if name in keep}
    for name, found in values.items():
        value = found[ALL] if ALL in found else differing(found)
        before = reading.published.before.get(f"{Config.kind} {name}")
        address = Address(reading.store, Config.kind, name)
        reading.take(address, found, Config(value=value, before=before))


def _take_users(reading: _Reading, servers: Servers, wanted: set[str]) -> None:
    try:
        users = chosen(read_users(servers), wanted)
    except AccessDenied as error:
        if wanted:
            raise
        reading.notes.append(Note(text=f"users were not looked at: {error.text}", mend=error.mend))
        return
    for name, found in users.items():
        address = Address(reading.store, User.kind, name)
        before = reading.published.before.get(f"{User.kind} {name}")
        reading.take(address, found, _user(found, before))


def _user(found: Spread[dict[str, Any]], before: str | None) -> User:
    """Returns the user that all servers have. Where they differ, one that equals no desired one."""
    values = found.get(ALL)
    if values is not None:
        return User(**{**values, "before": before})
    texts = {node: _in_words(one) if one else None for node, one in found.items()}
    unlike = User.model_validate(dict.fromkeys(User.rules))
    return unlike.model_copy(update={"commands": differing(texts), "before": before})


def _in_words(values: Mapping[str, Any]) -> str:
    """Returns the rules of a user, of passwords the first digits of their hashes."""
    user = User.model_validate(dict(values))
    short = (word[:9] if word.startswith("#") else word for word in rules(user))
    return " ".join(short)


def _take_libraries(reading: _Reading, libraries: Mapping[str, Spread[str]]) -> None:
    for name, found in libraries.items():
        code = found[ALL] if ALL in found else differing(found)
        reading.take(Address(reading.store, Library.kind, name), found, Library(code=code))


def _take_streams(
    reading: _Reading, servers: Servers, wanted: Mapping[str, set[str]], *, everything: bool
) -> None:
    names = set(wanted.get(Stream.kind, ()))
    groups = (Address(reading.store, Group.kind, name) for name in wanted.get(Group.kind, ()))
    names |= {group_parts(address)[0] for address in groups}
    names |= set(find_streams(servers)) if everything else set()
    for name, found in read_streams(servers, names).items():
        reading.objects[Address(reading.store, Stream.kind, name)] = Stream()
        for group in found:
            reading.objects[group_address(reading.store, name, group)] = Group(start=None)


def _take_indexes(reading: _Reading, servers: Servers, wanted: set[str]) -> None:
    try:
        if not servers.has(LIST):
            return
        reading.indexes, found = read_indexes(servers, wanted)
    except AccessDenied as error:
        if wanted:
            raise
        reading.notes.append(Note(text=f"search indexes were not looked at: {error.text}", mend=error.mend))
        return
    for name, one in found.items():
        address = Address(reading.store, SearchIndex.kind, name)
        if one.spec is not None:
            reading.objects[address] = one.spec
        reading.notes += _index_notes(address, one)


def _index_notes(address: Address, found: Found) -> Iterator[Note]:
    if found.spec is None:
        text = f"{found.physical} cannot be read, and is left alone: {found.why}"
        yield Note(
            text=text, address=address, mend="a newer search module may tell more; FT.INFO shows it all"
        )
    if found.failures:
        text = f"{found.failures:,} documents could not be indexed: a value is not of its field's type"
        yield Note(text=text, address=address, mend=f"FT.INFO {found.physical} names the last one")


def _details(servers: Servers, reading: _Reading) -> dict[str, Any]:
    return {
        "version": servers.version,
        "mode": servers.mode,
        "servers": [node.name for node in servers.nodes],
        "memory": _memory(servers),
        "spread": reading.spread,
        "indexes": reading.indexes,
        "contract": {"objects": reading.published.objects, "before": reading.published.before},
    }


def _memory(servers: Servers) -> dict[str, int]:
    """Returns the bytes that each primary uses."""
    found = {}
    for node in servers.primaries:
        lines = node.call("INFO", "memory").decode().splitlines()
        told = dict(line.split(":", 1) for line in lines if ":" in line)
        found[node.name] = int(told.get("used_memory", 0))
    return found
