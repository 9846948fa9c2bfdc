"""The project file: environments, state, policy, waivers, paths."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from manifest_kit import (
    MANIFEST,
    PROJECT,
    CrateSettings,
    ShelfSettings,
    load,
    places,
    problems,
    provider,
    write,
)

from apexplan.manifest import load_project
from apexplan.model.errors import ManifestError
from apexplan.model.plan import HazardKind

PROD = """\
environments:
  prod:
    stores: {sql: {port: 7, password: "${PROD_PASSWORD}"}}
    state: {url: "postgresql://ann:${PROD_PASSWORD}@db/state"}
    policy: {deny: [DELETES_DATA]}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, {"apexplan.yaml": PROJECT, "schema/sql.yaml": MANIFEST})
    return tmp_path


def _append(root: Path, text: str) -> None:
    path = root / "apexplan.yaml"
    path.write_text(path.read_text() + text)


def _settings(root: Path, environment: str | None = None, **variables: str) -> ShelfSettings:
    settings = load(root, environment, **variables).project.stores["sql"].settings
    assert isinstance(settings, ShelfSettings)
    return settings


def test_a_project_has_its_name_its_stores_and_no_environment(root: Path) -> None:
    project = load(root).project
    assert (project.name, project.environment, sorted(project.stores)) == ("memory", "", ["box", "sql"])


def test_settings_are_those_of_the_provider(root: Path) -> None:
    assert _settings(root, PASSWORD="pw").password.get_secret_value() == "pw"


def test_the_state_is_in_the_project_by_default(root: Path) -> None:
    assert load(root).project.state_url == f"sqlite:///{root}/.apexplan/state.db"


def test_a_relative_state_is_relative_to_the_project(root: Path) -> None:
    _append(root, 'state: {url: "sqlite:///x/y.db?timeout=3"}\n')
    assert load(root).project.state_url == f"sqlite:///{root}/x/y.db?timeout=3"


def test_a_variable_may_put_the_state_elsewhere(root: Path) -> None:
    _append(root, 'state: {url: "${STATE}"}\n')
    assert load(root, STATE="sqlite:////var/x.db").project.state_url == "sqlite:////var/x.db"


def test_a_relative_path_of_a_store_is_relative_to_the_project(root: Path) -> None:
    settings = load(root).project.stores["box"].settings
    assert isinstance(settings, CrateSettings)
    assert settings.path == str(root)


def test_an_environment_is_merged_over_the_rest(root: Path) -> None:
    _append(root, PROD)
    settings = _settings(root, "prod", PROD_PASSWORD="pw")
    assert (settings.port, settings.password.get_secret_value()) == (7, "pw")
    assert load(root, "prod", PROD_PASSWORD="pw").project.policy.deny == {HazardKind.DELETES_DATA}


def test_a_variable_of_another_environment_is_not_needed(root: Path) -> None:
    _append(root, PROD)
    assert _settings(root).port == 1


def test_a_variable_that_an_environment_replaces_is_not_needed(root: Path) -> None:
    write(root, {"apexplan.yaml": PROJECT.replace(":-}", "}") + PROD})
    assert _settings(root, "prod", PROD_PASSWORD="pw").port == 7


def test_a_missing_variable_is_one_problem(root: Path) -> None:
    _append(root, PROD.replace("sql: {port: 7,", "sql: {port: 7, url: '${PROD_URL}',"))
    found = problems(root, "prod", PROD_PASSWORD="pw")
    assert places(found) == ["missing-variable at apexplan.yaml:9:34"]


def test_a_store_with_another_provider_replaces_the_block(root: Path) -> None:
    _append(root, "environments: {prod: {stores: {sql: {provider: crate, path: x}}}}\n")
    write(root, {"schema/sql.yaml": "kind: CrateSchema\nstore: sql\n"})
    assert load(root, "prod").project.stores["sql"].provider == "crate"


def test_an_unknown_environment_is_answered_with_those_there_are(root: Path) -> None:
    _append(root, PROD)
    (found,) = problems(root, "prd")
    assert (found.code, found.why, found.mend) == (
        "unknown-environment",
        "there are: prod",
        "did you mean `prod`?",
    )


