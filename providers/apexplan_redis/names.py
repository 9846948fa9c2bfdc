"""Names: addresses of groups, keys and libraries of apexplan's own, versions of search indexes."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from apexplan.model.address import Address

KEYSPACE: Final = "keys"
"""The name of the one object that stands for keys that no pattern declares."""
OWN_LIBRARIES: Final = "apexplan_"
"""What names of function libraries begin with in which apexplan keeps the published contract and its marks.
Functions are no keys: nothing evicts them, `FLUSHALL` leaves them, replicas and the RDB file have them."""
OWN_USERS: Final = "apexplan-scratch-"
"""What names of users begin with that are made and removed while desired ACLs are spelled out."""
_VERSION: Final = re.compile(r"(.+)_v([1-9]\d*)")


def group_address(store: str, stream: str, group: str) -> Address:
    """Returns the address of a group of a stream: `STREAM/GROUP`, the stream quoted where it has a slash."""
    stream = '"' + stream.replace('"', '""') + '"' if "/" in stream or '"' in stream else stream
    return Address(store, "group", f"{stream}/{group}")


def group_parts(address: Address) -> tuple[str, str]:
    """Returns the stream and the group of a group's address."""
    name = address.name
    if not name.startswith('"'):
        stream, _, group = name.partition("/")
        return stream, group
    end = next(
        i for i in range(1, len(name)) if name[i] == '"' and name[:i].count('"') % 2 and name[i + 1] == "/"
    )
    return name[1:end].replace('""', '"'), name[end + 2 :]


def next_version(name: str, taken: Collection[str]) -> str:
    """Returns the name of the next search index behind the alias `name`: after the last of its versions."""
    numbers = (int(one.rpartition("_v")[2]) for one in taken if stem(one) == name)
    return f"{name}_v{max(numbers, default=0) + 1}"


def stem(physical: str) -> str | None:
    """Returns the alias of which a search index is a version by its name, None where it is of none."""
    found = _VERSION.fullmatch(physical)
    return found[1] if found else None
