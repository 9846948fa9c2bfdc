"""The engine alone, beside `terraform` with `terraform_data` where that program is on the PATH."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.engine_child import write_project
from benchmarks.measuring import Usage, python, run, table

COUNTS = (100, 1_000, 10_000)
TERRAFORM_APPLY_MOST = 1_000
"""Terraform rewrites its state after each resource; larger applies take a quarter of an hour."""


def section() -> str:
    """Returns the Markdown of this benchmark."""
    rows = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as home:
            rows += _ours(Path(home), count)
    terraform = shutil.which("terraform")
    if terraform is not None:
        for count in COUNTS:
            with tempfile.TemporaryDirectory() as home:
                rows += _theirs(terraform, Path(home), count)
    note = "" if terraform else "\n`terraform` was not on the PATH.\n"
    head = [
        "",
        "objects",
        "plan of all, CPU",
        "apply of all, CPU",
        "a unit, wall",
        "no-op plan, CPU",
        "memory",
    ]
    return f"## The engine alone\n\n{table(head, rows)}{note}"


def _ours(root: Path, count: int) -> list[list[str]]:
    write_project(root, count)
    applied = _child(root, "apply")
    idle = _child(root, "no-op")
    assert applied["changes"] == count and idle["changes"] == 0
    return [
        [
            "apexplan",
            f"{count:,}",
            f"{applied['load'] + applied['plan']:.2f} s",
            f"{applied['apply']:.2f} s",
            f"{applied['apply wall'] / count * 1000:.2f} ms",
            f"{idle['load'] + idle['plan']:.2f} s",
            f"{idle['memory_mb']:.0f} MB",
        ]
    ]


def _child(root: Path, phase: str) -> dict[str, Any]:
    output = run(python("benchmarks.engine_child", str(root), phase), cwd=Path()).output
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def _theirs(terraform: str, root: Path, count: int) -> list[list[str]]:
    lines = []
    for n in range(count):
        needs = f"\n  triggers_replace = [terraform_data.b{n - n % 10}.id]" if n % 10 else ""
        lines.append(f'resource "terraform_data" "b{n}" {{\n  input = "red"{needs}\n}}\n')
    (root / "main.tf").write_text("".join(lines))
    env = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    run([terraform, "init", "-no-color"], cwd=root, env=env)
    first = run([terraform, "plan", "-no-color", "-input=false"], cwd=root, env=env)
    applied: Usage | None = None
    idle: Usage | None = None
    if count <= TERRAFORM_APPLY_MOST:
        applied = run([terraform, "apply", "-no-color", "-auto-approve"], cwd=root, env=env)
        idle = run([terraform, "plan", "-no-color", "-input=false"], cwd=root, env=env)
    return [
        [
            "terraform",
            f"{count:,}",
            f"{first.cpu_s:.2f} s",
            f"{applied.cpu_s:.2f} s" if applied else "not run",
            f"{applied.wall_s / count * 1000:.2f} ms" if applied else "not run",
            f"{idle.cpu_s:.2f} s" if idle else "not run",
            f"{(idle or first).memory_mb:.0f} MB",
        ]
    ]
