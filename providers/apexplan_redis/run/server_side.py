"""What is the server's own: the published contract, parameters, users, function libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apexplan.model.address import Address
from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_redis.read.config import values_of
from apexplan_redis.read.everywhere import value_for
from apexplan_redis.read.libraries import library_of
from apexplan_redis.read.users import FIELDS, read_user, rules
from apexplan_redis.run.looking import Work, contract_of, load, publish, remember, remembers, together
from apexplan_redis.server import Node
from apexplan_redis.specs import Config, User

# ── the contract ──────────────────────────────────────────────────────────────────────────────


def run_publish(work: Work, step: Step, watch: Watch) -> None:
    objects = _objects(step)
    publish(work.servers, lambda found: found.changed(objects))


def probe_publish(work: Work, step: Step) -> Outcome:
    objects = _objects(step)

    def is_there(node: Node) -> bool:
        found = contract_of(node).objects
        return all(found.get(a.kind, {}).get(a.name) == values for a, values in objects.items())

    return together(map(is_there, work.servers.primaries))


def _objects(step: Step) -> dict[Address, Mapping[str, Any] | None]:
    return {Address.parse(text): values for text, values in step.args["objects"].items()}


# ── parameters ────────────────────────────────────────────────────────────────────────────────


def run_config(work: Work, step: Step, watch: Watch) -> None:
    """What was before is written down first: a crash between the two leaves a note too many, not one too
    few."""
    remember(work.servers, _before(step, Config.kind))
    for node in work.servers.nodes:
        wished = _parameters(step, node)
        if wished and values_of(node, wished) != wished:
            node.call("CONFIG", "SET", *(word for pair in wished.items() for word in pair))
        if wished and work.persist:
            _write_config(node)


def probe_config(work: Work, step: Step) -> Outcome:
    wished = {node: _parameters(step, node) for node in work.servers.nodes}
    outcome = together(values_of(node, values) == values for node, values in wished.items())
    if outcome is Outcome.DONE and not remembers(work.servers, _before(step, Config.kind)):
        return Outcome.PARTIAL
    return outcome


def _parameters(step: Step, node: Node) -> dict[str, str]:
    values: Mapping[str, Mapping[str, str | None]] = step.args["values"]
    found = {name: value_for(of, node.name) for name, of in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def _write_config(node: Node) -> None:
    """Writes the configuration into the server's file, if it was started with one."""
    lines = node.call("INFO", "server").decode().splitlines()
    if any(line.startswith("config_file:") and line != "config_file:" for line in lines):
        _persist(node, "CONFIG", "REWRITE")


def _persist(node: Node, *command: str) -> None:
    try:
        node.call(*command)
    except StoreError as error:
        raise StoreError(
            f"{node.name} took the change, and cannot write it into its file: {error.text}",
            code=error.code,
            mend="let the server write its file, or say `persist: false` in the store's block and keep the "
            "file by other means",
        ) from error


def _before(step: Step, kind: str) -> dict[str, str | None]:
    return {f"{kind} {name}": value for name, value in step.args["before"].items()}


# ── users ─────────────────────────────────────────────────────────────────────────────────────


def run_user(work: Work, step: Step, watch: Watch) -> None:
    name = step.args["name"]
    remember(work.servers, _before(step, User.kind))
    for node in work.servers.nodes:
        wished = value_for(step.args["values"], node.name)
        if wished is None:
            node.call("ACL", "DELUSER", name)
        elif not _is_user(node, name, wished):
            node.call("ACL", "SETUSER", name, "reset", *rules(User.model_validate(wished)))
        if work.persist and _has_acl_file(node):
            _persist(node, "ACL", "SAVE")
        elif work.persist:
            # Without an ACL file, users stand in the configuration file (measured on 7.0.15).
            _write_config(node)


def probe_user(work: Work, step: Step) -> Outcome:
    name, values = step.args["name"], step.args["values"]
    answers = [_is_user(node, name, value_for(values, node.name)) for node in work.servers.nodes]
    outcome = together(answers)
    if outcome is Outcome.DONE and not remembers(work.servers, _before(step, User.kind)):
        return Outcome.PARTIAL
    return outcome


def _is_user(node: Node, name: str, wished: Mapping[str, Any] | None) -> bool:
    found = read_user(node, name)
    if found is None or wished is None:
        return found is None and wished is None
    return all(getattr(found, field) == getattr(User.model_validate(wished), field) for field in FIELDS)


def _has_acl_file(node: Node) -> bool:
    return any(bool(value) for value in node.call("CONFIG", "GET", "aclfile").values())


# ── function libraries ────────────────────────────────────────────────────────────────────────


def run_library(work: Work, step: Step, watch: Watch) -> None:
    for node in work.servers.primaries:
        load(node, step.args["name"], value_for(step.args["code"], node.name))


def probe_library(work: Work, step: Step) -> Outcome:
    name, code = step.args["name"], step.args["code"]
    primaries = work.servers.primaries
    return together(library_of(node, name) == value_for(code, node.name) for node in primaries)
