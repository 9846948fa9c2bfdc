"""What is the server's own: the published contract, parameters, users, function libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from apexplan.model.address import Address
from apexplan.model.errors import Ambiguous, StoreError, StoreUnreachable, Transient
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_redis.read.config import values_of
from apexplan_redis.read.everywhere import value_for
from apexplan_redis.read.libraries import library_of
from apexplan_redis.read.users import FIELDS, read_user, rules
from apexplan_redis.read.users_own import OTHER_USER, shut_out
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
    """What was before is written down before the change: a crash between the two leaves a note too many, not
    one too few. That every server can write its file is found out before either."""
    wished = {node: _parameters(step, node) for node in work.servers.nodes}
    changing = [node for node, values in wished.items() if values_of(node, values) != values]
    for node in changing:
        _write_config(work, node)
    remember(work.servers, _before(step, Config.kind))
    for node in changing:
        node.call("CONFIG", "SET", *(word for pair in wished[node].items() for word in pair))
    for node in work.servers.nodes:
        _write_config(work, node)


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


def _write_config(work: Work, node: Node) -> None:
    """Writes the configuration into the server's file, if it was started with one."""
    if not work.persist:
        return
    lines = node.call("INFO", "server").decode().splitlines()
    if any(line.startswith("config_file:") and line != "config_file:" for line in lines):
        with _writing(node):
            node.call("CONFIG", "REWRITE")


@contextmanager
def _writing(node: Node) -> Iterator[None]:
    """Says how to mend what went wrong with a server's file, unless another try may help."""
    try:
        yield
    except (Transient, Ambiguous, StoreUnreachable):
        raise
    except StoreError as error:
        raise StoreError(
            f"{node.name} cannot write its file: {error.text}",
            code=error.code,
            mend="let the server write its file, or say `persist: false` in the store's block and keep the "
            "file by other means",
        ) from error


def _before(step: Step, kind: str) -> dict[str, str | None]:
    return {f"{kind} {name}": value for name, value in step.args["before"].items()}


# ── users ─────────────────────────────────────────────────────────────────────────────────────


def run_user(work: Work, step: Step, watch: Watch) -> None:
    """As for parameters: first whether it can be done, then what was before, then the change."""
    name = step.args["name"]
    changing = [node for node in work.servers.nodes if not _is_user(node, name, _user(step, node))]
    for node in changing:
        _check_way_back(work, step, node)
        _write_users(work, node)
    remember(work.servers, _before(step, User.kind))
    for node in changing:
        _set_user(node, name, _user(step, node))
    for node in work.servers.nodes:
        _write_users(work, node)


def probe_user(work: Work, step: Step) -> Outcome:
    outcome = together(_is_user(node, step.args["name"], _user(step, node)) for node in work.servers.nodes)
    if outcome is Outcome.DONE and not remembers(work.servers, _before(step, User.kind)):
        return Outcome.PARTIAL
    return outcome


def _is_user(node: Node, name: str, wished: User | None) -> bool:
    found = read_user(node, name)
    if found is None or wished is None:
        return found is None and wished is None
    return all(getattr(found, field) == getattr(wished, field) for field in FIELDS)


def _user(step: Step, node: Node) -> User | None:
    wished = value_for(step.args["values"], node.name)
    return None if wished is None else User.model_validate(wished)


def _set_user(node: Node, name: str, user: User | None) -> None:
    if user is None:
        node.call("ACL", "DELUSER", name)
    else:
        node.call("ACL", "SETUSER", name, "reset", *rules(user))


def _check_way_back(work: Work, step: Step, node: Node) -> None:
    """Raises where the change would shut apexplan out. A plan says so before; a rollback learns it here."""
    why = shut_out(node, step.args["name"], _user(step, node), work.password)
    if why:
        raise StoreError(why, address=step.address, mend=OTHER_USER)


def _write_users(work: Work, node: Node) -> None:
    """Writes users into the server's file: without one for ACLs they stand in the configuration file
    (measured on 7.0.15)."""
    if not work.persist:
        return
    with _writing(node):
        has_file = any(node.call("CONFIG", "GET", "aclfile").values())
        if has_file:
            node.call("ACL", "SAVE")
    if not has_file:
        _write_config(work, node)


# ── function libraries ────────────────────────────────────────────────────────────────────────


def run_library(work: Work, step: Step, watch: Watch) -> None:
    for node in work.servers.primaries:
        load(node, step.args["name"], value_for(step.args["code"], node.name))


def probe_library(work: Work, step: Step) -> Outcome:
    name, code = step.args["name"], step.args["code"]
    primaries = work.servers.primaries
    return together(library_of(node, name) == value_for(code, node.name) for node in primaries)
