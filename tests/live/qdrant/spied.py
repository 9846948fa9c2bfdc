"""A bench whose target a test listens to: something happens at the Nth call of a method, before it or after
it, so that writers, crashes and faults come at a place that is named and never at a time.

    spy.before("page", lambda target: target.upsert("documents_v1", […]), nth=3)
    spy.after("insert", failing(Transient("busy")), every=True)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

from apexplan.engine import survey
from apexplan.engine.ports import RunStatus
from apexplan_qdrant.connection import QdrantSettings, opened
from apexplan_qdrant.provider import QdrantProvider
from apexplan_qdrant.session import QdrantSession
from apexplan_qdrant.target import Target

from .bench import Bench, Objects, applied, objects, some
from .double import Double

Act = Callable[[Target], object]
"""What a test does at a call; it is given the target itself, past the spy."""


@dataclass(frozen=True, slots=True)
class _Wish:
    verb: str
    act: Act
    after: bool
    name: str | None
    nth: int
    every: bool


@dataclass(slots=True)
class Spy:
    """Counts calls by method and collection, and acts where it was asked to."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    wishes: list[_Wish] = field(default_factory=list)
    changes: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    """By method: what its results are made into."""
    counts: Counter[tuple[str, str | None]] = field(default_factory=Counter)

    def before(
        self, verb: str, act: Act, name: str | None = None, *, nth: int = 1, every: bool = False
    ) -> None:
        """Does `act` before the `nth` call of `verb` from now on (on the collection `name`); with `every`
        before that one and all that follow."""
        self._wish(verb, act, name, nth, every, after=False)

    def after(
        self, verb: str, act: Act, name: str | None = None, *, nth: int = 1, every: bool = False
    ) -> None:
        """As `before`, right after the call."""
        self._wish(verb, act, name, nth, every, after=True)

    def _wish(self, verb: str, act: Act, name: str | None, nth: int, every: bool, *, after: bool) -> None:
        self.wishes.append(_Wish(verb, act, after, name, self.counts[verb, name] + nth, every))

    def of(self, verb: str) -> list[str]:
        """Returns the names with which a method was called, in order."""
        return [name for called, name in self.calls if called == verb]

    def reached(self, target: Target, verb: str, name: str, *, after: bool) -> None:
        if not after:
            self.calls.append((verb, name))
            self.counts[verb, None] += 1
            self.counts[verb, name] += 1
        for wish in self.wishes:
            if wish.verb == verb and wish.after is after and wish.name in (None, name):
                number = self.counts[verb, wish.name]
                if number == wish.nth or (wish.every and number > wish.nth):
                    wish.act(target)


def _same(result: Any) -> Any:
    return result


class _Spied:
    """A target that tells the spy of every call."""

    def __init__(self, target: Target, spy: Spy) -> None:
        self._target = target
        self._spy = spy

    def __getattr__(self, verb: str) -> Any:
        found = getattr(self._target, verb)
        if not callable(found):
            return found

        def called(*arguments: Any, **named: Any) -> Any:
            name = arguments[0] if arguments and isinstance(arguments[0], str) else ""
            self._spy.reached(self._target, verb, name, after=False)
            result = found(*arguments, **named)
            self._spy.reached(self._target, verb, name, after=True)
            return self._spy.changes.get(verb, _same)(result)

        return called


class _Provider(QdrantProvider):
    def __init__(self, spy: Spy) -> None:
        self._spy = spy

    @contextmanager
    def connect(self, store: str, settings: BaseModel) -> Iterator[QdrantSession]:
        assert isinstance(settings, QdrantSettings)
        with opened(store, settings) as target:
            spied = cast(Target, _Spied(target, self._spy))
            yield QdrantSession(spied, settings.settle_timeout_s)


@dataclass(slots=True)
class SpiedBench(Bench):
    """A bench with a spy between session and target."""

    spy: Spy = field(default_factory=Spy)

    @property
    def config(self) -> survey.StoreConfig:
        return survey.StoreConfig("vectors", _Provider(self.spy), self.settings)

    def filled(self, manifest: str, count: int = 100, name: str = "documents") -> SpiedBench:
        """Applies a manifest and puts points into one of its collections."""
        applied(self.apply(objects(manifest)))
        self.write(name, some(count))
        return self

    def undone(self, desired: Objects) -> str:
        """Applies what must fail and be undone; returns the error."""
        result = self.apply(desired)
        assert result.status is RunStatus.UNDONE, (result.status, result.failure, result.undo_failure)
        assert result.failure is not None
        return result.failure.error


def failing(error: BaseException) -> Act:
    """Returns an act that raises."""

    def act(target: Target) -> None:
        raise error

    return act


@pytest.fixture(params=["edge", "double"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SpiedBench]:
    """A bench on Edge, and one on the double."""
    if request.param == "edge":
        yield SpiedBench(f"edge:{tmp_path}/qdrant")
    else:
        with Double() as double:
            yield SpiedBench(double.url)


@pytest.fixture
def edge_bench(tmp_path: Path) -> SpiedBench:
    return SpiedBench(f"edge:{tmp_path}/qdrant")


@pytest.fixture
def double() -> Iterator[Double]:
    with Double() as running:
        yield running


@pytest.fixture
def double_bench(double: Double) -> SpiedBench:
    return SpiedBench(double.url)
