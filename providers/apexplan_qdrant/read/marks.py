"""What apexplan keeps in the metadata of a collection: which name it serves, which step made or changed it,
how far a copy into it has got, and since when it is out of use.

    apexplan            {name, made, changed, copied, retired}
    apexplan:PROJECT    what a project owns of this collection: its ledger (see `run.ledger`)

The server merges metadata at the top level and replaces what is nested, last of all the parts of a PATCH: so
a mark that is found proves that everything that was sent with it went in. Metadata exists from 1.16 on;
without it nothing is marked, and steps are known by their effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from apexplan_qdrant.target import PointId, Version
from apexplan_qdrant.wire.places import OWN

METADATA: Final[Version] = (1, 16, 0)
LOADING: Final = "loading"
LOADED: Final = "loaded"
EQUAL: Final = "equal"
SWITCHED: Final = "switched"


@dataclass(frozen=True, slots=True)
class Copied:
    """How far the copy into a collection has got. `next`: where the scroll goes on; `done`: points so far;
    `state`: loading, loaded, equal once everything was compared, switched once readers have it and what came
    between was brought over."""

    source: str
    state: str = LOADING
    next: PointId | None = None
    done: int = 0


@dataclass(frozen=True, slots=True)
class Retired:
    """Out of use since then (RFC 3339), under which name it was in use."""

    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Marks:
    """All of it. `made` and `changed` are digests of the steps that did it."""

    name: str = ""
    made: str = ""
    changed: str = ""
    copied: Copied | None = None
    retired: Retired | None = None

    def written(self) -> dict[str, Any]:
        """Returns the metadata that holds these marks, whole: what is nested is replaced by the server."""
        kept = {key: value for key, value in asdict(self).items() if value}
        return {OWN: kept or None}

    def but(self, **changes: Any) -> Marks:
        return replace(self, **changes)


def marks_of(info: Mapping[str, Any]) -> Marks:
    """Returns the marks in the result of GET /collections/NAME. What is not understood is passed over: it
    may be a newer apexplan's."""
    found = (info.get("config", {}).get("metadata") or {}).get(OWN)
    if not isinstance(found, Mapping):
        return Marks()
    return Marks(
        name=str(found.get("name", "")),
        made=str(found.get("made", "")),
        changed=str(found.get("changed", "")),
        copied=_part(Copied, found.get("copied")),
        retired=_part(Retired, found.get("retired")),
    )


def _part(made: type[Any], found: Any) -> Any:
    if not isinstance(found, Mapping):
        return None
    try:
        return made(**found)
    except TypeError:
        return None
