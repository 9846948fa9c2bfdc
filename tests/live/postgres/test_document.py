"""Documents against a real server: what `inspect` writes means what is there, and examples are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from apexplan.manifest.check import check_manifest
from apexplan.manifest.load import load_text
from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.document import KIND, PostgresSchema
from apexplan_postgres.provider import PROVIDER, PostgresSession

from .samples import EVERYTHING, everything, execute

pytestmark = pytest.mark.live

EXAMPLE = Path(__file__).parents[3] / "examples" / "apex-sql"


def differences(session: PostgresSession, desired: dict[Address, Spec]) -> dict[Address, object]:
    """Returns what a plan would change: the normalized fields that differ from the live ones."""
    live = everything(session)
    normal = session.normalize(desired, live)
    assert not normal.unproven
    found: dict[Address, object] = {}
    for address, spec in normal.specs.items():
        there = live[address].values(spec.comparable())
        wished = spec.values(spec.comparable())
        if there != wished:
            found[address] = (there, wished)
    return found


def example(version: str) -> dict[Address, Spec]:
    node = load_text((EXAMPLE / version / "sql.yaml").read_text(encoding="utf-8"), "sql.yaml").node
    assert node
    return {one.address: one.spec for one in check_manifest(node, {"sql": PROVIDER}).declared}


def test_what_inspect_writes_means_what_is_there(database: str, session: PostgresSession) -> None:
    execute(database, EVERYTHING)

    expansion = KIND.expand(PostgresSchema.model_validate(KIND.collapse("sql", everything(session))))

    assert expansion.problems == ()
    assert differences(session, {one.address: one.spec for one in expansion.declared}) == {}


def test_what_inspect_writes_leaves_out_what_no_manifest_can_say(
    database: str, session: PostgresSession
) -> None:
    execute(database, EVERYTHING)
    live = everything(session)

    expansion = KIND.expand(PostgresSchema.model_validate(KIND.collapse("sql", live)))

    left_out = live.keys() - {one.address for one in expansion.declared}
    assert {str(address) for address in left_out} == {
        'sql.schema."Odd Name"',
        'sql.table."Odd Name"."a.b"',
        'sql.column."Odd Name"."a.b"."c.d"',
        # SQL has no words for options of an operator class that is left to its default.
    }


def test_the_first_version_of_the_example_is_the_database_before(
    database: str, session: PostgresSession
) -> None:
    execute(database, (EXAMPLE / "before.sql").read_text(encoding="utf-8"))

    desired = example("v1")

    assert desired.keys() == everything(session).keys()
    assert differences(session, desired) == {}
