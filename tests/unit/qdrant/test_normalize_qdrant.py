"""Desired specs with the names that the live side knows."""

from __future__ import annotations

from apexplan.model.address import Address
from apexplan_qdrant.normalize import normalize
from apexplan_qdrant.read.served import Served
from apexplan_qdrant.specs import Alias, Collection

WHO = Served({"d_v3": "d", "other": "other"}, {}, frozenset())
AT = Address.parse("vectors.alias.x")


def test_an_alias_that_is_declared_by_a_physical_name_gets_the_known_one() -> None:
    assert normalize({AT: Alias(collection="d_v3")}, WHO).specs == {AT: Alias(collection="d")}


def test_a_collection_that_is_declared_by_that_name_is_meant_itself() -> None:
    at = Address.parse("vectors.collection.d_v3")
    desired = {AT: Alias(collection="d_v3"), at: Collection(hnsw_m=8)}
    assert normalize(desired, WHO).specs[AT] == Alias(collection="d_v3")


def test_a_known_name_stays() -> None:
    assert normalize({AT: Alias(collection="d")}, WHO).specs == {AT: Alias(collection="d")}


def test_a_collection_that_is_not_there_yet_keeps_its_name() -> None:
    assert normalize({AT: Alias(collection="new")}, WHO).specs == {AT: Alias(collection="new")}


def test_what_is_not_managed_stays_so() -> None:
    assert normalize({AT: Alias(over="gap")}, WHO).specs[AT].managed == {"over"}


def test_everything_else_stays_as_it_is() -> None:
    at = Address.parse("vectors.collection.d")
    spec = Collection(hnsw_m=8)
    assert normalize({at: spec}, WHO).specs[at] is spec


def test_every_field_is_proven() -> None:
    assert normalize({AT: Alias(collection="d_v3")}, WHO).unproven == {}
