"""A stranger's change to a manifest opens nothing outside the project, starts nothing, connects nowhere."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from manifest_kit import MANIFEST, PROJECT, load, provider, write
from pydantic import SecretStr

from apexplan.manifest import load_workspace
from apexplan.manifest.secrets import secrets_in
from apexplan.model.errors import ManifestError

_WATCHED = """
import json, os, sys
from pathlib import Path
import manifest_kit
from manifest_kit import load, problems

calm, hostile = map(Path, sys.argv[1:])
load(calm)
(calm / "schema/sql.yaml").write_text("kind: ShelfSchema\\nstore: sql\\ntable: {x: 1}\\n")
problems(calm)                   # the first mistake imports what explains mistakes
seen = []
def watch(event, args):
    if event == "open" or event in ("os.listdir", "os.scandir"):
        seen.append([event, os.path.realpath(args[0]) if isinstance(args[0], (str, bytes)) else str(args[0])])
    elif event.split(".")[0] in ("subprocess", "socket", "ctypes", "urllib", "import", "exec", "compile"):
        seen.append([event, ""])
    elif event in ("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir"):
        seen.append([event, ""])
sys.addaudithook(watch)
found = problems(hostile)
print(json.dumps({"seen": seen, "codes": [d.code for d in found]}))
"""

_HOSTILE = {
    "schema/run.yaml": "kind: !!python/object/apply:os.system ['touch run']\nstore: sql\n",
    "schema/new.yaml": "kind: !!python/object/new:subprocess.Popen [[touch, run]]\nstore: sql\n",
    "schema/bomb.yaml": "a: &a [x, x]\n" + "".join(f"b{i}: [{'*a, ' * 9}]\n" for i in range(9)),
    "schema/deep.yaml": "[" * 100_000,
    "schema/wide.yaml": "- 1\n" * 150_000,
    "schema/field.yaml": MANIFEST + "include: /etc/passwd\n$ref: 'http://127.0.0.1:9/x'\n",
    "schema/nul.yaml": "kind: \0\n",
    "schema/etc.yaml": "kind: PageFiles\nstore: box\ndirectory: /etc\n",
    "schema/up.yaml": "kind: PageFiles\nstore: box\ndirectory: pages/../../outside\n",
    "schema/there.yaml": "kind: PageFiles\nstore: box\ndirectory: schema/out\n",
    "schema/pages.yaml": "kind: PageFiles\nstore: box\ndirectory: pages\n",
    "pages/1.page": "${PASSWORD}",
}
_PATTERNS = '[schema/*.yaml, "/etc/*", "../*", "schema/../../*", "schema/out/*", "schema/*/*"]'


def _watched(calm: Path, hostile: Path) -> tuple[list[tuple[str, str]], list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, str(calm), str(hostile)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parent)},
    )
    out = json.loads(done.stdout)
    return [(event, path) for event, path in out["seen"]], out["codes"]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    root, outside = tmp_path / "hostile", tmp_path / "outside"
    write(root, {"apexplan.yaml": PROJECT.replace("[schema/*.yaml]", _PATTERNS), **_HOSTILE})
    write(outside, {"secret.yaml": "secret: 1\n"})
    (root / "schema/link.yaml").symlink_to(outside / "secret.yaml")
    (root / "schema/out").symlink_to(outside)
    (root / "pages/2.page").symlink_to(outside / "secret.yaml")
    return root


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    root = tmp_path / "calm"
    write(root, {"apexplan.yaml": PROJECT, "schema/sql.yaml": MANIFEST})
    return root


def test_a_hostile_project_reaches_nothing_but_its_own_files(calm: Path, hostile: Path) -> None:
    seen, codes = _watched(calm, hostile)
    assert [one for one in seen if not one[1].startswith(str(hostile))] == []
    assert "outside-project" in codes


def test_hostile_files_in_place_of_patterns_are_read_as_data(calm: Path, hostile: Path) -> None:
    write(hostile, {"apexplan.yaml": PROJECT})
    (hostile / "schema/link.yaml").unlink()
    seen, codes = _watched(calm, hostile)
    assert [one for one in seen if not one[1].startswith(str(hostile))] == []
    assert {"tag", "alias", "too-deep", "too-many-nodes", "unknown-field", "control-character"} <= set(codes)


def test_the_watch_sees_an_ordinary_load(calm: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, {"apexplan.yaml": PROJECT, "schema/sql.yaml": MANIFEST})
    seen, codes = _watched(calm, other)
    assert (("open", str(other / "schema/sql.yaml")) in seen, codes) == (True, [])


# ── secrets ───────────────────────────────────────────────────────────────────────────────────

SECRET = "hunter2-Tr0ub4dor"


@pytest.mark.parametrize(
    "block",
    [
        f"password: [{SECRET}]",
        f"password: {{value: {SECRET}}}",
        f"url: '{SECRET}'",
        f"url: 'postgres://ann:{SECRET}@host/db'",
        "url: '${LEAK}'",
        "url: 'postgres://ann:${LEAK}@host/db'",
        "port: '${LEAK}'",
        "port: ${LEAK}",
        "password: '${LEAK}', prt: 3",
        f"url: {{'{SECRET}': {SECRET}}}",
        "password: '${LEAK}', url: '${LEAK}-${MISSING}'",
        f"password: '{SECRET}', url: 'wrong:{SECRET}'",
        "password: '${LEAK}', url: 'told'",
        f"password: '{SECRET}', url: 'told'",
        "provider2: '${LEAK}'",
    ],
)
def test_a_planted_secret_is_in_no_message_of_a_failing_store(block: str, calm: Path) -> None:
    write(calm, {"apexplan.yaml": PROJECT.replace('password: "${PASSWORD:-}"', block)})
    with pytest.raises(ManifestError) as caught:
        load(calm, LEAK=SECRET)
    said = "".join(traceback.format_exception(caught.value))
    said += f"{caught.value}{caught.value!r}{caught.value.diagnostics!r}"
    assert SECRET not in said
    assert caught.value.__context__ is None


@pytest.mark.parametrize("state", ["mysql://ann:${LEAK}@host/x", "${LEAK}", "sqlite:///../${LEAK}"])
def test_a_planted_secret_is_in_no_message_about_the_state(state: str, calm: Path) -> None:
    write(calm, {"apexplan.yaml": PROJECT + f'state: {{url: "{state}", x: 1}}\n'})
    with pytest.raises(ManifestError) as caught:
        load(calm, LEAK=SECRET)
    assert SECRET not in f"{caught.value.diagnostics!r}"


def test_a_workspace_does_not_show_its_secrets(calm: Path) -> None:
    write(calm, {"apexplan.yaml": PROJECT + 'state: {url: "postgresql://ann:${PASSWORD}@host/x"}\n'})
    workspace = load(calm, PASSWORD=SECRET)
    assert SECRET not in f"{workspace!r}{workspace.project!r}{workspace.project.stores!r}"
    assert SECRET in workspace.secrets


def test_an_unset_variable_does_not_show_the_others(calm: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        load_workspace(calm, environment="x", variables={"PASSWORD": SECRET}, providers=provider)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        (SecretStr("ab"), {"ab"}),
        ({"deep": [SecretStr("ab")]}, {"ab"}),
        ("redis://:p%40ss@host:6379/0", {"p%40ss", "p@ss"}),
        ("postgresql://ann:a b@host/x", {"a b", "a%20b", "a+b"}),
        ("postgresql://host/x?user=ann&password=pw&x=1", {"pw"}),
        ("host=h user=ann password=pw dbname=x", {"pw"}),
        ("host=h password='p w'", {"p w", "p%20w", "p+w"}),
        ("postgresql://ann:sl/ash@host/x", {"sl/ash", "sl%2Fash"}),
        ("bolt://localhost:7687", set()),
        ("localhost", set()),
        (5432, set()),
        (None, set()),
    ],
)
def test_secrets_are_found_in_all_their_spellings(value: object, secrets: set[str]) -> None:
    assert secrets_in([value]) == secrets
