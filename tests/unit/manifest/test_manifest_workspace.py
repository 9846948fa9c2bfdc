"""What a whole project declares, its digest, and checks across manifests."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_kit import MANIFEST, PROJECT, load, places, problems, write

from apexplan.model.diagnostics import Severity


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, {"apexplan.yaml": PROJECT, "schema/sql.yaml": MANIFEST})
    return tmp_path


def test_objects_are_declared_in_the_order_of_the_file_with_their_places(root: Path) -> None:
    assert [f"{one.address} {one.where}" for one in load(root).declared.values()] == [
        "sql.column.documents.title schema/sql.yaml:6:7",
        "sql.column.documents.body schema/sql.yaml:7:7",
        "sql.index.title_idx schema/sql.yaml:9:7",
    ]


def test_a_field_that_is_left_out_is_not_managed(root: Path) -> None:
    columns = [one.spec for one in load(root).declared.values() if one.address.kind == "column"]
    assert [sorted(spec.managed) for spec in columns] == [["null", "type"], ["type"]]


def test_a_value_built_by_a_validator_is_accepted(root: Path) -> None:
    (index,) = [one.spec for one in load(root).declared.values() if one.address.kind == "index"]
    assert index.values() == {"on": ["title"]}


OTHER = """\
# the same, written by someone else
"kind": 'ShelfSchema'
tables: {documents: {
    indexes: {title_idx: {on: [title]}},
    columns: {body: {type: "text"}, title: {null: false, type: text}}}}
store: sql
"""


def test_the_digest_is_that_of_what_is_declared_not_of_the_text(root: Path) -> None:
    digest = load(root).digest
    (root / "schema/sql.yaml").unlink()
    write(root, {"schema/other.yaml": OTHER})
    assert load(root).digest == digest


def test_the_digest_knows_no_secret_and_no_setting(root: Path) -> None:
    digest = load(root).digest
    write(root, {"apexplan.yaml": PROJECT.replace("shelf,", "shelf, port: 9,")})
    assert load(root, PASSWORD="other").digest == digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("body: {type: text}", "body: {type: uuid}"),
        ("body: {type: text}", "body: {type: text, null: true}"),
        ("body: {type: text}", "body: {type: text, lifecycle: {protect: true}}"),
        ("body: {type: text}", "body: {type: text, lifecycle: {ignore: [null]}}".replace("null", '"null"')),
        ("body: {type: text}", "body: {type: text, lifecycle: {renamed_from: documents.text}}"),
        ("body:", "text:"),
    ],
)
def test_the_digest_changes_with_what_is_declared(before: str, after: str, root: Path) -> None:
    digest = load(root).digest
    write(root, {"schema/sql.yaml": MANIFEST.replace(before, after)})
    assert load(root).digest != digest


def test_an_object_declared_in_two_manifests_names_both_places(root: Path) -> None:
    write(
        root,
        {"schema/two.yaml": MANIFEST.partition("    indexes")[0].replace("      body: {type: text}\n", "")},
    )
    (found,) = problems(root)
    assert str(found.where) == "schema/two.yaml:6:7"
    assert found.what == "`sql.column.documents.title` is declared at schema/sql.yaml:6:7 already"


def test_a_former_name_that_is_declared_as_well_is_an_error(root: Path) -> None:
    write(
        root,
        {"schema/sql.yaml": MANIFEST.replace("text}", "text, lifecycle: {renamed_from: documents.title}}")},
    )
    assert places(problems(root)) == ["renamed-from-declared at schema/sql.yaml:7:7"]


def test_a_warning_of_a_kind_stops_nobody(root: Path) -> None:
    write(root, {"schema/two.yaml": "kind: ShelfSchema\nstore: sql\ntables:\n  empty:\n    columns: {}\n"})
    (warning,) = load(root).warnings
    assert (warning.severity, str(warning.where)) == (Severity.WARNING, "schema/two.yaml:5:5")


def test_all_manifests_are_checked_before_any_error_is_raised(root: Path) -> None:
    write(root, {"schema/a.yaml": "kind: [\n", "schema/b.yaml": "kind: X\nstore: sql\n"})
    assert [d.where.file for d in problems(root) if d.where] == ["schema/a.yaml", "schema/b.yaml"]


def test_a_manifest_may_use_variables(root: Path) -> None:
    write(
        root, {"schema/sql.yaml": MANIFEST.replace("body: {type: text}", 'body: {type: "vector(${DIM:-3})"}')}
    )
    spec = next(
        one.spec for one in load(root, DIM="8").declared.values() if one.address.name == "documents.body"
    )
    assert spec.values() == {"type": "vector(8)"}
