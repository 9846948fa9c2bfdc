"""Search indexes: built and waited for, their aliases turned, dropped without their documents.

FT.DROPINDEX takes an alias as well, and would drop what it leads to: so before it is sent, the name is asked
whose it is.
"""

from __future__ import annotations

import time
from typing import Final

from apexplan.model.errors import Interrupted, StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_redis.read.indexes import Found, behind, search_node
from apexplan_redis.run.looking import Work
from apexplan_redis.server import Node
from apexplan_redis.specs.index import SearchIndex
from apexplan_redis.steps.indexes import DEFINITION, create_words

_POLL_S: Final = 0.1
_STILL_S: Final = 600.0
"""How long an index may stand still before its build is given up: a server under load goes on in bursts."""


def run_index(work: Work, step: Step, watch: Watch) -> None:
    """Makes an index, and returns when it has all documents. Run again, it waits for what is there."""
    node, physical = search_node(work.servers), step.args["physical"]
    if _own(node, physical) is None:
        node.call(*create_words(physical, _definition(step)))
    _wait(node, step, watch)


def probe_index(work: Work, step: Step) -> Outcome:
    found = _own(search_node(work.servers), step.args["physical"])
    if found is None:
        return Outcome.NOT_DONE
    if not _is_as_defined(found, step):
        return Outcome.UNKNOWN
    return Outcome.DONE if found.complete else Outcome.PARTIAL


def run_alias(work: Work, step: Step, watch: Watch) -> None:
    node, alias, after = search_node(work.servers), step.args["alias"], step.args["after"]
    there = behind(node, alias)
    if (there.physical if there else None) == after:
        return
    if after is None:
        node.call("FT.ALIASDEL", alias)
    else:
        node.call("FT.ALIASADD" if there is None else "FT.ALIASUPDATE", alias, after)


def probe_alias(work: Work, step: Step) -> Outcome:
    there = behind(search_node(work.servers), step.args["alias"])
    leads = there.physical if there else None
    if leads == step.args["after"]:
        return Outcome.DONE
    return Outcome.NOT_DONE if leads == step.args["before"] else Outcome.UNKNOWN


def run_drop_index(work: Work, step: Step, watch: Watch) -> None:
    node, physical = search_node(work.servers), step.args["physical"]
    if _own(node, physical) is not None:
        node.call("FT.DROPINDEX", physical)


def probe_drop_index(work: Work, step: Step) -> Outcome:
    found = _own(search_node(work.servers), step.args["physical"])
    return Outcome.DONE if found is None else Outcome.NOT_DONE


def _wait(node: Node, step: Step, watch: Watch) -> None:
    """Returns when the index has all documents; gives up where it stands still for too long."""
    physical = step.args["physical"]
    furthest, since = -1.0, time.monotonic()
    while True:
        found = _own(node, physical)
        if found is None or not _is_as_defined(found, step):
            raise StoreError(
                f"{physical} is not the index that was asked for",
                address=step.address,
                mend=f"FT.INFO {physical} tells what it is; drop it, or rename it, and go on with resume",
            )
        watch.progress(round(found.share * 100), 100, "%", "indexing")
        if found.complete:
            return
        if watch.stopping():
            raise Interrupted(f"stopped while {physical} is being built; the server goes on with it")
        now = time.monotonic()
        if found.share > furthest:
            furthest, since = found.share, now
        if now - since > _STILL_S:
            raise StoreError(
                f"{physical} has stood still at {found.share:.0%} for {_STILL_S:.0f} s",
                address=step.address,
                mend=f"look at FT.INFO {physical} and the server's log, then resume",
            )
        time.sleep(_POLL_S)


def _own(node: Node, physical: str) -> Found | None:
    """Returns the index of that very name, and none that an alias of it leads to."""
    found = behind(node, physical)
    return found if found is not None and found.physical == physical else None


def _definition(step: Step) -> SearchIndex:
    return SearchIndex.model_validate(step.args["definition"])


def _is_as_defined(found: Found, step: Step) -> bool:
    wished = _definition(step)
    return found.spec is not None and all(
        getattr(found.spec, name) == getattr(wished, name) for name in DEFINITION
    )
