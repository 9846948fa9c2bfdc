"""What is the same without asking the server: literal defaults."""

from __future__ import annotations

import pytest

from apexplan.model.spec import Spec
from apexplan_postgres.normalize import _pure
from apexplan_postgres.specs import Column


def settled(type_: str, desired: str, live: str) -> Spec:
    return _pure(Column(type=type_, default=desired), Column(type=type_, default=live))


@pytest.mark.parametrize(
    ("type_", "live"),
    [
        ("text", "'draft'::text"),
        ("character varying(20)", "'draft'::character varying"),
        ("timestamp(3) with time zone", "'draft'::timestamp with time zone"),
    ],
)
def test_a_literal_is_the_same_literal_of_the_columns_type(type_: str, live: str) -> None:
    assert settled(type_, "'draft'", live) == Column(type=type_, default=live)


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ("'draft'", "'Draft'::text"),
        ("'draft'", "'draft'::character varying"),
        ("'a' || 'b'", "'a' || 'b'::text"),
        ("E'a'", "E'a'::text"),
        (r"'a\'", r"'a\'::text"),
    ],
)
def test_any_other_text_is_left_to_the_server(desired: str, live: str) -> None:
    assert settled("text", desired, live) == Column(type="text", default=desired)
