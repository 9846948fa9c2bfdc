"""The fake provider passes the suite in each way that it can behave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from apexplan.engine.survey import StoreConfig
from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle
from apexplan.model.plan import HazardKind
from apexplan.testing import fake
from apexplan.testing.conformance import Case, ProviderSuite


def boxes(**values: dict[str, object]) -> dict[Address, Declared]:
    found = {}
    for name, given in values.items():
        address = Address("shelf", "box", name)
        lifecycle = Lifecycle(renamed_from=str(given.pop("was"))) if "was" in given else Lifecycle()
        found[address] = Declared(address, fake.Box.model_validate(given), lifecycle=lifecycle)
    return found


DELETES = frozenset({HazardKind.DELETES_DATA})
CASES = (
    Case("new boxes", {}, boxes(a={"color": "red"}, b={"needs": ["a"]})),
    Case("a box is painted", boxes(a={"color": "red"}), boxes(a={"color": "blue"})),
    Case("a box is made anew", boxes(a={"size": 1}), boxes(a={"size": 2}), DELETES),
    Case("boxes go", boxes(a={}, b={"needs": ["a"]}), {}, DELETES),
    Case("a box is renamed", boxes(a={"color": "red"}), boxes(b={"color": "blue", "was": "a"})),
    Case("one tag of two", boxes(a={"tags": {"x": "1", "y": "2"}}), boxes(a={"tags": {"x": "3"}})),
)


class TestPlain(ProviderSuite):
    provider = fake.PROVIDER
    cases = CASES
    behaviour: ClassVar[fake.Behaviour] = fake.Behaviour()

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        name = f"conformance-{next(self._ids)}"
        fake.SERVERS[name] = fake.FakeServer(self.behaviour)
        try:
            yield StoreConfig("shelf", fake.PROVIDER, fake.FakeSettings(name=name))
        finally:
            del fake.SERVERS[name]


class TestTransactional(TestPlain):
    behaviour = fake.Behaviour(transactional=True)


class TestBackground(TestPlain):
    behaviour = fake.Behaviour(background=True)


class TestPartial(TestPlain):
    behaviour = fake.Behaviour(partial=True)
