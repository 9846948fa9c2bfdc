"""What is secret beyond the project's own settings: variables whose names say so.

A CI runs `plan` on strangers' pull requests, with tokens in its environment. A manifest must not be
able to have them printed, planned, or written into a store:

    manifest names such a variable      refused, by name
    value turns up anywhere else        masked in what is printed and written
    value is in a plan all the same     the plan is neither written to a file nor applied

The project file may read them: that is where passwords belong, and its values are never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from apexplan.cli.output import REDACTOR
from apexplan.engine import planfile
from apexplan.manifest import Project
from apexplan.manifest.load import load_file
from apexplan.manifest.nodes import ScalarNode, scalars
from apexplan.manifest.paths import ManifestFile, matching
from apexplan.manifest.secrets import secrets_in
from apexplan.model.change import Recorded
from apexplan.model.diagnostics import Diagnostic
from apexplan.model.errors import ManifestError, UsageError
from apexplan.model.plan import Plan
from apexplan.model.spec import canonical

_SHORTEST = 6
"""A variable's value with fewer characters is taken for a number or a switch."""
_NAME = re.compile(r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|KEYS?(?:_|$)", re.IGNORECASE)
_REFERENCE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")


def is_secret(name: str) -> bool:
    """True if the name of a variable says that its value is a secret."""
    return _NAME.search(name) is not None


def secret_values(variables: Mapping[str, str]) -> Iterator[str]:
    """Yields what must not be shown of the environment: values of variables with such names, and
    passwords in URLs in all others."""
    for name, value in variables.items():
        if is_secret(name):
            found: Iterable[str] = () if _is_path(value) else (value,)
        else:
            found = secrets_in([value]) if "://" in value else ()
        yield from (secret for secret in found if len(secret) >= _SHORTEST)


def _is_path(value: str) -> bool:
    """True for the path of a key's file, which is no secret itself."""
    try:
        return value.startswith(("/", "~/", "./")) and Path(value).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False


def refuse_in_manifests(project: Project) -> None:
    """Raises ManifestError where a manifest reads a variable whose name says that it is secret.

    Reading the files as text tells whether there is anything to look for; only then are they
    parsed again for the place.
    """
    found = [
        _secret_variable(name, node)
        for file in _manifests(project)
        if any(is_secret(name) for name in _REFERENCE.findall(file.path.read_text("utf-8", "replace")))
        for node in _scalars(file)
        for name in dict.fromkeys(_REFERENCE.findall(node.text))
        if is_secret(name)
    ]
    if found:
        raise ManifestError(found)


def _manifests(project: Project) -> Iterable[ManifestFile]:
    files = {f.path: f for pattern in project.manifests for f in matching(project.root, pattern)}
    return files.values()


def _scalars(file: ManifestFile) -> Iterable[ScalarNode]:
    node = load_file(file.path, file.name).node
    return scalars(node) if node is not None else ()


def _secret_variable(name: str, node: ScalarNode) -> Diagnostic:
    return Diagnostic(
        "secret-variable",
        "a manifest reads a secret variable",
        f"`{name}`",
        "what a manifest says is shown in plans and kept in the state; by its name this is a secret",
        "keep it out of the manifest; if it is no secret, give the variable another name",
        node.where,
    )


def refuse_in_plan(plan: Plan) -> None:
    """Raises UsageError where a plan holds a secret: it would be kept, and masked it would no
    longer be the same plan."""
    if not REDACTOR.holds(planfile.dump(plan)):
        return
    places = [str(c.address) for c in plan.changes if REDACTOR.holds(c.model_dump_json())]
    places += [s.title for s in plan.steps if REDACTOR.holds(s.model_dump_json())] if not places else []
    raise UsageError(
        "the plan holds a secret (a password or token of the project or the environment): "
        + (", ".join(places[:5]) or "outside its changes"),
        mend="take it out of the manifest, or choose a password that is no word of the schema",
    )


def refuse_in_records(records: Iterable[Recorded]) -> None:
    """Raises UsageError where what the state is to record of an object holds a secret."""
    places = [str(r.address) for r in records if REDACTOR.holds(canonical(dict(r.values)))]
    if places:
        raise UsageError(
            f"these hold a secret, which the state must not keep: {', '.join(places[:5])}",
            mend="take it out of the object, or leave the field out of the manifest",
        )
