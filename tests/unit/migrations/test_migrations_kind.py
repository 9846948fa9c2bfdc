"""The manifest kind: what its documents and their files declare."""

from __future__ import annotations

from migrations_kit import KIND, document, sources

from apexplan.migrations.spec import Migration
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.provider import Kind, ReadsFiles

PAIRS = {
    "_0001_a": "one\n",
    "_0001_a__back": "back\n",
    "_0002_b": "two\n",
    "_0002_b__back": "# irreversible: no\n",
}


def declared(**more: object) -> tuple[Declared, ...]:
    found = KIND.expand_files(document(**more), sources(**PAIRS))
    assert found.problems == ()
    return found.declared


def test_it_is_a_kind_that_reads_files() -> None:
    kind: Kind = KIND
    assert isinstance(kind, ReadsFiles)
    assert KIND.directories(document()) == ("m",)


def test_every_pair_is_one_object_whose_place_is_its_file() -> None:
    assert [(str(one.address), str(one.where)) for one in declared()] == [
        ("s.migration.0001_a", "m/0001_a.tale:1:1"),
        ("s.migration.0002_b", "m/0002_b.tale:1:1"),
    ]


def test_each_migration_requires_the_one_before() -> None:
    first, second = declared()
    assert first.spec.requires(first.address) == frozenset()
    assert second.spec.requires(second.address) == {first.address}


def test_texts_and_order_are_neither_compared_nor_recorded() -> None:
    first, second = declared()
    assert first.spec.comparable() == {"checksum", "applied"}
    assert list(first.spec.values()) == ["version", "name", "checksum", "applied", "rollback_checksum"]
    assert second.spec.values()["irreversible"] == "no"


def test_the_texts_are_carried_along() -> None:
    spec = declared()[0].spec
    assert isinstance(spec, Migration)
    assert ([s.text for s in spec.script], [s.text for s in spec.rollback]) == (["one"], ["back"])


def test_what_the_scripts_depend_on_comes_before_all_of_them() -> None:
    found = declared(lifecycle={"depends_on": ["s.constraint.document_uuid"]})
    assert [one.lifecycle.depends_on for one in found] == [{Address("s", "constraint", "document_uuid")}] * 2


def test_a_dependency_that_is_no_address_is_an_error_at_its_place() -> None:
    (found,) = KIND.expand_files(document(lifecycle={"depends_on": ["tables"]}), []).problems
    assert (found.code, found.path, found.where) == ("bad-address", ("lifecycle", "depends_on", 0), None)


def test_a_document_without_its_files_declares_nothing() -> None:
    assert KIND.expand(document()).declared == ()


def test_nothing_is_written_of_a_store() -> None:
    assert KIND.collapse("s", {one.address: one.spec for one in declared()}) == {}
