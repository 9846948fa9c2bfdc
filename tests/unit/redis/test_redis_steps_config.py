"""Steps of parameters: what it does to the data to set one, and to set it back later."""

from __future__ import annotations

import pytest

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan.provider import Facts
from apexplan_redis.specs import Config
from apexplan_redis.steps import plan_steps

USED = 1000
DELETES, BLOCKS = HazardKind.DELETES_DATA, HazardKind.BLOCKS_WRITES


def planned(**values: tuple[str, str]) -> Step:
    """Returns the step for parameters that go from one value to another."""
    changes = [
        Change(
            Address("cache", "config", name.replace("_", "-")),
            Action.UPDATE,
            Config(value=live, before=None),
            Config(value=desired),
        )
        for name, (live, desired) in values.items()
    ]
    details = {"memory": {"a": 10, "b": USED}, "spread": {}, "contract": {"objects": {}, "before": {}}}
    (step,) = plan_steps(changes, Facts({}, {}, details=details))
    return step


def kinds(hazards: tuple[Hazard, ...]) -> list[HazardKind]:
    return [one.kind for one in hazards]


@pytest.mark.parametrize(
    ("live", "desired", "found"),
    [
        ("0", "999", [DELETES]),
        ("0", "1000", []),
        ("2000", "999", [DELETES]),
        ("999", "0", []),
    ],
)
def test_a_bound_below_what_is_in_use_evicts_at_once(
    live: str, desired: str, found: list[HazardKind]
) -> None:
    assert kinds(planned(maxmemory=(live, desired)).hazards) == found


def test_without_eviction_such_a_bound_blocks_writes() -> None:
    step = planned(maxmemory=("0", "999"), maxmemory_policy=("allkeys-lru", "noeviction"))
    assert kinds(step.hazards) == [BLOCKS]


@pytest.mark.parametrize(
    ("live", "desired", "found"),
    [
        ("100", "200", [DELETES]),
        ("100", "0", [DELETES]),
        ("200", "100", []),
        ("0", "100", []),
        ("differs between servers: a: 1; b: 2", "100", []),
    ],
)
def test_to_raise_the_bound_says_what_its_rollback_evicts(
    live: str, desired: str, found: list[HazardKind]
) -> None:
    back = planned(maxmemory=(live, desired)).inverse
    assert back is not None
    assert kinds(back.hazards) == found


def test_a_rollback_to_a_bound_without_eviction_blocks_writes() -> None:
    step = planned(maxmemory=("100", "200"), maxmemory_policy=("noeviction", "allkeys-lru"))
    assert step.inverse is not None
    assert kinds(step.inverse.hazards) == [BLOCKS]


def test_other_parameters_put_nothing_at_risk() -> None:
    step = planned(hz=("10", "20"))
    assert step.inverse is not None
    assert (step.hazards, step.inverse.hazards) == ((), ())
