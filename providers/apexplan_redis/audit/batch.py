"""A batch of keys from SCAN to its commit, and the line of batches that wait.

    prepared ──▶ asked ──▶ judged ──▶ (doubts: looked at again, a second later) ──▶ committed

Batches are committed in the order of SCAN, each as a whole. So what was committed is what one pass up to the
cursor of the last such batch gives: an audit that goes on from there counts no key twice and misses none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from apexplan_redis.audit.rules import Rule
from apexplan_redis.audit.tally import Tally

AGAIN_S: Final = 1.0
_MOST_BYTES: Final = 16 << 20
"""Of doubtful keys that wait. SCAN pauses where there are more."""
_KEY_BYTES: Final = 60
"""What a key takes beside its bytes."""

Doubt = tuple[int, str]
"""The number of a rule, and the kind."""


@dataclass(slots=True)
class Batch:
    """`scanned` keys of one SCAN. `after`: where to go on once it is committed, None at the end. `open`:
    questions that are not answered yet. `share`: how much of the pass was over when it came. `weight`: about
    how many bytes its doubtful keys take."""

    after: int | None
    scanned: int = 0
    share: float = 0.0
    tally: Tally = field(default_factory=Tally)
    strangers: list[bytes] = field(default_factory=list)
    doubts: dict[Doubt, list[bytes]] = field(default_factory=dict)
    due: float = 0.0
    open: int = 0
    weight: int = 0

    def doubt(self, which: Doubt, keys: list[bytes], now: float) -> None:
        """Keeps keys to look at again."""
        if keys:
            self.doubts.setdefault(which, []).extend(keys)
            self.weight += sum(map(len, keys)) + _KEY_BYTES * len(keys)
            self.due = now + AGAIN_S

    def doubted(self) -> dict[Doubt, list[bytes]]:
        """Takes the doubtful keys, to look at them again."""
        doubts, self.doubts, self.weight = self.doubts, {}, 0
        return doubts

    def depart(self, number: int, rule: Rule, kind: str, keys: list[bytes]) -> None:
        self.tally.of(number).depart(kind, keys, private=rule.private)


@dataclass(slots=True)
class Line:
    """Batches in the order of SCAN, which wait for their commit."""

    waiting: deque[Batch] = field(default_factory=deque)

    @property
    def is_full(self) -> bool:
        """True where too many doubtful keys wait."""
        return sum(batch.weight for batch in self.waiting) > _MOST_BYTES

    @property
    def due(self) -> float | None:
        """When the first doubts are to be looked at again; None where there are none, or some are being
        looked at."""
        first = self.waiting[0] if self.waiting else None
        return first.due if first is not None and first.doubts and not first.open else None

    def doubtful(self, now: float) -> Iterator[Batch]:
        """Yields the batches with doubts that are due. Each must have none left afterwards."""
        for batch in self.waiting:
            if batch.due > now:
                return
            if batch.doubts and not batch.open:
                yield batch

    def settled(self) -> Iterator[Batch]:
        """Takes the batches from the head of the line of which nothing is open."""
        while self.waiting and not self.waiting[0].open and not self.waiting[0].doubts:
            yield self.waiting.popleft()
