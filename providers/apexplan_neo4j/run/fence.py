"""Knows which revision of the marker a session may build on. See `read.marker`."""

from __future__ import annotations

from apexplan.model.errors import StoreError
from apexplan_neo4j.read.marker import Marker


class Fence:
    """The revision that its session saw last, or wrote itself; None before it saw one."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._revision: int | None = None
        self._trying = ""

    def saw(self, revision: int) -> None:
        """Takes the revision at which the store was read, for a plan or after a commit of ours."""
        self._revision = revision

    def tries(self, unit: str) -> None:
        """Notes the unit whose transaction comes next: its commit may land although the call fails."""
        self._trying = unit

    def check(self, marker: Marker) -> None:
        """Raises StoreError where the newest revision is neither the one that was seen before nor the one
        that it wrote itself."""
        if self._revision is not None and marker.revision != self._revision:
            mine = marker.revision == self._revision + 1 and marker.proves(self._trying)
            if not mine:
                raise StoreError(
                    f"another apply changed this database meanwhile: it is at revision {marker.revision}, "
                    f"and this one began at {self._revision}",
                    store=self._store,
                    mend="plan again",
                )
        self._revision = marker.revision
