"""Aliases: looked at before, turned in one request, and asked afterwards who answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_qdrant.errors import NotThere
from apexplan_qdrant.read.marks import SWITCHED
from apexplan_qdrant.run.comparing import Sides, bring_missing
from apexplan_qdrant.run.looking import marks, write
from apexplan_qdrant.run.proof import Proof, bring_changed
from apexplan_qdrant.target import Target


def point(target: Target, step: Step, watch: Watch) -> None:
    """Turns the aliases. All is looked at first: of a list the server undoes nothing, and an alias that
    somebody else has turned meanwhile is theirs."""
    if probe_point(target, step) is Outcome.DONE:
        return
    for alias, elsewhere in _led_elsewhere(step, target.aliases()).items():
        raise StoreError(
            f"the alias {alias} leads to {elsewhere} meanwhile, so no alias was touched",
            store=target.store,
            address=step.address,
            mend="somebody else has turned it: plan again",
        )
    for physical, name in step.args.get("known", {}).items():
        write(target, physical, marks(target, physical).but(name=name))
    there = set(target.collections())
    missing = sorted({to for to in step.args["after"].values() if to is not None} - there)
    if missing:
        raise NotThere(
            f"the collection {missing[0]} is not there, so no alias was touched",
            store=target.store,
            address=step.address,
        )
    target.change_aliases(step.args["actions"])
    for alias, (answers, wanted) in _answered_otherwise(target, step).items():
        raise StoreError(
            f"{alias} is answered by {answers}, not by {wanted}: this server does not let an alias hide "
            "a collection",
            store=target.store,
            address=step.address,
            mend="declare `over: gap`, or read the collection under another name",
        )


def _answered_otherwise(target: Target, step: Step) -> dict[str, tuple[str | None, str]]:
    """Returns which aliases another collection answers than was meant: who does, and who was meant."""
    wanted = {alias: to for alias, to in step.args["after"].items() if to is not None}
    answers = {alias: target.resolve(alias) for alias in wanted}
    return {alias: (answers[alias], to) for alias, to in wanted.items() if answers[alias] != to}


def probe_point(target: Target, step: Step) -> Outcome:
    aliases = target.aliases()
    now = {alias: aliases.get(alias) for alias in step.args["after"]}
    if now == step.args["after"]:
        return Outcome.PARTIAL if _answered_otherwise(target, step) else Outcome.DONE
    before, after = step.args["before"], step.args["after"]
    if not any(now[alias] == after[alias] != before[alias] for alias in now):
        return Outcome.NOT_DONE
    return Outcome.UNKNOWN if _led_elsewhere(step, aliases) else Outcome.PARTIAL


def _led_elsewhere(step: Step, aliases: Mapping[str, str]) -> dict[str, str]:
    """Returns the aliases that lead neither to where they did nor to where they shall: to what they lead."""
    before, after = step.args["before"], step.args["after"]
    now = {alias: aliases[alias] for alias in after if alias in aliases}
    return {alias: to for alias, to in now.items() if to not in (before[alias], after[alias])}


def switch(target: Target, step: Step, watch: Watch, proof: Proof | None = None) -> None:
    """Turns the aliases of a collection that was copied, then brings over what was written to the old one
    since it was compared: with the `proof` of that, what it tells apart; without, points that are missing."""
    point(target, step, watch)
    if "source" in step.args:
        sides = Sides.of(target, step.args)
        _bring_over(sides, watch, proof)
        mine = marks(target, sides.goal)
        if mine.copied is not None:
            write(target, sides.goal, mine.but(copied=replace(mine.copied, state=SWITCHED)))


def _bring_over(sides: Sides, watch: Watch, proof: Proof | None) -> None:
    if proof is not None:
        bring_changed(sides, proof, watch)
    else:
        bring_missing(sides, watch)


def probe_switch(target: Target, step: Step) -> Outcome:
    """DONE once the aliases are turned and what reached the old collection before that was brought over."""
    outcome = probe_point(target, step)
    if outcome is not Outcome.DONE or "source" not in step.args:
        return outcome
    copied = marks(target, step.args["target"]).copied
    return Outcome.DONE if copied is not None and copied.state == SWITCHED else Outcome.PARTIAL


def take_over(target: Target, step: Step, watch: Watch, proof: Proof | None = None) -> None:
    """Deletes the collection and points an alias of its name to the one that has its points."""
    name, physical = step.args["name"], step.args["physical"]
    if physical not in target.collections():
        raise NotThere(f"the collection {physical} is not there", store=target.store, address=step.address)
    if name in target.collections():
        if "source" in step.args:
            _bring_over(Sides.of(target, step.args), watch, proof)
        target.delete(name)
    target.change_aliases(step.args["actions"])


def probe_take_over(target: Target, step: Step) -> Outcome:
    name = step.args["name"]
    if target.aliases().get(name) == step.args["physical"]:
        return Outcome.DONE
    return Outcome.NOT_DONE if name in target.collections() else Outcome.PARTIAL
