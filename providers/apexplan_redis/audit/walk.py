"""One server's keys, from SCAN to what was counted: the inner loop.

    send     lookups of batch n · what follows from batch n - 1 · doubts that are due · the next SCAN
             ── while the server works: judge the answers of batch n - 1, prepare batch n + 1
    read     the answers of batch n · the keys of batch n + 2

All goes over one connection, and neither side waits for the other for long. A request is bounded in keys and
in bytes of values; a key name of a megabyte makes the next SCAN smaller. What is refused for a while (BUSY,
LOADING) is asked again, those keys alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from redis.exceptions import ResponseError

from apexplan.model.errors import StoreError, Transient
from apexplan_redis.audit.batch import Batch, Line
from apexplan_redis.audit.commands import Command, scan
from apexplan_redis.audit.course import Course
from apexplan_redis.audit.hits import Hits
from apexplan_redis.audit.inquiry import Inquiry, Question
from apexplan_redis.audit.pace import Pace
from apexplan_redis.patterns import Classifier
from apexplan_redis.server import Wire

PACED_COUNT: Final = 10
"""Keys of one SCAN where the pace is bounded, so that others wait for few of them: the p99 of a client's GETs
was 1.2 to 1.5 times that without an audit, and 1.6 times with 20 keys (50,000 keys a second, 7.0.15; both at
the priority of the client)."""
_MOST_REQUESTS: Final = 5_000
"""A second. More cost the audit more than they spare others: a faster pace has larger requests instead."""
FREE_COUNT: Final = 500
_LEAST_COUNT: Final = 10
_SHORTEST_S: Final = 0.1
"""Where the pace is slow, a SCAN is for so many keys as go by in this time: a stop is heeded between two."""
_MOST_REQUEST_BYTES: Final = 4 << 20
_MOST_VALUES_BYTES: Final = 8 << 20


class Help(Protocol):
    """What the walk asks of the audit that it is a part of."""

    def heed(self) -> None:
        """Called between two requests. Raises Interrupted where a stop is wished."""
        ...

    def commit(self, batch: Batch) -> None:
        """Takes what was counted of a batch."""
        ...

    def share(self, scanned: int) -> float:
        """Returns how much of the pass is over, with `scanned` more keys than were committed."""
        ...

    def refusal(self, name: str, refused: ResponseError) -> StoreError:
        """Returns the error for an error reply to a command."""
        ...

    def settle(self, command: Command, key: bytes, refused: ResponseError, batch: Batch) -> Any:
        """Returns what an error reply comes to: an answer from elsewhere, or the one for no such key. Raises
        Transient where the key is to be asked for again, and others where the audit cannot go on."""
        ...

    def bide(self, refused: Transient) -> None:
        """Called before what was refused is asked again. Waits a moment, raises `refused` where that was for
        too long."""
        ...


@dataclass(slots=True)
class Walk:
    """A walk over the keys of one server."""

    wire: Wire
    course: Course
    classifier: Classifier
    inquiry: Inquiry
    pace: Pace
    help: Help
    hits: Hits = field(default_factory=Hits)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _line: Line = field(default_factory=Line)
    _ready: deque[Question] = field(default_factory=deque)
    _answered: list[tuple[Question, list[Any]]] = field(default_factory=list)
    _scanned: tuple[int | None, Sequence[bytes]] | None = None
    _under_way: int = 0
    _count: int = 0
    _refused: Transient | None = None

    def __post_init__(self) -> None:
        self._count = _count_at(self.pace.rate)

    def run(self) -> None:
        """Returns when all keys of the course were counted."""
        while self._turn():
            self.help.heed()
            if self._refused is not None:
                refused, self._refused = self._refused, None
                self.help.bide(refused)

    def _turn(self) -> bool:
        """Sends, judges, prepares and reads once. Returns whether anything is left."""
        for batch in self._line.doubtful(self.clock()):
            self._ask(batch, self.inquiry.again(batch))
        questions = list(self._bounded())
        scanned = self._send(questions)
        self._judge()
        self._prepare()
        self._commit()
        self._answered = [(question, self._answers(question)) for question in questions]
        if scanned:
            self._take_scan(self.wire.read(), scanned)
        if questions or scanned or self._ready or self._scanned or self._answered:
            return True
        return self._wait()

    def _wait(self) -> bool:
        """Waits for the first doubts to be due. Returns whether there are any."""
        due = self._line.due
        if due is not None:
            self.sleep(max(0.0, due - self.clock()))
        return due is not None

    def _bounded(self) -> Iterator[Question]:
        """Yields what to ask now. Of values only so many bytes at once."""
        weight = 0
        while self._ready and weight + self._ready[0].weight <= _MOST_VALUES_BYTES:
            question = self._ready.popleft()
            weight += question.weight
            yield question

    def _scan_is_next(self) -> bool:
        return not (self.course.ended or self._line.is_full or len(self._ready) > 0)

    def _send(self, questions: Sequence[Question]) -> int:
        """Returns for how many keys SCAN was asked, 0 where it was not."""
        request = b"".join([question.packed for question in questions])
        if len(request) > _MOST_REQUEST_BYTES:
            self._count = min(self._count, max(_LEAST_COUNT, self._count // 2))
        count = self.course.bounded(self._count) if self._scan_is_next() else 0
        if count:
            self.pace.spend(count)
            request += scan(self.course.cursor, count)
        if request:
            self.wire.send(request)
        return count

    def _judge(self) -> None:
        for question, answers in self._answered:
            self._ask(question.batch, question.take(question, answers))
            question.batch.open -= 1
        self._answered = []

    def _commit(self) -> None:
        for batch in self._line.settled():
            self._under_way -= batch.scanned
            self.help.commit(batch)

    def _prepare(self) -> None:
        if self._scanned is None:
            return
        after, keys = self._scanned
        self._scanned = None
        self._under_way += len(keys)
        batch = Batch(after, len(keys), self.help.share(self._under_way))
        self._line.waiting.append(batch)
        self._ask(batch, self.inquiry.begin(batch, self.classifier.indexes(keys), keys))

    def _ask(self, batch: Batch, questions: Any) -> None:
        before = len(self._ready)
        self._ready.extend(questions)
        batch.open += len(self._ready) - before

    def _answers(self, question: Question) -> list[Any]:
        read = self.wire.read
        answers = [read() for _ in question.keys]
        self.hits.count(question.command, answers)
        if ResponseError in set(map(type, answers)):
            self._settle(question, answers)
        return answers

    def _settle(self, question: Question, answers: list[Any]) -> None:
        refused = []
        for place, answer in enumerate(answers):
            if isinstance(answer, ResponseError):
                self.hits.uncount(question.command, answer)
                key = question.keys[place]
                try:
                    answers[place] = self.help.settle(question.command, key, answer, question.batch)
                except Transient as passing:
                    self._refused = passing
                    refused.append(place)
        if refused:
            self._ask_again(question, answers, set(refused))

    def _ask_again(self, question: Question, answers: list[Any], refused: set[int]) -> None:
        """Makes a question of its own of the keys at these places, and takes them out of this one."""
        keys = question.keys
        answers[:] = [answer for place, answer in enumerate(answers) if place not in refused]
        question.keys = [key for place, key in enumerate(keys) if place not in refused]
        self._ask(question.batch, [question.about([keys[place] for place in sorted(refused)])])

    def _take_scan(self, answer: Any, count: int) -> None:
        if isinstance(answer, ResponseError):
            error = self.help.refusal("SCAN", answer)
            if not isinstance(error, Transient):
                raise error
            self._refused = error
            return
        cursor, keys = int(answer[0]), answer[1]
        self.pace.owe(max(0, len(keys) - count))  # buckets are given whole
        self.course.answered(cursor, len(keys))
        self._scanned = (None if self.course.ended else self.course.cursor, keys)


def _count_at(rate: int) -> int:
    """Returns for how many keys to ask at once, at so many a second."""
    if not rate:
        return FREE_COUNT
    slow = min(PACED_COUNT, max(1, round(rate * _SHORTEST_S)))
    return min(FREE_COUNT, max(slow, rate // _MOST_REQUESTS))
