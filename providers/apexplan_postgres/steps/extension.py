"""Extensions and schemas. Nothing is dropped with CASCADE: what is still in use stops the drop."""

from __future__ import annotations

import re
from collections.abc import Sequence

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import HazardKind, RollbackClass, Step
from apexplan_postgres import ddl
from apexplan_postgres.names import last, literal, quote, spelled
from apexplan_postgres.specs import Extension, Schema
from apexplan_postgres.steps.base import Back, Planning, hazard, quick, whole


def extension_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one extension."""
    address, name = change.address, quote(last(change.address))
    spec, live = whole(change, Extension), change.live
    gone = f"DROP EXTENSION {name}"
    if change.action is Action.DELETE:
        back = Back(f"create extension {name} again", (_create(name, spec.version, spec.schema_name),))
        return [quick(address, "drop", f"drop extension {name}", [gone], back, removes=True)]
    if live is None:
        made = _create(name, _version(address, spec, planning), spec.schema_name)
        back = Back(f"drop extension {name}", (gone,), removes=True)
        schema = Address(address.store, "schema", spelled(spec.schema_name or "public"))
        after = (f"{schema}/create",)
        return [quick(address, "create", f"create extension {name}", [made], back, after=after)]
    assert isinstance(live, Extension)
    steps = []
    if change.changed("schema_name") and spec.schema_name and live.schema_name:
        there, back_to = (
            f"ALTER EXTENSION {name} SET SCHEMA {quote(s.schema_name or '')}" for s in (spec, live)
        )
        back = Back(f"extension {name} back in {live.schema_name}", (back_to,))
        steps.append(quick(address, "move", f"move extension {name} to {spec.schema_name}", [there], back))
    if change.changed("version"):
        steps.append(_updated(address, name, live, _reachable(address, live, spec, planning)))
    return steps


def _create(name: str, version: str | None, schema: str | None) -> str:
    text = f"CREATE EXTENSION {name}"
    text += f" SCHEMA {quote(schema)}" if schema else ""
    return text + (f" VERSION {literal(version)}" if version else "")


def _updated(address: Address, name: str, live: Extension, version: str | None) -> Step:
    text = f"there is no way back from {version} to {live.version}"
    step = quick(
        address,
        "update",
        f"update extension {name} from {live.version} to {version}",
        [f"ALTER EXTENSION {name} UPDATE TO {literal(version or '')}"],
        Back(""),
        hazards=(hazard(HazardKind.IRREVERSIBLE, text),),
        rollback=RollbackClass.IMPOSSIBLE,
    )
    why = "PostgreSQL cannot bring an extension back to an older version"
    return step.model_copy(update={"inverse": None, "no_inverse": why})


def _version(address: Address, spec: Extension, planning: Planning) -> str | None:
    """Returns the version to create: the greatest that the server offers and that fits the wish."""
    wish, offered = spec.version, planning.facts.details["extension_versions"].get(last(address), [])
    if wish is None:
        return None
    found = _greatest(offered, wish)
    if found is None:
        text = f"the server has no version {wish} of this extension; it offers {_listed(offered)}"
        mend = "declare an offered version, or install the extension's files on the server"
        planning.refuse(address, text, mend)
    return found


def _reachable(address: Address, live: Extension, spec: Extension, planning: Planning) -> str | None:
    """Returns the version to update to: the greatest to which a path leads and that fits the wish."""
    wish, targets = spec.version or "", planning.facts.details["extension_updates"].get(last(address), [])
    found = _greatest(targets, wish)
    if found is None:
        text = f"no update leads from {live.version} to {wish}; the server can go to {_listed(targets)}"
        mend = (
            "declare a version that the server can go to, or install the extension's update scripts;"
            " to an older version leads only a drop and a new CREATE EXTENSION"
        )
        planning.refuse(address, text, mend)
    return found


def _greatest(versions: Sequence[str], wish: str) -> str | None:
    """Returns the greatest of `versions` that is `wish` or begins with it: 0.8.10 after 0.8.9."""
    fitting = [v for v in versions if v == wish or v.startswith(f"{wish}.")]
    return max(fitting, key=_by_number, default=None)


def _by_number(version: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.-]", version)]


def _listed(versions: Sequence[str]) -> str:
    return ", ".join(sorted(versions, key=_by_number)) or "none at all"


def schema_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one schema."""
    address, name = change.address, quote(last(change.address))
    spec, live = whole(change, Schema), change.live
    made = (f"CREATE SCHEMA {name}", *ddl.commented(address, spec))
    gone = f"DROP SCHEMA {name}"
    if change.action is Action.DELETE:
        back = Back(f"create schema {name} again", made)
        return [quick(address, "drop", f"drop schema {name}", [gone], back, removes=True)]
    if live is None:
        back = Back(f"drop schema {name}", (gone,), removes=True)
        return [quick(address, "create", f"create schema {name}", made, back)]
    assert isinstance(live, Schema)
    if not change.changed("comment"):
        return []
    back = Back("put the former comment back", (ddl.comment(address, live.comment),))
    there = [ddl.comment(address, spec.comment)]
    return [quick(address, "comment", f"comment on schema {name}", there, back)]