def test_an_environment_of_a_project_without_any_is_unknown(root: Path) -> None:
    assert [d.code for d in problems(root, "prod")] == ["unknown-environment"]


def test_a_waiver_has_its_day_and_its_place(root: Path) -> None:
    _append(
        root,
        "waivers:\n  - {address: sql.column.documents.title, field: type, owner: ann, reason: known, "
        "expires: 2026-12-31}\n",
    )
    (waiver,) = load(root).project.waivers
    assert (str(waiver.address), waiver.field, waiver.expires, str(waiver.where)) == (
        "sql.column.documents.title",
        "type",
        datetime.date(2026, 12, 31),
        "apexplan.yaml:8:5",
    )


def test_a_directory_without_a_project_file_is_answered_with_init(tmp_path: Path) -> None:
    (found,) = problems(tmp_path)
    assert (found.code, "apexplan init" in found.mend) == ("no-project", True)


def test_the_project_alone_needs_no_manifest(root: Path) -> None:
    (root / "schema/sql.yaml").unlink()
    assert load_project(root, environment=None, variables={}, providers=provider).name == "memory"


def test_the_project_alone_is_refused_for_what_is_wrong_in_it(root: Path) -> None:
    with pytest.raises(ManifestError, match="no such environment"):
        load_project(root, environment="x", variables={}, providers=provider)


def test_problems_of_the_project_and_of_manifests_are_shown_together(root: Path) -> None:
    write(
        root,
        {
            "apexplan.yaml": PROJECT.replace("provider: crate", "provider: crate, pth: x"),
            "schema/sql.yaml": MANIFEST.replace("body", "title"),
        },
    )
    assert places(problems(root)) == [
        "unknown-field at apexplan.yaml:5:26",
        "duplicate-key at schema/sql.yaml:7:7",
    ]


# ── paths ─────────────────────────────────────────────────────────────────────────────────────


def test_a_pattern_of_any_depth_finds_manifests(root: Path) -> None:
    write(
        root,
        {
            "apexplan.yaml": PROJECT.replace("schema/*.yaml", "'**/s*.yaml'"),
            "a/b/s.yaml": "kind: CrateSchema\nstore: box\n",
        },
    )
    assert len(load(root).declared) == 3


def test_the_project_file_is_no_manifest(root: Path) -> None:
    _write_pattern(root, '"*.yaml", schema/*.yaml')
    write(root, {"box.yaml": "kind: CrateSchema\nstore: box\n"})
    assert len(load(root).declared) == 3


def test_a_file_that_two_patterns_match_is_read_once(root: Path) -> None:
    _write_pattern(root, "schema/*.yaml, schema/sql.yaml")
    assert len(load(root).declared) == 3


def test_a_hidden_directory_is_not_searched(root: Path) -> None:
    _write_pattern(root, '"**/*.yaml"')
    write(root, {".venv/x.yaml": "no: manifest\n"})
    assert len(load(root).declared) == 3


def test_a_symlink_within_the_project_is_followed(root: Path) -> None:
    write(root, {"real/box.yaml": "kind: CrateSchema\nstore: box\n"})
    (root / "schema/box.yaml").symlink_to(root / "real/box.yaml")
    assert len(load(root).declared) == 3


def test_a_symlink_to_itself_is_no_manifest(root: Path) -> None:
    (root / "schema/loop.yaml").symlink_to(root / "schema/loop.yaml")
    assert len(load(root).declared) == 3


def test_a_directory_called_like_a_manifest_is_none(root: Path) -> None:
    (root / "schema/dir.yaml").mkdir()
    assert len(load(root).declared) == 3


@pytest.mark.parametrize("link", ["schema/out.yaml", "schema/dir", "apexplan.yaml"])
def test_a_symlink_out_of_the_project_is_refused(
    link: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write(outside, {"out.yaml": PROJECT, "dir/x.yaml": MANIFEST})
    _write_pattern(root, "schema/*.yaml, schema/*/*.yaml")
    (root / link).unlink(missing_ok=True)
    (root / link).symlink_to(outside / ("dir" if link.endswith("dir") else "out.yaml"))
    assert "outside-project" in [d.code for d in problems(root)]


def _write_pattern(root: Path, patterns: str) -> None:
    write(root, {"apexplan.yaml": PROJECT.replace("schema/*.yaml", patterns)})
