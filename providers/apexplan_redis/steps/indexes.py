"""Search indexes: made, made anew beside the former one, dropped.

    make       FT.CREATE docs_v1, wait until it has all documents, FT.ALIASADD docs docs_v1
    anew       FT.CREATE docs_v2, wait, FT.ALIASUPDATE docs docs_v2, FT.DROPINDEX docs_v1
    anew, where the index itself is called docs: an alias cannot have the name of an index
               FT.CREATE docs_v1, wait, FT.DROPINDEX docs, FT.ALIASADD docs docs_v1
    drop       FT.ALIASDEL docs, FT.DROPINDEX docs_v1

FT.DROPINDEX is never given DD: documents stay, and so every step has an inverse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan_redis.names import next_version
from apexplan_redis.specs.index import ENGLISH, FLAGS, OPTIONS, IndexField, SearchIndex
from apexplan_redis.steps.base import Planning, hazard, line

INDEX: Final = "search index"
ALIAS: Final = "search alias"
DROP_INDEX: Final = "drop search index"

DEFINITION: Final = ("on", "prefixes", "fields", "language", "stopwords", "filter", "further")


def index_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the steps of one search index."""
    address, live = change.address, change.live
    if change.action is Action.DELETE:
        assert isinstance(live, SearchIndex)
        return _drop(address, live)
    assert isinstance(change.desired, SearchIndex)
    version = next_version(address.name, planning.facts.details.get("indexes", ()))
    if not isinstance(live, SearchIndex):
        return [_make(address, version, whole(change.desired)), _alias(address, None, version)]
    return _anew(address, version, live, change.desired)


def whole(desired: SearchIndex, live: SearchIndex | None = None) -> SearchIndex:
    """Returns the definition in full: what the manifest leaves out is as it was, or the module's default."""
    defaults: dict[str, Any] = {"language": ENGLISH, "stopwords": None, "filter": None, "further": ()}
    former = live.model_dump(include=set(DEFINITION)) if live is not None else {}
    said = {name: getattr(desired, name) for name in DEFINITION if name in desired.comparable()}
    return SearchIndex.model_validate(defaults | former | said)


def _anew(address: Address, version: str, live: SearchIndex, desired: SearchIndex) -> list[Step]:
    former = live.physical
    assert former is not None
    make = _make(address, version, whole(desired, live))
    if former != address.name:
        return [make, _alias(address, former, version), _drop_index(address, former, live)]
    gap = f"searches of {former} fail from FT.DROPINDEX until the alias is there"
    hazards = (hazard(HazardKind.INDEX_GAP, gap), hazard(HazardKind.DOWNTIME, gap))
    return [make, _drop_index(address, former, live, hazards), _alias(address, None, version)]


def _drop(address: Address, live: SearchIndex) -> list[Step]:
    assert live.physical is not None
    gone = (hazard(HazardKind.DOWNTIME, f"searches of {address.name} fail from then on; documents stay"),)
    drop = _drop_index(address, live.physical, live, gone).model_copy(update={"removes": True})
    if live.physical == address.name:
        return [drop]
    return [_alias(address, live.physical, None).model_copy(update={"removes": True}), drop]


def _make(address: Address, physical: str, spec: SearchIndex) -> Step:
    step = _made(address, physical, spec, f"build search index {physical}")
    back = _dropped(address, physical, f"drop search index {physical}")
    return step.model_copy(update={"inverse": _back(back, removes=True)})


def _made(address: Address, physical: str, spec: SearchIndex, title: str) -> Step:
    definition = spec.values(frozenset(DEFINITION))
    return Step(
        id=f"{address}/{INDEX} {physical}",
        address=address,
        covers=(address,),
        verb=INDEX,
        title=title,
        statements=(line(*create_words(physical, spec)),),
        args={"physical": physical, "definition": definition},
        hazards=(
            hazard(HazardKind.SCANS_DATA, "the module scans all keys of the server in the background"),
            hazard(HazardKind.COSTS_MEMORY, f"{physical} takes memory beside the documents"),
        ),
    )


def _alias(address: Address, before: str | None, after: str | None) -> Step:
    step = _turned(address, before, after)
    return step.model_copy(update={"inverse": _back(_turned(address, after, before), removes=before is None)})


def _turned(address: Address, before: str | None, after: str | None) -> Step:
    name = address.name
    verb = "ALIASDEL" if after is None else "ALIASADD" if before is None else "ALIASUPDATE"
    title = f"drop the alias {name}" if after is None else f"point the alias {name} to {after}"
    return Step(
        id=f"{address}/{ALIAS} {after}",
        address=address,
        covers=(address,),
        verb=ALIAS,
        title=title,
        statements=(line(f"FT.{verb}", name, *([after] if after is not None else [])),),
        args={"alias": name, "before": before, "after": after},
    )


def _drop_index(address: Address, physical: str, live: SearchIndex, hazards: tuple[Hazard, ...] = ()) -> Step:
    step = _dropped(address, physical, f"drop search index {physical}; its documents stay")
    again = _made(address, physical, live, f"build search index {physical} again")
    rebuilds = hazard(HazardKind.REBUILDS, f"{physical} is built again from its documents")
    again = again.model_copy(update={"hazards": (*again.hazards, rebuilds)})
    return step.model_copy(update={"hazards": hazards, "inverse": _back(again)})


def _dropped(address: Address, physical: str, title: str) -> Step:
    return Step(
        id=f"{address}/{DROP_INDEX} {physical}",
        address=address,
        covers=(address,),
        verb=DROP_INDEX,
        title=title,
        statements=(line("FT.DROPINDEX", physical),),
        args={"physical": physical},
    )


def _back(step: Step, *, removes: bool = False) -> Step:
    return step.model_copy(update={"id": f"{step.id}/back", "removes": removes})


# ── FT.CREATE ─────────────────────────────────────────────────────────────────────────────────


def create_words(physical: str, spec: SearchIndex) -> list[str]:
    """Returns the words of the FT.CREATE that makes `spec`, which has every field of a definition."""
    prefixes, fields = spec.prefixes or (), spec.fields or ()
    words = ["FT.CREATE", physical, "ON", (spec.on or "").upper(), "PREFIX", str(len(prefixes)), *prefixes]
    if spec.filter is not None:
        words += ["FILTER", spec.filter]
    if spec.language != ENGLISH:
        words += ["LANGUAGE", spec.language or ""]
    if spec.stopwords is not None:
        words += ["STOPWORDS", str(len(spec.stopwords)), *spec.stopwords]
    words += [*(spec.further or ()), "SCHEMA"]
    return [*words, *(word for field in fields for word in _field_words(field))]


def _field_words(field: IndexField) -> Iterator[str]:
    yield field.path
    if field.path != field.name:
        yield from ("AS", field.name)
    yield field.type.upper()
    if field.type == "vector":
        yield from _vector_words(field)
    if field.weight not in (None, 1):
        yield from ("WEIGHT", f"{field.weight:g}")
    if field.separator:
        yield from ("SEPARATOR", field.separator)
    yield from (word for name, word in FLAGS.items() if getattr(field, name) and field.type in OPTIONS[name])


def _vector_words(field: IndexField) -> Iterator[str]:
    pairs = {
        "TYPE": field.datatype,
        "DIM": field.dim,
        "DISTANCE_METRIC": field.distance,
        "M": field.m,
        "EF_CONSTRUCTION": field.ef_construction,
    }
    words = [str(one).upper() for pair in pairs.items() if pair[1] is not None for one in pair]
    yield from ((field.algorithm or "").upper(), str(len(words)), *words)
